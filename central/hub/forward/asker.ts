/** Which views wait for an IDR, and when to ask its sender again. Pure; a lost request or a deaf encoder costs one interval. */

export interface Waiting {
  readonly ssrc: number;
  readonly since: number;
  readonly asked: number;
  readonly times: number;
}

/** By view. */
export type Asker = ReadonlyMap<string, Waiting>;

export const nobodyWaits: Asker = new Map();
/** An IDR is some 40 ms of a 1.5 Mbit/s stream: no sender is asked more often, however many wait. */
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
  const lately = new Set([...state.values()].filter(({ asked }) => at - asked < askEveryMs).map(({ ssrc }) => ssrc));
  for (const { ssrc, asked, times } of state.values())
    if (!lately.has(ssrc) && at - asked >= (times < patience ? askEveryMs : seldomMs)) ask.add(ssrc);
  if (ask.size === 0) return { ask: [], state };
  const next = new Map(
    [...state].map(([view, waiting]) => [view, ask.has(waiting.ssrc) ? { ...waiting, asked: at, times: waiting.times + 1 } : waiting]),
  );
  return { ask: [...ask], state: next };
}
