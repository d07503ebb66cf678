/** Runs in the worker thread: owns the SQLite connection and does what it is told, one request at a time. Knows no table. */
import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { OpenOptions, ThreadReply, ThreadRequest, ThreadResult } from './wire.ts';

/** Prepared statements kept; above it all are dropped, which costs one preparation each. */
const STATEMENTS = 500;
/** Another process may hold the lock for the moment it takes to make a backup. */
const BUSY_TIMEOUT_MS = 2000;

type Value = string | number | bigint | null | Buffer;

const bound = (value: unknown): Value => {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Uint8Array ? Buffer.from(value) : (value as Value);
};

/** The database holds media keys and password hashes; its journal gets the same mode from SQLite. */
const createPrivate = (file: string): void => closeSync(openSync(file, 'a', 0o600));

/**
 * Holds an exclusive lock on a file beside the database until the process ends, however it ends: a second central on the same data is told
 * so, while a backup program may still read the database itself.
 */
function lockBeside(file: string): Database.Database {
  createPrivate(`${file}.lock`);
  const lock = new Database(`${file}.lock`, { timeout: 0 });
  lock.pragma('journal_mode = DELETE');
  lock.exec('BEGIN EXCLUSIVE');
  return lock;
}

function open({ file, readonly }: OpenOptions): { readonly db: Database.Database; readonly lock: Database.Database | null } {
  const lock = readonly ? null : lockBeside(file);
  try {
    if (!readonly) createPrivate(file);
    const db = new Database(file, { readonly, timeout: BUSY_TIMEOUT_MS });
    if (!readonly) {
      // FULL: what we acknowledge must survive a power cut, not only the end of the process.
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      const check = db.pragma('quick_check(1)', { simple: true });
      if (check !== 'ok') throw Object.assign(new Error(`quick_check says: ${String(check)}`), { code: 'SQLITE_CORRUPT' });
    }
    db.pragma('foreign_keys = ON');
    // Without this, INSERT OR REPLACE would remove a row of the audit log and fire no trigger.
    db.pragma('recursive_triggers = ON');
    db.pragma('cache_size = -16000');
    return { db, lock };
  } catch (error) {
    lock?.close();
    throw error;
  }
}

class Connection {
  readonly #db: Database.Database;
  readonly #lock: Database.Database | null;
  readonly #statements = new Map<string, Database.Statement<Value[]>>();

  constructor(options: OpenOptions) {
    ({ db: this.#db, lock: this.#lock } = open(options));
  }

  answer(request: ThreadRequest): ThreadResult {
    switch (request.do) {
      case 'query': {
        const statement = this.#prepare(request.sql);
        const values = request.parameters.map(bound);
        if (statement.reader) return { rows: statement.all(...values), changes: 0, id: 0 };
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: [], changes, id: Number(lastInsertRowid) };
      }
      case 'batch':
        return { rows: this.#batch(request.groups), changes: 0, id: 0 };
      case 'close':
        this.#statements.clear();
        this.#db.close();
        this.#lock?.close();
        return { rows: [], changes: 0, id: 0 };
      default:
        return request satisfies never;
    }
  }

  /** Everything or nothing. One [changes, row id] for each row of each group. */
  #batch(groups: Extract<ThreadRequest, { do: 'batch' }>['groups']): (readonly [number, number])[] {
    const results: (readonly [number, number])[] = [];
    this.#db.transaction(() => {
      for (const { sql, rows } of groups) {
        const statement = this.#prepare(sql);
        for (const row of rows) {
          const { changes, lastInsertRowid } = statement.run(...row.map(bound));
          results.push([changes, Number(lastInsertRowid)]);
        }
      }
    })();
    return results;
  }

  #prepare(sql: string): Database.Statement<Value[]> {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= STATEMENTS) this.#statements.clear();
    const made = this.#db.prepare<Value[]>(sql);
    this.#statements.set(sql, made);
    return made;
  }
}

const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread only');

const explain = (error: unknown): { readonly code: string; readonly message: string } => ({
  code: error instanceof Error && 'code' in error ? String(error.code) : 'BUG',
  message: error instanceof Error ? error.message : String(error),
});

try {
  const connection = new Connection(workerData as OpenOptions);
  port.postMessage({ id: 0, ok: true, result: { rows: [], changes: 0, id: 0 } } satisfies ThreadReply);
  port.on('message', ({ id, request }: { readonly id: number; readonly request: ThreadRequest }) => {
    try {
      port.postMessage({ id, ok: true, result: connection.answer(request) } satisfies ThreadReply);
    } catch (error) {
      port.postMessage({ id, ok: false, error: explain(error) } satisfies ThreadReply);
    }
    if (request.do === 'close') port.close();
  });
} catch (error) {
  port.postMessage({ id: 0, ok: false, error: explain(error) } satisfies ThreadReply);
}
