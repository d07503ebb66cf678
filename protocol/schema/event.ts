/** `up/event`: something happened, once, and must never be lost. Each goes through the outbox and is acknowledged after central's commit. */
import { type Static, Type } from 'typebox';
import { envelope } from '../envelope.ts';
import { MeetingId } from '../ids.ts';

const closed = { additionalProperties: false } as const;

export const eventKinds = [
  /** A process of ours started, crashed, hung or gave up. facts: program, restarts */
  'process',
  /** The camera's state changed. facts: from, to, gapMs */
  'source',
  /** An SRT link came or went, a path rests because it flaps, or less is sent because the way is narrow. facts: peer, direction, path, level, kbps */
  'link',
  /** Another hub serves a site, or its first one again. facts: from, to, stream, gapMs */
  'hub',
  /** The floor's picture reached this node. facts: site, grantN, mono (CLOCK_MONOTONIC in ms) */
  'floor',
  /** A tile became a slate, came back or was banned. facts: site, slot */
  'tile',
  /** A recording started, got a new segment, stopped or failed. facts: recording, segment, file */
  'recording',
  /** A disk, clock, certificate or configuration is wrong. facts: what */
  'health',
  /** A drill has broken a part of this node on purpose. facts: fault, ms */
  'drill',
  /** Something on the wire was refused. facts: what, count */
  'refused',
] as const;
export type EventKind = (typeof eventKinds)[number];

export const Severity = Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]);

export const EventBody = Type.Object(
  {
    kind: Type.Enum([...eventKinds]),
    severity: Severity,
    /** One word for what happened: started, crashed, lost, returned… */
    what: Type.String({ minLength: 1, maxLength: 60 }),
    because: Type.String({ maxLength: 300 }),
    meeting: Type.Union([MeetingId, Type.Null()]),
    facts: Type.Record(
      Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9]{0,39}$' }),
      Type.Union([Type.String({ maxLength: 300 }), Type.Number(), Type.Boolean(), Type.Null()]),
      { maxProperties: 20 },
    ),
  },
  closed,
);
export type EventBody = Static<typeof EventBody>;

export const Event = envelope(EventBody);
export type Event = Static<typeof Event>;
