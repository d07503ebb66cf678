/**
 * The hub control channel: edge to hub and hub to hub, TLS with the node's certificate (ALPN `diemcau-control/1`), one JSON object per line.
 * For what must work in milliseconds or without the broker. The same TCP port speaks HTTP/1.1 to central (ALPN `http/1.1`).
 * Whoever calls is the client; a hub that calls another one says only `hello`, `grant` and `ping`.
 */
import { type Static, Type } from 'typebox';
import { Grant } from '../grant.ts';
import { BootId, MeetingId, NodeId, PathName } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const Ssrc = Type.Integer({ minimum: 1, maximum: 0xffffffff });

export const controlProtocol = 'diemcau-control/1';

/**
 * The highest grant that the sender knows, on its disk before it is said. Said when a channel opens and when it has changed; a hub answers a
 * grant with the highest it has then, so the panel that hears its own grant (or a higher one) knows that this hub has it.
 */
const GrantNotice = Type.Object({ type: Type.Literal('grant'), meeting: MeetingId, grant: Grant }, closed);

export const ControlFromEdge = Type.Union([
  /** First line of a connection. The node is the certificate's, the boot id tells a restart; each path of a box has a channel of its own. */
  Type.Object({ type: Type.Literal('hello'), boot: BootId, path: Type.Union([PathName, Type.Null()]) }, closed),
  /** The viewer lost or never had a picture of this stream. */
  Type.Object({ type: Type.Literal('need-keyframe'), meeting: MeetingId, ssrc: Ssrc }, closed),
  /** The first IDR of the floor arrived here. `mono` is CLOCK_MONOTONIC of the edge in ms: comparable on one machine only. */
  Type.Object(
    { type: Type.Literal('shown'), meeting: MeetingId, site: NodeId, grantN: Type.Integer({ minimum: 0 }), mono: Type.Number() },
    closed,
  ),
  /** A hub that stands by for this site is to serve it from now on, or not any more. Said again every second while it is to. */
  Type.Object({ type: Type.Literal('wake'), meeting: MeetingId, on: Type.Boolean() }, closed),
  Type.Object({ type: Type.Literal('ping'), at: Type.Number() }, closed),
  GrantNotice,
]);
export type ControlFromEdge = Static<typeof ControlFromEdge>;

export const ControlFromHub = Type.Union([
  /** Somebody needs an IDR of this stream of yours now. */
  Type.Object(
    {
      type: Type.Literal('keyframe'),
      meeting: MeetingId,
      kind: Type.Union([Type.Literal('main'), Type.Literal('tile'), Type.Literal('content')]),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('pong'), at: Type.Number() }, closed),
  GrantNotice,
  /**
   * Of those who have the floor: whose ways into this hub carry packets, and whose do not. Said when a channel opens and when it has changed. A site may
   * lose one hub alone; whoever watches takes mosaic and mix from a hub that has it.
   */
  Type.Object(
    {
      type: Type.Literal('speakers'),
      meeting: MeetingId,
      here: Type.Array(NodeId, { maxItems: 4 }),
      away: Type.Array(NodeId, { maxItems: 4 }),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('refused'), because: Type.String({ maxLength: 200 }) }, closed),
]);
export type ControlFromHub = Static<typeof ControlFromHub>;
