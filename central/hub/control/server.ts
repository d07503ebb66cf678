/**
 * The hub's TCP port: TLS with client certificates, told apart by ALPN into the control channel of edges and HTTP for central. Who may speak
 * is decided by the certificate alone.
 */
import { createServer as createHttp, type Server as HttpServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { guardHandshakes } from '../../../protocol/node/handshakes.ts';
import { tlsReason } from '../../../protocol/node/reason.ts';
import { type Identity, peerIdentity, serverTls } from '../../../protocol/node/tls.ts';
import { type ControlFromEdge, type ControlFromHub, controlProtocol } from '../../../protocol/schema/control.ts';
import { Channel } from './channel.ts';

export type FromEdge = Exclude<ControlFromEdge, { type: 'hello' | 'ping' }>;

export interface ControlServerOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly heard: (node: string, message: FromEdge) => void;
  /** An edge came or went. */
  readonly changed: (node: string, connected: boolean, because: string) => void;
  readonly http: RequestListener;
  readonly upgrade: (request: Parameters<RequestListener>[0], socket: Socket, head: Buffer) => void;
}

const maxConnections = 1024;
const handshakeMs = 5000;

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #log: Log;
  readonly #tls: Server;
  readonly #http: HttpServer;
  readonly #channels = new Map<string, Channel>();
  readonly #sockets = new Set<Socket>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'control' });
    this.#http = createHttp({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, options.http);
    this.#http.on('upgrade', (request, socket, head) => options.upgrade(request, socket as Socket, head));
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
    for (const channel of this.#channels.values()) channel.close('the hub stops');
    this.#http.closeAllConnections();
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  connected(node: string): boolean {
    return this.#channels.get(node)?.boot != null;
  }

  /** False when that edge has no control channel. */
  send(node: string, message: ControlFromHub): boolean {
    const channel = this.#channels.get(node);
    channel?.send(message);
    return channel !== undefined;
  }

  #accept(socket: TLSSocket): void {
    const peer = peerIdentity(socket);
    const protocol = socket.alpnProtocol;
    if (peer?.role === 'edge' && protocol === controlProtocol) this.#edge(peer.node, socket);
    // An HTTP client need not say so.
    else if (peer?.role === 'central' && (protocol === 'http/1.1' || !protocol)) this.#http.emit('connection', socket);
    else {
      this.#log.warn(
        { peer: peer ?? null, protocol: protocol || null, address: socket.remoteAddress },
        'connection refused: wrong role or protocol',
      );
      socket.on('error', (error) => this.#log.debug({ because: error.message }, 'refused connection broke'));
      socket.destroy();
    }
  }

  /** One channel for each edge; a later one replaces the older, which may be half-open. */
  #edge(node: string, socket: TLSSocket): void {
    const { clock, heard, changed } = this.#options;
    const before = this.#channels.get(node);
    const channel: Channel = new Channel({
      node,
      socket,
      clock,
      log: this.#log,
      heard: (message) => heard(node, message),
      closed: (because) => {
        if (this.#channels.get(node) !== channel) return;
        this.#channels.delete(node);
        changed(node, false, because);
      },
    });
    this.#channels.set(node, channel);
    before?.close('a newer connection of the same edge');
    changed(node, true, 'connected');
  }
}
