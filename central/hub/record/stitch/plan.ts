/**
 * Which hub's which segment is shown from when to when. Pure. The primary hub's segments first; what is missing between them comes from the
 * others. A decoder can begin only at a key picture: a filler begins at its last one before the hole, and the stretch before is cut there,
 * which costs nothing because both show the same.
 */

/** A stretch of one track of one segment, on the common line of time (ms). */
export interface Span {
  readonly hub: string;
  readonly file: string;
  readonly site: string | null;
  readonly from: number;
  readonly to: number;
  /** Where a decoder can begin; null: anywhere (sound). */
  readonly keys: readonly number[] | null;
  /** It goes on the same file's earlier stretch: no key picture is needed if that was shown before it. */
  readonly joins: boolean;
  /** Why nothing follows in this file; null when it was meant to end. */
  readonly ended: string | null;
}

/** A span with its own limits, `from` and `to` moved inwards. */
export type Stretch = Span;

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly because: string;
}

export interface EditList {
  readonly stretches: readonly Stretch[];
  readonly gaps: readonly Gap[];
}

/** Shorter is no hole: a picture's length, and what two clocks differ. */
export const leastHoleMs = 80;
/** The picture at a seam belongs to the side that begins with it, though the two clocks differ by a few ms: half the shortest picture. */
const seamMs = 12;

const firstKey = ({ keys, from, to }: Span, at: number): number | null =>
  keys === null ? Math.max(from, at) : (keys.find((key) => key >= at && key >= from && key < to) ?? null);

const lastKey = ({ keys, from }: Span, at: number): number | null =>
  keys === null ? Math.max(from, at) : (keys.findLast((key) => key <= at && key >= from) ?? null);

/** One hub's spans one after the other: the next segment takes over with its first picture, and none begins where no decoder can. */
export function ownLine(spans: readonly Span[]): readonly Stretch[] {
  const line: Stretch[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from || (a.file < b.file ? -1 : 1))) {
    const before = line.at(-1);
    const goesOn = span.joins && before?.file === span.file;
    const from = goesOn ? span.from : firstKey(span, span.from);
    if (from === null) continue;
    cutBack(line, from);
    line.push({ ...span, from, joins: goesOn });
  }
  return line;
}

/** Ends the line before `at`. */
function cutBack(line: Stretch[], at: number): void {
  while ((line.at(-1)?.from ?? Number.NEGATIVE_INFINITY) >= at) line.pop();
  const last = line.at(-1);
  if (last !== undefined && last.to > at - seamMs) line[line.length - 1] = { ...last, to: Math.max(last.from, at - seamMs) };
}

/** Fills the holes of `line` with what `other` has in their place. */
export function fill(line: readonly Stretch[], other: readonly Stretch[]): readonly Stretch[] {
  const out: Stretch[] = [];
  for (const next of [...line, null]) {
    const filled = fillBefore(out, next, other);
    if (next === null) break;
    const before = out.at(-1);
    if (!filled && (!next.joins || (before?.file === next.file && before.hub === next.hub))) {
      out.push(next);
      continue;
    }
    const from = firstKey(next, next.from);
    if (from === null) continue;
    cutBack(out, from);
    out.push({ ...next, from, joins: false });
  }
  return out;
}

/** Puts into `out` what `other` has between its end and `next`; false when there is no hole or nothing for it. */
function fillBefore(out: Stretch[], next: Stretch | null, other: readonly Stretch[]): boolean {
  // A stretch that only goes on needs a key picture once something else was shown.
  const until = next === null ? Number.POSITIVE_INFINITY : (firstKey(next, next.from) ?? next.to);
  const hole = (next?.from ?? Number.POSITIVE_INFINITY) - (out.at(-1)?.to ?? Number.NEGATIVE_INFINITY);
  if (hole <= leastHoleMs) return false;
  let filled = false;
  for (const filler of other) {
    const since = out.at(-1)?.to ?? Number.NEGATIVE_INFINITY;
    const holeEnd = Math.min(until, next?.from ?? until);
    if (Math.min(filler.to, holeEnd) - Math.max(filler.from, since) <= leastHoleMs) continue;
    const goesOn = filler.joins && out.at(-1)?.file === filler.file && out.at(-1)?.hub === filler.hub;
    const from = goesOn
      ? filler.from
      : filler.from >= since
        ? firstKey(filler, filler.from)
        : (lastKey(filler, since) ?? firstKey(filler, since));
    if (from === null || from >= until) continue;
    cutBack(out, from);
    out.push({ ...filler, from, to: Math.min(filler.to, until), joins: goesOn });
    filled = true;
  }
  return filled;
}

/** @param hubs the primary's spans first. `missing`: what to say of a gap that no segment explains. */
export function editList(hubs: readonly (readonly Span[])[], missing: string): EditList {
  const [primary = [], ...others] = hubs.map(ownLine);
  const stretches = others.reduce(fill, primary);
  const gaps = stretches.flatMap((next, index): Gap[] => {
    const before = stretches[index - 1];
    if (before === undefined || next.from - before.to <= leastHoleMs) return [];
    const because = before.ended ?? (next.joins ? 'nothing came in this time' : missing);
    return [{ from: before.to, to: next.from, because }];
  });
  return { stretches: stretches.filter(({ from, to }) => to > from), gaps };
}
