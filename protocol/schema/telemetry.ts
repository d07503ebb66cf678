/** `up/telemetry`, once a second, QoS 0: numbers of the last second. Rates are per second; counters are differenced by the sender. */
import { type Static, Type } from 'typebox';
import { envelope } from '../envelope.ts';
import { MeetingId, NodeId, PathName, RecordingId } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Number({ minimum: 0 });
const Ms = Type.Number({ minimum: 0 });
const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);

/** One SRT connection as seen from its sender or receiver. */
export const LinkSample = Type.Object(
  {
    peer: NodeId,
    /** The site's WAN link that it goes over, when that has a name. */
    path: orNull(PathName),
    direction: Type.Union([Type.Literal('up'), Type.Literal('down')]),
    connected: Type.Boolean(),
    /** It came and went too often and is left alone for a while. */
    resting: Type.Boolean(),
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

const Why = Type.String({ maxLength: 300 });
/** What a site gives up because its way out is narrow. Level 0: nothing; `because` then empty, or what cannot be helped. */
export const AdaptSample = Type.Object({ level: Type.Integer({ minimum: 0 }), because: Why, mainKbps: Count, tileFps: Count }, closed);
export type AdaptSample = Static<typeof AdaptSample>;
/** What a viewer does without because the way to it is narrow: 1 the mosaic, 2 the speaker's large picture (the small one stands in). */
export const ThinSample = Type.Object({ level: Type.Integer({ minimum: 0, maximum: 2 }), because: Why }, closed);
export type ThinSample = Static<typeof ThinSample>;

export const EdgeTelemetry = Type.Object(
  {
    role: Type.Literal('edge'),
    links: Type.Array(LinkSample, { maxItems: 32 }),
    /** Whose mosaic and mix are shown and heard; null: no meeting. */
    hub: orNull(NodeId),
    source: Type.Object(
      {
        state: Type.Union([Type.Literal('live'), Type.Literal('slate'), Type.Literal('off')]),
        fps: Count,
        because: Type.String({ maxLength: 200 }),
        /** Place of the source on the air in the site's order: 0 is the first choice; null: the slate. Absent: the picture cannot fail. */
        which: Type.Optional(orNull(Type.Integer({ minimum: 0, maximum: 7 }))),
        /** The other sources, the best first. */
        standby: Type.Optional(
          Type.Array(
            Type.Object({ name: Type.String({ maxLength: 120 }), ready: Type.Boolean(), because: Type.String({ maxLength: 200 }) }, closed),
            { maxItems: 8 },
          ),
        ),
      },
      closed,
    ),
    mainBecause: orNull(Type.Union([Type.Literal('on-air'), Type.Literal('next'), Type.Literal('previous')])),
    /** Absent: nothing is sent. */
    adapt: Type.Optional(AdaptSample),
    floor: FloorSample,
    mosaic: Type.Object({ frames: Count, lostFrames: Count, maxGapMs: Ms }, closed),
    /** `levelDb`: the loudest moment of what the room heard in this second (0 = overload); null where nothing is decoded. */
    mix: Type.Object({ packets: Count, lost: Count, levelDb: orNull(Type.Number({ minimum: -1000, maximum: 20 })) }, closed),
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
    /** Absent: it is not served from here. */
    thin: Type.Optional(ThinSample),
    tile: Type.Union([Type.Literal('live'), Type.Literal('slate'), Type.Literal('banned')]),
    levelDb: Type.Number({ minimum: -200, maximum: 20 }),
    /** Packets of its voice that came, and that did not, in the last second. Absent: not counted yet. */
    voice: Type.Optional(Type.Object({ packets: Count, lost: Count }, closed)),
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
