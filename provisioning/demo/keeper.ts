/** Starts the demo's processes, starts them again when they die, and stops every one of them: what systemd does on real machines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock, Timer } from '../../protocol/clock.ts';

export interface Kept {
  readonly name: string;
  /** Arguments of node: the root and its own arguments. */
  readonly args: readonly string[];
  /** How long it stays dead before it is started again; without it the wait is short and grows with each death. */
  readonly restMs?: number;
}

interface Running {
  readonly spec: Kept;
  child: ChildProcess | null;
  starts: number;
  startedAt: number;
  /** First-start handlers waiting for the `started` line. */
  readonly waiting: ((line: Record<string, unknown>) => void)[];
  timer: Timer | null;
  readonly log: WriteStream;
}

/** The first as in the units. */
const backoffMs = [500, 500, 1000, 2000] as const;
/** A process that lived this long starts again after the first of them the next time. */
const settledMs = 10_000;

export class Keeper {
  readonly #clock: Clock;
  readonly #logDir: string;
  readonly #changed: () => void;
  readonly #kept = new Map<string, Running>();
  #stopping = false;

  /** `changed` is called whenever a process id changes. */
  constructor(clock: Clock, logDir: string, changed: () => void) {
    this.#clock = clock;
    this.#logDir = logDir;
    this.#changed = changed;
  }

  /** Starts a process; resolves with its `started` line. Rejects when it exits before that the first time: its log says why. */
  start(spec: Kept): Promise<Record<string, unknown>> {
    const log = createWriteStream(join(this.#logDir, `${spec.name}.log`), { flags: 'a' });
    const running: Running = { spec, child: null, starts: 0, startedAt: 0, waiting: [], timer: null, log };
    this.#kept.set(spec.name, running);
    return new Promise((resolve, reject) => {
      running.waiting.push(resolve);
      const child = this.#spawn(running);
      child.once('exit', (code) => {
        if (running.waiting.includes(resolve))
          reject(new Error(`${spec.name} exited with code ${code} before it was up; see ${spec.name}.log in ${this.#logDir}`));
      });
    });
  }

  /** Process ids by name, for fault injection. */
  pids(): Record<string, number> {
    const entries = [...this.#kept].flatMap(([name, { child }]) => (child?.pid === undefined ? [] : [[name, child.pid] as const]));
    return Object.fromEntries(entries);
  }

  /** Asks every process to stop, kills what is left after three seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const gone = [...this.#kept.values()].map((running) => this.#end(running));
    await Promise.all(gone);
  }

  async #end(running: Running): Promise<void> {
    running.timer?.cancel();
    const child = running.child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const hard = this.#clock.after(3000, `kill ${running.spec.name}`, () => child.kill('SIGKILL'));
      await exited;
      hard.cancel();
    }
    running.log.end();
  }

  #spawn(running: Running): ChildProcess {
    running.starts++;
    running.startedAt = this.#clock.mono();
    // A pipe nobody writes to: its end tells that the demo is gone, even when that is killed.
    const child = spawn(process.execPath, ['--enable-source-maps', ...running.spec.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Whoever is kept may die in a drill.
      env: { ...process.env, DIEMCAU_KEPT: '1' },
    });
    running.child = child;
    this.#changed();
    child.stderr.pipe(running.log, { end: false });
    createInterface({ input: child.stdout }).on('line', (line) => {
      running.log.write(`${line}\n`);
      const message = parseLine(line);
      if (message?.['event'] === 'started') for (const tell of running.waiting.splice(0)) tell(message);
    });
    child.once('exit', () => this.#exited(running));
    return child;
  }

  #exited(running: Running): void {
    running.child = null;
    this.#changed();
    if (this.#stopping) return;
    if (this.#clock.mono() - running.startedAt > settledMs) running.starts = 1;
    const delay = running.spec.restMs ?? backoffMs[Math.min(running.starts - 1, backoffMs.length - 1)] ?? 2000;
    running.timer = this.#clock.after(delay, `start ${running.spec.name} again`, () => this.#spawn(running));
  }
}

/** A JSON object, or undefined: programs may print anything. */
function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
