/**
 * Whose stream kills decoders. A crash names its thread, a failed pipeline its element; both carry the slot. Twice within the window and
 * the site is left out for a while. Pure.
 */

export interface BanRules {
  readonly crashes: number;
  readonly windowMs: number;
  readonly banMs: number;
}

export const banRules: BanRules = { crashes: 2, windowMs: 10 * 60_000, banMs: 10 * 60_000 };

export interface Bans {
  readonly crashes: ReadonlyMap<string, readonly number[]>;
  /** Until when, monotonic. */
  readonly until: ReadonlyMap<string, number>;
}

export const noBans: Bans = { crashes: new Map(), until: new Map() };

/** The state after `site`'s stream brought a decoder down at `at` (monotonic ms). */
export function crashedBy(before: Bans, site: string, at: number, rules: BanRules = banRules): Bans {
  const times = [...(before.crashes.get(site) ?? []).filter((time) => at - time < rules.windowMs), at];
  const crashes = new Map(before.crashes).set(site, times);
  return { crashes, until: times.length < rules.crashes ? before.until : new Map(before.until).set(site, at + rules.banMs) };
}

export function bannedAt(bans: Bans, at: number): ReadonlySet<string> {
  return new Set([...bans.until].filter(([, until]) => at < until).map(([site]) => site));
}

/** When the next ban ends; null when there is none. */
export function nextRelease(bans: Bans, at: number): number | null {
  const ends = [...bans.until.values()].filter((until) => until > at);
  return ends.length === 0 ? null : Math.min(...ends);
}

/**
 * The slot in an element's or thread's name: `decode_7`, `tile_7-udp:src` and, because a thread's name has at most 15 letters,
 * `audio_12-udp:sr`. Null when it belongs to no slot.
 */
export function slotOf(name: string): number | null {
  const digits = /^[a-z]+_(\d{1,3})(?:[-:]|$)/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
