/** RTP and H.264 as nobody should send it: mutated by a seed, from SSRCs that its sender is allowed to use. For tests, and for runs of hours. */
import { seeded } from './device.ts';
import { fuA, nal, Pictures, packet, Sound, stapA } from './rtp-packets.ts';

/** The most that a relay takes over SRT. */
const LARGEST = 1456;

export interface RubbishOptions {
  readonly seed: number;
  /** Streams that it pretends to be; each is used as picture and as sound. */
  readonly ssrcs: readonly number[];
}

/** Makes rubbish, packet by packet; the same seed makes the same. */
export class Rubbish {
  readonly #dice: () => number;
  readonly #pictures: readonly Pictures[];
  readonly #sounds: readonly Sound[];

  constructor({ seed, ssrcs }: RubbishOptions) {
    this.#dice = seeded(seed);
    this.#pictures = ssrcs.map((ssrc) => new Pictures(ssrc));
    this.#sounds = ssrcs.map((ssrc) => new Sound(ssrc));
  }

  /** About one tick of a real sender (a frame, a few packets), most of it damaged in some way. */
  next(): readonly Buffer[] {
    const pictures = this.#one(this.#pictures);
    switch (this.#below(9)) {
      case 0:
        return pictures.frame({ idr: this.#below(2) === 0, size: 200 + this.#below(6000) });
      case 1:
        return [this.#one(this.#sounds).packet({ size: this.#below(300), level: this.#below(128) })];
      case 2:
        return this.#jump(pictures);
      case 3:
        return this.#fragments(pictures);
      case 4:
        return [this.#raw(pictures, stapA(...Array.from({ length: this.#below(12) }, () => nal(this.#below(32), 1 + this.#below(60)))))];
      case 5:
        return pictures.frame({ size: 2000 }).map((bytes) => this.#extended(bytes));
      case 6:
        return pictures.frame({ idr: true }).map((bytes) => this.#scratched(bytes, 12));
      case 7:
        return pictures.frame({ idr: true }).map((bytes) => this.#scratched(bytes, bytes.length));
      default:
        return pictures.frame({ idr: true, size: 1000 }).map((bytes) => bytes.subarray(0, this.#below(bytes.length + 1)));
    }
  }

  /** Sequence and time jump, by little or by all. */
  #jump(pictures: Pictures): readonly Buffer[] {
    pictures.seq = this.#below(4) === 0 ? this.#below(65_536) : (pictures.seq + this.#below(9000)) & 0xffff;
    pictures.time = this.#below(3) === 0 ? this.#below(2 ** 32) : (pictures.time + this.#below(90_000)) >>> 0;
    return pictures.frame({ idr: this.#below(3) === 0, captured: this.#below(2 ** 40) });
  }

  /** FU-A chains without beginning, without end, of impossible types, one in the other. */
  #fragments(pictures: Pictures): readonly Buffer[] {
    const pieces = fuA(nal(this.#below(32), 200 + this.#below(2000)), 1 + this.#below(20)).filter(() => this.#below(4) > 0);
    return pieces.map((piece) => this.#raw(pictures, this.#below(6) === 0 ? Buffer.concat([piece.subarray(0, 2), piece]) : piece));
  }

  #raw(pictures: Pictures, payload: Buffer): Buffer {
    const type = this.#below(3) === 0 ? this.#below(128) : 96;
    const marker = this.#below(3) === 0;
    const ssrc = pictures.ssrc | (this.#below(8) === 0 ? this.#below(16) : 0);
    return packet({ ssrc, seq: pictures.seq++, time: pictures.time, type, marker, payload, captured: null }).subarray(0, LARGEST);
  }

  /** A header extension of any profile, whose length and elements say anything. */
  #extended(bytes: Buffer): Buffer {
    const extension = Buffer.from(Array.from({ length: 4 + this.#below(40) }, () => this.#below(256)));
    extension.writeUInt16BE([0xbede, 0x1000, 0x1005, this.#below(65_536)][this.#below(4)] ?? 0, 0);
    extension.writeUInt16BE(this.#below(3) === 0 ? this.#below(65_536) : Math.floor((extension.length - 4) / 4), 2);
    const out = Buffer.concat([bytes.subarray(0, 12), extension, bytes.subarray(12)]).subarray(0, LARGEST);
    out[0] = (out[0] ?? 0) | 0x10;
    return out;
  }

  /** A few bytes among the first `within` become others; the SSRC stays mostly, else nobody would look further. */
  #scratched(bytes: Buffer, within: number): Buffer {
    const out = Buffer.from(bytes);
    for (let i = 1 + this.#below(6); i > 0; i--) {
      const at = this.#below(within);
      if (at < 8 || at > 11 || this.#below(10) === 0) out[at] = this.#below(256);
    }
    return out;
  }

  #below(limit: number): number {
    return Math.floor(this.#dice() * limit);
  }

  #one<T>(from: readonly T[]): T {
    const one = from[this.#below(from.length)];
    if (one === undefined) throw new RangeError('nothing to choose from');
    return one;
  }
}
