/**
 * Recordings: the manifest that each hub keeps beside its segments, and that of the one file that is stitched of all hubs' segments. Times
 * without another word are milliseconds of the wall clock (Unix) of the hub that wrote them.
 */
import { type Static, Type } from 'typebox';
import { At } from './envelope.ts';
import { MeetingId, Name, NodeId, RecordingId } from './ids.ts';

const closed = { additionalProperties: false } as const;
const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
const Ms = Type.Number();
const Because = Type.String({ maxLength: 300 });

export const SegmentFile = Type.String({ pattern: '^[0-9]{4}\\.mkv$' });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** What the stitched file is called. */
export const stitchedFile = 'stitched.mkv';

/**
 * One reading of the clocks: what its sender captured at `capture` by its wall clock (NTP-64 of RTP) lies at `file` ms of the segment's time,
 * which was `hub` by the hub's wall clock. Holds until the next reading.
 */
export const ClockReading = Type.Object({ file: Ms, capture: Ms, hub: Ms }, closed);
export type ClockReading = Static<typeof ClockReading>;

/** When a track of a segment begins and ends, by the sender's wall clock as RTP carried it; null while it is open or when RTP told none. */
export const TrackTimes = Type.Object(
  { first: orNull(Ms), last: orNull(Ms), readings: Type.Array(ClockReading, { maxItems: 1_000 }) },
  closed,
);
export type TrackTimes = Static<typeof TrackTimes>;

export const RecordingSegment = Type.Object(
  {
    file: SegmentFile,
    /** Whose picture; null: the mosaic. */
    site: orNull(NodeId),
    grantN: Count,
    startedAt: At,
    endedAt: orNull(At),
    bytes: Count,
    /** Of the closed file. */
    sha256: Type.Optional(Sha256),
    /** False: its recorder died, and the file ends where it died. */
    clean: Type.Optional(Type.Boolean()),
    /** Why it was cut short. */
    because: Type.Optional(Because),
    /** Why its hub cannot read it; then it has no `sha256`, and is used for nothing. */
    refused: Type.Optional(Because),
    picture: Type.Optional(TrackTimes),
    sound: Type.Optional(TrackTimes),
  },
  closed,
);
export type RecordingSegment = Static<typeof RecordingSegment>;

export const RecordingHub = Type.Object({ hub: NodeId, host: Type.String({ maxLength: 253 }), port: Type.Integer() }, closed);
export type RecordingHub = Static<typeof RecordingHub>;

/** The manifest that a hub keeps beside the files; also what central serves. */
export const RecordingManifest = Type.Object(
  {
    recording: RecordingId,
    meeting: MeetingId,
    title: Name,
    because: Type.String({ maxLength: 200 }),
    by: Type.String({ maxLength: 120 }),
    startedAt: At,
    endedAt: orNull(At),
    segments: Type.Array(RecordingSegment, { maxItems: 10_000 }),
    /** The hub whose segments these are. */
    hub: Type.Optional(NodeId),
    /** All hubs that record the meeting, the primary first. */
    hubs: Type.Optional(Type.Array(RecordingHub, { maxItems: 8 })),
  },
  closed,
);
export type RecordingManifest = Static<typeof RecordingManifest>;

/** A stretch of one track of the stitched file (`fromMs` to `toMs` of it) , the segment that it was taken from, and when its first was captured. */
export const StitchedCut = Type.Object(
  {
    track: Type.Union([Type.Literal('picture'), Type.Literal('sound')]),
    hub: NodeId,
    file: SegmentFile,
    site: orNull(NodeId),
    fromMs: Count,
    toMs: Count,
    capturedMs: Type.Integer(),
  },
  closed,
);
export type StitchedCut = Static<typeof StitchedCut>;

/** Nothing of this track was there to be taken. */
export const StitchedGap = Type.Object({ track: StitchedCut.properties.track, fromMs: Count, toMs: Count, because: Because }, closed);
export type StitchedGap = Static<typeof StitchedGap>;

/** A segment of a hub that was known when the file was stitched; `refused`: why it could not be used. */
export const StitchedSource = Type.Object(
  { hub: NodeId, file: SegmentFile, bytes: Count, sha256: orNull(Sha256), used: Type.Boolean(), refused: orNull(Because) },
  closed,
);
export type StitchedSource = Static<typeof StitchedSource>;

/** The manifest of the one file that is made of all hubs' segments. */
export const StitchedManifest = Type.Object(
  {
    file: Type.Literal(stitchedFile),
    bytes: Count,
    sha256: Sha256,
    /** When its first picture was taken, by the primary hub's clock. */
    startedAt: At,
    durationMs: Count,
    pictures: Count,
    sounds: Count,
    madeAt: At,
    madeBy: NodeId,
    /** Hubs that record this meeting and could not be asked; it is made again when they answer. */
    missing: Type.Array(NodeId, { maxItems: 8 }),
    cuts: Type.Array(StitchedCut, { maxItems: 40_000 }),
    gaps: Type.Array(StitchedGap, { maxItems: 40_000 }),
    sources: Type.Array(StitchedSource, { maxItems: 40_000 }),
  },
  closed,
);
export type StitchedManifest = Static<typeof StitchedManifest>;

/** What a hub says of a recording on its disk. */
export const RecordingOnHub = Type.Object(
  { ...RecordingManifest.properties, bytes: Count, stitched: Type.Optional(StitchedManifest) },
  closed,
);
export type RecordingOnHub = Static<typeof RecordingOnHub>;

/** One hub's part of a recording, as central knows it. */
export const RecordingCopy = Type.Object(
  { hub: NodeId, bytes: Count, manifest: RecordingManifest, stitched: orNull(StitchedManifest) },
  closed,
);
export type RecordingCopy = Static<typeof RecordingCopy>;

/** One recording, however many hubs hold parts of it. `hub` and `manifest` are of the copy that is the most worth. */
export const RecordingView = Type.Object(
  {
    hub: NodeId,
    /** On all hubs together. */
    bytes: Count,
    expiresAt: orNull(At),
    manifest: RecordingManifest,
    copies: Type.Optional(Type.Array(RecordingCopy, { maxItems: 8 })),
    stitched: Type.Optional(Type.Object({ hub: NodeId, manifest: StitchedManifest }, closed)),
  },
  closed,
);
export type RecordingView = Static<typeof RecordingView>;
