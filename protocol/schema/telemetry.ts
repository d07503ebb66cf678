/** `up/telemetry`, once a second, QoS 0: numbers of the last second. Rates are per second; counters are differenced by the sender. */
import { type Static, Type } from 'typebox';
import { envelope } from '../envelope.ts';
import { MeetingId, NodeId, RecordingId } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Number({ minimum: 0 });
const Ms = Type.Number({ minimum: 0 });
const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);

/** One SRT connection as seen from its sender or receiver. */
export const LinkSample = Type.Object(
  {
    peer: NodeId,
    direction: Type.Union([Type.Literal('up'), Type.Literal('down')]),
    connected: Type.Boolean(),
    rttMs: Ms,
    /** Raw packet loss of the network before repair, 0–100. */
    lossPercent: Type.Number({ minimum: 0, maximum: 100 }),
    /** Packets that came too late or never: what a viewer may notice. */
    dropped: Count,
    retransmitted: Count,
    kbps: Count,
  },
  closed,
);
export type LinkSample = Static<typeof LinkSample>;

export const HostSample = Type.Object(
  {
    /** Cores used by this node's processes. */
    cores: Count,
    rssMb: Count,
    load1: Count,
    diskFreeMb: Count,
    outboxRecords: Count,
  },
  closed,
);
export type HostSample = Static<typeof HostSample>;

/** What arrived of the floor, counted from packets without decoding. */
export const FloorSample = Type.Object(
  { site: orNull(NodeId), grantN: Type.Integer({ minimum: 0 }), frames: Count, lostFrames: Count, maxGapMs: Ms, ageMs: orNull(Ms) },
  closed,
);

export const EdgeTelemetry = Type.Object(
  {
    role: Type.Literal('edge'),
    links: Type.Array(LinkSample, { maxItems: 16 }),
    source: Type.Object(
      {
        state: Type.Union([Type.Literal('live'), Type.Literal('slate'), Type.Literal('off')]),
        fps: Count,
        because: Type.String({ maxLength: 200 }),
      },
      closed,
    ),
    mainBecause: orNull(Type.Union([Type.Literal('on-air'), Type.Literal('next'), Type.Literal('previous')])),
    floor: FloorSample,
    mosaic: Type.Object({ frames: Count, lostFrames: Count, maxGapMs: Ms }, closed),
    mix: Type.Object({ packets: Count, lost: Count }, closed),
    host: HostSample,
  },
  closed,
);
export type EdgeTelemetry = Static<typeof EdgeTelemetry>;

/** What a hub sees of one site. */
export const HubSite = Type.Object(
  {
    site: NodeId,
    up: orNull(LinkSample),
    down: orNull(LinkSample),
    tile: Type.Union([Type.Literal('live'), Type.Literal('slate'), Type.Literal('banned')]),
    levelDb: Type.Number({ minimum: -200, maximum: 20 }),
    speaking: Type.Boolean(),
  },
  closed,
);
export type HubSite = Static<typeof HubSite>;

export const HubMeeting = Type.Object(
  {
    meeting: MeetingId,
    sites: Type.Array(HubSite, { maxItems: 512 }),
    mosaic: Type.Object(
      { state: Type.Union([Type.Literal('starting'), Type.Literal('running'), Type.Literal('down')]), fps: Count },
      closed,
    ),
    /** Viewers to whom the highest grant is forwarded, of all viewers. */
    floor: Type.Object({ grantN: Type.Integer({ minimum: 0 }), switched: Count, viewers: Count }, closed),
    recording: orNull(
      Type.Object(
        {
          id: RecordingId,
          state: Type.Union([Type.Literal('running'), Type.Literal('failed')]),
          bytes: Count,
          because: Type.String({ maxLength: 200 }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type HubMeeting = Static<typeof HubMeeting>;

export const HubTelemetry = Type.Object(
  { role: Type.Literal('hub'), meetings: Type.Array(HubMeeting, { maxItems: 16 }), refused: Count, forged: Count, host: HostSample },
  closed,
);
export type HubTelemetry = Static<typeof HubTelemetry>;

export const Telemetry = envelope(Type.Union([EdgeTelemetry, HubTelemetry]));
export type Telemetry = Static<typeof Telemetry>;
