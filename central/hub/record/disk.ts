/**
 * The way to the recordings' disk. One that hangs (NFS whose server is away, a dying disk) never answers, and each call that waits for it holds
 * one of the four threads that Node has for files: at most two calls are under way, so that grants and events still reach theirs.
 */

/** How a call reaches the disk. */
export type Reach = <T>(call: () => Promise<T>) => Promise<T>;

/** What a mount says whose device or server is gone. Of these a bad sector says EIO, too. */
export const diskAway: ReadonlySet<string> = new Set(['EIO', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTDOWN', 'ENODEV', 'ENXIO']);
const atOnce = 2;

/** Whether the disk is away; whatever else it says of a folder is a mistake of who named it. */
export const isAway = (error: unknown): boolean => diskAway.has((error as NodeJS.ErrnoException).code ?? '');

export class Disk {
  readonly #reach: Reach;
  readonly #under = new Set<symbol>();
  readonly #waiting: (() => void)[] = [];

  /** @param reach tests let it hang. */
  constructor(reach: Reach = (call) => call()) {
    this.#reach = reach;
  }

  /** The calls that are under way. */
  get under(): ReadonlySet<symbol> {
    return this.#under;
  }

  /** Calls when it is its turn; resolves when the disk has answered. A call must not wait for another one. */
  run<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        const mark = Symbol('call');
        this.#under.add(mark);
        const over = (): void => {
          this.#under.delete(mark);
          this.#waiting.shift()?.();
        };
        this.#reach(call).finally(over).then(resolve, reject);
      };
      if (this.#under.size < atOnce) begin();
      else this.#waiting.push(begin);
    });
  }
}
