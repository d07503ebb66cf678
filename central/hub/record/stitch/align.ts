/**
 * One line of time for the segments of several hubs: the primary hub's wall clock. Pure. What was read of a segment is in time of capture, by
 * the clock of whoever captured it: a site for its picture, a hub for the mosaic and the mix. A site's clock may be wrong by any amount; it is
 * the same clock for all hubs that recorded it, so that one distance for each site lays all its segments on the line. Where two hubs recorded
 * the same site, these distances also tell how far the hubs' own clocks are apart.
 */
import type { ClockReading, RecordingManifest, RecordingSegment } from '../../../../protocol/recording.ts';
import type { Scan } from './scan.ts';

export interface Scanned {
  readonly segment: RecordingSegment;
  readonly scan: Scan;
}

export interface HubSegments {
  readonly hub: string;
  readonly manifest: RecordingManifest;
  readonly segments: readonly Scanned[];
}

export interface TrackShifts {
  readonly picture: number;
  readonly sound: number;
}

/** Milliseconds to add to what was read of a segment, by hub and file. */
export type Shifts = ReadonlyMap<string, TrackShifts>;
export const shiftKey = (hub: string, file: string): string => `${hub}/${file}`;

/** A clock that was set in the middle of a meeting: such a segment goes by its own readings. */
const stepMs = 1000;

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** How far the hub's clock is before the capturer's, with the way that the packets took. */
const distance = (readings: readonly ClockReading[]): number | null => median(readings.map(({ hub, capture }) => hub - capture));

const pictureReadings = ({ segment }: Scanned): readonly ClockReading[] => segment.picture?.readings ?? [];
const soundReadings = ({ segment }: Scanned): readonly ClockReading[] => segment.sound?.readings ?? [];

/** Distances at one hub: of each site, of its mosaic (null) and of its mix. */
interface Distances {
  readonly pictures: ReadonlyMap<string | null, number>;
  readonly mix: number | null;
}

function distancesOf(segments: readonly Scanned[]): Distances {
  const pictures = new Map<string | null, number>();
  for (const site of new Set(segments.map(({ segment }) => segment.site))) {
    const found = distance(segments.filter(({ segment }) => segment.site === site).flatMap(pictureReadings));
    if (found !== null) pictures.set(site, found);
  }
  return { pictures, mix: distance(segments.flatMap(soundReadings)) };
}

/** How far the primary's clock is before another hub's, by the sites that both recorded; without any they are taken as they are. */
function between(primary: Distances, other: Distances): number {
  const apart = [...other.pictures].flatMap(([site, there]) => {
    const here = site === null ? undefined : primary.pictures.get(site);
    return here === undefined ? [] : [here - there];
  });
  return median(apart) ?? 0;
}

/** A segment's own distance when it is far from that of all its like. */
function steady(all: number | null, readings: readonly ClockReading[]): number | null {
  const own = distance(readings);
  return all === null || own === null || Math.abs(own - all) <= stepMs ? all : own;
}

/** @param hubs the primary first. */
export function shifts(hubs: readonly HubSegments[]): Shifts {
  const known = hubs.map(({ hub, segments }) => ({ hub, segments, distances: distancesOf(segments) }));
  const primary = known[0]?.distances ?? { pictures: new Map(), mix: null };
  const all = new Map<string, TrackShifts>();
  for (const { hub, segments, distances } of known) {
    const apart = distances === primary ? 0 : between(primary, distances);
    for (const scanned of segments) {
      const { segment, scan } = scanned;
      // Recorded before RTP's time was read: by the file's own time, from when it began.
      const plain = segment.startedAt - (scan.picture.keysMs[0] ?? 0) + apart;
      const there = steady(distances.pictures.get(segment.site) ?? null, pictureReadings(scanned));
      const moved = there === null ? null : there + apart;
      const shared = segment.site === null ? undefined : primary.pictures.get(segment.site);
      const picture = shared !== undefined && moved !== null && Math.abs(shared - moved) <= stepMs ? shared : moved;
      const mix = steady(distances.mix, soundReadings(scanned));
      all.set(shiftKey(hub, segment.file), { picture: picture ?? plain, sound: mix === null ? plain : mix + apart });
    }
  }
  return all;
}
