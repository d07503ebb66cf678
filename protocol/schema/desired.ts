/** `down/desired`, retained: the whole wish for one node, with a revision. What is not in it is not wanted. */
import { type Static, Type } from 'typebox';
import { envelope, Revision } from '../envelope.ts';
import { MeetingId, Name, NodeId } from '../ids.ts';
import { DeviceWish, RoomScene } from './devices.ts';
import { Plan } from './plan.ts';

const closed = { additionalProperties: false } as const;

/** SRT passphrase between this node and `peer` for one meeting (AES-256). A secret: 0600 on disk, never logged. */
export const MediaKey = Type.Object(
  { meeting: MeetingId, peer: NodeId, key: Type.String({ minLength: 32, maxLength: 79, pattern: '^[A-Za-z0-9]+$' }) },
  closed,
);
export type MediaKey = Static<typeof MediaKey>;

/**
 * What the chair's panel needs to know: the salted scrypt hash of the meeting's PIN. Six digits fall to whoever has the hash and an afternoon, so
 * it goes to the one box that needs it, over TLS, and is as good as the box's disk.
 */
export const PanelKey = Type.Object(
  {
    meeting: MeetingId,
    salt: Type.String({ pattern: '^[a-f0-9]{32}$' }),
    /** scrypt with N 16384, r 8, p 1; 32 bytes. */
    hash: Type.String({ pattern: '^[a-f0-9]{64}$' }),
  },
  closed,
);
export type PanelKey = Static<typeof PanelKey>;

/** What a site box shall do. `plan` is null between meetings. */
export const EdgeDesired = Type.Object(
  {
    role: Type.Literal('edge'),
    name: Name,
    plan: Type.Union([Plan, Type.Null()]),
    /** What the box drives in its room. */
    devices: Type.Array(DeviceWish, { maxItems: 32 }),
    /** How they shall stand. */
    scene: RoomScene,
    keys: Type.Array(MediaKey, { maxItems: 64 }),
    /** The chair's box only, else null. */
    panel: Type.Union([PanelKey, Type.Null()]),
  },
  closed,
);
export type EdgeDesired = Static<typeof EdgeDesired>;

/** What a hub shall do: all meetings it takes part in. */
export const HubDesired = Type.Object(
  { role: Type.Literal('hub'), plans: Type.Array(Plan, { maxItems: 16 }), keys: Type.Array(MediaKey, { maxItems: 2048 }) },
  closed,
);
export type HubDesired = Static<typeof HubDesired>;

export const Desired = envelope(Type.Object({ rev: Revision, want: Type.Union([EdgeDesired, HubDesired]) }, closed));
export type Desired = Static<typeof Desired>;
