/** Counts MQTT packets in a byte stream and finds oversized ones by their header alone, before anything is buffered [MQTT-2.2.3]. Pure. */

export interface FrameCount {
  /** Packets that began in this chunk. */
  readonly packets: number;
  /** The size announced by a packet above the limit; null when there is none. What follows it is not looked at. */
  readonly oversized: number | null;
  /** A length field that goes on for more than four bytes. */
  readonly malformed: boolean;
}

export class FrameCounter {
  /** Bytes of the present packet's body that are still to come. */
  #left = 0;
  /** Bytes of the length field read so far; null outside of a header. */
  #lengthBytes: number | null = null;
  #length = 0;

  push(chunk: Uint8Array, maxBytes: number): FrameCount {
    let packets = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#lengthBytes === null) {
        if (this.#left > 0) {
          const skip = Math.min(this.#left, chunk.length - at);
          this.#left -= skip;
          at += skip;
          continue;
        }
        packets += 1;
        at += 1;
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes += 1;
      if ((byte & 0x80) === 0) {
        if (this.#length > maxBytes) return { packets, oversized: this.#length, malformed: false };
        this.#left = this.#length;
        this.#lengthBytes = null;
      } else if (this.#lengthBytes === 4) return { packets, oversized: null, malformed: true };
    }
    return { packets, oversized: null, malformed: false };
  }
}

/** A token bucket that may go into debt: what was received cannot be sent back, but nothing more is read until the debt is paid. */
export class Bucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** @param mono the present, by Clock.mono(). */
  constructor(perSecond: number, burst: number, mono: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = mono;
  }

  /** Takes `n` tokens and returns how many milliseconds to wait before the next; 0 when there are some left. */
  take(n: number, mono: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((mono - this.#at) / 1000) * this.#perSecond) - n;
    this.#at = mono;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1000);
  }
}
