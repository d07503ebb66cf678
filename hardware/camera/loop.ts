/** Where in the clip the camera is: pictures one after the other for ever, with time that runs on over the seam. Pure; times are arguments. */
import type { AccessUnit, Clip } from './clip.ts';
import { CLOCK_RATE } from './rtp.ts';

export interface Picture {
  readonly unit: AccessUnit;
  /** RTP time, modulo 2^32. */
  readonly time: number;
}

/** Later than this and pictures are left out instead of sent in a burst: the machine slept, or is overloaded. */
const LATE_MS = 1000;

export class Loop {
  readonly #clip: Clip;
  readonly #firstTime: number;
  readonly #beganMs: number;
  /** Pictures since the beginning, also those that nobody saw. */
  #count = 0;
  #next = 0;
  /** Shown in place of the clip, over and over; null: the clip is. */
  #instead: readonly AccessUnit[] | null = null;
  #lastKey: AccessUnit | null = null;

  /** @param firstTime RTP time of the first picture. @param nowMs monotonic. */
  constructor(clip: Clip, firstTime: number, nowMs: number) {
    this.#clip = clip;
    this.#firstTime = firstTime;
    this.#beganMs = nowMs;
  }

  /** When the next picture is due, monotonic ms. */
  get dueMs(): number {
    const { num, den } = this.#clip.rate;
    return this.#beganMs + (this.#count * 1000 * den) / num;
  }

  /** The picture whose time has come; null when it has not. */
  take(nowMs: number): Picture | null {
    if (nowMs - this.dueMs > LATE_MS) this.#skipTo(nowMs);
    if (nowMs < this.dueMs) return null;
    const units = this.#units;
    const unit = units[this.#next];
    if (unit === undefined) throw new Error('a clip without pictures');
    const time = this.#time(this.#count);
    this.#count += 1;
    this.#next = (this.#next + 1) % units.length;
    if (unit.key) this.#lastKey = unit;
    return { unit, time };
  }

  /** Shows other pictures from now on, the first a key picture; null: the clip again, from its beginning. */
  show(instead: readonly AccessUnit[] | null): void {
    this.#instead = instead;
    this.#next = 0;
  }

  /** Repeats the last key picture for ever, as a camera does whose sensor has stopped: decoded, it is the same to the last bit. */
  freeze(): void {
    this.show(this.#lastKey === null ? this.#clip.units.slice(0, 1) : [this.#lastKey]);
  }

  get #units(): readonly AccessUnit[] {
    return this.#instead ?? this.#clip.units;
  }

  /** RTP time of `nowMs`, for reports. */
  timeAt(nowMs: number): number {
    return this.#wrap(((nowMs - this.#beganMs) * CLOCK_RATE) / 1000);
  }

  /** Time goes on to now, the clip to its next key picture: what was left out is missing for every decoder. */
  #skipTo(nowMs: number): void {
    const { num, den } = this.#clip.rate;
    this.#count = Math.ceil(((nowMs - this.#beganMs) * num) / (1000 * den));
    const units = this.#units;
    while (units[this.#next]?.key !== true) this.#next = (this.#next + 1) % units.length;
  }

  #time(count: number): number {
    const { num, den } = this.#clip.rate;
    return this.#wrap((count * CLOCK_RATE * den) / num);
  }

  #wrap(ticks: number): number {
    return (this.#firstTime + Math.round(ticks)) % 2 ** 32;
  }
}
