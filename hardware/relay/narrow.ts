/** From the queues of several connections that carry the same packets, whether all of them are too narrow, and what comes through. Pure. */
import type { QueueStats, RelayQueues } from './stats.ts';

/** One look at the queues that matter. */
export interface Queues {
  /** Monotonic ms. */
  readonly at: number;
  readonly connections: ReadonlyMap<string, QueueStats>;
}

export const noQueues: Queues = { at: Number.NEGATIVE_INFINITY, connections: new Map() };

const nameOf = ({ peer, link, streamId }: QueueStats): string => `${peer ?? ''} ${link ?? ''} ${streamId}`;

/** @param matters which connections carry the packets in question. */
export const queuesOf = ({ at, connections }: RelayQueues, matters: (each: QueueStats) => boolean): Queues => ({
  at,
  connections: new Map(connections.filter(matters).map((each) => [nameOf(each), each])),
});

/** A look that comes so late says more about this machine than about the network. */
const LATE_MS = 1500;
/** From here on what comes through is what the way takes, and not what was sent. */
const FULL_MS = 40;
/** When video has been dropped little is sent, and so little comes through: what came just before tells more. */
const RECENT_MS = 1000;

/** A way that is silent, or that takes nothing at all of what waits, is cut and not narrow. When it is back, what has piled up drains first. */
const DRAIN_MS = 1000;
/** However narrow, something comes through several times in this time. Whether it is cut will be known at the next look. */
const UNSURE_MS = 120;

export interface Narrowness {
  /** The best of them is too narrow; null: none is there, or nothing can be said. */
  readonly narrow: boolean | null;
  /** What came through the best of them lately while it was full, in kbit/s; null: it was not. */
  readonly kbps: number | null;
}

export interface Watching {
  readonly before: Queues;
  readonly full: readonly { readonly at: number; readonly kbps: number }[];
  /** Connections that were cut lately, and when they last were. */
  readonly cut: ReadonlyMap<string, number>;
  readonly found: Narrowness;
}

const nothing: Narrowness = { narrow: null, kbps: null };
export const notWatched: Watching = { before: noQueues, full: [], cut: new Map(), found: nothing };

/** The same packets go all ways and the receiver takes whichever copy comes: one good way is enough. */
export function watchQueues({ before, full, cut: cutBefore }: Watching, now: Queues): Watching {
  const ms = now.at - before.at;
  if (!(ms > 0) || ms > LATE_MS) return { before: now, full: [], cut: cutBefore, found: nothing };
  const cut = new Map([...cutBefore].filter(([, at]) => now.at - at < DRAIN_MS));
  const live = [...now.connections].flatMap(([name, after]) => {
    const prior = before.connections.get(name);
    if (after.state !== 'up' || (prior !== undefined && isFull(prior, after) && after.bytesAcked <= prior.bytesAcked))
      cut.set(name, now.at);
    return prior === undefined || cut.has(name) || after.unackedMs > UNSURE_MS ? [] : [judge(prior, after, ms)];
  });
  const [first, ...others] = live;
  if (first === undefined) return { before: now, full: [], cut, found: nothing };
  const { narrow, kbps } = others.reduce(better, first);
  const recent = [...full.filter(({ at }) => now.at - at < RECENT_MS), ...(kbps === null ? [] : [{ at: now.at, kbps }])];
  return {
    before: now,
    full: recent,
    cut,
    found: { narrow, kbps: recent.length === 0 ? null : Math.max(...recent.map((each) => each.kbps)) },
  };
}

const isFull = (prior: QueueStats, after: QueueStats): boolean =>
  after.crowded || prior.crowded || (after.queueMs > FULL_MS && prior.queueMs > FULL_MS);

function judge(prior: QueueStats, after: QueueStats, ms: number): Narrowness {
  const dropped = after.videoDropped - prior.videoDropped + after.audioDropped - prior.audioDropped;
  const full = isFull(prior, after);
  const bits = Math.max(0, after.bytesAcked - prior.bytesAcked) * 8;
  // Pictures that wait for an IDR after it has eased are dropped too: that is the past.
  return { narrow: after.crowded || (dropped > 0 && full && !prior.crowded), kbps: full ? Math.round(bits / ms) : null };
}

function better(a: Narrowness, b: Narrowness): Narrowness {
  if (a.narrow !== b.narrow) return a.narrow === true ? b : a;
  return (a.kbps ?? Number.POSITIVE_INFINITY) >= (b.kbps ?? Number.POSITIVE_INFINITY) ? a : b;
}
