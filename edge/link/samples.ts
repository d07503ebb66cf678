/** From the relay's counters, which only grow, to the numbers of the last second. Pure; the caller keeps the previous look. */
import type { ConnectionStats, RelayStats, StreamStats } from '../../hardware/relay/stats.ts';
import type { EdgeTelemetry, LinkSample } from '../../protocol/schema/telemetry.ts';
import type { Heard } from './tables.ts';
import { downLink, upLink, type Way, wayName } from './ways.ts';

/** One look at the relay's counters. */
export interface RelayLook {
  /** Monotonic ms. */
  readonly at: number;
  readonly connections: ReadonlyMap<string, ConnectionStats>;
  readonly streams: ReadonlyMap<number, StreamStats>;
}

export const noLook: RelayLook = { at: 0, connections: new Map(), streams: new Map() };

/** The statistics of a relay, ready to be looked up. */
export function lookAt({ at, connections, streams }: RelayStats): RelayLook {
  return {
    at,
    connections: new Map(connections.flatMap((each) => (each.link === undefined ? [] : [[each.link, each] as const]))),
    streams: new Map(streams.map((each) => [each.ssrc, each])),
  };
}

/** A counter that restarted from zero (a new connection, a new process) counts from there. */
const grown = (now: number, before: number): number => (now >= before ? now - before : now);

const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** Both directions of every way. */
export function linkSamples(ways: readonly Way[], resting: readonly string[], before: RelayLook, now: RelayLook): LinkSample[] {
  const seconds = (now.at - before.at) / 1000;
  return ways.flatMap((way) =>
    (['up', 'down'] as const).map((direction): LinkSample => {
      const link = direction === 'up' ? upLink(way) : downLink(way);
      const after = now.connections.get(link);
      const which = { peer: way.hub, path: way.path, direction, resting: resting.includes(wayName(way)) };
      if (after === undefined) return { ...which, connected: false, rttMs: 0, lossPercent: 0, dropped: 0, retransmitted: 0, kbps: 0 };
      const prior = before.connections.get(link);
      const up = direction === 'up';
      const grew = (key: 'sent' | 'received' | 'bytesSent' | 'bytesReceived' | 'lost' | 'dropped' | 'retransmitted') =>
        grown(after[key], prior?.[key] ?? 0);
      const packets = grew(up ? 'sent' : 'received');
      const lost = grew('lost');
      const bytes = grew(up ? 'bytesSent' : 'bytesReceived');
      return {
        ...which,
        connected: after.state === 'up',
        rttMs: round(Math.max(0, after.rttMs)),
        // A sender counts what it sent, a receiver what came: the lost ones are among the former, beside the latter.
        lossPercent: lost === 0 ? 0 : round(Math.min(100, (100 * lost) / Math.max(1, up ? packets : packets + lost)), 2),
        dropped: grew('dropped'),
        retransmitted: grew('retransmitted'),
        kbps: seconds > 0 ? round((bytes * 8) / 1000 / seconds) : 0,
      };
    }),
  );
}

/** The small picture has stood in for the large one since the last look, all the while or for a part of it. */
const standsIn = ({ small }: Heard, before: RelayLook, now: RelayLook): boolean => streamGrowth(small, false, before, now).frames > 0;

/** What the screen had of the speaker, large or small. What a large picture lacks while the small one stands in is left out, not lost. */
function floorGrowth(heard: Heard, throughout: boolean, before: RelayLook, now: RelayLook): Growth {
  if (!standsIn(heard, before, now)) return streamGrowth(heard.floor, throughout, before, now);
  const large = streamGrowth(heard.floor, false, before, now);
  const small = streamGrowth(heard.small, false, before, now);
  return {
    packets: large.packets + small.packets,
    lost: large.lost + small.lost,
    frames: large.frames + small.frames,
    lostFrames: large.lostFrames + small.lostFrames,
    // Each is how long that one has not come, however long ago it was last wanted: nobody waited longer than for the one that came sooner.
    maxGapMs: now.streams.has(heard.floor ?? 0) ? Math.min(large.maxGapMs, small.maxGapMs) : small.maxGapMs,
    ageMs: small.ageMs ?? large.ageMs,
  };
}

type Arrived = Pick<EdgeTelemetry, 'floor' | 'mosaic'> & { readonly mix: Pick<EdgeTelemetry['mix'], 'packets' | 'lost'> };

/**
 * What arrived of the floor, the mosaic and the mix since the last look. A frame is lost when it did not come whole, or not at all although it
 * was on the floor. A site that gets the floor again goes on in its numbering where it was not sent here for a while: that is no loss.
 * @param flowed as of the last look.
 */
export function arrived(heard: Heard, grantN: number, flowed: Flowed, before: RelayLook, now: RelayLook): Arrived {
  const floor = floorGrowth(heard, heard.floor === flowed.floor, before, now);
  const mosaic = streamGrowth(heard.mosaic, heard.mosaic === flowed.mosaic, before, now);
  const mix = streamGrowth(heard.mix, true, before, now);
  return {
    floor: {
      site: heard.floorSite,
      grantN,
      frames: floor.frames,
      lostFrames: floor.lostFrames,
      maxGapMs: floor.maxGapMs,
      ageMs: floor.ageMs,
    },
    mosaic: { frames: mosaic.frames, lostFrames: mosaic.lostFrames, maxGapMs: mosaic.maxGapMs },
    mix: { packets: mix.packets, lost: mix.lost },
  };
}

/** The pictures that are wanted and have come since they are: from then on, what is missing is lost. */
export interface Flowed {
  readonly floor: number | null;
  readonly mosaic: number | null;
}

export const nothingFlowed: Flowed = { floor: null, mosaic: null };

/**
 * As of `now`. The plan may be here before the first picture: what was missing before that one is no loss. Frames, not packets: the relay judges
 * both a tenth of a second after they came, so a frame that is counted tells that the gap before it is.
 */
export function flowing(heard: Heard, flowed: Flowed, before: RelayLook, now: RelayLook): Flowed {
  const still = (ssrc: number | null, was: number | null): number | null =>
    ssrc === was || streamGrowth(ssrc, false, before, now).frames > 0 ? ssrc : null;
  // Once the small picture has stood in, the large one begins anew.
  const floor = standsIn(heard, before, now) ? null : still(heard.floor, flowed.floor);
  return { floor, mosaic: still(heard.mosaic, flowed.mosaic) };
}

interface Growth {
  readonly packets: number;
  readonly lost: number;
  readonly frames: number;
  readonly lostFrames: number;
  readonly maxGapMs: number;
  readonly ageMs: number | null;
}

/** @param throughout it was wanted and came all the while, so what is missing in a pause is lost. */
function streamGrowth(ssrc: number | null, throughout: boolean, before: RelayLook, now: RelayLook): Growth {
  const after = ssrc === null ? undefined : now.streams.get(ssrc);
  if (ssrc === null || after === undefined) return { packets: 0, lost: 0, frames: 0, lostFrames: 0, maxGapMs: 0, ageMs: null };
  const prior = before.streams.get(ssrc);
  const grew = (key: 'packets' | 'lost' | 'frames' | 'damagedFrames' | 'paused' | 'pausedFrames') => grown(after[key], prior?.[key] ?? 0);
  const packets = grew('packets');
  return {
    packets,
    lost: grew('lost') + (throughout ? grew('paused') : 0),
    frames: grew('frames'),
    lostFrames: grew('damagedFrames') + (throughout ? grew('pausedFrames') : 0),
    maxGapMs: round(after.maxFrameGapMs),
    ageMs: packets === 0 || after.ageMs === null ? null : Math.max(0, round(after.ageMs)),
  };
}
