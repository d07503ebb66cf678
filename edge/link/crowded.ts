/**
 * Which connections have had to leave pictures out, and when a fresh whole picture is due: as soon as one of those that carry the same packets
 * can take one, unless another has brought everything in the meantime. Several narrow ways seldom ease together, and each has lost something else.
 */
export class Crowded {
  readonly #now = new Set<string>();
  /** Have left something out since the last fresh picture. */
  readonly #spoilt = new Set<string>();

  crowded(link: string): void {
    this.#now.add(link);
    this.#spoilt.add(link);
  }

  /** @param same the live connections that carry the same packets, this one among them. @returns whether a fresh picture is due. */
  eased(link: string, same: readonly string[]): boolean {
    this.#now.delete(link);
    if (!same.every((each) => this.#spoilt.has(each))) return false;
    for (const each of same) if (!this.#now.has(each)) this.#spoilt.delete(each);
    return true;
  }

  /** Nothing comes through any more: a new connection begins empty, and one that is only silent eases when it is heard again. */
  away(link: string): void {
    this.#now.delete(link);
    this.#spoilt.add(link);
  }

  /** Pictures pass it. */
  passes(link: string): boolean {
    return !this.#now.has(link);
  }

  clear(): void {
    this.#now.clear();
    this.#spoilt.clear();
  }
}
