/**
 * Central's database: opened, checked, brought to the present version, and shared as a kysely instance. Queries run in worker threads:
 * one thread writes, one only reads, so that a long report delays neither the event loop nor the acknowledgement of events.
 */
import { Kysely, type Transaction } from 'kysely';
import type { Log } from '../../protocol/log.ts';
import { Connection } from './connection.ts';
import { Turns, threadDialect } from './dialect.ts';
import { migrate } from './migrate.ts';
import type { Tables } from './tables.ts';
import type { Group } from './wire.ts';

/** What a query module asks for: the database, or a transaction of it. */
export type Db = Kysely<Tables> | Transaction<Tables>;

export interface StoreOptions {
  /** The database file; `-wal`, `-shm` and `.lock` stand beside it. */
  readonly file: string;
  readonly log: Log;
  /** The time of migrations. */
  readonly now: () => number;
  /** The database thread died. Nothing can be kept any more: the process should end. */
  readonly onLost: (error: Error) => void;
}

export class Store {
  readonly #options: StoreOptions;
  readonly #turns = new Turns();
  readonly #writer: Connection;
  readonly #readerConnection: Connection;
  /** Reads and writes, one statement or transaction at a time. */
  readonly db: Kysely<Tables>;
  /** Reads only, beside the writer: for lists, charts, exports. Sees what is committed. */
  readonly reader: Kysely<Tables>;

  constructor(options: StoreOptions) {
    this.#options = options;
    const { file } = options;
    const lost = (error: Error): void => {
      options.log.error({ file, because: error.message }, 'database was lost');
      options.onLost(error);
    };
    this.#writer = new Connection({ file, readonly: false }, lost);
    this.#readerConnection = new Connection({ file, readonly: true }, lost);
    this.db = new Kysely<Tables>({ dialect: threadDialect(this.#writer, this.#turns) });
    this.reader = new Kysely<Tables>({ dialect: threadDialect(this.#readerConnection, new Turns()) });
  }

  /**
   * Opens and checks the file and brings it to the present version.
   * @throws FaultError `store.broken` when it is corrupt, unreadable or newer than this program, `conflict` when another process uses it.
   */
  async start(): Promise<void> {
    const { file, log, now } = this.#options;
    await this.#writer.open();
    try {
      const { from, to } = await migrate(this.db, 'sqlite', { file, now });
      await this.#readerConnection.open();
      log.info({ file, from, to }, from === to ? 'database was opened' : 'database was migrated');
    } catch (error) {
      await this.#writer.close();
      throw error;
    }
  }

  /** Runs `work` in one transaction; whatever it throws undoes everything. Inside, use `trx` only. */
  transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.db.transaction().execute((trx) => this.#turns.within(() => work(trx)));
  }

  /** The hot path for many rows: prepared statements, one commit. Returns [changes, row id] for each row, in order. */
  async batch(groups: readonly Group[]): Promise<readonly (readonly [changes: number, id: number])[]> {
    const release = await this.#turns.take();
    try {
      return await this.#writer.batch(groups);
    } finally {
      release();
    }
  }

  /** Waits for what was begun, then closes. Idempotent. */
  async stop(): Promise<void> {
    await this.#readerConnection.close();
    const release = await this.#turns.take();
    await this.#writer.close();
    release();
  }
}
