/** A clock that stands still until it is told to move; timers fire in their order while it does. */
import type { Clock, Timer } from '../../protocol/clock.ts';

interface Pending {
  at: number;
  readonly every: number | null;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #mono = 0;
  readonly #pending = new Set<Pending>();

  /** @param now the wall clock at the beginning, ms since 1970. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  mono(): number {
    return this.#mono;
  }

  after(ms: number, _name: string, run: () => void): Timer {
    return this.#add({ at: this.#mono + ms, every: null, run });
  }

  every(ms: number, _name: string, run: () => void): Timer {
    return this.#add({ at: this.#mono + ms, every: ms, run });
  }

  /** Moves both clocks on, firing what falls due. */
  advance(ms: number): void {
    const end = this.#mono + ms;
    for (;;) {
      const next = [...this.#pending].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#now += next.at - this.#mono;
      this.#mono = next.at;
      if (next.every === null) this.#pending.delete(next);
      else next.at += next.every;
      next.run();
    }
    this.#now += end - this.#mono;
    this.#mono = end;
  }

  /** The wall clock jumps; the monotonic one does not. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }
}
