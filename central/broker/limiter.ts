/** Lets the first of many equal occurrences through, then one per window with the number that came meanwhile: a flood makes no flood of log lines. */

export class Limiter {
  readonly #windowMs: number;
  readonly #seen = new Map<string, { since: number; held: number }>();
  /** Keys beyond this are forgotten together; an attacker may invent as many as he likes. */
  static readonly #maxKeys = 1000;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How often `key` occurred since it was let through last, this time included; null while it is held back. */
  admit(key: string, mono: number): number | null {
    const known = this.#seen.get(key);
    if (known && mono - known.since < this.#windowMs) {
      known.held += 1;
      return null;
    }
    if (!known && this.#seen.size >= Limiter.#maxKeys) this.#seen.clear();
    this.#seen.set(key, { since: mono, held: 0 });
    return (known?.held ?? 0) + 1;
  }
}
