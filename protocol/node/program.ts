/**
 * A child program that speaks JSON lines (hardware/relay, hardware/gstreamer): started, asked, watched, restarted, never orphaned.
 * Policy of what runs inside stays with the owner: after each `up` the owner says again what the program should do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import { FaultError } from '../fault.ts';
import type { Log } from '../log.ts';
import { Attention } from './attention.ts';
import { type CrashRecord, crashed, noCrashes } from './backoff.ts';
import { type Deferred, deferred } from './deferred.ts';
import { type Ending, onEnd } from './ending.ts';
import { LineSplitter, MAX_LINE_BYTES } from './lines.ts';
import { parseMessage } from './message.ts';
import { Pending, type Reply } from './pending.ts';
import { lookAtThreads } from './threads.ts';

export interface ProgramOptions {
  /** For logs and faults. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * A request that is unanswered for so long counts as a hang: the program is killed and started again. Default 2000. It is the program's
   * own time: what it stands in line for a processor is added (protocol/node/attention.ts).
   */
  readonly requestTimeoutMs?: number;
  /** Default 1000. */
  readonly pingEveryMs?: number;
  /** Time to print its ready line; generous, because a first start may build caches. Default 15 000. */
  readonly readyTimeoutMs?: number;
  /** Waits before restarts; the last repeats, 10 s up start from the first again. Default [0, 100, 250, 500, 1000, 2000]. */
  readonly backoffMs?: readonly number[];
  /** Crashes within 60 s before it gives up (state `failed`). Default 20. */
  readonly giveUpAfter?: number;
  /** Extra readable pipes, from fd 3 on. Default 0. */
  readonly fds?: number;
}

/** A command for the program; the id is added here. */
export interface Command {
  readonly do: string;
  readonly [key: string]: unknown;
}

export type ProgramState = 'stopped' | 'starting' | 'up' | 'down' | 'failed';

export interface ProgramDown {
  readonly because: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly uptimeMs: number;
  /** True when we asked for it. */
  readonly expected: boolean;
  /** The end of its stderr, oldest first; a crashing worker names its thread there. */
  readonly lastWords: readonly string[];
}

export interface ProgramEvents {
  up: [info: { readonly pid: number; readonly restarts: number }];
  down: [info: ProgramDown];
  event: [message: Readonly<Record<string, unknown>>];
  failed: [info: { readonly because: string }];
}

/** One life of the program: a process and what belongs to it alone. */
interface Life {
  readonly child: ChildProcess;
  readonly bornAt: number;
  readonly pending: Pending;
  readonly lastWords: string[];
  /** Why we killed it, when we did. */
  killedBecause: string | null;
  garbage: number;
  timers: Timer[];
  readonly gone: Deferred;
}

const RESET_AFTER_MS = 10_000;
const GIVE_UP_WINDOW_MS = 60_000;
const STOP_PATIENCE_MS = 1000;
const LAST_WORDS = 20;

export class Program extends EventEmitter<ProgramEvents> {
  readonly #options: ProgramOptions;
  readonly #log: Log;
  #state: ProgramState = 'stopped';
  #life: Life | null = null;
  #crashes: CrashRecord = noCrashes;
  #restarts = 0;
  #retry: Timer | null = null;
  #firstUp: Deferred | null = null;
  #stopping: Promise<void> | null = null;
  #wanted = false;

  constructor(options: ProgramOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ program: options.name });
  }

  get state(): ProgramState {
    return this.#state;
  }

  /** Process id, null while there is no process. */
  get pid(): number | null {
    return this.#life?.child.pid ?? null;
  }

  /** Starts after the first one, since `start()`. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts the program and keeps it running until `stop()`. Resolves when the ready line has been read the first time.
   * @throws FaultError `program.gone` when it cannot be started at all, gives up, or is stopped before it was ready.
   */
  async start(): Promise<void> {
    this.#wanted = true;
    if (this.#stopping !== null) await this.#stopping;
    // The last word counts: a stop() after this start() wins.
    if (!this.#wanted) throw this.#gone('start', 'it was stopped');
    if (this.#state === 'up') return;
    if (this.#firstUp) return this.#firstUp.promise;
    this.#firstUp = deferred();
    const { promise } = this.#firstUp;
    // After a crash it is already on its way back; only from rest it is spawned here.
    if (this.#state === 'stopped' || this.#state === 'failed') {
      this.#crashes = noCrashes;
      this.#restarts = 0;
      this.#spawn();
    }
    return promise;
  }

  /**
   * Sends one command and waits for its reply; `timeoutMs` replaces the usual patience for a command that may take longer.
   * @throws FaultError `program.refused` when it says no, `program.gone` when it is not up, dies or does not answer.
   */
  async request(message: Command, timeoutMs?: number): Promise<Reply> {
    const life = this.#life;
    if (this.#state !== 'up' || !life) throw this.#gone(message.do, `it is ${this.#state}`);
    return this.#send(life, message, timeoutMs);
  }

  /** The extra pipe `fd` (3…) of the running process; null when there is none. A restart brings a new one. */
  stream(fd: number): Readable | null {
    const pipes: ChildProcess['stdio'] | undefined = this.#life?.child.stdio;
    const pipe = pipes?.[fd];
    return fd >= 3 && pipe ? (pipe as Readable) : null;
  }

  /** Fault injection: sends `signal` to the process. */
  kill(signal: NodeJS.Signals): void {
    this.#life?.child.kill(signal);
  }

  /** Asks it to quit, kills it after one second. Resolves when the process is gone. Idempotent. */
  stop(): Promise<void> {
    this.#wanted = false;
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = null;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#retry?.cancel();
    this.#retry = null;
    const life = this.#life;
    this.#state = 'stopped';
    this.#failStart('it was stopped');
    if (!life) return;
    life.child.stdin?.write('{"do":"quit"}\n');
    life.child.stdin?.end();
    const patience = this.#options.clock.after(STOP_PATIENCE_MS, `${this.#options.name} quits`, () => {
      this.#log.warn({ afterMs: STOP_PATIENCE_MS }, 'program did not quit and was killed');
      life.child.kill('SIGKILL');
    });
    await life.gone.promise;
    patience.cancel();
  }

  #spawn(): void {
    const { name, command, args, clock, env, fds = 0, requestTimeoutMs = 2000, readyTimeoutMs = 15_000 } = this.#options;
    this.#state = 'starting';
    const child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe', ...Array.from({ length: fds }, () => 'pipe' as const)],
      // biome-ignore lint/style/noProcessEnv: a child inherits what its owner was given.
      env: { ...process.env, ...env },
      detached: false,
    });
    const { pid } = child;
    const attention = new Attention(clock, () => (pid === undefined ? null : lookAtThreads(pid, clock.mono())));
    const pending = new Pending(
      (ms, what, overdue) => attention.wait(ms, what, overdue),
      requestTimeoutMs,
      (what, because) => this.#hang(life, `no answer to ${what} for ${because}`),
    );
    const life: Life = {
      child,
      bornAt: clock.mono(),
      pending,
      lastWords: [],
      killedBecause: null,
      garbage: 0,
      timers: [],
      gone: deferred(),
    };
    this.#life = life;
    const readyTimer = attention.wait(readyTimeoutMs, `${name} becomes ready`, (because) => {
      if (this.#state === 'starting') this.#hang(life, `not ready after ${because}`);
    });
    life.timers.push(readyTimer);
    this.#listen(life);
  }

  #listen(life: Life): void {
    const { child } = life;
    // A program that dies while we write gives EPIPE here; its exit tells the rest.
    // Without file descriptors left (EMFILE) Node makes no pipes at all.
    const pipes: ChildProcess['stdio'] | undefined = child.stdio;
    for (const [fd, pipe] of pipes?.entries() ?? [])
      pipe?.on('error', (error) => this.#log.debug({ fd, because: error.message }, 'program pipe broke'));
    const out = new LineSplitter();
    const words = new LineSplitter(4096);
    child.stdout?.on('data', (chunk: Buffer) => {
      const before = out.dropped;
      for (const line of out.push(chunk)) this.#read(life, line);
      if (out.dropped > before) this.#garbage(life, `line longer than ${MAX_LINE_BYTES} bytes`, '');
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      for (const line of words.push(chunk)) {
        if (line.trim() === '') continue;
        this.#log.debug({ line }, 'program wrote to stderr');
        life.lastWords.push(line);
        if (life.lastWords.length > LAST_WORDS) life.lastWords.shift();
      }
    });
    onEnd(child, this.#options.clock, (end) => this.#ended(life, end));
  }

  #read(life: Life, line: string): void {
    const message = parseMessage(line);
    switch (message.is) {
      case 'ready':
        if (this.#state === 'starting' && this.#life === life) this.#ready(life);
        return;
      case 'event':
        this.#tell('event', message.facts);
        return;
      case 'reply': {
        const { id, ok, facts } = message;
        const program = this.#options.name;
        const error = String(facts['error'] ?? 'unknown');
        const detail = String(facts['detail'] ?? '');
        life.pending.settle(id, facts, ok ? null : (command) => ({ code: 'program.refused', program, command, error, detail }));
        return;
      }
      case 'remark':
        if (!message.ok) this.#log.warn({ detail: message.detail }, 'program could not read a command');
        return;
      case 'garbage':
        this.#garbage(life, message.because, line);
        return;
      default:
        message satisfies never;
    }
  }

  #ready(life: Life): void {
    const { name, clock, pingEveryMs = 1000 } = this.#options;
    this.#state = 'up';
    for (const timer of life.timers.splice(0)) timer.cancel();
    life.timers.push(
      clock.every(pingEveryMs, `ping ${name}`, () => {
        // One ping at a time: behind an open request a second one proves nothing.
        if (life.pending.size > 0) return;
        this.#send(life, { do: 'ping' }).catch((error: Error) => this.#log.debug({ because: error.message }, 'ping was not answered'));
      }),
    );
    const info = { pid: life.child.pid ?? 0, restarts: this.#restarts };
    this.#log.info({ programPid: info.pid, restarts: info.restarts }, 'program came up');
    this.#firstUp?.resolve();
    this.#firstUp = null;
    this.#tell('up', info);
  }

  async #send(life: Life, message: Command, timeoutMs?: number): Promise<Reply> {
    const { id, reply } = life.pending.open(message.do, timeoutMs);
    const line = `${JSON.stringify({ ...message, id })}\n`;
    const size = Buffer.byteLength(line) - 1;
    if (size > MAX_LINE_BYTES)
      life.pending.settle(id, {}, () => ({ code: 'input.too-large', limit: 'program line', size, max: MAX_LINE_BYTES }));
    else life.child.stdin?.write(line);
    return reply;
  }

  #hang(life: Life, because: string): void {
    if (life.killedBecause !== null) return;
    life.killedBecause = because;
    this.#log.error({ because, programPid: life.child.pid }, 'program hung and was killed');
    life.child.kill('SIGKILL');
  }

  #ended(life: Life, { code, signal, how, errno }: Ending): void {
    if (this.#life !== life) return;
    this.#life = null;
    for (const timer of life.timers.splice(0)) timer.cancel();
    const { clock, name, command } = this.#options;
    const at = clock.mono();
    const because = life.killedBecause ?? how;
    const expected = this.#state === 'stopped';
    const wasUp = this.#state === 'up';
    const down: ProgramDown = { because, code, signal, uptimeMs: at - life.bornAt, expected, lastWords: life.lastWords };
    if (expected) this.#log.info({ because }, 'program stopped');
    else this.#log.error({ ...down }, 'program crashed');
    if (!expected) this.#state = 'down';
    life.pending.failAll((what) => ({ code: 'program.gone', program: name, command: what, because }));
    let waitMs: number | null = null;
    if (!expected) {
      const policy = {
        backoffMs: this.#options.backoffMs ?? [0, 100, 250, 500, 1000, 2000],
        resetAfterMs: RESET_AFTER_MS,
        giveUpAfter: this.#options.giveUpAfter ?? 20,
        windowMs: GIVE_UP_WINDOW_MS,
      };
      const verdict = crashed(this.#crashes, policy, at, wasUp ? down.uptimeMs : 0);
      this.#crashes = verdict.record;
      // A program file that is not there does not come back by trying.
      waitMs = errno === 'ENOENT' || errno === 'EACCES' ? null : verdict.waitMs;
      if (waitMs !== null) this.#retryIn(waitMs);
    }
    life.gone.resolve();
    this.#tell('down', down);
    if (!expected && waitMs === null && this.#state === 'down') {
      const reason = errno
        ? `cannot run ${command}: ${because}`
        : `${this.#crashes.times.length} crashes within 60 s, the last: ${because}`;
      this.#state = 'failed';
      this.#log.error({ because: reason }, 'program was given up');
      this.#failStart(reason);
      this.#tell('failed', { because: reason });
    }
  }

  #retryIn(waitMs: number): void {
    this.#retry = this.#options.clock.after(waitMs, `restart ${this.#options.name}`, () => {
      this.#retry = null;
      this.#restarts += 1;
      this.#spawn();
    });
  }

  #failStart(because: string): void {
    this.#firstUp?.reject(this.#gone('start', because));
    this.#firstUp = null;
  }

  #gone(command: string, because: string): FaultError {
    return new FaultError({ code: 'program.gone', program: this.#options.name, command, because });
  }

  #garbage(life: Life, because: string, line: string): void {
    life.garbage += 1;
    if (life.garbage === 1 || life.garbage % 1000 === 0)
      this.#log.warn({ because, line: line.slice(0, 200), count: life.garbage }, 'program wrote something that is no message');
  }

  /** A listener that throws is a bug of the listener's owner; supervision goes on, loudly. */
  #tell<K extends keyof ProgramEvents>(name: K, ...args: ProgramEvents[K]): void {
    try {
      (this as EventEmitter).emit(name, ...args);
    } catch (error) {
      this.#log.error({ err: error, event: name }, 'a listener of the program threw');
    }
  }
}
