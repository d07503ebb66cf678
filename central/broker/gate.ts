/** Stands between a socket and the parser: ends the connection at an oversized packet, and reads a client that sends too much more slowly. */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { Bucket, FrameCounter } from './frames.ts';
import type { BrokerLimits } from './limits.ts';

export interface GateOptions {
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  /** Called once when the client sends more than it may; it is slowed down, not cut. */
  readonly onThrottled: () => void;
}

export class Gate {
  readonly #socket: Duplex;
  readonly #options: GateOptions;
  readonly #frames = new FrameCounter();
  readonly #messages: Bucket;
  readonly #bytes: Bucket;
  #maxBytes: number;
  #wait: Timer | null = null;
  #throttled = false;

  /** Takes over `socket.read`, which is the only way in which aedes reads. Without reading, TCP holds the sender back. */
  constructor(socket: Duplex, options: GateOptions) {
    const { limits, clock } = options;
    this.#socket = socket;
    this.#options = options;
    this.#maxBytes = limits.maxHelloBytes;
    this.#messages = new Bucket(limits.messagesPerSecond, limits.burstMessages, clock.mono());
    this.#bytes = new Bucket(limits.bytesPerSecond, limits.burstBytes, clock.mono());
    const read = socket.read.bind(socket);
    socket.read = (size?: number): unknown => {
      if (this.#wait !== null || socket.destroyed) return null;
      const chunk: unknown = read(size);
      return chunk instanceof Uint8Array && !this.#admits(chunk) ? null : chunk;
    };
    socket.once('close', () => this.#wait?.cancel());
  }

  /** The client has shown who it is: larger packets are fine from now on. */
  trust(): void {
    this.#maxBytes = this.#options.limits.maxPacketBytes;
  }

  #admits(chunk: Uint8Array): boolean {
    const { packets, oversized, malformed } = this.#frames.push(chunk, this.#maxBytes);
    if (oversized !== null || malformed) {
      const because = malformed ? 'malformed packet length' : `packet of ${oversized} bytes, at most ${this.#maxBytes} are taken`;
      this.#socket.destroy(new Error(because));
      return false;
    }
    const mono = this.#options.clock.mono();
    const waitMs = Math.max(this.#messages.take(packets, mono), this.#bytes.take(chunk.length, mono));
    if (waitMs > 0) this.#pause(waitMs);
    return true;
  }

  #pause(waitMs: number): void {
    if (!this.#throttled) {
      this.#throttled = true;
      this.#options.onThrottled();
    }
    this.#wait = this.#options.clock.after(waitMs, 'mqtt client throttled', () => {
      this.#wait = null;
      // The reader asks again when it hears that there is something.
      if (!this.#socket.destroyed) this.#socket.emit('readable');
    });
  }
}
