/** The manifest of a recording, as it changes. Pure; record/shelf.ts writes it. */
import type { RecordingManifest, RecordingSegment } from '../../../protocol/api.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';

export function newManifest(plan: Plan, recording: NonNullable<Plan['recording']>, at: number): RecordingManifest {
  return {
    recording: recording.id,
    meeting: plan.meeting,
    title: plan.title,
    because: recording.because,
    by: recording.by,
    startedAt: Math.round(at),
    endedAt: null,
    segments: [],
  };
}

/** File of the n-th segment, from 0: `0000.mkv`. */
export const segmentFile = (n: number): string => `${String(n).padStart(4, '0')}.mkv`;

/** Number of the next segment: also after a crash no file is written twice. */
export const nextSegment = (manifest: RecordingManifest, files: readonly string[] = []): number =>
  Math.max(
    -1,
    ...[...manifest.segments.map(({ file }) => file), ...files].map((file) => Number.parseInt(file, 10)).filter(Number.isInteger),
  ) + 1;

/** A segment's picture has begun. The recording goes on if it had ended. */
export function withSegment(manifest: RecordingManifest, n: number, site: string | null, grantN: number, at: number): RecordingManifest {
  const segment: RecordingSegment = { file: segmentFile(n), site, grantN, startedAt: Math.round(at), endedAt: null, bytes: 0 };
  return { ...manifest, endedAt: null, segments: [...manifest.segments.filter(({ file }) => file !== segment.file), segment] };
}

/** A segment is closed; one that holds nothing is left out. */
export function withEnd(manifest: RecordingManifest, n: number, at: number, bytes: number): RecordingManifest {
  const segments = manifest.segments.flatMap((segment) => {
    if (segment.file !== segmentFile(n) || segment.endedAt !== null) return [segment];
    return bytes === 0 ? [] : [{ ...segment, endedAt: Math.max(segment.startedAt, Math.round(at)), bytes }];
  });
  return { ...manifest, segments };
}

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
    return [{ ...segment, endedAt: Math.max(segment.startedAt, Math.round(facts.changedAt)), bytes: facts.bytes }];
  });
  const last = Math.max(manifest.startedAt, ...segments.map(({ endedAt }) => endedAt ?? 0));
  return { ...manifest, segments, endedAt: manifest.endedAt ?? last };
}

/** Bytes of all closed segments. */
export const closedBytes = (manifest: RecordingManifest): number => manifest.segments.reduce((sum, { bytes }) => sum + bytes, 0);
