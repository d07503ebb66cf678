/** kysely over the database thread. There is one connection: whoever runs a transaction has it alone until the end. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Connection } from './connection.ts';

/** Hands out the one connection in the order of asking. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  /** True inside the callback of a transaction of ours, until that ends. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();

  /**
   * Waits for the turn; call the result to give it back.
   * @throws Error inside a transaction: asking the database instead of the transaction would wait for itself for ever.
   */
  async take(): Promise<() => void> {
    if (this.#inside.getStore()?.open) throw new Error('inside a transaction use its own handle, not the database');
    let release = (): void => {};
    const before = this.#last;
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }

  /** Runs `work` marked as the inside of a transaction. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const mark = { open: true };
    try {
      return await this.#inside.run(mark, work);
    } finally {
      mark.open = false;
    }
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #connection: Connection;
  readonly #release: () => void;

  constructor(connection: Connection, release: () => void) {
    this.#connection = connection;
    this.#release = release;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes, id } = await this.#connection.query(sql, parameters);
    return { rows: rows as R[], numAffectedRows: BigInt(changes), insertId: BigInt(id) };
  }

  // biome-ignore lint/correctness/useYield: the contract of kysely; nothing here reads in pieces.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not offered: read in pages');
  }

  release(): void {
    this.#release();
  }
}

class ThreadDriver implements Driver {
  readonly #connection: Connection;
  readonly #turns: Turns;

  constructor(connection: Connection, turns: Turns) {
    this.#connection = connection;
    this.#turns = turns;
  }

  /** The owner of the connection opened it before. */
  async init(): Promise<void> {}

  async acquireConnection(): Promise<ThreadConnection> {
    return new ThreadConnection(this.#connection, await this.#turns.take());
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // IMMEDIATE: a transaction that reads first and writes later must not find out then that it may not.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(connection: ThreadConnection): Promise<void> {
    connection.release();
  }

  /** The owner of the connection closes it. */
  async destroy(): Promise<void> {}
}

export function threadDialect(connection: Connection, turns: Turns): Dialect {
  return {
    createDriver: () => new ThreadDriver(connection, turns),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}
