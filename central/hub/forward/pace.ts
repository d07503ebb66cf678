/**
 * How often a sender is asked for an IDR, whoever wants it. Viewers that lost the same hub come one after another (within 150 ms; 300 on a busy machine),
 * each too late for the IDR of the one before, and sites with two hubs ask before them: some requests may follow each other closely, in the long run
 * they may not. A token bucket (GCRA). What its sender may put on the line is bounded by its encoder's buffer, not here. Pure.
 */

/** An IDR is some 40 ms of a 1.5 Mbit/s stream. */
const everyMs = 300;
/** Not in the very next picture. */
const apartMs = 100;
/** So far ahead of `everyMs` requests may get: seven come within 600 ms, `apartMs` apart. */
const aheadMs = 4 * everyMs;

/** What is remembered of a sender's requests; monotonic ms. */
export interface Paced {
  readonly at: number;
  /** When the next would be due, had all of them come `everyMs` apart. */
  readonly nextAt: number;
}

/** How long it is until this sender may be asked; 0: now. */
export const waitsMs = (last: Paced | undefined, at: number): number =>
  last === undefined ? 0 : Math.max(0, last.at + apartMs - at, last.nextAt - aheadMs - at);

/** It was asked at `at`. */
export const paced = (last: Paced | undefined, at: number): Paced => ({ at, nextAt: Math.max(last?.nextAt ?? at, at) + everyMs });
