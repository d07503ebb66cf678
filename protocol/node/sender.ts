/** Dresses bodies for the broker: envelope, number, topic. One counter for each kind of message. */
import type { Clock } from '../clock.ts';
import type { Envelope } from '../envelope.ts';
import type { EventBody } from '../schema/event.ts';
import type { Status } from '../schema/reported.ts';
import { delivery, topic, type UpKind } from '../topic.ts';
import type { Outgoing } from './mqtt-link.ts';
import type { OutboxRecord } from './outbox.ts';

export interface SenderOptions {
  readonly node: string;
  readonly role: 'edge' | 'hub';
  readonly boot: string;
  readonly version: string;
  readonly clock: Clock;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #since: number;
  readonly #seq = new Map<UpKind, number>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  /** The next message of a kind. */
  next(kind: Exclude<UpKind, 'event'>, body: unknown): Outgoing {
    const { node, boot, clock } = this.#options;
    const seq = this.#seq.get(kind) ?? 0;
    this.#seq.set(kind, seq + 1);
    return this.#dress(kind, { v: 1, node, boot, seq, at: clock.now(), body });
  }

  /** An event from the outbox: it keeps the boot and number that it was born with. */
  event({ boot, seq, at, body, lost }: OutboxRecord): Outgoing {
    return this.#dress('event', { v: 1, node: this.#options.node, boot, seq, at, body: lost || body === null ? lostEvent : body });
  }

  status(state: Status['body']['state'], because: string): Outgoing {
    const { role, version } = this.#options;
    return this.next('status', { state, role, version, since: this.#since, because });
  }

  #dress(kind: UpKind, envelope: Envelope<unknown>): Outgoing {
    return { topic: topic(this.#options.node, kind), payload: JSON.stringify(envelope), ...delivery(kind) };
  }
}

/** Stands where the disk lost an event, so that central sees the number and knows that something is missing. */
const lostEvent: EventBody = {
  kind: 'health',
  severity: 'error',
  what: 'event-lost',
  because: 'the disk of this node lost the event that had this number',
  meeting: null,
  facts: {},
};
