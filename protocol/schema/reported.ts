/** `up/status` (birth and last will) and `up/reported` (which revision is satisfied, or why not), both retained. */
import { type Static, Type } from 'typebox';
import { At, envelope, Revision } from '../envelope.ts';
import { Grant } from '../grant.ts';
import { MeetingId, NodeId, PathName, Role } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const Because = Type.String({ maxLength: 300 });

export const Status = envelope(
  Type.Object(
    {
      state: Type.Union([Type.Literal('online'), Type.Literal('offline')]),
      role: Role,
      version: Type.String({ maxLength: 40 }),
      /** Process start. */
      since: At,
      because: Because,
    },
    closed,
  ),
);
export type Status = Static<typeof Status>;

const Host = Type.String({ minLength: 1, maxLength: 253 });
/** The address of a hub in the network that sites reach over the path of that name. */
export const PathHost = Type.Object({ path: PathName, host: Host }, closed);
export type PathHost = Static<typeof PathHost>;

/** Where a hub listens: central copies it into plans. */
export const HubAddress = Type.Object(
  { host: Host, port: Type.Integer({ minimum: 1, maximum: 65_535 }), paths: Type.Array(PathHost, { maxItems: 8 }) },
  closed,
);
export type HubAddress = Static<typeof HubAddress>;

/** Becomes a link on operators' pages, so it is an address and nothing else. */
export const PanelUrl = Type.String({ pattern: '^https?://(\\[[0-9a-fA-F:.]{2,45}\\]|[A-Za-z0-9.-]{1,253}):\\d{1,5}$', maxLength: 300 });

const PartState = Type.Union([Type.Literal('off'), Type.Literal('starting'), Type.Literal('running'), Type.Literal('failed')]);

/** One fault domain of a node: uplink, display, mosaic… */
export const Part = Type.Object(
  { name: Type.String({ maxLength: 60 }), state: PartState, because: Because, restarts: Type.Integer({ minimum: 0 }) },
  closed,
);
export type Part = Static<typeof Part>;

export const Reported = envelope(
  Type.Object(
    {
      role: Type.Union([Type.Literal('hub'), Type.Literal('edge')]),
      /** The revision this report is about; null before the first desired state arrived. */
      rev: Type.Union([Revision, Type.Null()]),
      satisfied: Type.Boolean(),
      because: Because,
      meetings: Type.Array(MeetingId, { maxItems: 16 }),
      /** Hubs only, else empty: the highest grant of each meeting, for a panel may have written it. */
      grants: Type.Array(Type.Object({ meeting: MeetingId, grant: Grant }, closed), { maxItems: 16 }),
      parts: Type.Array(Part, { maxItems: 64 }),
      /** Hubs only, else null. */
      address: Type.Union([HubAddress, Type.Null()]),
      /** Edges only, else null: what was probed and chosen. */
      media: Type.Union([
        Type.Object(
          {
            source: Type.String({ maxLength: 200 }),
            encoder: Type.String({ maxLength: 60 }),
            encoderBecause: Because,
            audio: Type.String({ maxLength: 60 }),
            display: Type.String({ maxLength: 60 }),
            /** WAN links of the box, the best first; empty: one, without a name. */
            paths: Type.Array(PathName, { maxItems: 4 }),
            /** Where a browser finds the chair's panel; null: nowhere. */
            panel: Type.Union([PanelUrl, Type.Null()]),
          },
          closed,
        ),
        Type.Null(),
      ]),
    },
    closed,
  ),
);
export type Reported = Static<typeof Reported>;
export type ReportedBody = Reported['body'];

/** `down/ack`: central has committed every event of that boot up to `seq`. */
export const Ack = envelope(
  Type.Object({ of: Type.Object({ node: NodeId, boot: Type.String(), seq: Type.Integer({ minimum: 0 }) }, closed) }, closed),
);
export type Ack = Static<typeof Ack>;
