/** Whether figures may be shown as the present. Old figures must never look fresh: they are worse than none. Pure. */

/** Silence of the stream after which figures are old. The server sends something at least every two seconds. */
export const staleAfterMs = 6000;

export type Freshness =
  | { readonly is: 'connecting' }
  | { readonly is: 'live' }
  /** `ageMs` is null when nothing ever came. */
  | { readonly is: 'stale'; readonly ageMs: number | null };

export interface Line {
  /** Monotonic times in ms. */
  readonly openedAt: number;
  readonly heardAt: number | null;
}

/** The freshness of what came over `line` at the monotonic time `now`. */
export function freshness(line: Line, now: number): Freshness {
  if (line.heardAt === null) return now - line.openedAt > staleAfterMs ? { is: 'stale', ageMs: null } : { is: 'connecting' };
  const ageMs = now - line.heardAt;
  return ageMs > staleAfterMs ? { is: 'stale', ageMs } : { is: 'live' };
}
