/**
 * The devices of one site: what central wants driven and how the room shall stand (part of `down/desired`), what the box drives and what it
 * has found by itself (`up/devices`, retained).
 */
import { type Static, Type } from 'typebox';
import { driverNames } from '../drivers.ts';
import { At, envelope } from '../envelope.ts';
import { Name } from '../ids.ts';
import { ActResult, DeviceAct, DeviceId, DeviceInfo, DeviceKind, DeviceReport } from './device.ts';

const closed = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const DriverName = Type.Enum([...driverNames]);

const Host = Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?$', description: 'host name or address' });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** How a device is reached. `null`: as is usual for its make. */
export const DeviceAt = Type.Union([
  Type.Object(
    {
      via: Type.Literal('serial'),
      /** A stable name, such as one below /dev/serial/by-id. */
      path: Type.String({ pattern: '^/[^\\x00-\\x1f\\x7f]{1,250}$' }),
      baud: orNull(Type.Integer({ minimum: 300, maximum: 921_600 })),
    },
    closed,
  ),
  Type.Object({ via: Type.Literal('tcp'), host: Host, port: orNull(Port) }, closed),
  Type.Object({ via: Type.Literal('udp'), host: Host, port: orNull(Port) }, closed),
  Type.Object(
    {
      via: Type.Literal('http'),
      host: Host,
      port: orNull(Port),
      /** HTTPS; left out: on port 443 only. */
      secure: Type.Optional(Type.Boolean()),
      /** Where the device's service answers; left out: where ONVIF says. */
      path: Type.Optional(Type.String({ pattern: '^/[\\x21-\\x7e]{0,199}$' })),
    },
    closed,
  ),
]);
export type DeviceAt = Static<typeof DeviceAt>;

const Unit = Type.Number({ minimum: 0, maximum: 1 });

/** How a device shall stand; null: as it is. */
export const DeviceScene = Type.Object(
  {
    power: orNull(Type.Boolean()),
    input: orNull(Type.String({ minLength: 1, maxLength: 64 })),
    preset: orNull(Type.String({ minLength: 1, maxLength: 64 })),
    micMuted: orNull(Type.Boolean()),
    volume: orNull(Unit),
    layout: orNull(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
);
export type DeviceScene = Static<typeof DeviceScene>;

/** A device that the box shall drive. The password is a secret: 0600 on disk, never in an answer, a log or the audit. */
export const DeviceWish = Type.Object(
  {
    id: DeviceId,
    name: Name,
    driver: DriverName,
    at: DeviceAt,
    /** Of the device on a shared line. */
    address: Type.Integer({ minimum: 0, maximum: 255 }),
    username: Type.String({ maxLength: 64 }),
    password: Type.String({ maxLength: 128 }),
    /** Where the device does not tell it: picks the quirks. */
    model: Type.String({ maxLength: 80 }),
    scenes: Type.Object({ on: DeviceScene, off: DeviceScene }, closed),
    /**
     * The site's picture comes from it, of one device at most: from the stream of a network camera, else from the capture device that the box
     * is configured with and that this device is plugged into. Absent: no.
     */
    source: Type.Optional(Type.Boolean()),
    /** Who brings the picture of a codec back after its call was lost: a call that stands again, or a person. Absent: `auto`. */
    return: Type.Optional(Type.Enum(['auto', 'operator'])),
  },
  closed,
);
export type DeviceWish = Static<typeof DeviceWish>;

/** `on` while the site meets, `off` between meetings; null: nobody touches the room. */
export const RoomScene = orNull(Type.Union([Type.Literal('on'), Type.Literal('off')]));
export type RoomScene = Static<typeof RoomScene>;

/** How far a device is with the room's scene. */
export const SceneReport = Type.Object({ scene: RoomScene, reached: Type.Boolean(), because: Type.String({ maxLength: 300 }) }, closed);
export type SceneReport = Static<typeof SceneReport>;

/** Something that answers and that nobody has adopted. */
export const FoundDevice = Type.Object(
  {
    /** The same thing at the same place has the same key. */
    key: Type.String({ maxLength: 300 }),
    kind: DeviceKind,
    driver: DriverName,
    at: DeviceAt,
    address: Type.Integer({ minimum: 0, maximum: 255 }),
    info: DeviceInfo,
    /** It says nothing of itself, or obeys nobody, without a name and a password. */
    needsLogin: Type.Boolean(),
    since: At,
  },
  closed,
);
export type FoundDevice = Static<typeof FoundDevice>;

/** Of a codec that the site's picture comes from. */
export const CodecPicture = Type.Object(
  {
    /** Whether it may be on the air. What is on the air, the telemetry says. */
    shown: Type.Boolean(),
    because: Type.String({ maxLength: 300 }),
    /** Whom the box calls again after the call was lost, how often it has, and when it does next; null: nobody. */
    redial: orNull(Type.Object({ address: Type.String({ maxLength: 200 }), tries: Type.Integer({ minimum: 0 }), at: At }, closed)),
  },
  closed,
);
export type CodecPicture = Static<typeof CodecPicture>;

/** `picture` absent or null: the site's picture comes from elsewhere. */
export const DrivenDevice = Type.Object(
  { ...DeviceReport.properties, scene: SceneReport, picture: Type.Optional(orNull(CodecPicture)) },
  closed,
);
export type DrivenDevice = Static<typeof DrivenDevice>;

export const DevicesBody = Type.Object(
  { devices: Type.Array(DrivenDevice, { maxItems: 32 }), found: Type.Array(FoundDevice, { maxItems: 64 }) },
  closed,
);
export type DevicesBody = Static<typeof DevicesBody>;

export const Devices = envelope(DevicesBody);
export type Devices = Static<typeof Devices>;

/** One act on one device, as part of `down/cmd`; its outcome is part of `up/result`. */
export const DeviceCommand = Type.Object({ do: Type.Literal('device'), device: DeviceId, act: DeviceAct }, closed);
export { ActResult };

/** What a person decides about the picture of a codec: bring it back, call again now, call no more. */
export const PictureOrder = Type.Enum(['return', 'redial', 'stop-redial']);
export type PictureOrder = Static<typeof PictureOrder>;
export const PictureCommand = Type.Object({ do: Type.Literal('picture'), device: DeviceId, order: PictureOrder }, closed);
