/**
 * Slows down guessing: attempts are counted by key (a login name, an address), and after a few free ones each failure doubles the wait.
 * Counts live in memory and are bounded.
 */

export interface ThrottlePolicy {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** A quiet time after which failures are forgotten. */
  readonly forgetMs: number;
}

interface Count {
  failures: number;
  lastMs: number;
}

/** The wait that `failures` in a row ask for, in milliseconds. */
export function waitAfter(policy: ThrottlePolicy, failures: number): number {
  const over = failures - policy.free;
  return over < 0 ? 0 : Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(over, 30));
}

/** Failure counts by key. Times are monotonic milliseconds. */
export class Throttle {
  readonly #policy: ThrottlePolicy;
  readonly #limit: number;
  readonly #counts = new Map<string, Count>();

  /** @param limit keys kept; the oldest are forgotten first. */
  constructor(policy: ThrottlePolicy, limit = 10_000) {
    this.#policy = policy;
    this.#limit = limit;
  }

  /** How long `key` has to wait before it may try, 0 when it may now. */
  wait(key: string, nowMs: number): number {
    const count = this.#counts.get(key);
    if (count === undefined || nowMs - count.lastMs >= this.#policy.forgetMs) return 0;
    return Math.max(0, count.lastMs + waitAfter(this.#policy, count.failures) - nowMs);
  }

  /** Counts an attempt as failed. Called before the password is judged, so that attempts made at once count too. */
  attempt(key: string, nowMs: number): void {
    const count = this.#counts.get(key);
    const failures = count === undefined || nowMs - count.lastMs >= this.#policy.forgetMs ? 1 : count.failures + 1;
    this.#counts.delete(key);
    this.#counts.set(key, { failures, lastMs: nowMs });
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > this.#limit && !oldest.done) this.#counts.delete(oldest.value);
  }

  /** Takes one attempt back: it was not a wrong guess. */
  undo(key: string): void {
    const count = this.#counts.get(key);
    if (count !== undefined) count.failures = Math.max(0, count.failures - 1);
  }

  /** The attempt was good: `key` starts afresh. */
  forgive(key: string): void {
    this.#counts.delete(key);
  }
}
