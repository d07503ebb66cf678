/** The ways from this site into its hubs: each hub over each WAN link of the box, as the plan has them. Pure. */
import { findSite } from '../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../protocol/schema/plan.ts';

/** One hub over one path. */
export interface Way {
  readonly hub: string;
  /** Name of the box's WAN link; null: whatever way its system takes. */
  readonly path: string | null;
  /** The hub's address in the network behind that path. */
  readonly host: string;
  readonly port: number;
  readonly latencyMs: number;
}

/** What this site may do now beyond what the plan says: decided next to the fault, see standby.ts. */
export interface Reach {
  /** Hubs that stand by in the plan and are used now. */
  readonly woken: readonly string[];
  /** Ways that have come and gone too often and rest, as `hub` or `hub.path`. */
  readonly resting: readonly string[];
  /** The hub whose mosaic and mix are wanted before the others': it has who has the floor. Null: the first. */
  readonly leads: string | null;
}

export const asPlanned: Reach = { woken: [], resting: [], leads: null };

/** Names a way in logs, events and in `Reach`. */
export const wayName = ({ hub, path }: Pick<Way, 'hub' | 'path'>): string => (path === null ? hub : `${hub}.${path}`);

// The relay's names have at most 63 characters; node ids that long differ in their ends.
const linkName = (direction: 'up' | 'down', { hub, path }: Pick<Way, 'hub' | 'path'>): string =>
  path === null ? `${direction}-${hub.slice(-58)}` : `${direction}-${hub.slice(-36)}.${path}`;

export const upLink = (way: Pick<Way, 'hub' | 'path'>): string => linkName('up', way);
export const downLink = (way: Pick<Way, 'hub' | 'path'>): string => linkName('down', way);

/** All ways that this site keeps connected, in its order of preference. Unprotected, it knows its first hub only. */
export function plannedWays(plan: Plan, me: string): readonly Way[] {
  const site = findSite(plan, me);
  if (site === undefined) return [];
  const first = site.hubs[0]?.hub;
  return site.hubs.flatMap(({ hub, path }): Way[] => {
    const at = plan.hubs.find((each) => each.hub === hub);
    if (at === undefined || (site.protection === 'none' && hub !== first)) return [];
    const host = at.paths.find((each) => each.path === path)?.host ?? at.host;
    return [{ hub, path, host, port: at.port, latencyMs: at.latencyMs }];
  });
}

/** The hubs that this site connects to, in its order of preference, each once. */
export function plannedHubs(plan: Plan, me: string): readonly PlanHub[] {
  const names = new Set(plannedWays(plan, me).map(({ hub }) => hub));
  return [...names].flatMap((name) => plan.hubs.find(({ hub }) => hub === name) ?? []);
}

/** The hubs that serve this site now: all of a hot one's, else the first and those that were woken. */
export function servingHubs(plan: Plan, me: string, { woken }: Reach): readonly PlanHub[] {
  const hot = findSite(plan, me)?.protection === 'hot';
  return plannedHubs(plan, me).filter(({ hub }, index) => index === 0 || hot || woken.includes(hub));
}

/** The links over which this site sends to hubs that serve it: only those count when a way is judged narrow. */
export function sendingLinks(plan: Plan, me: string, reach: Reach): readonly string[] {
  const serving = servingHubs(plan, me, reach).map(({ hub }) => hub);
  return plannedWays(plan, me)
    .filter(({ hub }) => serving.includes(hub))
    .map(upLink);
}
