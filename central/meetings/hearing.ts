/**
 * Whom central has not heard yet. A hub may know a higher grant than central: a panel wrote it while central or the hub was away. Whoever asks
 * for the floor waits until the hubs of the meeting have spoken, so that no panel's grant is beaten by somebody who never saw it; but never long.
 */
import type { Clock, Timer } from '../../protocol/clock.ts';

/** A hub that is there reports within a second of its connection; one that is not must not hold up the meeting. */
export const hearingMs = 3000;

export class Hearing {
  readonly #clock: Clock;
  /** Hubs that may know more than we do, and until when we wait for them (monotonic ms). */
  readonly #unheard = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This hub may know more: central has just started, or the hub has just connected. */
  expect(hub: string): void {
    if (!this.#unheard.has(hub)) this.#unheard.set(hub, this.#clock.mono() + hearingMs);
  }

  /** It has said what it knows, and that has been taken; or it has gone and will say it when it comes back. */
  settle(hub: string): void {
    if (this.#unheard.delete(hub)) for (const wake of [...this.#waiting]) wake();
  }

  /** Waits for these hubs; resolves with those that did not speak in time, which are not waited for again. */
  async of(hubs: readonly string[]): Promise<readonly string[]> {
    const missing = (): readonly string[] => hubs.filter((hub) => this.#unheard.has(hub));
    for (;;) {
      const now = this.#clock.mono();
      const left = missing();
      const waitMs = Math.max(...left.map((hub) => (this.#unheard.get(hub) ?? now) - now), 0);
      if (waitMs <= 0) {
        for (const hub of left) this.#unheard.delete(hub);
        return left;
      }
      await this.#change(waitMs);
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      const wake = (): void => {
        timer?.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      timer = this.#clock.after(ms, 'hubs that have not spoken', wake);
      this.#waiting.add(wake);
    });
  }
}
