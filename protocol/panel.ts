/** The HTTP API of the chair's panel, which the box of the chair serves to its own room: works without central and broker. Errors are problem documents. */
import { type Static, Type } from 'typebox';
import { Grant } from './grant.ts';
import { MeetingId, Name, NodeId } from './ids.ts';

const closed = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** `POST /api/open`: the six digits that the operator reads out. */
export const OpenBody = Type.Object({ pin: Type.String({ pattern: '^\\d{6}$' }) }, closed);

/** `POST /api/act`: what the chair wants. */
export const PanelAct = Type.Union([
  Type.Object({ type: Type.Literal('give'), site: NodeId }, closed),
  Type.Object({ type: Type.Literal('take') }, closed),
  Type.Object({ type: Type.Literal('prepare'), site: orNull(NodeId) }, closed),
  Type.Object({ type: Type.Literal('back') }, closed),
  Type.Object({ type: Type.Literal('mute'), site: NodeId, muted: Type.Boolean() }, closed),
  Type.Object({ type: Type.Literal('end') }, closed),
]);
export type PanelAct = Static<typeof PanelAct>;

const Meeting = Type.Object(
  {
    meeting: MeetingId,
    title: Name,
    sites: Type.Array(Type.Object({ site: NodeId, name: Name }, closed)),
    grant: Grant,
    /** Hubs of the meeting, and whether each has the grant in force on its disk. */
    hubs: Type.Array(Type.Object({ hub: NodeId, confirmed: Type.Boolean() }, closed)),
  },
  closed,
);

/** `GET /api/state`. Without a session nothing of the meeting is told. */
export const PanelState = Type.Object(
  {
    /** `none`: this room does not have the chair of a running meeting. */
    panel: Type.Union([Type.Literal('none'), Type.Literal('locked'), Type.Literal('open')]),
    /** The room's own name. */
    name: Name,
    /** Central is connected to this box. */
    central: Type.Boolean(),
    meeting: orNull(Meeting),
  },
  closed,
);
export type PanelState = Static<typeof PanelState>;

/** The answer of `POST /api/act`: what has become of it. Without a confirming hub it goes out as soon as one answers. */
export const PanelDone = Type.Object(
  { changed: Type.Boolean(), because: Type.String(), confirmed: Type.Array(NodeId), state: PanelState },
  closed,
);
export type PanelDone = Static<typeof PanelDone>;
