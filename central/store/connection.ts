/** The main thread's end of a database thread: requests out, results back in order, so that no query ever holds the event loop. */
import { Worker } from 'node:worker_threads';
import { type Fault, FaultError } from '../../protocol/fault.ts';
import type { Group, OpenOptions, ThreadReply, ThreadRequest, ThreadResult } from './wire.ts';

/** The database said no to one statement (a constraint, wrong SQL); the database itself is well. */
export class StatementError extends Error {
  /** SQLite's extended code, such as SQLITE_CONSTRAINT_UNIQUE. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'StatementError';
    this.code = code;
  }
}

/** True for a second row with a key that must be unique. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof StatementError && (error.code === 'SQLITE_CONSTRAINT_UNIQUE' || error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY');

/** What SQLite's code means for whoever asked (https://www.sqlite.org/rescode.html). */
export function storeError(file: string, { code, message }: { readonly code: string; readonly message: string }): Error {
  const fault = (what: Fault): FaultError => new FaultError(what);
  if (code.startsWith('SQLITE_FULL')) return fault({ code: 'exhausted', what: `disk of ${file}`, because: message });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return fault({ code: 'conflict', what: `database ${file}`, reason: 'another process is using it' });
  // The others are the operating system's, from making the file.
  const broken = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN', 'SQLITE_IOERR', 'SQLITE_READONLY', 'THREAD_GONE'];
  const system = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EROFS'];
  if (broken.some((each) => code.startsWith(each)) || system.includes(code))
    return fault({ code: 'store.broken', file, because: `${code}: ${message}` });
  return new StatementError(code, message);
}

interface Waiting {
  readonly resolve: (result: ThreadResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread's program. From source (tests, development) a worker thread does not get the loader that --import registered, as it does
 * for the main thread (Node 20), so it registers the loader itself.
 */
function spawn(options: OpenOptions): Worker {
  const compiled = import.meta.url.endsWith('.js');
  const program = new URL(compiled ? './thread.js' : './thread.ts', import.meta.url);
  if (compiled) return new Worker(program, { workerData: options });
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const source = JSON.stringify(program.href);
  return new Worker(`import(${loader}).then((loader) => loader.tsImport(${source}, ${source}))`, { eval: true, workerData: options });
}

export class Connection {
  readonly file: string;
  readonly #options: OpenOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #lastId = 0;
  #closed: Promise<void> | null = null;
  #lost: Error | null = null;
  /** Called once when the thread dies without being asked to. */
  readonly #onLost: (error: Error) => void;

  constructor(options: OpenOptions, onLost: (error: Error) => void) {
    this.file = options.file;
    this.#options = options;
    this.#onLost = onLost;
  }

  /** @throws FaultError `store.broken` (corrupt, unreadable) or `conflict` (another process uses it). */
  async open(): Promise<void> {
    const worker = spawn(this.#options);
    this.#worker = worker;
    worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    worker.on('error', (error) => this.#gone(`the database thread failed: ${error.message}`));
    worker.on('exit', (code) => this.#gone(`the database thread ended with code ${code}`));
    try {
      await new Promise<ThreadResult>((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    } catch (error) {
      await worker.terminate();
      // What cannot even be opened is broken, whatever the reason.
      throw error instanceof StatementError ? new FaultError({ code: 'store.broken', file: this.file, because: error.message }) : error;
    }
  }

  query(sql: string, parameters: readonly unknown[]): Promise<ThreadResult> {
    return this.#ask({ do: 'query', sql, parameters });
  }

  /** All rows of all groups in one commit. Returns [changes, row id] for each row, in order. */
  async batch(groups: readonly Group[]): Promise<readonly (readonly [changes: number, id: number])[]> {
    const { rows } = await this.#ask({ do: 'batch', groups });
    return rows as readonly (readonly [number, number])[];
  }

  /** Finishes what was asked before, then closes. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (!this.#worker || this.#lost) return;
    const ended = new Promise((resolve) => this.#worker?.once('exit', resolve));
    await this.#ask({ do: 'close' });
    await ended;
  }

  #ask(request: ThreadRequest): Promise<ThreadResult> {
    const worker = this.#worker;
    if (this.#lost || !worker) return Promise.reject(this.#lost ?? new Error('the database is not open'));
    if (this.#closed && request.do !== 'close') return Promise.reject(new Error('the database is closed'));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request });
    });
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    // A thread that could not open ends by itself. Known here, not after the await in open(): Node delivers a thread's last messages and its
    // exit in one go when the main thread is late, and that end would be taken for a loss.
    if (reply.id === 0 && !reply.ok) this.#closed ??= Promise.resolve();
    if (reply.ok) waiting?.resolve(reply.result);
    else waiting?.reject(storeError(this.file, reply.error));
  }

  #gone(message: string): void {
    const expected = this.#closed !== null;
    if (this.#lost) return;
    this.#lost = storeError(this.file, { code: 'THREAD_GONE', message });
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
    if (!expected) this.#onLost(this.#lost);
  }
}
