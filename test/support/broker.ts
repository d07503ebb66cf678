/** A real MQTT broker (aedes) on 127.0.0.1, with or without mutual TLS, that can die like a killed one and come back on the same port. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type AedesPublishPacket, type Client } from 'aedes';
import { type Identity, peerIdentity, serverTls } from '../../protocol/node/tls.ts';

export interface TestBrokerOptions {
  /** The broker's certificate; null: plain TCP. With TLS the client id must be the certificate's node. */
  readonly identity: Identity | null;
  /** Who may subscribe to what; everybody to everything when absent. */
  readonly maySubscribe?: (client: string, topic: string) => boolean;
}

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly from: string | null;
  readonly retain: boolean;
  readonly qos: number;
}

export class TestBroker {
  readonly #options: TestBrokerOptions;
  /** Everything published, in order, over all lives. */
  readonly heard: Heard[] = [];
  readonly connected = new Set<string>();
  port = 0;
  #life: { readonly aedes: Aedes; readonly server: Server; readonly sockets: Set<Socket> } | null = null;

  constructor(options: TestBrokerOptions) {
    this.#options = options;
  }

  /** Listens, on the same port as before when it has one. */
  async start(): Promise<void> {
    const { identity, maySubscribe } = this.#options;
    // Safe settings: with the defaults one frozen subscriber stalls everybody.
    const aedes = await Aedes.createBroker({ concurrency: 0, drainTimeout: 5000 });
    aedes.authenticate = (client, _user, _password, done) => {
      const peer = identity ? peerIdentity(client.conn as never) : { node: client.id };
      done(null, peer?.node === client.id);
    };
    aedes.authorizeSubscribe = (client, subscription, done) => {
      done(null, (maySubscribe?.(client?.id ?? '', subscription.topic) ?? true) ? subscription : null);
    };
    aedes.on('publish', (packet: AedesPublishPacket, client: Client | null) => {
      if (packet.topic.startsWith('$SYS')) return;
      const { topic, retain, qos } = packet;
      this.heard.push({ topic, text: packet.payload.toString(), from: client?.id ?? null, retain, qos });
    });
    aedes.on('clientReady', ({ id }) => this.connected.add(id));
    aedes.on('clientDisconnect', ({ id }) => this.connected.delete(id));
    const server = identity
      ? createTlsServer(serverTls(identity), (socket) => void aedes.handle(socket))
      : createServer((socket) => void aedes.handle(socket));
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as { readonly port: number }).port;
    this.#life = { aedes, server, sockets };
  }

  /** Dies without a word to anybody: connections are cut, sessions and retained messages are gone. */
  async kill(): Promise<void> {
    const life = this.#life;
    this.#life = null;
    if (!life) return;
    const closed = new Promise((resolve) => life.server.close(resolve));
    for (const socket of life.sockets) socket.destroy();
    await closed;
    await new Promise<void>((resolve) => life.aedes.close(resolve));
    this.connected.clear();
  }

  /** Publishes as the broker itself. */
  async publish(topic: string, text: string, { retain = false } = {}): Promise<void> {
    const packet = { cmd: 'publish', topic, payload: Buffer.from(text), qos: 1, retain, dup: false } as const;
    await new Promise<void>((resolve, reject) => this.#life?.aedes.publish(packet, (error) => (error ? reject(error) : resolve())));
  }

  /** Throws one client out. */
  kick(id: string): void {
    const clients = (this.#life?.aedes as unknown as { readonly clients: Readonly<Record<string, Client | undefined>> } | undefined)
      ?.clients;
    clients?.[id]?.close();
  }

  texts(topic: string): readonly string[] {
    return this.heard.filter((each) => each.topic === topic).map(({ text }) => text);
  }
}
