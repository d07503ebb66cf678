/**
 * A node's side of its talk with central: desired states, commands and acknowledgements come in, checked; status, report, telemetry, results
 * and events go out. Knows no media; edge and hub say what they are and do.
 */
import type { Clock } from '../clock.ts';
import { brief } from '../fault.ts';
import type { Log } from '../log.ts';
import type { Act } from '../schema/command.ts';
import type { Desired } from '../schema/desired.ts';
import type { DevicesBody } from '../schema/devices.ts';
import type { EventBody } from '../schema/event.ts';
import type { ReportedBody } from '../schema/reported.ts';
import { subscriptions } from '../topic.ts';
import { Inbox, type Outcome } from './inbox.ts';
import { MqttLink, type Outgoing } from './mqtt-link.ts';
import type { Outbox } from './outbox.ts';
import { Sender } from './sender.ts';
import type { Identity } from './tls.ts';

export interface CentralLinkOptions {
  readonly node: string;
  readonly role: 'edge' | 'hub';
  /** Null: no TLS, for tests on loopback. */
  readonly identity: Identity | null;
  readonly boot: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Brokers; `node`: the id in the certificate, `central` when absent. */
  readonly servers: readonly { readonly host: string; readonly port: number; readonly node?: string }[];
  readonly outbox: Outbox;
  /** A wish of our role, new or not. */
  readonly desired: (message: Desired) => void;
  /** Does it; called once for each command. */
  readonly command: (act: Act) => Promise<Outcome>;
  /** The present report. */
  readonly reported: () => ReportedBody;
  /** The devices of the room now; a hub has none. */
  readonly devices?: () => DevicesBody;
  /** Something to keep and tell: the first message of a kind that was refused. */
  readonly tell: (event: EventBody) => void;
}

export class CentralLink {
  readonly #options: CentralLinkOptions;
  readonly #log: Log;
  readonly #sender: Sender;
  readonly #link: MqttLink;
  /** What was said last on this connection, of each retained kind. */
  readonly #said = new Map<'reported' | 'devices', string>();

  constructor(options: CentralLinkOptions) {
    const { node, role, boot, version, identity, clock, log, random, servers, outbox, tell } = options;
    this.#options = options;
    this.#log = log.child({ part: 'central link' });
    this.#sender = new Sender({ node, role, boot, version, clock });
    this.#link = new MqttLink({
      node,
      servers: servers.map((server) => ({ node: 'central', ...server })),
      identity,
      clock,
      log,
      random,
      will: this.#sender.status('offline', 'the connection to the broker was lost'),
      birth: () => {
        this.#said.clear();
        return [this.#sender.status('online', 'connected'), ...this.#news()];
      },
      subscriptions: subscriptions(node),
      outbox: { outbox, message: (record) => this.#sender.event(record) },
    });
    const inbox = new Inbox(
      { node, role, boot, now: () => clock.now(), log },
      {
        desired: options.desired,
        command: options.command,
        acked: (of, seq) => this.#link.acked(of, seq),
        result: (body) => this.#put(this.#sender.next('result', body)),
        refused: (kind, fault, first) => {
          if (!first) return;
          const because = brief(fault).slice(0, 300);
          tell({ kind: 'refused', severity: 'warning', what: 'message', because, meeting: null, facts: { what: kind } });
        },
      },
    );
    this.#link.on('message', (message) => inbox.take(message));
  }

  get connected(): boolean {
    return this.#link.state === 'connected';
  }

  start(): void {
    this.#link.start();
  }

  /** Says farewell. Idempotent. */
  stop(): Promise<void> {
    return this.#link.stop([this.#sender.status('offline', 'stopped on purpose')]);
  }

  /** Says the present report, and the devices, when they differ from what was said last. While offline nobody would hear it: the birth says it. */
  report(): void {
    if (this.connected) for (const message of this.#news()) this.#put(message);
  }

  /** Numbers of the last second; dropped while offline. */
  telemetry(body: object): void {
    if (this.connected) this.#put(this.#sender.next('telemetry', body));
  }

  #news(): readonly Outgoing[] {
    const { reported, devices } = this.#options;
    return [...this.#new('reported', reported()), ...(devices === undefined ? [] : this.#new('devices', devices()))];
  }

  #new(kind: 'reported' | 'devices', body: object): readonly Outgoing[] {
    const text = JSON.stringify(body);
    if (text === this.#said.get(kind)) return [];
    this.#said.set(kind, text);
    return [this.#sender.next(kind, body)];
  }

  #put(message: Outgoing): void {
    void this.#link.publish(message).then((sent) => {
      if (!sent.ok) this.#log.debug({ topic: message.topic, because: brief(sent.fault) }, 'message did not leave');
    });
  }
}
