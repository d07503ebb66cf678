/** From running meetings to what each node shall do. Pure: the same meetings always make the same wishes. */
import { mainWanted, mutedIn } from '../../protocol/plan.ts';
import type { EdgeDesired, HubDesired, MediaKey, PanelKey } from '../../protocol/schema/desired.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Keys } from './contract.ts';

/** A meeting in force. */
export interface Force {
  readonly plan: Plan;
  readonly keys: Keys;
  /** Of the chair's panel; null while there is none. */
  readonly panel: PanelKey | null;
}

/** A site, and what its box shall drive. */
export interface RoomOf {
  readonly site: string;
  readonly name: string;
  readonly devices: readonly DeviceWish[];
}

/** The plan as it concerns `site`, or the idle wish between meetings. */
export function edgeWant({ site, name, devices }: RoomOf, forces: readonly Force[]): EdgeDesired {
  const mine = forces.find(({ plan }) => plan.sites.some((each) => each.site === site));
  const room: Pick<EdgeDesired, 'devices' | 'scene'> = {
    devices: [...devices],
    scene: devices.length === 0 ? null : mine === undefined ? 'off' : 'on',
  };
  if (mine === undefined) return { role: 'edge', name, plan: null, keys: [], panel: null, ...room };
  const { meeting, hubs } = mine.plan;
  const keys = hubs.flatMap(({ hub }): MediaKey[] => {
    const key = mine.keys.get(hub)?.get(site);
    return key === undefined ? [] : [{ meeting, peer: hub, key }];
  });
  const panel = mine.plan.grant.chair === site ? mine.panel : null;
  return { role: 'edge', name, plan: mine.plan, keys, panel, ...room };
}

/** All meetings of `hub`, in the order of their ids. */
export function hubWant(hub: string, forces: readonly Force[]): HubDesired {
  const mine = forces
    .filter(({ plan }) => plan.hubs.some((each) => each.hub === hub))
    .toSorted((a, b) => (a.plan.meeting < b.plan.meeting ? -1 : 1));
  return {
    role: 'hub',
    plans: mine.map(({ plan }) => plan),
    keys: mine.flatMap(({ plan, keys }) =>
      plan.sites.flatMap(({ site }): MediaKey[] => {
        const key = keys.get(hub)?.get(site);
        return key === undefined ? [] : [{ meeting: plan.meeting, peer: site, key }];
      }),
    ),
  };
}

/**
 * Sites that nothing waits for between two plans of a meeting: their own entry is the same, and they send `main` or not, and sound or silence,
 * as before. What they see changes at the hub, which forwards it without them.
 */
export function patientSites(before: Plan | null, after: Plan | null): ReadonlySet<string> {
  if (before === null || after === null || before.meeting !== after.meeting) return new Set();
  const was = new Map(before.sites.map((each) => [each.site, JSON.stringify(each)]));
  const same = after.sites.filter(
    (each) =>
      was.get(each.site) === JSON.stringify(each) &&
      mainWanted(before, each.site) === mainWanted(after, each.site) &&
      mutedIn(before, each.site) === mutedIn(after, each.site),
  );
  return new Set(same.map(({ site }) => site));
}

/** The nodes that a plan speaks to. */
export const nodesOf = (plan: Plan | null): { readonly hubs: readonly string[]; readonly sites: readonly string[] } => ({
  hubs: plan?.hubs.map((each) => each.hub) ?? [],
  sites: plan?.sites.map((each) => each.site) ?? [],
});

/** The five bits of a byte each, as letters and digits that survive any shell and any URL: 52 of them carry 260 bits. */
const letters = 'abcdefghijkmnpqrstuvwxyz23456789';

/** An SRT passphrase from at least 52 random bytes. */
export function mediaKey(random: Uint8Array): string {
  if (random.length < 52) throw new RangeError('a media key needs 52 random bytes');
  return [...random.subarray(0, 52)].map((byte) => letters[byte & 31]).join('');
}

/** Six digits from at least four random bytes. */
export function newPin(random: Uint8Array): string {
  const [a, b, c, d] = random;
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new RangeError('a PIN needs four random bytes');
  return String((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % 1_000_000).padStart(6, '0');
}
