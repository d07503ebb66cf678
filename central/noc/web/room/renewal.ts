/**
 * When to ask for the room anew. News may come faster than answers, all the time: then it is asked again and again at a bounded pace, and never
 * put off. What could not be had is asked for again, for nobody else would.
 */
import type { Clock, Timer } from '../../../../protocol/clock.ts';

/** A camera on the move is news ten times a second; the page looks at most so often. */
const PAUSE_MS = 300;
const RETRY_MS = 3000;

export class Renewal {
  readonly #clock: Clock;
  readonly #ask: () => Promise<boolean>;
  #timer: Timer | null = null;
  #asking = false;
  #again = false;
  #over = false;

  /** @param ask asks once; false when there was no answer. Must not reject. */
  constructor(clock: Clock, ask: () => Promise<boolean>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** There is news. */
  news(): void {
    if (this.#asking) this.#again = true;
    else this.#later(PAUSE_MS);
  }

  /** For good. Idempotent. */
  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #later(ms: number): void {
    if (this.#over || this.#timer !== null) return;
    this.#timer = this.#clock.after(ms, 'ask for devices', () => {
      this.#timer = null;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#asking = true;
    this.#again = false;
    const had = await this.#ask();
    this.#asking = false;
    if (!had) this.#later(RETRY_MS);
    else if (this.#again) this.#later(PAUSE_MS);
  }
}
