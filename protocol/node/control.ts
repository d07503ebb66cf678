/**
 * The control channel to one hub: keyframes asked for and to be made, grants heard and told, in milliseconds and without the broker. One TLS
 * connection with the node's certificate, one JSON object per line, made again for ever. Boxes call hubs, hubs call each other.
 */
import { EventEmitter } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../clock.ts';
import { decoder } from '../decode.ts';
import type { Grant } from '../grant.ts';
import type { Log } from '../log.ts';
import { type ControlFromEdge, ControlFromHub, controlProtocol } from '../schema/control.ts';
import { jittered } from './backoff.ts';
import { LineSplitter } from './lines.ts';
import { tlsReason } from './reason.ts';
import { clientTls, type Identity, peerIdentity } from './tls.ts';

export interface ControlOptions {
  readonly hub: string;
  /** The WAN link that it goes over, when that has a name. */
  readonly path: string | null;
  readonly host: string;
  readonly port: number;
  /** Our present address on that link, asked for at each call: a modem comes back with another. Undefined: the system's choice. */
  readonly localAddress: () => string | undefined;
  readonly identity: Identity;
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads reconnects. */
  readonly random: () => number;
}

export interface ControlEvents {
  up: [hub: string];
  /** The hub asks for an IDR. */
  keyframe: [wanted: { readonly meeting: string; readonly kind: 'main' | 'tile' | 'content' }];
  /** The highest grant that the hub has. */
  grant: [notice: GrantFrom];
  speakers: [notice: SpeakersAt];
}

/** Who of those who have the floor reaches the hub, and who does not. */
export interface SpeakersAt {
  readonly hub: string;
  readonly meeting: string;
  readonly here: readonly string[];
  readonly away: readonly string[];
}

export interface GrantFrom {
  readonly hub: string;
  readonly meeting: string;
  readonly grant: Grant;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 3000;
/** Beats keep middle boxes open and find a dead path; three without an answer end the connection. */
const BEAT_MS = 3000;
const PATIENCE_MS = 3 * BEAT_MS;
const MAX_LINE_BYTES = 64 * 1024;
/** A hub that does not read: what it has not taken is not worth keeping, keyframes are asked for again. */
const MAX_WAITING_BYTES = 256 * 1024;

const fromHub = decoder(ControlFromHub);

export class HubControl extends EventEmitter<ControlEvents> {
  readonly #options: ControlOptions;
  readonly #log: Log;
  #socket: TLSSocket | null = null;
  #up = false;
  #stopped = true;
  #attempt = 0;
  #timers: Timer[] = [];
  #heardAt = 0;
  #problem = '';
  #garbage = 0;

  constructor(options: ControlOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'control', hub: options.hub, path: options.path });
  }

  get up(): boolean {
    return this.#up;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#dial();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#hangUp();
  }

  /** Says something to the hub now, or not at all (false): nothing here is worth saying late. */
  send(message: ControlFromEdge): boolean {
    if (!this.#up || this.#socket === null || this.#socket.writableLength > MAX_WAITING_BYTES) return false;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  #dial(): void {
    const { identity, hub, host, port, localAddress, clock } = this.#options;
    const address = localAddress();
    const from = address === undefined ? {} : { localAddress: address };
    const socket = connect({ ...clientTls(identity, hub), host, port, ...from, ALPNProtocols: [controlProtocol] });
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#timers = [clock.after(PATIENCE_MS, `control channel to ${hub} opens`, () => this.#lost(socket, 'no answer'))];
    socket.on('secureConnect', () => this.#connected(socket));
    const lines = new LineSplitter(MAX_LINE_BYTES);
    socket.on('data', (chunk: Buffer) => {
      this.#heardAt = clock.mono();
      for (const line of lines.push(chunk)) this.#read(line);
    });
    socket.on('error', (error) => this.#lost(socket, tlsReason(error)));
    socket.on('close', () => this.#lost(socket, 'the hub closed the connection'));
  }

  #connected(socket: TLSSocket): void {
    if (socket !== this.#socket) return;
    const { hub, path, boot, clock } = this.#options;
    const wrong = this.#whyNot(socket);
    if (wrong !== null) {
      this.#lost(socket, wrong);
      return;
    }
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#up = true;
    this.#heardAt = clock.mono();
    this.#problem = '';
    this.send({ type: 'hello', boot, path });
    this.#timers.push(clock.every(BEAT_MS, `control channel to ${hub} beats`, () => this.#beat(socket)));
    this.#log.info({}, 'control channel opened');
    this.emit('up', hub);
  }

  /** Why this is not the hub that was called; null when it is. */
  #whyNot(socket: TLSSocket): string | null {
    const peer = peerIdentity(socket);
    if (peer === undefined) return 'the other end is nobody we know';
    if (peer.role !== 'hub' || peer.node !== this.#options.hub) return `the other end is ${peer.role} ${peer.node}`;
    return socket.alpnProtocol === controlProtocol ? null : 'the other end speaks another protocol';
  }

  #beat(socket: TLSSocket): void {
    const now = this.#options.clock.mono();
    if (now - this.#heardAt > PATIENCE_MS) {
      this.#lost(socket, `nothing heard for ${Math.round(now - this.#heardAt)} ms`);
      return;
    }
    // A connection that has lived through a beat was a good one.
    this.#attempt = 0;
    this.send({ type: 'ping', at: now });
  }

  #read(line: string): void {
    const result = fromHub.decode(Buffer.from(line));
    if (!result.ok) {
      this.#garbage += 1;
      if (this.#garbage === 1) this.#log.warn({ fault: result.fault }, 'hub said something that is not understood');
      return;
    }
    const message = result.value;
    switch (message.type) {
      case 'keyframe':
        this.emit('keyframe', { meeting: message.meeting, kind: message.kind });
        break;
      case 'grant':
        this.emit('grant', { hub: this.#options.hub, meeting: message.meeting, grant: message.grant });
        break;
      case 'speakers': {
        const { meeting, here, away } = message;
        this.emit('speakers', { hub: this.#options.hub, meeting, here, away });
        break;
      }
      case 'pong':
        break;
      case 'refused':
        this.#log.warn({ because: message.because }, 'hub refused the control channel');
        break;
      default:
        message satisfies never;
    }
  }

  #lost(socket: TLSSocket, because: string): void {
    if (socket !== this.#socket) return;
    const wasUp = this.#up;
    this.#hangUp();
    if (this.#stopped) return;
    if (wasUp || because !== this.#problem)
      this.#log.warn({ because }, wasUp ? 'control channel lost' : 'control channel cannot be opened');
    this.#problem = because;
    const { clock, hub, random } = this.#options;
    const waitMs = jittered(this.#attempt++, FIRST_RETRY_MS, LONGEST_RETRY_MS, random());
    this.#timers.push(clock.after(waitMs, `control channel to ${hub} again`, () => this.#dial()));
  }

  #hangUp(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#up = false;
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
  }
}
