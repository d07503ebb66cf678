/**
 * The embedded MQTT broker: mutual TLS, one connection per node, each node in its own subtree, every client bounded. Nodes' messages go to
 * `receive` before they are acknowledged; central publishes in-process. aedes is set up so that one frozen client stalls nobody
 * (`concurrency: 0`, a drain timeout and a bound on what a client leaves unread).
 */
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Role } from '../../protocol/ids.ts';
import type { Log } from '../../protocol/log.ts';
import { guardHandshakes } from '../../protocol/node/handshakes.ts';
import { tlsReason } from '../../protocol/node/reason.ts';
import { type Identity, peerIdentity, serverTls } from '../../protocol/node/tls.ts';
import { type DownKind, delivery, topic } from '../../protocol/topic.ts';
import { judgePublish, refuseConnect, refuseSubscribe } from './acl.ts';
import type { BrokerEvents, Downlink, Uplink, Verdict } from './contract.ts';
import { Gate } from './gate.ts';
import { Limiter } from './limiter.ts';
import { type BrokerLimits, defaultBrokerLimits } from './limits.ts';
import { TriePersistence } from './persistence.ts';
import { Session, Sessions } from './sessions.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly identity: Identity;
  /** Random per process start; stands in every envelope of central. */
  readonly boot: string;
  /** Whether the registry has this node in this role. */
  readonly admits: (node: string, role: Role) => boolean;
  /** Reads a publication that is allowed. Must not throw. */
  readonly receive: (message: Uplink) => Verdict;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<BrokerLimits>;
}

export interface BrokerStats {
  readonly connections: number;
  readonly retained: number;
  readonly received: number;
  readonly dropped: number;
  readonly published: number;
  readonly refused: number;
  readonly violations: number;
  readonly throttled: number;
  /** Clients that left too much unread. */
  readonly slow: number;
}

/** We end a connection that broke no rule. */
class OurDoing extends Error {}

/** aedes gives its errors no codes; these are nobody's fault. */
const timeouts: ReadonlySet<string> = new Set(['keep alive timeout', 'drain timeout', 'connect did not arrive in time']);

/** One line per sender and reason in this time. */
const REPEAT_MS = 10_000;

export class Broker extends EventEmitter<BrokerEvents> implements Downlink {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #log: Log;
  readonly #sessions = new Sessions();
  readonly #persistence = new TriePersistence();
  readonly #said = new Limiter(REPEAT_MS);
  readonly #seq = new Map<DownKind, number>();
  readonly #counts = { received: 0, dropped: 0, published: 0, refused: 0, violations: 0, throttled: 0, slow: 0 };
  #aedes: Aedes | null = null;
  #server: Server | null = null;
  #stopping: Promise<void> | null = null;
  #ending = false;
  /** It is closed by a drill until then. */
  #pause: Timer | null = null;

  constructor(options: BrokerOptions) {
    super();
    this.#options = options;
    this.#limits = { ...defaultBrokerLimits, ...options.limits };
    this.#log = options.log.child({ part: 'broker' });
  }

  /** @throws FaultError `conflict` when the port is in use, `unreachable` for any other reason not to listen. */
  async start(): Promise<{ readonly port: number }> {
    const { host, port, identity } = this.#options;
    const aedes = new Aedes(this.#aedesOptions());
    await aedes.listen();
    this.#aedes = aedes;
    this.#watch(aedes);
    const server = createServer({ ...serverTls(identity), handshakeTimeout: this.#limits.connectMs, noDelay: true, keepAlive: true });
    server.maxConnections = this.#limits.maxConnections;
    server.on('secureConnection', (socket) => this.#welcome(aedes, socket));
    // A certificate that was refused is told by the socket; the error says only that the connection ended.
    server.on('tlsClientError', (error, socket) =>
      this.#refuse(null, socket.remoteAddress ?? '', tlsReason(socket.authorizationError ?? error)),
    );
    guardHandshakes(server);
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const because = error.message;
        const inUse = error.code === 'EADDRINUSE';
        reject(
          new FaultError(
            inUse
              ? { code: 'conflict', what: `port ${port}`, reason: 'another program listens there' }
              : { code: 'unreachable', what: `${host}:${port}`, because },
          ),
        );
      });
      // A short queue would cost a herd of reconnecting boxes seconds of SYN retries.
      server.listen({ host, port, backlog: 4096 }, resolve);
    });
    server.on('error', (error) => this.#log.error({ err: error }, 'broker socket failed'));
    const bound = (server.address() as AddressInfo).port;
    this.#log.info({ host, port: bound }, 'broker listens');
    return { port: bound };
  }

  /** Ends all connections without saying anything about them. Idempotent. */
  stop(): Promise<void> {
    this.#ending = true;
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#pause?.cancel();
    const [server, aedes] = [this.#server, this.#aedes];
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    if (aedes) await new Promise<void>((resolve) => aedes.close(resolve));
    for (const socket of this.#sessions.sockets()) socket.destroy();
    await closed;
  }

  /** A drill: all connections break and nobody is let in for `ms`; then it goes on as it was. Does nothing while it is closed already. */
  pause(ms: number): void {
    const server = this.#server;
    if (server === null || !server.listening) return;
    const address = server.address() as AddressInfo;
    this.#log.warn({ ms }, 'broker is closed for a drill');
    server.close();
    for (const socket of this.#sessions.sockets()) socket.destroy();
    this.#pause = this.#options.clock.after(ms, 'broker opens again', () => {
      this.#pause = null;
      if (!this.#ending) server.listen({ host: this.#options.host, port: address.port, backlog: 4096 });
    });
  }

  publish(node: string, kind: DownKind, body: object): Promise<void> {
    const { identity, boot, clock } = this.#options;
    const seq = this.#seq.get(kind) ?? 0;
    this.#seq.set(kind, seq + 1);
    const payload = Buffer.from(JSON.stringify({ v: 1, node: identity.node, boot, seq, at: clock.now(), body }));
    const packet: PublishPacket = { cmd: 'publish', topic: topic(node, kind), payload, dup: false, ...delivery(kind) };
    const aedes = this.#aedes;
    if (aedes === null || this.#ending)
      return Promise.reject(new FaultError({ code: 'unreachable', what: node, because: 'the broker is not running' }));
    this.#counts.published += 1;
    return new Promise((resolve, reject) => aedes.publish(packet, (error) => (error ? reject(error) : resolve())));
  }

  async clear(node: string, kind: DownKind): Promise<void> {
    this.#persistence.forget(topic(node, kind));
  }

  /** Ends the connection of a node, if it has one. */
  disconnect(node: string, because: string): void {
    this.#sessions.of(node)?.end(because);
  }

  /** Nodes that are connected now. */
  connected(): readonly string[] {
    return this.#sessions.nodes();
  }

  stats(): BrokerStats {
    return { connections: this.#sessions.nodes().length, retained: this.#persistence.retainedCount, ...this.#counts };
  }

  #aedesOptions(): AedesOptions {
    const { drainMs, connectMs, maxKeepaliveS } = this.#limits;
    return {
      concurrency: 0,
      drainTimeout: drainMs,
      connectTimeout: connectMs,
      keepaliveLimit: maxKeepaliveS,
      maxTopicLevels: 10,
      persistence: this.#persistence,
      preConnect: (client, packet, done) => {
        const session = this.#sessions.at(client.conn);
        session?.greet(client, packet);
        done(null, session !== undefined);
      },
      authenticate: (client, _name, _password, done) => {
        const session = this.#sessions.at(client.conn);
        const because = session ? this.#judgeHello(session) : 'no session';
        if (session && because === null) {
          session.gate.trust();
          // The older connection is all gone before the newer one begins, so that its end is never taken for the newer one's.
          this.#sessions.replace(session.peer.node, () => done(null, true));
          return;
        }
        if (session) session.refused = true;
        this.#refuse(session?.peer.node ?? null, session?.address ?? '', because ?? 'unknown');
        done(Object.assign(new Error(because ?? 'refused'), { returnCode: 5 as const }), false);
      },
      authorizePublish: (client, packet, done) => done(client === null ? null : this.#judgePublish(client, packet)),
      authorizeSubscribe: (client, subscription, done) => {
        const session = this.#sessions.at(client.conn);
        const because = session ? refuseSubscribe(session.peer.node, subscription.topic) : 'no session';
        if (because === null) return done(null, subscription);
        if (session) this.#violated(session, because, subscription.topic);
        done(null, null);
      },
      authorizeForward: (client, packet) => {
        const unread = client.conn.writableLength;
        if (unread <= this.#limits.maxUnreadBytes) return packet;
        if (!client.conn.destroyed) {
          this.#counts.slow += 1;
          client.conn.destroy(new OurDoing(`it left ${unread} bytes unread`));
        }
        return null;
      },
    };
  }

  #watch(aedes: Aedes): void {
    // Of persistence; ours does not fail.
    (aedes as EventEmitter).on('error', (error: Error) => this.#log.error({ err: error }, 'broker failed at something'));
    aedes.on('client', (client) => {
      const session = this.#sessions.at(client.conn);
      if (!session) return;
      this.#sessions.register(session);
      this.#log.info({ ...session.connection }, 'node connected');
      this.emit('connected', session.connection);
    });
    aedes.on('clientDisconnect', (client) => {
      const session = this.#sessions.at(client.conn);
      if (session) this.#left(session);
    });
    const failed = (client: Client, error: Error): void => this.#failed(this.#sessions.at(client.conn), error);
    aedes.on('clientError', failed);
    aedes.on('connectionError', failed);
  }

  #welcome(aedes: Aedes, socket: TLSSocket): void {
    const address = socket.remoteAddress ?? '';
    const peer = peerIdentity(socket);
    if (peer === undefined || this.#ending) {
      this.#refuse(null, address, 'its certificate names no node and role');
      socket.destroy();
      return;
    }
    const { node } = peer;
    const onThrottled = (): void => {
      this.#counts.throttled += 1;
      this.#log.warn({ node, address }, 'node sends more than it may and is read more slowly');
    };
    const gate = new Gate(socket, { limits: this.#limits, clock: this.#options.clock, onThrottled });
    this.#sessions.open(new Session({ peer, address, socket, gate }));
    aedes.handle(socket);
  }

  #judgeHello(session: Session): string | null {
    const { peer, hello } = session;
    if (hello === null) return 'no CONNECT';
    return refuseConnect({ ...hello, peer, registered: this.#options.admits(peer.node, peer.role) });
  }

  /** Null to go on, an error to end the connection. */
  #judgePublish(client: Client, packet: PublishPacket): Error | null {
    const session = this.#sessions.at(client.conn);
    if (!session) return new Error('no session');
    // The last will of a connection that a newer one replaced, or that we ended to stop, says nothing about the node.
    if (session.isWill(packet) && (session.replaced || this.#ending)) return new Error('last will not wanted');
    const { node, role } = session.peer;
    const verdict = judgePublish(node, packet.topic, packet.qos);
    if (!verdict.ok) {
      session.refused = true;
      this.#violated(session, verdict.because, packet.topic);
      return new Error(verdict.because);
    }
    // The kind decides what is retained, not the client.
    packet.retain = delivery(verdict.kind).retain;
    this.#counts.received += 1;
    if (this.#receive({ node, role, kind: verdict.kind, payload: Buffer.from(packet.payload) }) === 'drop') {
      this.#counts.dropped += 1;
      packet.retain = false;
    }
    return null;
  }

  #receive(message: Uplink): Verdict {
    try {
      return this.#options.receive(message);
    } catch (error) {
      this.#log.error({ err: error, node: message.node, kind: message.kind }, 'reading a message failed');
      return 'drop';
    }
  }

  #left(session: Session): void {
    const { connection } = session;
    const replaced = session.replaced || this.#sessions.of(connection.node) !== session;
    this.#sessions.close(session);
    const because = session.because ?? 'it closed the connection';
    if (replaced) this.#log.info({ ...connection }, 'node replaced its connection');
    else if (!this.#ending) {
      this.#log.info({ ...connection, because }, 'node disconnected');
      this.emit('disconnected', { ...connection, because });
    }
  }

  /** A connection ended in an error; what is neither the network's nor a timeout's is the client's fault. */
  #failed(session: Session | undefined, error: Error & { readonly code?: string }): void {
    if (!session || this.#ending) return;
    session.because ??= error.message;
    if (session.refused || session.replaced) return;
    session.refused = true;
    const isNetwork = typeof error.code === 'string' || error instanceof OurDoing || timeouts.has(error.message);
    if (!session.registered) this.#refuse(session.peer.node, session.address, error.message);
    else if (!isNetwork) this.#violated(session, error.message, '');
  }

  #refuse(node: string | null, address: string, because: string): void {
    if (this.#ending) return;
    this.#counts.refused += 1;
    const count = this.#said.admit(`refused ${node ?? address} ${because}`, this.#options.clock.mono());
    if (count === null) return;
    this.#log.warn({ node, address, because, count }, 'client was refused');
    this.emit('refused', { node, address, because });
  }

  #violated(session: Session, because: string, at: string): void {
    this.#counts.violations += 1;
    const { connection } = session;
    const count = this.#said.admit(`violation ${connection.node} ${because}`, this.#options.clock.mono());
    if (count === null) return;
    const facts = { ...connection, because, topic: at.slice(0, 300), count };
    this.#log.warn(facts, 'node broke a rule');
    this.emit('violation', facts);
  }
}
