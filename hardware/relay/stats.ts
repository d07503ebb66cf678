/** What a relay answers to `stats`. Counters only grow, also over reconnects; readers take differences. */
import { type Static, Type } from 'typebox';
import { decoder } from '../../protocol/decode.ts';
import { FaultError } from '../../protocol/fault.ts';

const Count = Type.Integer({ minimum: 0 });
const Ms = Type.Number();
const MaybeMs = Type.Union([Type.Number(), Type.Null()]);

export const ConnectionStats = Type.Object({
  peer: Type.Optional(Type.String()),
  link: Type.Optional(Type.String()),
  streamId: Type.String(),
  address: Type.String(),
  state: Type.Union([Type.Literal('up'), Type.Literal('silent'), Type.Literal('dialling'), Type.Literal('down')]),
  rttMs: Ms,
  latencyMs: Ms,
  /** SRT data packets, retransmissions and heartbeats included. */
  sent: Count,
  received: Count,
  bytesSent: Count,
  bytesReceived: Count,
  /** Missing on the way (found on either side); most come back by retransmission. */
  lost: Count,
  retransmitted: Count,
  /** Given up: too late to send, or missing when their time to be played had come. */
  dropped: Count,
  belated: Count,
  undecrypted: Count,
  /** RTP packets. */
  mediaIn: Count,
  mediaOut: Count,
  /** Not sent because the queue was too long. */
  videoDropped: Count,
  audioDropped: Count,
  forged: Count,
  malformed: Count,
  /** More than is taken from this peer (`maxInKbps`): dropped. */
  flooded: Count,
  connects: Count,
  sendBufferMs: Ms,
  mbpsSend: Type.Number(),
  mbpsRecv: Type.Number(),
  upMs: Ms,
});
export type ConnectionStats = Static<typeof ConnectionStats>;

export const StreamStats = Type.Object({
  /** Incarnation 0 of the stream. */
  ssrc: Count,
  /** The one that is received; -1 before the first packet. */
  incarnation: Type.Integer(),
  kind: Type.Union([Type.Literal('video'), Type.Literal('audio')]),
  flowing: Type.Boolean(),
  packets: Count,
  bytes: Count,
  /** Copies that were removed. */
  dups: Count,
  /** Missing when the settling time (100 ms) was over. */
  lost: Count,
  /** Came after that. */
  late: Count,
  /** Did not fit the sequence. */
  odd: Count,
  restarts: Count,
  forged: Count,
  frames: Count,
  /** Incomplete or missing, as far as sequence and time stamps tell. */
  damagedFrames: Count,
  keyframes: Count,
  /** Missing packets and frames between a picture's end and its return with an IDR half a second or more later: not sent here, or lost. */
  paused: Count,
  pausedFrames: Count,
  /** Longest time between frames since the last stats, the present one included. */
  maxFrameGapMs: Ms,
  /** CLOCK_MONOTONIC of the last packet. */
  lastMs: MaybeMs,
  /** Wall clock here minus capture time (NTP-64 header extension): of the last frame, and extremes since the last stats. */
  ageMs: MaybeMs,
  minAgeMs: MaybeMs,
  maxAgeMs: MaybeMs,
});
export type StreamStats = Static<typeof StreamStats>;

const SsrcOrNull = Type.Union([Count, Type.Null()]);

export const RelayStats = Type.Object({
  at: Ms,
  connections: Type.Array(ConnectionStats),
  streams: Type.Array(StreamStats),
  inputs: Type.Array(Type.Object({ name: Type.String(), port: Count, packets: Count, bytes: Count, oversized: Count })),
  views: Type.Array(Type.Object({ view: Type.String(), ssrc: SsrcOrNull, awaited: SsrcOrNull, packets: Count, switches: Count })),
  refused: Count,
  forged: Count,
  unrouted: Count,
  lastUnrouted: Count,
  malformed: Count,
  udpSent: Count,
  udpFailed: Count,
  linesDropped: Count,
  /** Times that this process itself was late. */
  stalls: Count,
});
export type RelayStats = Static<typeof RelayStats>;

/** What a relay answers to `queues`: the connections that it sends on. */
export const QueueStats = Type.Object({
  peer: Type.Optional(Type.String()),
  link: Type.Optional(Type.String()),
  streamId: Type.String(),
  state: ConnectionStats.properties.state,
  /** Video is dropped. */
  crowded: Type.Boolean(),
  /** Unacknowledged beyond the round trip, or waiting here. */
  queueMs: Ms,
  /** For so long something waits and no acknowledgement has come. */
  unackedMs: Ms,
  /** Of SRT's packets with their headers: what has arrived. */
  bytesAcked: Count,
  videoDropped: Count,
  audioDropped: Count,
  mediaOut: Count,
});
export type QueueStats = Static<typeof QueueStats>;

export const RelayQueues = Type.Object({ at: Ms, connections: Type.Array(QueueStats) });
export type RelayQueues = Static<typeof RelayQueues>;

const queues = decoder(RelayQueues);

/** @throws FaultError `input.invalid` when the process answers something else. */
export function parseQueues(reply: unknown): RelayQueues {
  const result = queues.check(reply);
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
}

const stats = decoder(RelayStats);

/** @throws FaultError `input.invalid` when the process answers something else. */
export function parseStats(reply: unknown): RelayStats {
  const result = stats.check(reply);
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
}
