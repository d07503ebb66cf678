/** How long to wait before trying again: a table for programs on this machine, a jittered doubling for peers over the network. Pure. */

export interface CrashPolicy {
  /** Waits before the first, second, … restart; the last one repeats. */
  readonly backoffMs: readonly number[];
  /** After this long up, the next crash counts as the first again. */
  readonly resetAfterMs: number;
  /** This many crashes within `windowMs` and the owner gives up. */
  readonly giveUpAfter: number;
  readonly windowMs: number;
}

/** What has crashed so far; a value, so that a test can walk it. */
export interface CrashRecord {
  /** Crashes since the last long life. */
  readonly inARow: number;
  /** Monotonic times of the crashes within the window. */
  readonly times: readonly number[];
}

export const noCrashes: CrashRecord = { inARow: 0, times: [] };

/** The record after a crash at `at` (monotonic ms) of a life that was up for `upMs`, and the wait before the next start (null: give up). */
export function crashed(
  before: CrashRecord,
  policy: CrashPolicy,
  at: number,
  upMs: number,
): { readonly record: CrashRecord; readonly waitMs: number | null } {
  const inARow = upMs >= policy.resetAfterMs ? 0 : before.inARow;
  const times = [...before.times.filter((time) => at - time < policy.windowMs), at];
  const record = { inARow: inARow + 1, times };
  if (times.length >= policy.giveUpAfter) return { record, waitMs: null };
  return { record, waitMs: policy.backoffMs[Math.min(inARow, policy.backoffMs.length - 1)] ?? 0 };
}

/**
 * Full jitter: a wait between half and the whole of min(maxMs, firstMs·2^attempt), so that a thousand peers do not come back at once.
 * @param random a number in [0, 1), an argument so that tests are exact.
 */
export function jittered(attempt: number, firstMs: number, maxMs: number, random: number): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole / 2 + (whole / 2) * random;
}
