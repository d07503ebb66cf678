/** The owner's side of the thread that reads and writes recordings. It begins with the first job and ends with `stop()`. */
import { Worker } from 'node:worker_threads';
import type { Pressed, PressJob } from './press.ts';
import type { Scan, SegmentReadings } from './scan.ts';
import type { Job, Reply } from './thread.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Compiled it is a file like any other; from source it needs the loader that its owner was started with. */
function spawn(): Worker {
  const compiled = import.meta.url.endsWith('.js');
  const program = new URL(compiled ? './thread.js' : './thread.ts', import.meta.url);
  if (compiled) return new Worker(program);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const source = JSON.stringify(program.href);
  return new Worker(`import(${loader}).then((loader) => loader.tsImport(${source}, ${source}))`, { eval: true });
}

export class Bench {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #next = 0;
  #stopped = false;

  /** Hash and contents of a segment. @throws Error of the system when it cannot be read. */
  scan(path: string, readings: SegmentReadings): Promise<Scan> {
    return this.#do({ do: 'scan', path, readings }) as Promise<Scan>;
  }

  /** Writes one file of many. @throws Error of the system when it cannot. */
  press(job: PressJob): Promise<Pressed> {
    return this.#do({ do: 'press', job }) as Promise<Pressed>;
  }

  /** Ends in the middle of whatever it does; what it was writing is left half. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#fail(new Error('the hub stops'));
  }

  #do(job: Job): Promise<unknown> {
    if (this.#stopped) return Promise.reject(new Error('the hub stops'));
    this.#worker ??= this.#spawn();
    const worker = this.#worker;
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, job });
    });
  }

  #spawn(): Worker {
    const worker = spawn();
    worker.unref();
    worker.on('message', ({ id, value, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(Object.assign(new Error(error.message), error.code === null ? {} : { code: error.code }));
    });
    const gone = (error: Error): void => {
      if (this.#worker === worker) this.#worker = null;
      this.#fail(error);
    };
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error('the thread ended')));
    return worker;
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
