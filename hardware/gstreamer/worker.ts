/**
 * One media worker process and the one pipeline it runs, as its owner sees it. A crash or hang costs a moment, not the pipeline: the
 * process is started again and so is the same pipeline, with its reflexes and everything that was set since. Policy stays with the owner.
 */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { Program, type ProgramDown } from '../../protocol/node/program.ts';
import { niceOf, type Rank } from '../../protocol/node/rank.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { parseEvent, type WorkerEvent } from './events.ts';
import { cure } from './packages.ts';
import { type Cell, type Pipeline, pipeline, reflexesOf } from './pipeline.ts';
import { parseStamps, parseStats, type StampReading, type WorkerStats } from './readings.ts';
import type { Reflex, SetProperty, Switch } from './reflexes.ts';
import { render } from './render.ts';

export interface WorkerOptions {
  /** For logs: what this process is for. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Pipes from fd 3 on, for `fdsink fd=3`. Default 0. */
  readonly fds?: number;
  /** Waits before a pipeline that has failed or ended is started again in the same process; the last repeats. Empty (default): the owner decides. */
  readonly recoverMs?: readonly number[];
  /** What it goes before on a busy machine, where the system grants it. Default: `rest`, whatever the rank of its owner. */
  readonly rank?: Rank | undefined;
  /** Allows `crash()`: drills and tests. */
  readonly faults?: boolean;
  /** Another binary than build/native/worker (the one with sanitizers). */
  readonly binary?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export type WorkerState = 'stopped' | 'starting' | 'playing' | 'down' | 'failed';

export interface WorkerDown {
  readonly because: string;
  /** The thread that crashed, as named by its element (at most 15 letters), when the process could still say so. */
  readonly thread: string | null;
  readonly signal: string | null;
  readonly expected: boolean;
}

export interface WorkerEvents {
  /** Everything that the pipeline reports. */
  event: [event: WorkerEvent];
  /** The process has ended; unless expected it is coming back. */
  down: [info: WorkerDown];
  /** The same pipeline runs again, in a new process or (`recoverMs`) in the same one. */
  restarted: [info: { readonly because: string; readonly thread: string | null; readonly restarts: number; readonly outageMs: number }];
  /** Given up: too many crashes, or the pipeline cannot be started any more. */
  failed: [info: { readonly because: string }];
}

/** Plugins are loaded and devices opened within a start: it may take longer than other commands. */
const START_MS = 10_000;
const STOP_MS = 4000;
const RECOVERED_AFTER_MS = 10_000;

export class Worker extends EventEmitter<WorkerEvents> {
  readonly #options: WorkerOptions;
  readonly #program: Program;
  readonly #log: Log;
  #pipeline: Pipeline | null = null;
  /** What was set or switched at run time, by target: said again after a restart. */
  readonly #since = new Map<string, Reflex>();
  #state: WorkerState = 'stopped';
  #downAt = 0;
  #because = '';
  #thread: string | null = null;
  #restarts = 0;
  #startedAt = 0;
  #recoveries = 0;
  #recovery: Timer | null = null;

  constructor(options: WorkerOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ worker: options.name });
    this.#program = new Program({
      name: `worker ${options.name}`,
      command: options.binary ?? join(packageRoot(), 'build', 'native', 'worker'),
      args: [`--nice=${niceOf[options.rank ?? 'rest']}`, ...(options.faults ? ['--faults'] : [])],
      clock: options.clock,
      log: options.log,
      fds: options.fds ?? 0,
      ...(options.env ? { env: options.env } : {}),
    });
    this.#program.on('event', (message) => this.#heard(message));
    this.#program.on('down', (info) => this.#down(info));
    this.#program.on('up', () => this.#up());
    this.#program.on('failed', ({ because }) => this.#fail(because));
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#program.pid;
  }

  /** Times the pipeline was started again by itself. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts the process if there is none, and in it this pipeline in place of the one it may be running.
   * @throws FaultError `program.refused`: the pipeline cannot start, the detail says why and which package is missing; `program.gone`.
   */
  async start(pipeline: Pipeline): Promise<void> {
    this.#recovery?.cancel();
    const replace = this.#pipeline !== null;
    this.#pipeline = null;
    this.#since.clear();
    this.#state = 'starting';
    await this.#program.start();
    if (replace) await this.#program.request({ do: 'stop' }, STOP_MS);
    this.#pipeline = pipeline;
    try {
      await this.#play(pipeline);
    } catch (error) {
      // A crash while starting: the restart that follows tries the same pipeline again, and its outcome is told by events.
      if (this.#program.state === 'up') this.#pipeline = null;
      throw error;
    }
  }

  /** Ends the pipeline and keeps the process. With `eos` files are closed first; true when that was done in time (0.9 s). */
  async finish({ eos = false }: { readonly eos?: boolean } = {}): Promise<boolean> {
    this.#recovery?.cancel();
    this.#pipeline = null;
    this.#since.clear();
    const { finalised } = await this.#program.request({ do: 'stop', eos }, STOP_MS);
    this.#state = 'stopped';
    return finalised === true;
  }

  /** Ends pipeline and process. A recording is closed first. Idempotent. */
  async stop(): Promise<void> {
    this.#recovery?.cancel();
    if (this.#pipeline?.finalise && this.#program.state === 'up')
      await this.finish({ eos: true }).catch((error: Error) => this.#log.warn({ because: error.message }, 'recording was not closed'));
    this.#pipeline = null;
    this.#since.clear();
    await this.#program.stop();
    this.#state = 'stopped';
  }

  /** Sets a property of an element (`id`) or of its pad (`id.sink_3`). Text is GStreamer's notation: enum names, caps, matrices. */
  async set(element: string, property: string, value: string | number | boolean): Promise<void> {
    const command: SetProperty = { do: 'set', element, property, value };
    await this.#program.request({ ...command });
    this.#since.set(`set ${element} ${property}`, command);
  }

  /** Reads a property: numbers, texts, booleans; structures as objects, 64-bit numbers beyond 2^53 as text. */
  async get(element: string, property: string): Promise<unknown> {
    return (await this.#program.request({ do: 'get', element, property })).value;
  }

  /** Makes an input-selector without watchdog show another pad, at once. */
  async switch(selector: string, pad: string): Promise<void> {
    const command: Switch = { do: 'switch', selector, pad };
    await this.#program.request({ ...command });
    this.#since.set(`switch ${selector}`, command);
  }

  /** Asks the encoder at or above `element` for an IDR with its next frame. */
  async keyframe(element: string): Promise<void> {
    await this.#program.request({ do: 'keyframe', element });
  }

  /** Puts a reflex into the running pipeline; it stays across restarts. A second watchdog on a selector, or `thin` on a pad, replaces the first. */
  async attach(reflex: Reflex): Promise<void> {
    await this.#program.request({ ...reflex });
    const key = replaceable(reflex) ?? JSON.stringify(reflex);
    this.#since.set(key, reflex);
  }

  /**
   * Opens a cell in the running pipeline. Whether it delivers, fails or ends is told by events; it is not opened again by itself, neither after
   * a failure nor in a new process. @throws FaultError `program.refused`: not possible, or `cell.busy` until it is shut.
   */
  async open({ name, into, chains, ownTime = false }: Cell): Promise<void> {
    const whole = pipeline(chains);
    await this.#program.request({ do: 'cell', name, into, ownTime, launch: render(whole), reflexes: reflexesOf(whole) });
  }

  /** Shuts a cell. False: it was shut; else the event `cell` tells when it is. */
  async shut(name: string): Promise<boolean> {
    return (await this.#program.request({ do: 'shut', name })).closing === true;
  }

  /** All counters; `reset` begins a new window for the largest gaps. */
  async stats({ reset = false }: { readonly reset?: boolean } = {}): Promise<WorkerStats> {
    return parseStats(await this.#program.request({ do: 'stats', reset }));
  }

  /** What a stamp reader has read since the last call (samples) or the last reset (counters). */
  async stamps(name: string, { reset = false }: { readonly reset?: boolean } = {}): Promise<StampReading> {
    return parseStamps(await this.#program.request({ do: 'stamps', name, reset }));
  }

  /** Which of these element types this machine has not. Starts the process if there is none. */
  async missing(factories: readonly string[]): Promise<readonly string[]> {
    await this.#program.start();
    const { missing } = await this.#program.request({ do: 'elements', names: factories }, START_MS);
    return Array.isArray(missing) ? missing.map(String) : [];
  }

  /** The pipe behind `fdsink fd=3`; a restarted process has a new one. */
  stream(fd: number): Readable | null {
    return this.#program.stream(fd);
  }

  /** Fault injection. */
  kill(signal: NodeJS.Signals): void {
    this.#program.kill(signal);
  }

  /** Fault injection: the next buffer at this pad kills the process in its streaming thread. Needs `faults`. */
  async crash(element: string, pad: string): Promise<void> {
    await this.#program.request({ do: 'crash', element, pad });
  }

  async #play(pipeline: Pipeline): Promise<void> {
    this.#state = 'starting';
    const reflexes = [...reflexesOf(pipeline), ...this.#since.values()];
    try {
      await this.#program.request({ do: 'start', launch: render(pipeline), reflexes, finalise: pipeline.finalise }, START_MS);
    } catch (error) {
      this.#state = this.#program.state === 'up' ? 'failed' : 'down';
      throw withCure(error);
    }
    this.#startedAt = this.#options.clock.mono();
    this.#state = 'playing';
  }

  #up(): void {
    if (this.#pipeline && this.#state === 'down') void this.#playAgain(this.#pipeline);
  }

  async #playAgain(pipeline: Pipeline): Promise<void> {
    try {
      await this.#play(pipeline);
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      // Died again: the next `up` tries again, and Program gives up when that goes on.
      if (this.#program.state !== 'up' || this.#pipeline !== pipeline) return;
      if (!this.#recoverSoon(because)) this.#fail(because);
      return;
    }
    this.#restarts += 1;
    const outageMs = this.#options.clock.mono() - this.#downAt;
    const info = { because: this.#because, thread: this.#thread, restarts: this.#restarts, outageMs };
    this.#log.info(info, 'pipeline started again');
    this.emit('restarted', info);
  }

  #down(info: ProgramDown): void {
    const crash = info.lastWords.map((line) => /^crash thread=(\S+) signal=\d+/.exec(line)?.[1]).find((name) => name !== undefined);
    if (this.#state !== 'down') this.#downAt = this.#options.clock.mono();
    this.#recovery?.cancel();
    this.#state = info.expected ? 'stopped' : 'down';
    this.#because = info.because;
    this.#thread = crash ?? null;
    this.emit('down', { because: info.because, thread: this.#thread, signal: info.signal, expected: info.expected });
  }

  #heard(message: Readonly<Record<string, unknown>>): void {
    const event = parseEvent(message);
    if (!event) {
      this.#log.warn({ event: message.event }, 'worker sent an event that is not known here');
      return;
    }
    if (event.event === 'warning') this.#log.debug({ element: event.element, message: event.message }, 'pipeline warned');
    if (event.event === 'error') this.#log.error({ element: event.element, message: event.message, debug: event.debug }, 'pipeline failed');
    if ((event.event === 'error' || event.event === 'eos') && this.#state === 'playing') {
      this.#downAt = this.#options.clock.mono();
      const because = event.event === 'error' ? `${event.element}: ${event.message}` : 'its sources ended';
      if (event.event === 'error') this.#state = 'failed';
      this.#recoverSoon(because);
    }
    this.emit('event', event);
  }

  /** False when the owner wants to decide itself. */
  #recoverSoon(because: string): boolean {
    const waits = this.#options.recoverMs ?? [];
    const pipeline = this.#pipeline;
    if (waits.length === 0 || !pipeline) return false;
    if (this.#options.clock.mono() - this.#startedAt > RECOVERED_AFTER_MS) this.#recoveries = 0;
    const waitMs = waits[Math.min(this.#recoveries++, waits.length - 1)] ?? 0;
    this.#because = because;
    this.#thread = null;
    this.#recovery?.cancel();
    this.#recovery = this.#options.clock.after(waitMs, `recover ${this.#options.name}`, () => void this.#recover(pipeline));
    return true;
  }

  async #recover(pipeline: Pipeline): Promise<void> {
    try {
      await this.#program.request({ do: 'stop' }, STOP_MS);
    } catch (error) {
      // It died of it: then its restart brings the pipeline back.
      this.#log.warn({ because: error instanceof Error ? error.message : String(error) }, 'failed pipeline did not stop');
      return;
    }
    if (this.#pipeline === pipeline) await this.#playAgain(pipeline);
  }

  #fail(because: string): void {
    this.#state = 'failed';
    this.#log.error({ because }, 'worker was given up');
    this.emit('failed', { because });
  }
}

/** Of what there is one at a place at most: where it is put, the former is gone. */
function replaceable(reflex: Reflex): string | null {
  if (reflex.do === 'watchdog') return `watchdog ${reflex.selector}`;
  if (reflex.do === 'thin') return `thin ${reflex.element} ${reflex.pad}`;
  return reflex.do === 'judge' ? `judge ${reflex.element} ${reflex.pad}` : null;
}

/** A missing element is told with the package that brings it. */
function withCure(error: unknown): unknown {
  if (!(error instanceof FaultError) || error.fault.code !== 'program.refused' || error.fault.error !== 'element.missing') return error;
  const names = error.fault.detail.replace(/^.*: /, '').split(', ');
  return new FaultError({ ...error.fault, detail: `missing: ${cure(names)}` });
}
