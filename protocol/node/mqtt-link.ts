/**
 * The connection of a node to the broker: MQTT 3.1.1 over mutual TLS, clean sessions, QoS 1, last will, birth on every connect. Bytes in and out;
 * what must not be lost while it is down lies in the outbox, which it delivers. Topics are the caller's.
 */
import { EventEmitter } from 'node:events';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Clock, Timer } from '../clock.ts';
import { brief, type Fault, FaultError, failed, ok, type Result } from '../fault.ts';
import type { Log } from '../log.ts';
import { jittered } from './backoff.ts';
import { Delivery } from './delivery.ts';
import type { Outbox, OutboxRecord } from './outbox.ts';
import { tlsReason } from './reason.ts';
import { clientTls, type Identity } from './tls.ts';

export interface Outgoing {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** It lay at the broker and is not news. */
  readonly retained: boolean;
}

export interface Server {
  readonly host: string;
  readonly port: number;
  /** The node id that its certificate must carry. */
  readonly node: string;
}

export interface LinkOptions {
  /** Our node id, also the client id: the broker lets one connection of a name live. */
  readonly node: string;
  /** Tried in this order, from the first again after each loss. */
  readonly servers: readonly Server[];
  /** Null: no TLS, for tests on loopback. */
  readonly identity: Identity | null;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1): spreads reconnects. */
  readonly random: () => number;
  /** What the broker says for us when we vanish. */
  readonly will: Outgoing;
  /** What we say first on every connection. */
  readonly birth: () => readonly Outgoing[];
  readonly subscriptions: readonly string[];
  /** What is delivered until `acked`; `message` dresses a record for the wire. */
  readonly outbox: { readonly outbox: Outbox; readonly message: (record: OutboxRecord) => Outgoing } | null;
  /** Default 10: a dead path is noticed after 15 s at the latest. */
  readonly keepaliveS?: number;
  /** TCP, TLS and the broker's welcome together. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** First and longest wait before the next round of servers, half of it random. Default 250, 5000. */
  readonly backoffMs?: { readonly first: number; readonly max: number };
  /** See DeliveryOptions. */
  readonly window?: number;
  readonly resendAfterMs?: number;
}

export type LinkState = 'stopped' | 'waiting' | 'connecting' | 'connected';

export interface LinkEvents {
  connected: [info: { readonly server: Server }];
  disconnected: [info: { readonly server: Server; readonly because: string }];
  message: [message: Incoming];
}

/** One connection and what hangs on it. */
interface Session {
  readonly client: MqttClient;
  readonly server: Server;
  readonly triedAt: number;
  /** What went wrong, as far as the client said; the end of the connection tells it. */
  because: string | null;
  over: boolean;
  readonly waiting: Set<(fault: Fault) => void>;
}

/** A connection that lived this long makes the next loss the first again. */
const SETTLED_MS = 10_000;
/** Bytes that publish() may have on the way; beyond, the path is too thin for what is asked of it. */
const MAX_FLYING_BYTES = 4 * 1024 * 1024;
const FAREWELL_MS = 1000;
const SUBSCRIPTION_REFUSED = 128;

export class MqttLink extends EventEmitter<LinkEvents> {
  readonly #options: LinkOptions;
  readonly #log: Log;
  readonly #delivery: Delivery | null;
  #state: LinkState = 'stopped';
  #session: Session | null = null;
  #attempt = 0;
  #retry: Timer | null = null;
  #problem: string | null = null;
  #flyingBytes = 0;

  constructor(options: LinkOptions) {
    super();
    if (options.servers.length === 0) throw new RangeError('a link needs at least one server');
    this.#options = options;
    this.#log = options.log.child({ part: 'link' });
    const { outbox, clock } = options;
    this.#delivery =
      outbox &&
      new Delivery({
        outbox: outbox.outbox,
        clock,
        log: this.#log,
        send: (record) => this.#send(outbox.message(record)),
        ...(options.window === undefined ? {} : { window: options.window }),
        ...(options.resendAfterMs === undefined ? {} : { resendAfterMs: options.resendAfterMs }),
      });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why we are not connected, in words; null while we are or nothing has gone wrong yet. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Connects, and stays connected until `stop()`. */
  start(): void {
    if (this.#state !== 'stopped') return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Says farewell when connected, so that the last will stays unsaid, and ends. Idempotent. */
  async stop(farewell: readonly Outgoing[]): Promise<void> {
    if (this.#state === 'stopped') return;
    const session = this.#session;
    const connected = this.#state === 'connected';
    this.#state = 'stopped';
    this.#retry?.cancel();
    this.#delivery?.disconnected();
    if (!session) return;
    if (connected) {
      const said = Promise.all(farewell.map((message) => this.#put(session, message).catch((error: unknown) => this.#expected(error))));
      await this.#within(FAREWELL_MS, said);
      await this.#within(FAREWELL_MS, new Promise((resolve) => session.client.end(false, {}, () => resolve(undefined))));
    }
    this.#over(session, 'we stopped');
  }

  /**
   * Publishes now, or not at all: `unreachable` while offline, `exhausted` when too much is on the way already. Resolves when the broker has it
   * (QoS 1) or it has left (QoS 0).
   */
  async publish(message: Outgoing): Promise<Result<void>> {
    const session = this.#session;
    if (this.#state !== 'connected' || !session) return failed(this.#unreachable(this.#problem ?? `the link is ${this.#state}`));
    const size = message.payload.length;
    if (this.#flyingBytes + size > MAX_FLYING_BYTES)
      return failed({ code: 'exhausted', what: 'link', because: `${this.#flyingBytes} bytes are still on the way` });
    this.#flyingBytes += size;
    try {
      await this.#put(session, message);
      return ok(undefined);
    } catch (error) {
      return failed(this.#expected(error));
    } finally {
      this.#flyingBytes -= size;
    }
  }

  /** Central has committed the outbox's events of `boot` up to `seq`. */
  acked(boot: string, seq: number): void {
    this.#delivery?.acked(boot, seq);
  }

  #connect(): void {
    const { servers, identity, node, will, clock, keepaliveS = 10, connectTimeoutMs = 5000 } = this.#options;
    const server = servers[this.#attempt % servers.length] as Server;
    this.#state = 'connecting';
    const options: IClientOptions = {
      host: server.host,
      port: server.port,
      protocol: identity ? 'mqtts' : 'mqtt',
      protocolVersion: 4,
      clientId: node,
      clean: true,
      keepalive: keepaliveS,
      connectTimeout: connectTimeoutMs,
      // Each attempt is a new client: nothing of an old connection is sent again behind our back.
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { ...will, payload: Buffer.from(will.payload) },
      ...(identity ? clientTls(identity, server.node) : {}),
    };
    const client = connect(options);
    const session: Session = { client, server, triedAt: clock.mono(), because: null, over: false, waiting: new Set() };
    this.#session = session;
    client.on('error', (error) => {
      session.because ??= this.#timedOut(session) ?? tlsReason(error);
      if (this.#state === 'connecting') this.#over(session, session.because);
    });
    client.on('close', () => this.#over(session, session.because ?? this.#silentEnd(session)));
    client.on('message', (topic, payload, packet) => {
      if (!session.over) this.#tell('message', { topic, payload, retained: packet.retain });
    });
    client.on('connect', () => {
      this.#welcome(session).catch((error: unknown) => this.#over(session, brief(this.#expected(error))));
    });
  }

  async #welcome(session: Session): Promise<void> {
    const { subscriptions, birth } = this.#options;
    try {
      await session.client.subscribeAsync([...subscriptions], { qos: 1 });
    } catch (error) {
      // The client makes an error of a SUBACK that refuses a topic; any other is the end of the connection.
      const granted = (error as { readonly packet?: { readonly granted?: readonly unknown[] } }).packet?.granted ?? [];
      const refused = subscriptions.filter((_, index) => granted[index] === SUBSCRIPTION_REFUSED);
      if (refused.length === 0) throw new FaultError(this.#unreachable(tlsReason(error)));
      throw new FaultError({ code: 'auth.forbidden', need: `the right to read ${refused.join(', ')}` });
    }
    if (session.over || this.#state !== 'connecting') return;
    this.#state = 'connected';
    this.#problem = null;
    for (const message of birth()) this.#put(session, message).catch((error: unknown) => this.#expected(error));
    this.#log.info({ server: session.server }, 'link connected');
    this.#tell('connected', { server: session.server });
    this.#delivery?.connected();
  }

  /** The end of a connection or of an attempt; once each. */
  #over(session: Session, because: string): void {
    if (session.over) return;
    session.over = true;
    session.client.end(true);
    const { server, triedAt, waiting } = session;
    for (const fail of [...waiting]) fail(this.#unreachable(because));
    if (this.#session !== session) return;
    this.#session = null;
    const was = this.#state;
    if (was === 'stopped') return;
    this.#state = 'waiting';
    this.#delivery?.disconnected();
    if (was === 'connected') this.#log.warn({ server, because }, 'link lost');
    else if (because === this.#problem) this.#log.debug({ server, because }, 'link still cannot be made');
    else this.#log.warn({ server, because }, 'link cannot be made');
    this.#problem = because;
    const settled = was === 'connected' && this.#options.clock.mono() - triedAt > SETTLED_MS;
    this.#attempt = settled ? 0 : this.#attempt + 1;
    this.#retryLater();
    if (was === 'connected') this.#tell('disconnected', { server, because });
  }

  #retryLater(): void {
    const { servers, backoffMs = { first: 250, max: 5000 }, random, clock } = this.#options;
    // Within a round the next server is tried at once; a rest comes between rounds.
    const round = Math.floor(this.#attempt / servers.length);
    const rest = this.#attempt % servers.length === 0 ? jittered(Math.max(0, round - 1), backoffMs.first, backoffMs.max, random()) : 0;
    this.#retry = clock.after(rest, 'reconnect', () => this.#connect());
  }

  async #send(message: Outgoing): Promise<void> {
    const session = this.#session;
    if (this.#state !== 'connected' || !session) throw new FaultError(this.#unreachable('the link is down'));
    return this.#put(session, message);
  }

  /** Resolves when it is through; rejects FaultError when the connection ends before. */
  #put(session: Session, { topic, payload, qos, retain }: Outgoing): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (fault: Fault): void => {
        session.waiting.delete(fail);
        reject(new FaultError(fault));
      };
      session.waiting.add(fail);
      const bytes = typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      session.client.publish(topic, bytes, { qos, retain }, (error) => {
        if (error) return fail(this.#unreachable(tlsReason(error)));
        session.waiting.delete(fail);
        resolve();
      });
    });
  }

  #timedOut({ triedAt }: Session): string | null {
    const { connectTimeoutMs = 5000, clock } = this.#options;
    const late = this.#state === 'connecting' && clock.mono() - triedAt >= connectTimeoutMs;
    return late ? `no welcome within ${connectTimeoutMs} ms` : null;
  }

  /** A close without a word: Node's TLS server ends an unwanted client so, and a broker one that it does not know. */
  #silentEnd(session: Session): string {
    if (this.#state === 'connected') return 'the broker closed the connection';
    return this.#timedOut(session) ?? 'the broker closed the connection before its welcome; it may not accept our certificate';
  }

  #unreachable(because: string): Fault {
    return { code: 'unreachable', what: 'broker', because };
  }

  /** Lets faults through as data; anything else is a bug and goes on being thrown. */
  #expected(error: unknown): Fault {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let timer: Timer | null = null;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(ms, 'farewell', resolve);
    });
    await Promise.race([work, late]);
    (timer as Timer | null)?.cancel();
  }

  /** A listener that throws is a bug of the listener's owner; the link goes on, loudly. */
  #tell<K extends keyof LinkEvents>(name: K, ...args: LinkEvents[K]): void {
    try {
      (this as EventEmitter).emit(name, ...args);
    } catch (error) {
      this.#log.error({ err: error, event: name }, 'a listener of the link threw');
    }
  }
}
