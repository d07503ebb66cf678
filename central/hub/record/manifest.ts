/** The manifest of a recording, as it changes. Pure; record/shelf.ts writes it. */
import type { ClockReading, RecordingHub, RecordingManifest, RecordingSegment, TrackTimes } from '../../../protocol/recording.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';
import type { Scan, TrackScan } from './stitch/scan.ts';

const hubsOf = (plan: Plan): readonly RecordingHub[] => plan.hubs.map(({ hub, host, port }) => ({ hub, host, port }));

export function newManifest(plan: Plan, recording: NonNullable<Plan['recording']>, at: number, hub: string): RecordingManifest {
  return {
    recording: recording.id,
    meeting: plan.meeting,
    title: plan.title,
    because: recording.because,
    by: recording.by,
    startedAt: Math.round(at),
    endedAt: null,
    segments: [],
    hub,
    hubs: [...hubsOf(plan)],
  };
}

/** The hubs of a newer plan; those that have recorded before stay known. */
export function withHubs(manifest: RecordingManifest, plan: Plan): RecordingManifest {
  const now = hubsOf(plan);
  const before = (manifest.hubs ?? []).filter(({ hub }) => !now.some((each) => each.hub === hub));
  return { ...manifest, hubs: [...now, ...before].slice(0, 8) };
}

/** File of the n-th segment, from 0: `0000.mkv`. */
export const segmentFile = (n: number): string => `${String(n).padStart(4, '0')}.mkv`;

/** Number of the next segment: also after a crash no file is written twice. */
export const nextSegment = (manifest: RecordingManifest, files: readonly string[] = []): number =>
  Math.max(
    -1,
    ...[...manifest.segments.map(({ file }) => file), ...files].map((file) => Number.parseInt(file, 10)).filter(Number.isInteger),
  ) + 1;

/** What a segment's recorder has read of RTP's clocks. */
export interface Readings {
  readonly picture: readonly ClockReading[];
  readonly sound: readonly ClockReading[];
}

const open = (readings: readonly ClockReading[]): TrackTimes => ({ first: null, last: null, readings: [...readings] });

/** A segment's picture has begun. The recording goes on if it had ended. */
export function withSegment(
  manifest: RecordingManifest,
  n: number,
  { site, grantN }: { readonly site: string | null; readonly grantN: number },
  at: number,
  { picture, sound }: Readings = { picture: [], sound: [] },
): RecordingManifest {
  const segment: RecordingSegment = {
    file: segmentFile(n),
    site,
    grantN,
    startedAt: Math.round(at),
    endedAt: null,
    bytes: 0,
    picture: open(picture),
    sound: open(sound),
  };
  return { ...manifest, endedAt: null, segments: [...manifest.segments.filter(({ file }) => file !== segment.file), segment] };
}

const change = (manifest: RecordingManifest, file: string, how: (segment: RecordingSegment) => RecordingSegment): RecordingManifest => ({
  ...manifest,
  segments: manifest.segments.map((segment) => (segment.file === file ? how(segment) : segment)),
});

/** A segment's clocks so far; a bounded number of readings, the first and the newest. */
export function withReadings(manifest: RecordingManifest, n: number, { picture, sound }: Readings): RecordingManifest {
  return change(manifest, segmentFile(n), (segment) => ({ ...segment, picture: open(picture), sound: open(sound) }));
}

/** A segment is closed; one that holds nothing is left out. @param why null when it was meant to end. */
export function withEnd(manifest: RecordingManifest, n: number, at: number, bytes: number, why: string | null = null): RecordingManifest {
  const segments = manifest.segments.flatMap((segment) => {
    if (segment.file !== segmentFile(n) || segment.endedAt !== null) return [segment];
    const cut = why === null ? { clean: true } : { clean: false, because: why.slice(0, 300) };
    return bytes === 0 ? [] : [{ ...segment, endedAt: Math.max(segment.startedAt, Math.round(at)), bytes, ...cut }];
  });
  return { ...manifest, segments };
}

/** What was found in a closed file: its hash, and when its pictures and its sound begin and end by the sender's clock. */
export function sealed(manifest: RecordingManifest, file: string, { sha256, bytes, picture, sound }: Scan): RecordingManifest {
  return change(manifest, file, ({ refused: _, ...segment }) => ({
    ...segment,
    sha256,
    bytes,
    picture: times(segment.picture?.readings ?? [], picture),
    sound: times(segment.sound?.readings ?? [], sound),
  }));
}

/** A closed file that its own hub cannot read. */
export const unusable = (manifest: RecordingManifest, file: string, why: string): RecordingManifest =>
  change(manifest, file, (segment) => ({ ...segment, refused: why.slice(0, 300) }));

/** Of a file without readings no time of capture is known. */
function times(readings: readonly ClockReading[], { runs }: TrackScan): TrackTimes {
  const told = (at: number | undefined): number | null => (readings.length === 0 || at === undefined ? null : Math.round(at));
  return { first: told(runs[0]?.fromMs), last: told(runs.at(-1)?.toMs), readings: [...readings] };
}

/** What a segment's recorder has read of the clocks. */
export const readingsOf = ({ picture, sound }: RecordingSegment): Readings => ({
  picture: picture?.readings ?? [],
  sound: sound?.readings ?? [],
});

/** Closed segments that nobody has read, or tried to. */
export const unsealed = ({ segments }: RecordingManifest): readonly RecordingSegment[] =>
  segments.filter(({ endedAt, sha256, refused }) => endedAt !== null && sha256 === undefined && refused === undefined);

/** Segments that their own hub could not read. */
export const refused = ({ segments }: RecordingManifest): readonly RecordingSegment[] =>
  segments.filter((segment) => segment.refused !== undefined);

export const ended = (manifest: RecordingManifest, at: number): RecordingManifest => ({ ...manifest, endedAt: Math.round(at) });

/** What a file on disk says: size and last change. */
export interface FileFacts {
  readonly bytes: number;
  readonly changedAt: number;
}

/** After a crash: segments that nobody closed end when their file was last written. */
export function recovered(manifest: RecordingManifest, files: ReadonlyMap<string, FileFacts>): RecordingManifest {
  const segments = manifest.segments.flatMap((segment): RecordingSegment[] => {
    if (segment.endedAt !== null) return [segment];
    const facts = files.get(segment.file);
    if (facts === undefined || facts.bytes === 0) return [];
    const endedAt = Math.max(segment.startedAt, Math.round(facts.changedAt));
    return [{ ...segment, endedAt, bytes: facts.bytes, clean: false, because: 'the hub died' }];
  });
  const last = Math.max(manifest.startedAt, ...segments.map(({ endedAt }) => endedAt ?? 0));
  return { ...manifest, segments, endedAt: manifest.endedAt ?? last };
}

/** Bytes of all closed segments. */
export const closedBytes = (manifest: RecordingManifest): number => manifest.segments.reduce((sum, { bytes }) => sum + bytes, 0);
