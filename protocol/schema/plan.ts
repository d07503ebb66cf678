/** The plan: the one schema of a running meeting. Central writes it, hubs and edges act on it, nobody guesses. */
import { type Static, Type } from 'typebox';
import { Grant } from '../grant.ts';
import { MeetingId, Name, NodeId, PathName, RecordingId } from '../ids.ts';
import { PathHost } from './reported.ts';

const closed = { additionalProperties: false } as const;
const Ssrc = Type.Integer({ minimum: 16, maximum: 0xfffffff0, description: 'base SSRC, incarnation 0' });

export const VideoFormat = Type.Object(
  {
    width: Type.Integer({ minimum: 16, maximum: 3840 }),
    height: Type.Integer({ minimum: 16, maximum: 2160 }),
    fps: Type.Integer({ minimum: 1, maximum: 60 }),
    kbps: Type.Integer({ minimum: 16, maximum: 50_000 }),
  },
  closed,
);
export type VideoFormat = Static<typeof VideoFormat>;

export const AudioFormat = Type.Object(
  { kbps: Type.Integer({ minimum: 8, maximum: 256 }), frameMs: Type.Union([Type.Literal(20), Type.Literal(40)]) },
  closed,
);
export type AudioFormat = Static<typeof AudioFormat>;

export const VideoStream = Type.Object({ ssrc: Ssrc, format: VideoFormat }, closed);
export const AudioStream = Type.Object({ ssrc: Ssrc, format: AudioFormat }, closed);

/** One way from a site to a hub. `path` names a WAN link of the site's box; null: whatever way its system takes. */
export const HubPath = Type.Object({ hub: NodeId, path: Type.Union([PathName, Type.Null()]) }, closed);
export type HubPath = Static<typeof HubPath>;

/**
 * `hot`: connected to all its hubs, everything goes both ways. `warm`: connected to all, silent towards all but the first until that one is lost.
 * `none`: connected to the first only.
 */
export const Protection = Type.Union([Type.Literal('none'), Type.Literal('warm'), Type.Literal('hot')]);
export type Protection = Static<typeof Protection>;

export const PlanSite = Type.Object(
  {
    site: NodeId,
    name: Name,
    /** In order of preference: the first is the primary. */
    hubs: Type.Array(HubPath, { minItems: 1, maxItems: 8 }),
    protection: Protection,
    streams: Type.Object(
      { main: VideoStream, tile: VideoStream, audio: AudioStream, content: Type.Union([VideoStream, Type.Null()]) },
      closed,
    ),
  },
  closed,
);
export type PlanSite = Static<typeof PlanSite>;

export const PlanHub = Type.Object(
  {
    hub: NodeId,
    host: Type.String({ minLength: 1, maxLength: 253 }),
    /** Where it is reached over a path of that name, when not at `host`. */
    paths: Type.Array(PathHost, { maxItems: 8 }),
    /** SRT (UDP) and control channel (TCP). */
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** SRT latency in milliseconds, both directions. */
    latencyMs: Type.Integer({ minimum: 20, maximum: 8000 }),
    streams: Type.Object({ mosaic: VideoStream, mix: AudioStream }, closed),
  },
  closed,
);
export type PlanHub = Static<typeof PlanHub>;

export const PlanRecording = Type.Object(
  { id: RecordingId, because: Type.String({ maxLength: 200 }), by: Type.String({ maxLength: 120 }) },
  closed,
);

export const Plan = Type.Object(
  {
    meeting: MeetingId,
    title: Name,
    /** The language of marks and slates in the rooms. */
    language: Type.Union([Type.Literal('vi'), Type.Literal('en')]),
    hubs: Type.Array(PlanHub, { minItems: 1, maxItems: 64 }),
    /** In the order of the mosaic. */
    sites: Type.Array(PlanSite, { minItems: 1, maxItems: 512 }),
    grant: Grant,
    layout: Type.Object(
      { mosaic: Type.Union([Type.Literal('grid'), Type.Literal('speaker')]), page: Type.Integer({ minimum: 0, maximum: 31 }) },
      closed,
    ),
    recording: Type.Union([PlanRecording, Type.Null()]),
  },
  closed,
);
export type Plan = Static<typeof Plan>;
