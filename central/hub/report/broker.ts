/**
 * The hub's side of the broker: takes desired states, commands and acknowledgements in, checked; sends status, report, telemetry and events
 * out. Knows no meeting.
 */
import { EventEmitter } from 'node:events';
import type { Clock } from '../../../protocol/clock.ts';
import { type Decoder, decoder } from '../../../protocol/decode.ts';
import { brief, type Fault } from '../../../protocol/fault.ts';
import type { Log } from '../../../protocol/log.ts';
import { type Incoming, MqttLink, type Outgoing } from '../../../protocol/node/mqtt-link.ts';
import type { Outbox, OutboxRecord } from '../../../protocol/node/outbox.ts';
import type { Identity } from '../../../protocol/node/tls.ts';
import { type Act, Command, type CommandResult } from '../../../protocol/schema/command.ts';
import { Desired } from '../../../protocol/schema/desired.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import { Ack, type ReportedBody } from '../../../protocol/schema/reported.ts';
import type { HubTelemetry } from '../../../protocol/schema/telemetry.ts';
import { type DownKind, delivery, parseTopic, subscriptions, topic, type UpKind } from '../../../protocol/topic.ts';
import { event } from '../note.ts';

export interface BrokerOptions {
  readonly identity: Identity;
  readonly boot: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  readonly outbox: Outbox;
  readonly reported: () => ReportedBody;
  readonly command: (act: Act) => Promise<{ readonly outcome: 'done' | 'failed' | 'refused'; readonly because: string }>;
}

/** Commands whose outcome is remembered, so that one that is delivered twice is answered, not done, twice. */
const remembered = 200;
/** Node id of the orchestrator, in its certificate. */
const centralNode = 'central';

const decoders = { desired: decoder(Desired), cmd: decoder(Command), ack: decoder(Ack) } as const satisfies Record<
  DownKind,
  Decoder<unknown>
>;

export class Broker extends EventEmitter<{ desired: [message: Desired] }> {
  readonly #options: BrokerOptions;
  readonly #log: Log;
  readonly #link: MqttLink;
  readonly #since: number;
  readonly #seq = new Map<UpKind, number>();
  readonly #outcomes = new Map<string, CommandResult['body'] | null>();
  readonly #bad = new Map<DownKind, number>();
  #said = '';

  constructor(options: BrokerOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'broker' });
    this.#since = options.clock.now();
    const { node } = options.identity;
    this.#link = new MqttLink({
      node,
      servers: options.servers.map((server) => ({ ...server, node: centralNode })),
      identity: options.identity,
      clock: options.clock,
      log: options.log,
      random: options.random,
      will: this.#status('offline', 'the connection was lost'),
      birth: () => {
        this.#said = '';
        return [this.#status('online', 'connected'), ...this.#report()];
      },
      subscriptions: subscriptions(node),
      outbox: { outbox: options.outbox, message: (record) => this.#event(record) },
    });
    this.#link.on('message', (message) => this.#take(message));
  }

  start(): void {
    this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop([this.#status('offline', 'the hub was stopped')]);
  }

  /** Says the present report when it differs from the one said last. */
  report(): void {
    if (this.#link.state === 'connected') for (const message of this.#report()) this.#put(message);
  }

  telemetry(body: HubTelemetry): void {
    if (this.#link.state === 'connected') this.#put(this.#next('telemetry', body));
  }

  #report(): readonly Outgoing[] {
    const body = this.#options.reported();
    const text = JSON.stringify(body);
    if (text === this.#said) return [];
    this.#said = text;
    return [this.#next('reported', body)];
  }

  #put(message: Outgoing): void {
    void this.#link.publish(message).then((sent) => {
      if (!sent.ok) this.#log.debug({ topic: message.topic, because: brief(sent.fault) }, 'message did not leave');
    });
  }

  #next(kind: Exclude<UpKind, 'event'>, body: unknown): Outgoing {
    const { boot, clock, identity } = this.#options;
    const seq = this.#seq.get(kind) ?? 0;
    this.#seq.set(kind, seq + 1);
    return {
      topic: topic(identity.node, kind),
      payload: JSON.stringify({ v: 1, node: identity.node, boot, seq, at: clock.now(), body }),
      ...delivery(kind),
    };
  }

  #status(state: 'online' | 'offline', because: string): Outgoing {
    return this.#next('status', { state, role: 'hub', version: this.#options.version, since: this.#since, because });
  }

  /** An event from the outbox keeps the boot and number that it was born with. */
  #event({ boot, seq, at, body, lost }: OutboxRecord): Outgoing {
    const { node } = this.#options.identity;
    const told = lost || body === null ? lostEvent : body;
    return { topic: topic(node, 'event'), payload: JSON.stringify({ v: 1, node, boot, seq, at, body: told }), ...delivery('event') };
  }

  #take({ topic: name, payload }: Incoming): void {
    const parsed = parseTopic(name);
    if (parsed?.direction !== 'down' || parsed.node !== this.#options.identity.node) {
      this.#log.warn({ topic: name.slice(0, 200) }, 'message on a topic that is not ours was dropped');
      return;
    }
    const { kind } = parsed;
    if (kind === 'desired') this.#desired(payload);
    else if (kind === 'cmd') this.#command(payload);
    else if (kind === 'ack') this.#ack(payload);
  }

  #desired(payload: Uint8Array): void {
    const message = this.#decode('desired', payload);
    if (message === null) return;
    if (message.body.want.role === 'hub') this.emit('desired', message);
    else this.#refuse('desired', { code: 'input.invalid', path: '/body/want/role', reason: 'this node is a hub' });
  }

  #ack(payload: Uint8Array): void {
    const of = this.#decode('ack', payload)?.body.of;
    if (of?.node === this.#options.identity.node) this.#link.acked(of.boot, of.seq);
  }

  #command(payload: Uint8Array): void {
    const body = this.#decode('cmd', payload)?.body;
    if (body === undefined) return;
    const { id, session, expires, act } = body;
    const known = this.#outcomes.get(id);
    if (known !== undefined) {
      // Null: it is being done; its result comes when it is done.
      if (known !== null) this.#put(this.#next('result', known));
      return;
    }
    const refusal =
      session !== this.#options.boot
        ? 'meant for another start of this process'
        : expires <= this.#options.clock.now()
          ? 'came too late'
          : null;
    if (refusal !== null) {
      this.#answer({ id, outcome: 'refused', because: refusal });
      return;
    }
    this.#remember(id, null);
    this.#options
      .command(act)
      .then(({ outcome, because }) => this.#answer({ id, outcome, because: because.slice(0, 300) }))
      .catch((error: unknown) => {
        this.#log.error({ err: error, id }, 'command failed on a bug');
        this.#answer({ id, outcome: 'failed', because: 'an error in the hub, see its log' });
      });
  }

  #answer(body: CommandResult['body']): void {
    this.#remember(body.id, body);
    this.#put(this.#next('result', body));
  }

  #remember(id: string, outcome: CommandResult['body'] | null): void {
    this.#outcomes.set(id, outcome);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > remembered && oldest !== undefined) this.#outcomes.delete(oldest);
  }

  #decode<K extends DownKind>(kind: K, payload: Uint8Array): Checked[K] | null {
    const result = decoders[kind].decode(payload);
    if (result.ok) return result.value as Checked[K];
    this.#refuse(kind, result.fault);
    return null;
  }

  /** Counted always, told once for each kind of message. */
  #refuse(kind: DownKind, fault: Fault): void {
    const count = (this.#bad.get(kind) ?? 0) + 1;
    this.#bad.set(kind, count);
    if (count > 1) return;
    this.#log.warn({ kind, because: brief(fault) }, 'message from central was refused');
    void this.#options.outbox.append('event', event('refused', 'error', 'message', brief(fault), null, { what: kind, count }));
  }
}

interface Checked {
  readonly desired: Desired;
  readonly cmd: Command;
  readonly ack: Ack;
}

/** Stands where the disk lost an event, so that central sees the number and knows that something is missing. */
const lostEvent: EventBody = event('health', 'error', 'event-lost', 'the disk of this node lost the event that had this number', null);
