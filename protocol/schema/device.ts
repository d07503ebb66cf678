/**
 * What stands in a room and can be driven: cameras, codecs, displays, switchers. One vocabulary for all makes: drivers say which of it a
 * device can do, the page and the box never ask for a make. Ranges are normalised at the driver: volumes 0…1, speeds -1…1.
 */
import { type Static, type TSchema, Type } from 'typebox';
import { At } from '../envelope.ts';

const closed = { additionalProperties: false } as const;
const Because = Type.String({ maxLength: 300 });
const oneOf = <const T extends readonly string[]>(...values: T) => Type.Enum([...values] as T[number][]);
const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String({ maxLength: 200 });
const Unit = Type.Number({ minimum: 0, maximum: 1 });
const Signed = Type.Number({ minimum: -1, maximum: 1 });

export const DeviceKind = oneOf('camera', 'codec', 'display', 'switcher');
export type DeviceKind = Static<typeof DeviceKind>;

/** Unique within a site. */
export const DeviceId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$' });
export type DeviceId = Static<typeof DeviceId>;

export const CapabilityId = oneOf(
  'power',
  'dial',
  'answer',
  'reject',
  'hangup',
  'hold',
  'dtmf',
  'micMute',
  'volume',
  'speakerMute',
  'move',
  'position',
  'presetRecall',
  'presetStore',
  'input',
  'route',
  'layout',
  'presentation',
  'dnd',
  'blank',
  'reboot',
  'raw',
);
export type CapabilityId = Static<typeof CapabilityId>;

/** What a parameter may be. */
export const ParamSpec = Type.Union([
  Type.Object({ type: Type.Literal('number'), min: Type.Number(), max: Type.Number() }, closed),
  Type.Object({ type: Type.Literal('choice'), of: Type.Array(Text, { maxItems: 100 }) }, closed),
  Type.Object({ type: Type.Literal('text'), maxLength: Type.Integer({ minimum: 1 }) }, closed),
  Type.Object({ type: Type.Literal('flag') }, closed),
]);
export type ParamSpec = Static<typeof ParamSpec>;

export const Capability = Type.Object(
  {
    id: CapabilityId,
    /** How the box learns the state: told by the device, asked for, or never. */
    feedback: oneOf('push', 'poll', 'none'),
    /** What the device's answer to a command proves. */
    ack: oneOf('none', 'accepted', 'completed'),
    params: Type.Record(Type.String({ maxLength: 40 }), ParamSpec),
  },
  closed,
);
export type Capability = Static<typeof Capability>;

/** `unknown` is a state too: after a command nobody answered, for one. */
export const Power = oneOf('on', 'off', 'warming', 'cooling', 'unknown');
export type Power = Static<typeof Power>;

export const CallState = oneOf('dialling', 'ringing', 'connecting', 'connected', 'held', 'disconnecting', 'unknown');
export type CallState = Static<typeof CallState>;

export const Call = Type.Object(
  {
    id: Type.String({ maxLength: 40 }),
    state: CallState,
    direction: oneOf('in', 'out', 'unknown'),
    number: Text,
    name: Text,
    protocol: Type.String({ maxLength: 20 }),
    kbps: orNull(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type Call = Static<typeof Call>;

export const Preset = Type.Object({ id: Type.String({ maxLength: 64 }), name: Text }, closed);
export type Preset = Static<typeof Preset>;

/** What a camera or codec offers as a picture. */
export const DeviceStream = Type.Object(
  {
    uri: Type.String({ maxLength: 500 }),
    encoding: Type.String({ maxLength: 20 }),
    width: Type.Integer({ minimum: 0 }),
    height: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type DeviceStream = Static<typeof DeviceStream>;

/** Every part is null until the device has told it, and null for ever where it cannot. */
export const DeviceState = Type.Object(
  {
    power: orNull(Power),
    calls: orNull(Type.Array(Call, { maxItems: 16 })),
    micMuted: orNull(Type.Boolean()),
    volume: orNull(Unit),
    speakerMuted: orNull(Type.Boolean()),
    /** -1…1 for pan and tilt, 0…1 for zoom. */
    position: orNull(Type.Object({ pan: Signed, tilt: Signed, zoom: Unit }, closed)),
    input: orNull(Type.String({ maxLength: 64 })),
    /** Output to input. */
    routes: orNull(Type.Record(Type.String({ maxLength: 20 }), Type.String({ maxLength: 20 }))),
    layout: orNull(Type.String({ maxLength: 64 })),
    presentation: orNull(oneOf('off', 'sending', 'receiving')),
    dnd: orNull(Type.Boolean()),
    blank: orNull(Type.Boolean()),
    presets: orNull(Type.Array(Preset, { maxItems: 256 })),
    streams: orNull(Type.Array(DeviceStream, { maxItems: 32 })),
    /** What the device complains about, in its own words: lamp, fan, temperature, no signal. */
    complaints: Type.Array(Text, { maxItems: 32 }),
  },
  closed,
);
export type DeviceState = Static<typeof DeviceState>;

export const unknownState: DeviceState = {
  power: null,
  calls: null,
  micMuted: null,
  volume: null,
  speakerMuted: null,
  position: null,
  input: null,
  routes: null,
  layout: null,
  presentation: null,
  dnd: null,
  blank: null,
  presets: null,
  streams: null,
  complaints: [],
};

/** Of the device itself; empty where it does not tell. */
export const DeviceInfo = Type.Object({ make: Text, model: Text, firmware: Text, serial: Text }, closed);
export type DeviceInfo = Static<typeof DeviceInfo>;

export const LinkState = oneOf('ok', 'connecting', 'disconnected', 'login-refused', 'degraded');
export type LinkState = Static<typeof LinkState>;

/** A device as its box reports it. */
export const DeviceReport = Type.Object(
  {
    id: DeviceId,
    kind: DeviceKind,
    driver: Type.String({ maxLength: 20 }),
    name: Text,
    link: LinkState,
    because: Because,
    info: DeviceInfo,
    capabilities: Type.Array(Capability, { maxItems: 32 }),
    state: DeviceState,
    /** When it last said anything; null: never. */
    seen: orNull(At),
  },
  closed,
);
export type DeviceReport = Static<typeof DeviceReport>;

const act = <Id extends CapabilityId, P extends Record<string, TSchema>>(id: Id, params: P) =>
  Type.Object({ do: Type.Literal(id), ...params }, closed);
const CallRef = orNull(Type.String({ maxLength: 40 }));

/** What can be asked of a device. `move` goes on until its limit at most; speeds of 0, 0, 0 stop it. */
export const DeviceAct = Type.Union([
  act('power', { on: Type.Boolean() }),
  act('dial', {
    address: Type.String({ minLength: 1, maxLength: 200 }),
    protocol: oneOf('auto', 'sip', 'h323'),
    kbps: orNull(Type.Integer({ minimum: 64, maximum: 6000 })),
  }),
  /** `call` null: the only one. */
  act('answer', { call: CallRef }),
  act('reject', { call: CallRef }),
  /** `call` null: all. */
  act('hangup', { call: CallRef }),
  act('hold', { call: CallRef, on: Type.Boolean() }),
  act('dtmf', { call: CallRef, digits: Type.String({ pattern: '^[0-9*#]{1,32}$' }) }),
  act('micMute', { on: Type.Boolean() }),
  act('volume', { level: Unit }),
  act('speakerMute', { on: Type.Boolean() }),
  act('move', { pan: Signed, tilt: Signed, zoom: Signed, limitMs: Type.Integer({ minimum: 50, maximum: 10_000 }) }),
  act('position', { pan: Signed, tilt: Signed, zoom: Unit }),
  act('presetRecall', { preset: Type.String({ minLength: 1, maxLength: 64 }) }),
  act('presetStore', { preset: Type.String({ minLength: 1, maxLength: 64 }), name: Text }),
  act('input', { input: Type.String({ minLength: 1, maxLength: 64 }) }),
  act('route', { input: Type.String({ maxLength: 20 }), output: Type.String({ maxLength: 20 }), layer: oneOf('all', 'video', 'audio') }),
  act('layout', { layout: Type.String({ minLength: 1, maxLength: 64 }) }),
  act('presentation', { on: Type.Boolean(), source: orNull(Type.String({ maxLength: 20 })) }),
  act('dnd', { on: Type.Boolean() }),
  act('blank', { on: Type.Boolean() }),
  act('reboot', {}),
  /** In the device's own language: text, or bytes as hex where its language is binary. Administrators only. */
  act('raw', { text: Type.String({ minLength: 1, maxLength: 500 }) }),
]);
export type DeviceAct = Static<typeof DeviceAct>;

/**
 * `completed`: the device said that it is done. `accepted`: it took the command, the state will tell. `rejected`: it said no.
 * `superseded`: a newer wish of the same kind took its place before it was sent. `unknown`: no answer came; it may or may not be done.
 */
export const ActOutcome = oneOf('completed', 'accepted', 'rejected', 'superseded', 'unknown');
export type ActOutcome = Static<typeof ActOutcome>;

export const ActResult = Type.Object(
  {
    outcome: ActOutcome,
    because: Because,
    /** What the device said to a raw command, in its own language. */
    answer: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  closed,
);
export type ActResult = Static<typeof ActResult>;
