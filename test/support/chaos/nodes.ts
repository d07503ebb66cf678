/** The demo's processes as chaos knows them: since when each runs, when it died, and until when nothing may be expected of it. */
import type { Demo } from '../demo.ts';

export class Nodes {
  readonly #demo: Demo;
  readonly #born = new Map<string, { readonly pid: number; readonly at: number }>();
  /** Deaths, and times from which it stood still and may have been killed before it went on. Wall clock, ms: logs are compared with it. */
  readonly #ends = new Map<string, readonly number[]>();
  readonly #excusedUntil = new Map<string, number>();

  constructor(demo: Demo) {
    this.#demo = demo;
  }

  /** Looks who runs. */
  async look(): Promise<void> {
    const pids = await this.#demo.pids();
    for (const name of new Set([...this.#born.keys(), ...Object.keys(pids)])) {
      const pid = pids[name];
      const known = this.#born.get(name);
      if (known !== undefined && known.pid !== pid) this.stopped(name);
      if (pid === undefined) this.#born.delete(name);
      else if (known?.pid !== pid) this.#born.set(name, { pid, at: performance.now() });
    }
  }

  /** It is cut off, or stands still, for so long. */
  excuse(name: string, ms: number): void {
    this.#excusedUntil.set(name, Math.max(this.#excusedUntil.get(name) ?? 0, performance.now() + ms));
  }

  /** It runs, and nothing has been in its way for so long. */
  settled(name: string, ms: number): boolean {
    const born = this.#born.get(name)?.at;
    const since = Math.max(born ?? Number.POSITIVE_INFINITY, this.#excusedUntil.get(name) ?? 0);
    return performance.now() - since > ms;
  }

  /** It does nothing from now on. */
  stopped(name: string): void {
    this.#ends.set(name, [...(this.#ends.get(name) ?? []), Date.now()]);
  }

  /** When it was found dead, or was stopped; wall clock in ms. */
  ends(name: string): readonly number[] {
    return this.#ends.get(name) ?? [];
  }
}
