/** Gathers minutes in memory and writes them to the database once a minute. */
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Telemetry } from '../../protocol/schema/telemetry.ts';
import { rollupGroup } from '../store/rollups.ts';
import type { Store } from '../store/store.ts';
import type { RollupsTable } from '../store/tables.ts';
import { addSample, measure, minuteOf } from './rollup.ts';

const FLUSH_MS = 60_000;
/** While the database fails; beyond this the oldest minutes are dropped. */
const MAX_ROWS = 100_000;

export class Rollups {
  readonly #parts: { readonly store: Pick<Store, 'batch'>; readonly clock: Clock; readonly log: Log };
  #rows = new Map<string, RollupsTable>();
  /** Of an attempt that failed. */
  #unwritten: readonly RollupsTable[] = [];
  #timer: Timer | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(parts: { readonly store: Pick<Store, 'batch'>; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= this.#parts.clock.every(FLUSH_MS, 'rollups', () => {
      this.#flushing = this.flush();
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    await this.#flushing;
    await this.flush();
  }

  add({ node, at, body }: Telemetry): void {
    const sample = body.role === 'edge' ? measure(body) : null;
    if (sample === null) return;
    const minute = minuteOf(at, this.#parts.clock.now());
    const key = `${node} ${minute}`;
    this.#rows.set(key, addSample(this.#rows.get(key), node, minute, sample));
  }

  /** Writes what was gathered; a minute written in two parts is added up in the database. */
  async flush(): Promise<void> {
    const rows = [...this.#unwritten, ...this.#rows.values()];
    this.#rows = new Map();
    this.#unwritten = [];
    if (rows.length === 0) return;
    try {
      await this.#parts.store.batch([rollupGroup(rows)]);
    } catch (error) {
      this.#parts.log.error({ err: error, rows: rows.length }, 'rollups could not be written');
      this.#unwritten = rows.slice(-MAX_ROWS);
    }
  }
}
