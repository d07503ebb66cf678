/**
 * The hub control channel: edge to hub, TLS with the box's certificate (ALPN `diemcau-control/1`), one JSON object per line.
 * For what must work in milliseconds or without the broker. The same TCP port speaks HTTP/1.1 to central (ALPN `http/1.1`).
 */
import { type Static, Type } from 'typebox';
import { BootId, MeetingId, NodeId } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const Ssrc = Type.Integer({ minimum: 1, maximum: 0xffffffff });

export const controlProtocol = 'diemcau-control/1';

export const ControlFromEdge = Type.Union([
  /** First line of a connection. The node is the certificate's, the boot id tells a restart. */
  Type.Object({ type: Type.Literal('hello'), boot: BootId }, closed),
  /** The viewer lost or never had a picture of this stream. */
  Type.Object({ type: Type.Literal('need-keyframe'), meeting: MeetingId, ssrc: Ssrc }, closed),
  /** The first IDR of the floor arrived here. `mono` is CLOCK_MONOTONIC of the edge in ms: comparable on one machine only. */
  Type.Object(
    { type: Type.Literal('shown'), meeting: MeetingId, site: NodeId, grantN: Type.Integer({ minimum: 0 }), mono: Type.Number() },
    closed,
  ),
  Type.Object({ type: Type.Literal('ping'), at: Type.Number() }, closed),
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
  Type.Object({ type: Type.Literal('refused'), because: Type.String({ maxLength: 200 }) }, closed),
]);
export type ControlFromHub = Static<typeof ControlFromHub>;
