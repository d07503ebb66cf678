/**
 * The control channel's server side of one caller, an edge or another hub: bounded lines, a hello first, a rate. What is wrong is answered with `refused`; who goes on
 * being wrong is let go.
 */
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { type Decoder, decoder } from '../../../protocol/decode.ts';
import { brief } from '../../../protocol/fault.ts';
import type { Log } from '../../../protocol/log.ts';
import { LineSplitter } from '../../../protocol/node/lines.ts';
import { ControlFromEdge, type ControlFromHub } from '../../../protocol/schema/control.ts';
import { type Bucket, fullBucket, type RateRules, spend } from './rate.ts';

/** A grant of a meeting of 512 sites that are all muted fits. */
export const maxLineBytes = 48 * 1024;
export const controlRate: RateRules = { perSecond: 30, burst: 60 };
const maxWrong = 20;
/** An edge pings every few seconds; a half-open connection must not look alive. */
const silentMs = 15_000;
/** An edge that does not read what is sent to it. */
const maxWaitingBytes = 256 * 1024;

const messages: Decoder<ControlFromEdge> = decoder(ControlFromEdge, { maxBytes: maxLineBytes, maxDepth: 4 });

export interface ChannelOptions {
  readonly node: string;
  readonly socket: TLSSocket;
  readonly clock: Clock;
  readonly log: Log;
  /** Its first line has come: `boot` and `path` are known. */
  readonly hello: () => void;
  readonly heard: (message: Exclude<ControlFromEdge, { type: 'hello' | 'ping' }>) => void;
  readonly closed: (because: string) => void;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #lines = new LineSplitter(maxLineBytes);
  #bucket: Bucket;
  #boot: string | null = null;
  #path: string | null = null;
  #wrong = 0;
  #timer: Timer | null = null;
  #over = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#bucket = fullBucket(options.clock.mono(), controlRate);
    const { socket } = options;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('the caller closed it'));
    this.#listenFor();
  }

  get node(): string {
    return this.#options.node;
  }

  /** The WAN link that the edge uses for it; null when that has no name. */
  get path(): string | null {
    return this.#path;
  }

  /** Boot id of the edge; null before its hello. */
  get boot(): string | null {
    return this.#boot;
  }

  send(message: ControlFromHub): void {
    const { socket } = this.#options;
    if (this.#over || socket.destroyed) return;
    if (socket.writableLength > maxWaitingBytes) {
      this.close('it does not read');
      return;
    }
    socket.write(`${JSON.stringify(message)}\n`);
  }

  close(because: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    // What was said last, the reason, still goes out.
    this.#options.socket.destroySoon();
    this.#options.closed(because);
  }

  #read(chunk: Buffer): void {
    const dropped = this.#lines.dropped;
    for (const line of this.#lines.push(chunk)) {
      if (this.#over) return;
      this.#line(line);
    }
    if (this.#lines.dropped > dropped) this.#refuse(`a line may have ${maxLineBytes} bytes`);
  }

  #line(line: string): void {
    this.#listenFor();
    const { bucket, allowed } = spend(this.#bucket, this.#options.clock.mono(), controlRate);
    this.#bucket = bucket;
    const message = messages.decode(Buffer.from(line));
    if (!allowed) this.#refuse(`more than ${controlRate.perSecond} messages a second`);
    else if (!message.ok) this.#refuse(brief(message.fault));
    else this.#take(message.value);
  }

  #take(message: ControlFromEdge): void {
    if (message.type === 'hello') {
      this.#boot = message.boot;
      this.#path = message.path;
      this.#options.hello();
    } else if (this.#boot === null) this.#refuse('a hello has to come first');
    else if (message.type === 'ping') this.send({ type: 'pong', at: message.at });
    else this.#options.heard(message);
  }

  #refuse(because: string): void {
    this.#wrong += 1;
    if (this.#wrong === 1) this.#options.log.warn({ node: this.#options.node, because }, 'control message refused');
    this.send({ type: 'refused', because: because.slice(0, 200) });
    if (this.#wrong >= maxWrong) this.close(`refused ${this.#wrong} messages`);
  }

  #listenFor(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(silentMs, 'caller is silent', () => this.close(`silent for ${silentMs / 1000} s`));
  }
}
