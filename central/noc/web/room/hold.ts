/**
 * A camera that moves while something is held: the move is renewed as long as it is, and stopped when it is let go. Each renewal carries a limit of
 * its own, so that a page that closes, hangs or loses its network leaves no camera moving.
 */
import type { Clock, Timer } from '../../../../protocol/clock.ts';

export interface Speeds {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/** Longer than two renewals, so that one that is late makes no jerk. */
export const LIMIT_MS = 1000;
const RENEW_MS = 400;
/** Nobody turns a camera for so long: the release was not seen (a menu, another window, a button that was taken away under the finger). */
const LONGEST_MS = 20_000;
const UNANSWERED_MAX = 2;
export const still: Speeds = { pan: 0, tilt: 0, zoom: 0 };

export class Hold {
  readonly #clock: Clock;
  readonly #send: (speeds: Speeds) => Promise<void>;
  /** Moves that nobody has answered yet. */
  #unanswered = 0;
  #timer: Timer | null = null;
  #limit: Timer | null = null;

  /** @param send never rejects, and is not waited for: a stop must not stand behind a move. */
  constructor(clock: Clock, send: (speeds: Speeds) => Promise<void>) {
    this.#clock = clock;
    this.#send = send;
  }

  begin(speeds: Speeds): void {
    this.#timer?.cancel();
    this.#limit?.cancel();
    this.#move(speeds);
    this.#limit = this.#clock.after(LONGEST_MS, 'nobody holds this', () => this.end());
    this.#timer = this.#clock.every(RENEW_MS, 'camera goes on', () => this.#move(speeds));
  }

  /** A box that hangs must not take up all of the browser's connections, behind which the floor's buttons would wait. */
  #move(speeds: Speeds): void {
    if (this.#unanswered >= UNANSWERED_MAX) return;
    this.#unanswered += 1;
    void this.#send(speeds).finally(() => {
      this.#unanswered -= 1;
    });
  }

  /** Idempotent. */
  end(): void {
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#limit?.cancel();
    this.#timer = null;
    void this.#send(still);
  }
}
