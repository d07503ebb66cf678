/** What a relay reports by itself, and the check that a message from the process really is that. */
import { type Static, type TSchema, Type } from 'typebox';
import { decoder } from '../../protocol/decode.ts';
import type { Result } from '../../protocol/fault.ts';

/** `at` is CLOCK_MONOTONIC in ms, the same as Clock.mono(). Members that are not named here may come. */
const event = <N extends string, P extends Record<string, TSchema>>(name: N, facts: P) =>
  Type.Object({ event: Type.Literal(name), at: Type.Number(), ...facts });

/** A connection is a peer (a node that called us) or a link (one that we made). */
const connection = {
  peer: Type.Optional(Type.String()),
  link: Type.Optional(Type.String()),
  streamId: Type.String(),
};
const stream = { ssrc: Type.Integer(), incarnation: Type.Integer() };

export const RelayEvent = Type.Union([
  event('connected', { ...connection, address: Type.String(), because: Type.Optional(Type.String()) }),
  event('disconnected', { ...connection, address: Type.Optional(Type.String()), because: Type.String() }),
  /** Nothing has come (or been acknowledged) for `quietMs`. */
  event('silent', { ...connection, quietMs: Type.Number() }),
  event('heard', { ...connection, quietMs: Type.Number() }),
  /** Its send queue is too long: video is dropped. */
  event('crowded', { ...connection, queueMs: Type.Number() }),
  /** Short again: video passes from its next IDR on, so ask for one. */
  event('eased', { ...connection, queueMs: Type.Number() }),
  event('refused', { streamId: Type.String(), address: Type.String(), because: Type.String() }),
  /** A known node sent a stream that is not its own. Once per stream and node. */
  event('forged', { ssrc: Type.Integer(), from: Type.String() }),
  event('flowing', stream),
  event('stalled', stream),
  /** Its RTP sequence began anew. */
  event('restarted', stream),
  /** The first IDR after a start, or of a stream that a view waits for. */
  event('keyframe', stream),
  /** Mean loudness of each voice since the last of these, in dB (0 = overload, -127 = silence), as its sender wrote it into the header (RFC 6464). */
  event('levels', { levels: Type.Array(Type.Object({ ssrc: Type.Integer(), db: Type.Number() })) }),
  event('switched', { view: Type.String(), ssrc: Type.Integer(), waitedMs: Type.Number() }),
]);
export type RelayEvent = Static<typeof RelayEvent>;

const events = decoder(RelayEvent);

export const parseEvent = (message: unknown): Result<RelayEvent> => events.check(message);
