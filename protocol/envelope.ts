/** What every MQTT message wears: who, which start of the process, which number, when. Expiry, correlation and reasons live in bodies. */
import { type Static, type TSchema, Type } from 'typebox';
import { BootId, NodeId } from './ids.ts';

/** Milliseconds since 1970, UTC. */
export const At = Type.Integer({ minimum: 0, maximum: 4_102_444_800_000, description: 'wall clock, ms since 1970' });

/** Counts per boot and stream of messages, from 0. */
export const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Wraps a body schema. Every message on the broker is one of these. */
export const envelope = <S extends TSchema>(body: S) =>
  Type.Object({ v: Type.Literal(1), node: NodeId, boot: BootId, seq: Seq, at: At, body }, { additionalProperties: false });

export type Envelope<B> = {
  readonly v: 1;
  readonly node: string;
  readonly boot: string;
  readonly seq: number;
  readonly at: number;
  readonly body: B;
};

/** Revision of a desired state: counts up per node; stale ones are dropped, equal ones do nothing. */
export const Revision = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export type Revision = Static<typeof Revision>;
