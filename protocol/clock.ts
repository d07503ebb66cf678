/**
 * Time as an argument. Pure code takes times as values; code that waits takes a Clock.
 * The one real implementation is protocol/node/clock.ts; tests may pass their own.
 */

/** A pending timer. */
export interface Timer {
  /** Stops it; harmless when it has fired or was cancelled before. */
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970 (UTC). May jump: for display, never for measuring. */
  now(): number;
  /** Monotonic clock in milliseconds with fractions. Comparable between processes of one machine (CLOCK_MONOTONIC). */
  mono(): number;
  /** Runs `run` once after `ms` milliseconds. `name` appears in listings of pending timers. */
  after(ms: number, name: string, run: () => void): Timer;
  /** Runs `run` every `ms` milliseconds until cancelled. */
  every(ms: number, name: string, run: () => void): Timer;
}

/** Resolves after `ms`; resolves early, without an error, when `signal` aborts. */
export function sleep(clock: Clock, ms: number, name: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, name, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
