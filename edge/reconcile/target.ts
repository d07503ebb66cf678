/** What follows for this box from a desired state and from what it knows itself; and the steps from what is to what shall be. Pure. */

import type { Grant } from '../../protocol/grant.ts';
import { type HubPlace, samePlaces } from '../../protocol/node/controls.ts';
import type { Layer } from '../../protocol/node/reconcile.ts';
import { inForce } from '../../protocol/plan.ts';
import type { EdgeDesired } from '../../protocol/schema/desired.ts';
import type { DeviceWish, RoomScene } from '../../protocol/schema/devices.ts';
import { type LocalPorts, linkTables, type Tables } from '../link/tables.ts';
import { plannedWays, type Reach } from '../link/ways.ts';
import type { Language } from '../media/display/marks.ts';
import { type Scene, scene } from '../media/display/scene.ts';
import { type UplinkWant, uplinkWanted } from '../media/streams.ts';

/** Everything that one desired state decides. */
export interface Target {
  readonly tables: Tables;
  readonly uplink: UplinkWant | null;
  readonly scene: Scene;
  /** Hubs to keep a control channel with. */
  readonly places: readonly HubPlace[];
  readonly devices: readonly DeviceWish[];
  readonly roomScene: RoomScene;
}

/** What is, as far as the plan needs it. */
export interface Observed {
  readonly me: string;
  readonly language: Language;
  readonly ports: LocalPorts;
  readonly linked: boolean;
  /** The highest that was seen of the meeting. */
  readonly grant: Grant | null;
  /** What is lost, and what stands in. */
  readonly reach: Reach;
  /** What was done last; null: nothing yet. */
  readonly done: Target | null;
  /** What is wrong although everything was done: a link that is down, a part that failed. */
  readonly troubles: readonly string[];
}

export type EdgeStep =
  | { readonly do: 'link'; readonly tables: Tables }
  | { readonly do: 'uplink'; readonly want: UplinkWant | null }
  | { readonly do: 'screen'; readonly scene: Scene }
  | { readonly do: 'control'; readonly places: readonly HubPlace[] }
  | { readonly do: 'devices'; readonly devices: readonly DeviceWish[]; readonly scene: RoomScene };

export function targetOf(
  { plan: wanted, keys, name, devices, scene: roomScene }: EdgeDesired,
  { me, language, ports, linked, grant, reach }: Observed,
): Target {
  const plan = wanted === null ? null : inForce(wanted, grant);
  return {
    tables: linkTables(plan, me, keys, ports, reach),
    uplink: uplinkWanted(plan, me),
    scene: scene({ plan, me, name, language, linked }),
    // Also after the end: a hub may know better.
    places: wanted === null ? [] : plannedWays(wanted, me).map(({ hub, path, host, port }) => ({ hub, path, host, port })),
    devices,
    roomScene,
  };
}

/** Targets are plain data made by one function: their text compares. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One layer: whatever differs is done at the same time, because nothing of it waits for another. Then what is still wrong. */
export function planSteps(desired: EdgeDesired, observed: Observed): Layer<EdgeStep> {
  const target = targetOf(desired, observed);
  const { done } = observed;
  const steps: EdgeStep[] = [];
  if (!same(done?.tables, target.tables)) steps.push({ do: 'link', tables: target.tables });
  if (done === null || !same(done.uplink, target.uplink)) steps.push({ do: 'uplink', want: target.uplink });
  if (!same(done?.scene, target.scene)) steps.push({ do: 'screen', scene: target.scene });
  if (done === null || !samePlaces(done.places, target.places)) steps.push({ do: 'control', places: target.places });
  if (!same([done?.devices, done?.roomScene], [target.devices, target.roomScene]))
    steps.push({ do: 'devices', devices: target.devices, scene: target.roomScene });
  if (steps.length > 0) return [steps];
  const ended = desired.plan !== null && inForce(desired.plan, observed.grant) === null;
  const notInPlan = desired.plan !== null && !ended && target.uplink === null ? ['this site is not in the plan'] : [];
  return [...notInPlan, ...target.tables.problems, ...observed.troubles].map((because) => ({ do: 'wait', because }));
}
