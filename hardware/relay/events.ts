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
  /** The round trip of a link (`rttMs`) needs more than it was told: it is dialled anew with this much, beside itself. */
  event('latency', { ...connection, latencyMs: Type.Integer(), rttMs: Type.Number() }),
  /** A drill: as if the cable of this link were out, for `ms`; `silent` and `disconnected` follow as they would in earnest. */
  event('cut', { ...connection, ms: Type.Integer() }),
  /** The drill is over: it is dialled again. */
  event('healed', connection),
  /** Its send queue is too long: video is dropped. */
  event('crowded', { ...connection, queueMs: Type.Number() }),
  /** Short again: video passes from its next IDR on, so ask for one. */
  event('eased', { ...connection, queueMs: Type.Number() }),
  event('refused', { streamId: Type.String(), address: Type.String(), because: Type.String() }),
  /** A known node sent a stream that is not its own. Once per stream and node. */
  event('forged', { ssrc: Type.Integer(), from: Type.String() }),
  /** A peer sends more than is taken from it; the rest is dropped and counted. Once until it has kept to it for 10 s. */
  event('flood', { ...connection, maxInKbps: Type.Integer() }),
  event('flowing', stream),
  event('stalled', stream),
  /** Its RTP sequence began anew. */
  event('restarted', stream),
  /** The first IDR after a start, or of a stream that a view waits for. */
  event('keyframe', stream),
  /** Mean loudness of each voice since the last of these, in dB (0 = overload, -127 = silence), as its sender wrote it into the header (RFC 6464). */
  event('levels', { levels: Type.Array(Type.Object({ ssrc: Type.Integer(), db: Type.Number() })) }),
  /** A view with backups waits for an IDR of this stream: ask its sender for one. Repeated every 300 ms until `switched`. */
  event('wanted', { view: Type.String(), ssrc: Type.Integer() }),
  event('switched', {
    view: Type.String(),
    ssrc: Type.Integer(),
    /** Since it was decided. */
    waitedMs: Type.Number(),
    /** `asked` by the owner; what was shown (or asked for) `stalled`; a better choice `returned`. */
    because: Type.Union([Type.Literal('asked'), Type.Literal('stalled'), Type.Literal('returned')]),
    /** Between the last packet that passed before and the first one after; null for the first of all. */
    gapMs: Type.Union([Type.Number(), Type.Null()]),
  }),
]);
export type RelayEvent = Static<typeof RelayEvent>;

const events = decoder(RelayEvent);

export const parseEvent = (message: unknown): Result<RelayEvent> => events.check(message);
