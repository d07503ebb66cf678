/** What central's HTTP API says and takes: the page, the demo and the benchmarks read the same schemas. Paths are listed in central/README.md. */
import { type Static, Type } from 'typebox';
import { At } from './envelope.ts';
import { Grant } from './grant.ts';
import { MeetingId, Name, NodeId, PathName, RecordingId } from './ids.ts';
import { DeviceWish, DrivenDevice, FoundDevice, PictureOrder } from './schema/devices.ts';
import { Protection } from './schema/plan.ts';

const closed = { additionalProperties: false } as const;
const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);
const Because = Type.String({ maxLength: 300 });
const Count = Type.Integer({ minimum: 0 });

export const UserRole = Type.Union([Type.Literal('admin'), Type.Literal('operator'), Type.Literal('viewer')]);
export type UserRole = Static<typeof UserRole>;
export const UserName = Type.String({ pattern: '^[a-z0-9][a-z0-9._\\-]{1,39}$', description: 'login name' });
/** Long rather than complicated (NIST SP 800-63B §5.1.1). */
export const Password = Type.String({ minLength: 12, maxLength: 200 });

/** Whether the first administrator is still to be made; nothing else is told to strangers. */
export const SetupState = Type.Object({ needed: Type.Boolean() }, closed);
export type SetupState = Static<typeof SetupState>;
export const SetupBody = Type.Object({ token: Type.String({ maxLength: 100 }), name: UserName, password: Password }, closed);
export const LoginBody = Type.Object({ name: UserName, password: Type.String({ maxLength: 200 }) }, closed);
export const PasswordBody = Type.Object({ old: Type.String({ maxLength: 200 }), password: Password }, closed);
export const NewUserBody = Type.Object({ name: UserName, password: Password, role: UserRole }, closed);
export const ChangeUserBody = Type.Object({ role: Type.Optional(UserRole), password: Type.Optional(Password) }, closed);
export const Me = Type.Object({ name: Type.String(), role: UserRole, csrf: Type.String() }, closed);
export type Me = Static<typeof Me>;
export const UserView = Type.Object({ name: Type.String(), role: UserRole, createdAt: At, lastLoginAt: orNull(At) }, closed);
export type UserView = Static<typeof UserView>;

/** online: reports and its link carries media; degraded: reports, but something is wrong; offline: last will or three silent seconds. */
export const NodeState = Type.Union([Type.Literal('online'), Type.Literal('degraded'), Type.Literal('offline'), Type.Literal('never')]);
export type NodeState = Static<typeof NodeState>;

/** A way from a site to a hub, both directions together. `held`: it has flapped and rests until it can be trusted. */
export const PathView = Type.Object(
  {
    hub: NodeId,
    path: orNull(PathName),
    state: Type.Union([Type.Literal('up'), Type.Literal('down'), Type.Literal('held')]),
    rttMs: Type.Number(),
    lossPercent: Type.Number(),
    upKbps: Type.Number(),
    downKbps: Type.Number(),
  },
  closed,
);
export type PathView = Static<typeof PathView>;

export const SiteView = Type.Object(
  {
    site: NodeId,
    name: Name,
    order: Type.Integer({ minimum: 0 }),
    state: NodeState,
    because: Because,
    since: orNull(At),
    /** The hub whose mosaic and sound it has now; the one planned while it has not said. */
    hub: orNull(NodeId),
    /** How it is protected when a hub fails; `paths` it has. */
    protection: Protection,
    paths: Type.Array(PathView, { maxItems: 16 }),
    rttMs: orNull(Type.Number()),
    lossPercent: orNull(Type.Number()),
    upKbps: orNull(Type.Number()),
    downKbps: orNull(Type.Number()),
    /** Floor frames lost at this site since the meeting began. */
    lostFrames: orNull(Type.Number()),
    levelDb: orNull(Type.Number()),
    /** The loudest moment of what the room heard in the last second; null where nothing is decoded. */
    heardDb: orNull(Type.Number()),
    speaking: Type.Boolean(),
    tile: orNull(Type.Union([Type.Literal('live'), Type.Literal('slate'), Type.Literal('banned')])),
    source: orNull(Type.String()),
    encoder: orNull(Type.String()),
    version: orNull(Type.String()),
    /** Where a browser finds the room's panel; null: it has none. */
    panel: orNull(Type.String()),
    /** Of the room: driven, of them not as they shall be, found and not adopted; `seq` changes whenever there is news of them. */
    devices: Type.Object({ driven: Count, wrong: Count, found: Count, seq: Count }, closed),
  },
  closed,
);
export type SiteView = Static<typeof SiteView>;

const { password: _secret, ...openly } = DeviceWish.properties;
/** A device that the box shall drive, without its secret. */
export const DeviceWishView = Type.Object({ ...openly, hasPassword: Type.Boolean() }, closed);
/** `report` null: the box has not spoken of it yet. */
export const DevicesView = Type.Object(
  {
    site: NodeId,
    online: Type.Boolean(),
    devices: Type.Array(Type.Object({ wish: DeviceWishView, report: orNull(DrivenDevice) }, closed)),
    found: Type.Array(FoundDevice),
  },
  closed,
);
export type DevicesView = Static<typeof DevicesView>;
const { scenes, ...unplaced } = DeviceWish.properties;
export const NewDeviceBody = Type.Object({ ...unplaced, scenes: Type.Optional(scenes) }, closed);
export type NewDeviceBody = Static<typeof NewDeviceBody>;
/** What is absent stays as it is; the id never changes. */
const { id: _id, ...changeable } = DeviceWish.properties;
export const ChangeDeviceBody = Type.Partial(Type.Object(changeable), closed);
export type ChangeDeviceBody = Static<typeof ChangeDeviceBody>;
/** What shall become of the picture of a codec whose call was lost. */
export const PictureBody = Type.Object({ order: PictureOrder }, closed);
/** A line in the device's own language. */
export const RawBody = Type.Object({ text: Type.String({ minLength: 1, maxLength: 500 }) }, closed);

export const HubView = Type.Object(
  {
    hub: NodeId,
    name: Name,
    state: NodeState,
    because: Because,
    since: orNull(At),
    host: orNull(Type.String()),
    port: orNull(Type.Integer()),
    cores: orNull(Type.Number()),
  },
  closed,
);
export type HubView = Static<typeof HubView>;

export const MeetingState = Type.Union([Type.Literal('planned'), Type.Literal('running'), Type.Literal('ended')]);
export const MeetingView = Type.Object(
  {
    id: MeetingId,
    title: Name,
    state: MeetingState,
    createdAt: At,
    startedAt: orNull(At),
    endedAt: orNull(At),
    hub: orNull(NodeId),
    sites: Type.Array(Type.Object({ site: NodeId, muted: Type.Boolean() }, closed)),
    grant: Grant,
    /** When the present speaker got the floor; null while nobody has it. */
    floorSince: orNull(At),
    layout: Type.Object(
      { mosaic: Type.Union([Type.Literal('grid'), Type.Literal('speaker')]), page: Type.Integer({ minimum: 0, maximum: 31 }) },
      closed,
    ),
    recording: orNull(
      Type.Object(
        {
          id: RecordingId,
          state: Type.Union([Type.Literal('starting'), Type.Literal('running'), Type.Literal('failed')]),
          bytes: Type.Number(),
          because: Because,
        },
        closed,
      ),
    ),
    mosaic: Type.Object(
      {
        state: Type.Union([Type.Literal('off'), Type.Literal('starting'), Type.Literal('running'), Type.Literal('down')]),
        fps: Type.Number(),
      },
      closed,
    ),
    /** How many viewers have the picture of the highest grant. */
    floor: Type.Object({ switched: Type.Integer(), viewers: Type.Integer() }, closed),
  },
  closed,
);
export type MeetingView = Static<typeof MeetingView>;

export const LogEntry = Type.Object(
  {
    id: Type.Integer(),
    at: At,
    node: Type.String(),
    kind: Type.String(),
    what: Type.String(),
    severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
    because: Type.String(),
    meeting: orNull(Type.String()),
    facts: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);
/** An event of the network as the page shows it. */
export type LogEntry = Static<typeof LogEntry>;

export const AuditEntry = Type.Object(
  {
    id: Type.Integer(),
    at: At,
    by: Type.String(),
    from: Type.String(),
    act: Type.String(),
    target: Type.String(),
    outcome: Type.String(),
    detail: Type.Unknown(),
  },
  closed,
);
export type AuditEntry = Static<typeof AuditEntry>;

/** First message of GET /api/v1/stream (server-sent event `snapshot`). */
export const Snapshot = Type.Object(
  {
    seq: Type.Integer(),
    at: At,
    sites: Type.Array(SiteView),
    hubs: Type.Array(HubView),
    meetings: Type.Array(MeetingView),
    log: Type.Array(LogEntry),
  },
  closed,
);
export type Snapshot = Static<typeof Snapshot>;

/** Every later message (event `patch`): whole rows that changed. Telemetry at most once a second, intent and floor at once. */
export const Patch = Type.Object(
  {
    seq: Type.Integer(),
    at: At,
    sites: Type.Optional(Type.Array(SiteView)),
    hubs: Type.Optional(Type.Array(HubView)),
    meetings: Type.Optional(Type.Array(MeetingView)),
    log: Type.Optional(Type.Array(LogEntry)),
    removed: Type.Optional(Type.Object({ sites: Type.Array(NodeId), hubs: Type.Array(NodeId), meetings: Type.Array(MeetingId) }, closed)),
  },
  closed,
);
export type Patch = Static<typeof Patch>;

/**
 * Event `beat`: sent when nothing else was sent for two seconds, because a page cannot see comments. Without it a page could not tell
 * "nothing changed" from "the line is dead", and would show old numbers as fresh.
 */
export const Beat = Type.Object({ seq: Type.Integer(), at: At }, closed);
export type Beat = Static<typeof Beat>;

export const NewSiteBody = Type.Object(
  {
    site: NodeId,
    name: Name,
    order: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    protection: Type.Optional(Protection),
  },
  closed,
);
export const ChangeSiteBody = Type.Object(
  {
    name: Type.Optional(Name),
    order: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    protection: Type.Optional(Protection),
  },
  closed,
);
export const NewHubBody = Type.Object({ hub: NodeId, name: Name }, closed);
export const NewMeetingBody = Type.Object(
  {
    title: Name,
    sites: Type.Array(NodeId, { minItems: 1, maxItems: 512, uniqueItems: true }),
    hub: Type.Optional(NodeId),
    language: Type.Optional(Type.Union([Type.Literal('vi'), Type.Literal('en')])),
    /** The site whose panel may rule while central is away. The first site when absent; null: none. */
    chair: Type.Optional(orNull(NodeId)),
  },
  closed,
);
/** What opens the chair's panel. */
export const PanelView = Type.Object({ site: orNull(NodeId), pin: orNull(Type.String()) }, closed);
export type PanelView = Static<typeof PanelView>;

/** Hand the chair to another site, or to nobody. */
export const ChairBody = Type.Object({ site: orNull(NodeId) }, closed);
/** Give the floor to `site`, or take it from everybody with null. */
export const FloorBody = Type.Object({ site: orNull(NodeId) }, closed);
export const NextBody = Type.Object({ site: orNull(NodeId) }, closed);
export const MuteBody = Type.Object({ site: NodeId, muted: Type.Boolean() }, closed);
/** A participant more or less, also while the meeting runs. */
export const InviteBody = Type.Object({ site: NodeId, invited: Type.Boolean() }, closed);
export const LayoutBody = Type.Object(
  { mosaic: Type.Union([Type.Literal('grid'), Type.Literal('speaker')]), page: Type.Integer({ minimum: 0, maximum: 31 }) },
  closed,
);
export const RecordBody = Type.Object({ on: Type.Boolean(), because: Type.Optional(Type.String({ maxLength: 200 })) }, closed);

/** One file of a recording: a new one begins with each grant. */
/** RFC 9457 problem document. `path` names the field when a field is wrong. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    path: Type.Optional(Type.String()),
  },
  closed,
);
export type Problem = Static<typeof Problem>;

/** Pictures a browser can watch: WebSocket /api/v1/meetings/{id}/preview/{view}, fragmented MP4; likewise …/preview/site/{site}, without sound. */
export const PreviewView = Type.Union([Type.Literal('mosaic'), Type.Literal('program')]);
export type PreviewView = Static<typeof PreviewView>;

/**
 * Text frames of a preview socket. `init` comes before each initialisation segment (the next binary frame): a new one begins with each
 * change of format or restart of the muxer. Every other binary frame is one or more whole moof+mdat fragments. `waiting` says why none come,
 * and says so again every four seconds.
 */
export const PreviewNote = Type.Union([
  Type.Object({ type: Type.Literal('init'), mime: Type.String({ maxLength: 120 }), site: orNull(NodeId) }, closed),
  Type.Object({ type: Type.Literal('waiting'), because: Because }, closed),
]);
export type PreviewNote = Static<typeof PreviewNote>;
