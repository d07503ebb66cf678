/** Whether a meeting is whole: every node of it is connected, does what it shall and reports nothing wrong. Pure, from what the nodes said last. */
import type { Plan } from '../../protocol/schema/plan.ts';
import type { NodeFacts } from '../telemetry/facts.ts';

type FactsOf = (node: string) => NodeFacts | undefined;

/** Older news proves nothing; nodes speak once a second. */
const FRESH_MS = 3000;

/** What each site showed before: the place of its source. A camera that has not come back is not whole, though the slate is well. */
export type Baseline = ReadonlyMap<string, string>;

const sourceOf = (facts: NodeFacts | undefined): string => {
  const said = facts?.telemetry?.role === 'edge' ? facts.telemetry.source : null;
  return said === null ? 'unknown' : `${said.state} ${said.which ?? ''}`;
};

export const baselineOf = (plan: Plan, facts: FactsOf): Baseline => new Map(plan.sites.map(({ site }) => [site, sourceOf(facts(site))]));

/** Null, or the first thing that is not well. @param mono now, Clock.mono(). @param before null: pictures are not judged. */
export function whyNotWhole(plan: Plan, facts: FactsOf, mono: number, before: Baseline | null): string | null {
  for (const node of [...plan.hubs.map(({ hub }) => hub), ...plan.sites.map(({ site }) => site)]) {
    const because = whyNotWell(plan, facts(node), mono);
    if (because !== null) return `${node}: ${because}`;
  }
  for (const [site, source] of before ?? []) {
    const now = sourceOf(facts(site));
    if (now !== source) return `${site}: its picture is not the one it was`;
  }
  return null;
}

function whyNotWell(plan: Plan, facts: NodeFacts | undefined, mono: number): string | null {
  if (facts === undefined || !facts.connected) return 'not connected';
  if (facts.heardAt === null || mono - facts.heardAt > FRESH_MS) return 'nothing is heard of it';
  const { reported, telemetry } = facts;
  if (reported === null || !reported.meetings.includes(plan.meeting)) return 'it is not in the meeting yet';
  const ill = reported.parts.find(({ state }) => state === 'failed' || state === 'starting');
  if (ill !== undefined) return `${ill.name} is ${ill.state}: ${ill.because}`;
  if (telemetry === null) return 'it sends no numbers';
  if (telemetry.role === 'hub') {
    if (!reported.satisfied) return reported.because || 'its desired state is not reached';
    const meeting = telemetry.meetings.find((each) => each.meeting === plan.meeting);
    return meeting?.mosaic.state === 'running' ? null : 'its mosaic does not run';
  }
  // A site is not satisfied while any link is missing. A path that flaps and rests takes nothing from the meeting: another leads to the same hub.
  const lives = (peer: string, direction: 'up' | 'down'): boolean =>
    telemetry.links.some((each) => each.peer === peer && each.direction === direction && each.connected);
  const lost = telemetry.links.find(({ peer, direction }) => !lives(peer, direction));
  if (lost !== undefined) return `no link ${lost.direction} to ${lost.peer} is connected`;
  return telemetry.links.length === 0 ? 'it has no link' : null;
}
