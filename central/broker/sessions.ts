/** The connections of the broker: who is at the other end of each, and which one is the node's. */
import type { Client, PublishPacket } from 'aedes';
import type { Peer } from '../../protocol/node/tls.ts';
import type { Hello } from './acl.ts';
import type { Connection } from './contract.ts';
import type { Gate } from './gate.ts';

type Socket = Client['conn'];

/** What a CONNECT packet says, as far as it matters. */
interface ConnectFacts {
  readonly clientId: string;
  readonly clean?: boolean | undefined;
  readonly protocolVersion?: number | undefined;
  readonly will?: { readonly topic: string } | undefined;
}

/** One connection, from its handshake to its end. */
export class Session {
  readonly peer: Peer;
  readonly address: string;
  readonly socket: Socket;
  readonly gate: Gate;
  /** From its CONNECT; null before. */
  hello: Omit<Hello, 'peer' | 'registered'> | null = null;
  /** It was let in, and told of as connected. */
  registered = false;
  /** A newer connection of the same node took its place. */
  replaced = false;
  /** It was refused or broke a rule, and that was told. */
  refused = false;
  /** Why it ended, as far as known. */
  because: string | null = null;
  #client: Client | null = null;
  #will: object | null = null;

  constructor(parts: { peer: Peer; address: string; socket: Socket; gate: Gate }) {
    this.peer = parts.peer;
    this.address = parts.address;
    this.socket = parts.socket;
    this.gate = parts.gate;
  }

  get connection(): Connection {
    const { node, role } = this.peer;
    return { node, role, address: this.address };
  }

  greet(client: Client, packet: ConnectFacts): void {
    this.#client = client;
    this.#will = packet.will ?? null;
    this.hello = {
      clientId: packet.clientId,
      clean: packet.clean === true,
      version: packet.protocolVersion ?? null,
      will: packet.will?.topic ?? null,
    };
  }

  isWill(packet: PublishPacket): boolean {
    return packet === this.#will;
  }

  end(because: string): void {
    this.because ??= because;
    if (this.#client) this.#client.close();
    else this.socket.destroy();
  }
}

export class Sessions {
  readonly #bySocket = new Map<Socket, Session>();
  /** Registered connections; at most one of a node. */
  readonly #byNode = new Map<string, Session>();
  /** Who waits for the end of a node's older connection. */
  readonly #waiting = new Map<Session, (() => void)[]>();

  open(session: Session): void {
    this.#bySocket.set(session.socket, session);
    // aedes may need it once more for the last will, which it publishes when the socket is closed already.
    session.socket.once('close', () => {
      if (this.#byNode.get(session.peer.node) !== session) this.#bySocket.delete(session.socket);
    });
  }

  at(socket: Socket): Session | undefined {
    return this.#bySocket.get(socket);
  }

  of(node: string): Session | undefined {
    return this.#byNode.get(node);
  }

  register(session: Session): void {
    session.registered = true;
    this.#byNode.set(session.peer.node, session);
  }

  /** Ends the registered connection of `node`, if there is one; calls `then` when it is gone. */
  replace(node: string, then: () => void): void {
    const old = this.#byNode.get(node);
    if (!old) {
      then();
      return;
    }
    this.#waiting.set(old, [...(this.#waiting.get(old) ?? []), then]);
    old.replaced = true;
    old.end('replaced by a newer connection');
  }

  /** A registered connection is gone. */
  close(session: Session): void {
    if (this.#byNode.get(session.peer.node) === session) this.#byNode.delete(session.peer.node);
    if (session.socket.destroyed) this.#bySocket.delete(session.socket);
    const waiting = this.#waiting.get(session) ?? [];
    this.#waiting.delete(session);
    for (const then of waiting) then();
  }

  nodes(): readonly string[] {
    return [...this.#byNode.keys()];
  }

  sockets(): readonly Socket[] {
    return [...this.#bySocket.keys()];
  }
}
