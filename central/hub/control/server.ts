/**
 * The hub's TCP port: TLS with client certificates, told apart by ALPN into the control channel of edges and other hubs, and HTTP for central.
 * Who may speak is decided by the certificate alone. Another hub speaks HTTP too, for its few requests.
 */
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { guardHandshakes } from '../../../protocol/node/handshakes.ts';
import { tlsReason } from '../../../protocol/node/reason.ts';
import { type Identity, peerIdentity, serverTls } from '../../../protocol/node/tls.ts';
import { type ControlFromEdge, type ControlFromHub, controlProtocol } from '../../../protocol/schema/control.ts';
import type { Caller } from '../grants/floors.ts';
import { Channel } from './channel.ts';

export type FromEdge = Exclude<ControlFromEdge, { type: 'hello' | 'ping' }>;

export interface ControlServerOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly heard: (from: Caller, message: FromEdge) => void;
  /** Somebody has said hello. */
  readonly opened: (from: Caller) => void;
  /** An edge or another hub came or went. */
  readonly changed: (from: Caller, connected: boolean, because: string) => void;
  readonly http: (request: IncomingMessage, response: ServerResponse, role: 'central' | 'hub') => void;
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
}

const maxConnections = 1024;
const handshakeMs = 5000;

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #log: Log;
  readonly #tls: Server;
  readonly #http: HttpServer;
  readonly #channels = new Map<Channel, Caller>();
  readonly #sockets = new Set<Socket>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'control' });
    this.#http = createHttp({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, (request, response) => {
      options.http(request, response, this.#roleOf(request.socket));
    });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.#roleOf(socket as Socket) === 'central') options.upgrade(request, socket as Socket, head);
      else socket.destroy();
    });
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#tls = createServer({
      ...serverTls(options.identity),
      ALPNProtocols: [controlProtocol, 'http/1.1'],
      handshakeTimeout: handshakeMs,
    });
    this.#tls.maxConnections = maxConnections;
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    // A certificate that was refused is told by the socket; the error says only that the connection ended.
    this.#tls.on('tlsClientError', (error, socket) =>
      this.#log.debug({ because: tlsReason(socket.authorizationError ?? error) }, 'connection refused in the handshake'),
    );
    guardHandshakes(this.#tls);
    this.#tls.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on the same number as SRT. @throws Error of the system when the port is taken. */
  start(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject);
      this.#tls.listen(port, host, () => {
        this.#tls.off('error', reject);
        this.#tls.on('error', (error) => this.#log.error({ because: error.message }, 'control port failed'));
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels.keys()) channel.close('the hub stops');
    this.#http.closeAllConnections();
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  connected(node: string): boolean {
    return this.#of({ role: 'edge', node }).some(({ boot }) => boot !== null);
  }

  /** Over all paths: which of them is alive is not known yet when one is cut. False when that edge or hub has no control channel. */
  send(to: Caller, message: ControlFromHub): boolean {
    const channels = this.#of(to);
    for (const channel of channels) channel.send(message);
    return channels.length > 0;
  }

  /** A box and a hub may be called the same. */
  #of({ role, node }: Caller): readonly Channel[] {
    return [...this.#channels].filter(([, from]) => from.role === role && from.node === node).map(([channel]) => channel);
  }

  #accept(socket: TLSSocket): void {
    const peer = peerIdentity(socket);
    const protocol = socket.alpnProtocol;
    if ((peer?.role === 'edge' || peer?.role === 'hub') && protocol === controlProtocol)
      this.#open({ role: peer.role, node: peer.node }, socket);
    // An HTTP client need not say so.
    else if ((peer?.role === 'central' || peer?.role === 'hub') && (protocol === 'http/1.1' || !protocol))
      this.#http.emit('connection', socket);
    else {
      this.#log.warn(
        { peer: peer ?? null, protocol: protocol || null, address: socket.remoteAddress },
        'connection refused: wrong role or protocol',
      );
      socket.on('error', (error) => this.#log.debug({ because: error.message }, 'refused connection broke'));
      socket.destroy();
    }
  }

  /** Only who was let in by its certificate gets here. */
  #roleOf(socket: Socket): 'central' | 'hub' {
    return peerIdentity(socket as TLSSocket)?.role === 'central' ? 'central' : 'hub';
  }

  /** One channel for each path of a caller; a later one replaces the older, which may be half-open. */
  #open(from: Caller, socket: TLSSocket): void {
    const { clock, opened, heard, changed } = this.#options;
    const channel: Channel = new Channel({
      node: from.node,
      socket,
      clock,
      log: this.#log,
      hello: () => {
        // In the order in which they came: the hello of an older one may be read after that of its successor.
        const ways = this.#of(from).filter((each) => each === channel || (each.boot !== null && each.path === channel.path));
        for (const each of ways.slice(0, -1)) each.close('a newer connection of the same caller');
        if (ways.at(-1) === channel) opened(from);
      },
      heard: (message) => heard(from, message),
      closed: (because) => {
        this.#channels.delete(channel);
        changed(from, false, because);
      },
    });
    this.#channels.set(channel, from);
    changed(from, true, 'connected');
  }
}
