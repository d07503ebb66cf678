/** Which views wait for an IDR, and when their request is repeated. Pure; a lost request or a deaf encoder costs one interval. pace.ts spares the senders. */

export interface Waiting {
  readonly ssrc: number;
  readonly since: number;
  readonly asked: number;
  readonly times: number;
}

/** By view. */
export type Asker = ReadonlyMap<string, Waiting>;

export const nobodyWaits: Asker = new Map();
export const askEveryMs = 300;
/** A sender that has not answered for so many requests has no picture; it is asked seldom. */
const patience = 20;
const seldomMs = 2000;

/** The view waits for `ssrc` (base) from now on; null: it waits for nothing. */
export function awaits(state: Asker, view: string, ssrc: number | null, at: number): Asker {
  const next = new Map(state);
  if (ssrc === null) next.delete(view);
  else if (next.get(view)?.ssrc !== ssrc) next.set(view, { ssrc, since: at, asked: Number.NEGATIVE_INFINITY, times: 0 });
  return next;
}

/** SSRCs whose senders are to be asked now, and the state after asking them. */
export function due(state: Asker, at: number): { readonly ask: readonly number[]; readonly state: Asker } {
  const ask = new Set<number>();
  for (const { ssrc, asked, times } of state.values()) if (at - asked >= (times < patience ? askEveryMs : seldomMs)) ask.add(ssrc);
  if (ask.size === 0) return { ask: [], state };
  const next = new Map(
    [...state].map(([view, waiting]) => [view, ask.has(waiting.ssrc) ? { ...waiting, asked: at, times: waiting.times + 1 } : waiting]),
  );
  return { ask: [...ask], state: next };
}
