/**
 * When less is sent over a way that is too narrow, and when more is tried again. Pure: levels are numbers, 0 is everything; what a level is worth
 * is the business of whoever sends. Hubs and edges share it. Down at once, because people hear and see it; up by trying, and what has been tried
 * in vain is tried again the later the more often it was: a bottleneck that stays is bumped into seldom, one that goes is left within a minute.
 */

/** What has been sent so far needs this long to drain and to be measured. */
const SETTLE_MS = 700;
/** A level that has held for so long is believed, and the next is tried. */
const TRUST_MS = 2500;
/** The first rest after a failed try; doubled with each that follows. Where far more is needed than came through, a try is hopeless for longer. */
const REST_MS = 5000;
const LONGEST_REST_MS = 40_000;

/** A level that was too much. */
interface Failure {
  readonly at: number;
  readonly restMs: number;
}

export interface Ladder {
  readonly level: number;
  /** When the level became this (monotonic ms). */
  readonly since: number;
  /** Reached from below, and not yet believed. */
  readonly trying: boolean;
  /** Since when the way is not narrow any more; null: it is, or was never looked at. */
  readonly wellSince: number | null;
  /** By level. */
  readonly failures: ReadonlyMap<number, Failure>;
}

export const topOfLadder: Ladder = {
  level: 0,
  since: Number.NEGATIVE_INFINITY,
  trying: false,
  wellSince: null,
  failures: new Map(),
};

export interface LadderLook {
  /** What is sent is more than the way takes; null: nothing can be said (the way is gone, or this process was starved). */
  readonly narrow: boolean | null;
  /** By level, the most first: what each needs in kbit/s. */
  readonly needs: readonly number[];
  /** What came through while it was narrow, in kbit/s; null: not known. */
  readonly fitsKbps: number | null;
}

/** Of what came through, so much is used: IDRs and repairs need room. */
const SHARE = 0.85;

export function climb(state: Ladder, { narrow, needs, fitsKbps }: LadderLook, at: number): Ladder {
  const last = needs.length - 1;
  const now: Ladder = state.level > last ? { ...state, level: Math.max(0, last) } : state;
  if (narrow === null) return { ...now, wellSince: null };
  if (narrow) return lower({ ...now, wellSince: null }, needs, fitsKbps, at);
  const wellSince = now.wellSince ?? at;
  const well: Ladder = { ...now, wellSince };
  const held = at - Math.max(wellSince, well.since);
  if (well.trying && held >= TRUST_MS) return { ...well, trying: false, failures: without(well.failures, well.level) };
  if (well.level === 0 || well.trying) return well;
  const failed = well.failures.get(well.level - 1);
  if (held < TRUST_MS || (failed !== undefined && at - failed.at < failed.restMs)) return well;
  return { ...well, level: well.level - 1, since: at, trying: true };
}

/** The first level below that needs less and fits; one that was only tried is paid for with a longer rest. */
function lower(state: Ladder, needs: readonly number[], fitsKbps: number | null, at: number): Ladder {
  if (at - state.since < SETTLE_MS) return state;
  const have = needs[state.level] ?? 0;
  const less = needs.flatMap((need, level) => (level > state.level && need < have ? [level] : []));
  const fit = fitsKbps === null ? undefined : less.find((level) => (needs[level] ?? 0) <= fitsKbps * SHARE);
  const level = fitsKbps === null ? less[0] : (fit ?? less.at(-1));
  if (level === undefined) return { ...state, trying: false };
  // Back to where it was before the try: that level held.
  const to = state.trying ? Math.min(level, Math.max(less[0] ?? level, state.level + 1)) : level;
  const failures = new Map(state.failures);
  for (let each = state.level; each < to; each++) {
    const before = failures.get(each);
    const again = state.trying && each === state.level && before !== undefined;
    failures.set(each, {
      at,
      restMs: again ? Math.min(LONGEST_REST_MS, before.restMs * 2) : (before?.restMs ?? firstRest(needs[each] ?? 0, fitsKbps)),
    });
  }
  return { ...state, level: to, since: at, trying: false, failures };
}

/** @param need of the level that failed; twice as long for each time that it needs half as much again as came through. */
function firstRest(need: number, fitsKbps: number | null): number {
  if (fitsKbps === null || fitsKbps <= 0) return REST_MS;
  return need > 3 * fitsKbps ? REST_MS * 4 : need > 1.5 * fitsKbps ? REST_MS * 2 : REST_MS;
}

function without(failures: Ladder['failures'], level: number): Ladder['failures'] {
  if (!failures.has(level)) return failures;
  const left = new Map(failures);
  left.delete(level);
  return left;
}

/** What has been told of a ladder. */
export interface Told {
  readonly level: number;
  readonly at: number;
}

export const nothingTold: Told = { level: 0, at: Number.NEGATIVE_INFINITY };

const TELL_MS = 5000;

/** What is news: that less is sent, still less than was told, or everything again. A try is no news until it is believed. */
export function newsOf(
  told: Told,
  { level, trying }: Ladder,
  at: number,
): { readonly told: Told; readonly what: 'narrowed' | 'widened' | null } {
  const sure = trying ? level + 1 : level;
  if (sure === told.level || (sure > 0 && told.level > 0 && at - told.at < TELL_MS)) return { told, what: null };
  const next = { level: sure, at };
  if (sure > told.level) return { told: next, what: 'narrowed' };
  // On the way up only the end of it is told; from there a relapse is news again.
  return { told: next, what: sure === 0 ? 'widened' : null };
}
