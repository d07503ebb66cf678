/** Passwords at rest: argon2id with the library's defaults (19 MiB, 2 passes: OWASP's first choice). */
import { hash, verify } from '@node-rs/argon2';

/** Hashes at once at most this many passwords: each takes 19 MiB and a core. */
const AT_ONCE = 2;
/** Callers that may wait; beyond it a flood is told to come back. */
const WAITING = 100;

/** Hashes and checks passwords, a few at a time. */
export class Passwords {
  #running = 0;
  readonly #queue: (() => void)[] = [];
  #decoy: Promise<string> | null = null;

  /** True when too many callers wait already. */
  get full(): boolean {
    return this.#queue.length >= WAITING;
  }

  hash(password: string): Promise<string> {
    return this.#turn(() => hash(password));
  }

  /** True when `password` belongs to `stored`. With null (no such user) it takes as long and is false: names cannot be told by time. */
  async check(stored: string | null, password: string): Promise<boolean> {
    this.#decoy ??= this.hash('nobody has this password');
    const against = stored ?? (await this.#decoy);
    const good = await this.#turn(() => verify(against, password));
    return good && stored !== null;
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }
}
