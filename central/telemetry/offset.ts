/**
 * Whether a wall clock agrees with another's, by when its messages say they were written. Media and reflexes run on monotonic clocks and do not
 * care; whoever compares logs and papers does. Pure. No message comes before it was written, so that a clock that looks fast is fast; one that
 * looks slow may be a slow line: the least late message of a long time counts.
 */

/** Clocks of machines that nobody synchronises differ by this much soon. */
const AHEAD_MS = 2000;
const AHEAD_LASTS_MS = 5000;
const BEHIND_MS = 5000;
const BEHIND_LASTS_MS = 30_000;
/** Once told, it has to come this much nearer to be right again: half of what made it wrong. */
const NEARER = 0.5;
/** Whoever was away for longer begins anew. */
const PAUSE_MS = 3000;

export interface Offset {
  /** How far the clock is ahead (behind: negative) as it was last told; 0: they agree. */
  readonly toldMs: number;
  /** Since when something else is seen (monotonic ms), and the least late of that time; null: it is not. */
  readonly other: { readonly since: number; readonly aheadMs: number } | null;
  /** When it was last looked (monotonic ms). */
  readonly at: number;
}

export const agrees: Offset = { toldMs: 0, other: null, at: Number.NEGATIVE_INFINITY };

/** @param aheadMs what a message's time is ahead of the moment it came. @param mono that moment on the monotonic clock. */
export function offsetSeen({ toldMs, other, at }: Offset, aheadMs: number, mono: number): Offset {
  const going = mono - at <= PAUSE_MS ? other : null;
  const bestMs = going !== null && going.aheadMs < 0 && aheadMs < 0 ? Math.max(going.aheadMs, aheadMs) : aheadMs;
  const nearer = toldMs === 0 ? 1 : NEARER;
  const right = bestMs <= AHEAD_MS * nearer && bestMs >= -BEHIND_MS * nearer;
  const is = right ? 0 : bestMs;
  if ((is === 0) === (toldMs === 0) && Math.abs(is - toldMs) <= (is < 0 ? BEHIND_MS : AHEAD_MS)) return { toldMs, other: null, at: mono };
  const since = going?.since ?? mono;
  const lasts = is < 0 ? BEHIND_LASTS_MS : AHEAD_LASTS_MS;
  return mono - since >= lasts ? { toldMs: is, other: null, at: mono } : { toldMs, other: { since, aheadMs: bestMs }, at: mono };
}

/** Fewer cannot outvote central's clock. */
const VOTES = 3;

/** By how much all clocks together are ahead of central's (their median); 0 when they are too few, or central's is right. */
export function commonOffset(aheadMs: readonly number[]): number {
  if (aheadMs.length < VOTES) return 0;
  const median = [...aheadMs].sort((a, b) => a - b)[Math.floor(aheadMs.length / 2)] ?? 0;
  return median > AHEAD_MS || median < -BEHIND_MS ? median : 0;
}

const seconds = (ms: number): number => Math.round(Math.abs(ms) / 1000);

/** For people: a node's clock. */
export const offsetText = (aheadMs: number): string =>
  aheadMs === 0
    ? "its clock agrees with central's again"
    : `its clock is ${seconds(aheadMs)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} central's`;

/** For people: central's own. @param aheadMs by how much all others are ahead. */
export const commonText = (aheadMs: number): string =>
  aheadMs === 0
    ? 'the clock of central agrees with the others again'
    : `the clock of central is ${seconds(aheadMs)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} all others`;
