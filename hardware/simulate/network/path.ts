/** One simulated path: UDP and TCP taken in at one address and carried to another on the same machine, with the trouble that is ordered. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../../protocol/clock.ts';
import { carry, idleLine, type Line, type Trouble } from './trouble.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface PathOptions {
  readonly listen: Place;
  readonly to: Place;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** As ordered now. */
  readonly trouble: () => Trouble;
}

/** A caller that has sent nothing for so long is forgotten. */
const FORGET_MS = 60_000;
/** While a path is cut, what TCP has sent waits here, as it would be sent again by the system at its end. */
const HOLD_LOOK_MS = 50;

interface Caller {
  readonly back: UdpSocket;
  heardAt: number;
}

export class SimulatedPath {
  readonly #options: PathOptions;
  readonly #front: UdpSocket;
  readonly #tcp: Server;
  readonly #callers = new Map<string, Caller>();
  readonly #sockets = new Set<Socket>();
  #there: Line = idleLine;
  #back: Line = idleLine;

  constructor(options: PathOptions) {
    this.#options = options;
    this.#front = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    this.#front.on('message', (bytes, { address, port }) => this.#up(bytes, address, port));
    this.#tcp = createServer((socket) => this.#join(socket));
  }

  /** @throws Error of the system when the address is taken. */
  async start(): Promise<void> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      this.#front.once('error', reject);
      this.#front.bind(port, host, () => resolve());
    });
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(port, host, () => resolve());
    });
    this.#options.clock.every(FORGET_MS, 'forgotten callers', () => this.#forget());
  }

  stop(): void {
    this.#front.close();
    for (const { back } of this.#callers.values()) back.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#tcp.close();
  }

  #up(bytes: Buffer, address: string, port: number): void {
    const { to, trouble, clock, random } = this.#options;
    const caller = this.#caller(address, port);
    caller.heardAt = clock.mono();
    const { line, ms } = carry(this.#there, trouble(), bytes.length, clock.mono(), random());
    this.#there = line;
    this.#later(ms, () => caller.back.send(bytes, to.port, to.host));
  }

  #caller(address: string, port: number): Caller {
    const key = `${address}:${port}`;
    const known = this.#callers.get(key);
    if (known !== undefined) return known;
    const { trouble, clock, random } = this.#options;
    const back = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    // Nobody listens there now: what is sent is lost, as on a real network.
    back.on('error', () => undefined);
    back.on('message', (bytes) => {
      const { line, ms } = carry(this.#back, trouble(), bytes.length, clock.mono(), random());
      this.#back = line;
      this.#later(ms, () => this.#front.send(bytes, port, address));
    });
    const caller = { back, heardAt: clock.mono() };
    this.#callers.set(key, caller);
    return caller;
  }

  #later(ms: number | null, send: () => void): void {
    if (ms === null) return;
    if (ms < 1) send();
    else this.#options.clock.after(ms, 'a packet arrives', () => (this.#options.trouble().cut ? undefined : send()));
  }

  #forget(): void {
    const now = this.#options.clock.mono();
    for (const [key, { back, heardAt }] of this.#callers) {
      if (now - heardAt < FORGET_MS) continue;
      back.close();
      this.#callers.delete(key);
    }
  }

  /** TCP is carried as a stream: a cut holds it up, both ends see silence and no end. */
  #join(near: Socket): void {
    const { to } = this.#options;
    const far = connect(to.port, to.host);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => this.#hold(from, into, chunk));
      from.on('error', () => into.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        into.destroy();
      });
    }
  }

  #hold(from: Socket, into: Socket, chunk: Buffer): void {
    const { clock, trouble } = this.#options;
    if (!trouble().cut) {
      into.write(chunk);
      return;
    }
    from.pause();
    const look = clock.every(HOLD_LOOK_MS, 'a cut path', () => {
      if (trouble().cut && !from.destroyed) return;
      look.cancel();
      if (from.destroyed) return;
      into.write(chunk);
      from.resume();
    });
  }
}
