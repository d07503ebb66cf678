/** What a site says of the media that reaches it: the telemetry of every second from its log, whether or not central can hear it. */
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';

/** Over the seconds since the watch began (or was begun anew). */
export interface Seen {
  readonly seconds: number;
  /** Of the floor's picture that reached the site. */
  readonly floorFrames: number;
  readonly floorLost: number;
  readonly floorMaxGapMs: number;
  readonly mosaicFrames: number;
  readonly mosaicLost: number;
  readonly mosaicMaxGapMs: number;
  readonly mixPackets: number;
  readonly mixLost: number;
  readonly last: EdgeTelemetry | null;
}

export interface Watch {
  /** To be given every line of the site's log. */
  hear(line: string): void;
  /** Counts from now on. A gap that has begun before counts whole. */
  begin(): void;
  readonly seen: Seen;
}

const nothing: Seen = {
  seconds: 0,
  floorFrames: 0,
  floorLost: 0,
  floorMaxGapMs: 0,
  mosaicFrames: 0,
  mosaicLost: 0,
  mosaicMaxGapMs: 0,
  mixPackets: 0,
  mixLost: 0,
  last: null,
};

const add = (seen: Seen, { floor, mosaic, mix }: EdgeTelemetry): Omit<Seen, 'last'> => ({
  seconds: seen.seconds + 1,
  floorFrames: seen.floorFrames + floor.frames,
  floorLost: seen.floorLost + floor.lostFrames,
  floorMaxGapMs: Math.max(seen.floorMaxGapMs, floor.maxGapMs),
  mosaicFrames: seen.mosaicFrames + mosaic.frames,
  mosaicLost: seen.mosaicLost + mosaic.lostFrames,
  mosaicMaxGapMs: Math.max(seen.mosaicMaxGapMs, mosaic.maxGapMs),
  mixPackets: seen.mixPackets + mix.packets,
  mixLost: seen.mixLost + mix.lost,
});

export function makeWatch(): Watch {
  let seen = nothing;
  return {
    hear(line) {
      if (!line.includes('"telemetry":{')) return;
      const { telemetry } = JSON.parse(line) as { readonly telemetry: EdgeTelemetry };
      seen = { ...add(seen, telemetry), last: telemetry };
    },
    begin() {
      seen = nothing;
    },
    get seen() {
      return seen;
    },
  };
}
