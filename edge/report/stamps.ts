/** What the stamp readers of the display have read, one JSON line a second, for benchmarks. */
import { appendFile } from 'node:fs/promises';
import type { StampReading } from '../../hardware/gstreamer/readings.ts';
import type { Log } from '../../protocol/log.ts';

export class StampFile {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** `at`: monotonic ms. Counters in the readings only grow; samples are those since the last line. */
  async write(at: number, readings: Readonly<Record<'floor' | 'mosaic', StampReading>> | null): Promise<void> {
    if (readings === null) return;
    try {
      await appendFile(this.#path, `${JSON.stringify({ at, ...readings })}\n`);
    } catch (error) {
      this.#log.warn({ because: (error as Error).message }, 'stamps could not be written');
    }
  }
}
