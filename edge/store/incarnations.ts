/** The incarnation that the next pipeline's streams wear, kept over restarts: a stream that begins anew must never look like copies of the old one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../protocol/log.ts';

/** Where a stream's next incarnation comes from. */
export interface Incarnations {
  /** 0–15, another one than last time. */
  next(): number;
}

/**
 * Counts in a one-line file. Synchronous, because a pipeline is made at once or late; a torn or lost file costs at most that one restarted
 * stream is taken for copies until its sequence numbers differ, so it is not synced.
 */
export class IncarnationFile implements Incarnations {
  readonly #path: string;
  readonly #log: Log;
  #last: number | null = null;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  next(): number {
    this.#last = ((this.#last ?? this.#read()) + 1) & 0xf;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(this.#path, `${this.#last}\n`);
    } catch (error) {
      this.#log.warn({ because: (error as Error).message }, 'incarnation could not be written');
    }
    return this.#last;
  }

  #read(): number {
    try {
      const value = Number.parseInt(readFileSync(this.#path, 'utf8'), 10);
      return Number.isInteger(value) ? value : -1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn({ because: (error as Error).message }, 'incarnation could not be read');
      return -1;
    }
  }
}
