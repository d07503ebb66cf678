/** What to do next so that the hub is as it should be. Pure; loop.ts has an executor for each verb. */

import type { Grant } from '../../protocol/grant.ts';
import type { Layer } from '../../protocol/node/reconcile.ts';
import { findHub, inForce } from '../../protocol/plan.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Part } from '../../protocol/schema/reported.ts';

export type HubStep =
  | { readonly do: 'keys'; readonly keys: HubDesired['keys'] }
  | { readonly do: 'begin'; readonly plan: Plan }
  | { readonly do: 'apply'; readonly plan: Plan }
  | { readonly do: 'end'; readonly meeting: string };

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * @param running the meetings with the plans in force, by id.
 * @param ending meetings that are over but for their programs, which still go: none of them begins anew before they have gone.
 * @param keys the keys in force.
 * @param grant the highest that was seen of a meeting.
 */
export function planSteps(
  { plans, keys: wantedKeys }: HubDesired,
  node: string,
  {
    running,
    ending,
    keys,
    grant,
  }: {
    readonly running: ReadonlyMap<string, { readonly plan: Plan }>;
    readonly ending: ReadonlySet<string>;
    readonly keys: HubDesired['keys'];
    readonly grant: (meeting: string) => Grant | null;
  },
  parts: readonly Part[],
  refused: string | null,
): Layer<HubStep> {
  const held = plans.filter((plan) => findHub(plan, node) !== undefined);
  // A meeting that a panel has ended is over here before central knows.
  const ours = held.map((plan) => inForce(plan, grant(plan.meeting))).filter((plan) => plan !== null);
  const steps: HubStep[] = [];
  if (!same(keys, wantedKeys)) steps.push({ do: 'keys', keys: wantedKeys });
  // Ports and streams of a meeting are made for its hub entry; should that change, the meeting begins anew.
  for (const [meeting, { plan: before }] of running) {
    const plan = ours.find((each) => each.meeting === meeting);
    if (plan === undefined || !same(findHub(plan, node), findHub(before, node))) steps.push({ do: 'end', meeting });
    else if (!same(plan, before)) steps.push({ do: 'apply', plan });
  }
  if (steps.length > 0) return steps;
  const wanting = ours.filter(({ meeting }) => !running.has(meeting));
  for (const plan of wanting) if (!ending.has(plan.meeting)) steps.push({ do: 'begin', plan });
  if (steps.length > 0) return [steps];
  const former = wanting.map(({ meeting }) => ({ do: 'wait' as const, because: `${meeting} still ends, to begin anew` }));
  const waits = parts
    .filter(({ state }) => state !== 'running')
    .map(({ name, because }) => ({ do: 'wait' as const, because: `${name}: ${because}` }));
  const foreign = plans
    .filter((plan) => !held.includes(plan))
    .map(({ meeting }) => ({ do: 'wait' as const, because: `${meeting} is not held here` }));
  return [...former, ...waits, ...foreign, ...(refused === null ? [] : [{ do: 'wait' as const, because: `relay: ${refused}` }])];
}
