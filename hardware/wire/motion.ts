/** A camera that moves must also stop: every move carries a limit, and the stop is repeated until it was taken. */
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import { Superseded } from './exchange.ts';

/** A stop that failed is sent again after this. */
const AGAIN_MS = 200;
const TRIES = 5;
/** And then after this, for a minute: a camera that refuses a stop for longer was not moving. */
const SLOWLY_MS = 2000;
const SLOW_TRIES = 30;

export class Motion {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #send: () => Promise<void>;
  #timer: Timer | null = null;
  #moving = false;
  /** Counts moves: a stop that was sent for an older one says nothing of the newest. */
  #moves = 0;
  /** The newest move that a stop was taken for. */
  #stopped = 0;

  /** @param send sends the stop; rejects when it was not taken. */
  constructor(clock: Clock, name: string, send: () => Promise<void>) {
    this.#clock = clock;
    this.#name = name;
    this.#send = send;
  }

  get moving(): boolean {
    return this.#moving;
  }

  /** A move is being sent; a stop follows after `limitMs` unless another move comes first. Answers the number of the move, for `sent`. */
  begun(limitMs: number): number {
    this.#moving = true;
    this.#moves++;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(limitMs, `${this.#name} stops moving`, () => void this.#try(TRIES));
    return this.#moves;
  }

  /** A move was answered, or was not: a stop that overtook it, while it waited for its turn, has stopped nothing. It is sent again. */
  sent(move: number): void {
    if (move !== this.#moves || move !== this.#stopped) return;
    this.#moving = true;
    void this.#try(TRIES);
  }

  /** Stops now; resolves when the stop was taken, or after `withinMs` without that (it is then tried on). */
  async halt(withinMs: number): Promise<void> {
    this.#timer?.cancel();
    await new Promise<void>((resolve) => {
      const limit = this.#clock.after(withinMs, `${this.#name} stop is waited for`, resolve);
      void this.#try(TRIES).then(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  /** The line is gone, or its device was stopped by other means: nothing is owed. */
  forget(): void {
    this.#timer?.cancel();
    this.#moving = false;
  }

  async #try(left: number): Promise<void> {
    const move = this.#moves;
    try {
      await this.#send();
      if (move !== this.#moves) return;
      this.#moving = false;
      this.#stopped = move;
    } catch (error) {
      if (!(error instanceof FaultError) && !(error instanceof Superseded)) throw error;
      // A newer move has a limit of its own.
      if (move !== this.#moves) return;
      // A line that is gone is stopped first thing when it is back.
      const gone = error instanceof FaultError && error.fault.code === 'device.gone';
      if (gone || left <= -SLOW_TRIES) return;
      const pause = left > 1 ? AGAIN_MS : SLOWLY_MS;
      this.#timer?.cancel();
      this.#timer = this.#clock.after(pause, `${this.#name} stops moving`, () => void this.#try(left - 1));
    }
  }
}
