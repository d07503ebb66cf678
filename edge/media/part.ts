/**
 * One fault domain of the box's media: a worker process and the recipe of its pipeline. When the process dies the pipeline is made from
 * the recipe again, with a new incarnation and with everything that has changed since: the recipe reads the present, it is no recording.
 * What changes between that reading and the moment it plays is said to it before it counts as playing.
 */
import { EventEmitter } from 'node:events';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import type { Cell, Pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { StampReading, WorkerStats } from '../../hardware/gstreamer/readings.ts';
import type { Reflex } from '../../hardware/gstreamer/reflexes.ts';
import { Worker, type WorkerOptions } from '../../hardware/gstreamer/worker.ts';
import type { Clock } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../protocol/schema/reported.ts';

export interface PartOptions {
  /** `picture`, `voice`, `display`, `speaker`: for logs, events and reports. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** As of `Worker`. */
  readonly rank?: WorkerOptions['rank'];
  /** Something worth remembering happened. */
  readonly tell: (event: EventBody) => void;
}

export interface PartEvents {
  /** What the running pipeline reports. */
  event: [event: WorkerEvent];
  /** A pipeline plays: the first, another, or one that came back. */
  playing: [];
  /** The process died while a pipeline was wanted; it is coming back. `thread`: the element that crashed, if known. */
  crashed: [info: { readonly because: string; readonly thread: string | null }];
  /** It does not come back by itself: its owner lets it rest, and plays it again. */
  failed: [because: string];
}

type Recipe = () => Pipeline;

export class MediaPart extends EventEmitter<PartEvents> {
  readonly #options: PartOptions;
  readonly #log: Log;
  readonly #worker: Worker;
  #recipe: Recipe | null = null;
  #because = 'not wanted';
  #state: PartReport['state'] = 'off';
  #restarts = 0;
  #downAt = 0;
  /** What was asked for since the recipe of the pipeline that is being made was read, in this order. */
  #late: (() => Promise<void>)[] = [];
  /** Starting and ending go one after the other, whoever asks. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PartOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: options.name });
    const { name, clock, log, rank } = options;
    this.#worker = new Worker({ name, clock, log, rank });
    this.#worker.on('event', (event) => this.emit('event', event));
    this.#worker.on('down', ({ because, thread, expected }) => this.#died(because, thread, expected));
    this.#worker.on('failed', ({ because }) => this.#failed(because));
  }

  /** Process id, null while there is none. */
  get pid(): number | null {
    return this.#worker.pid;
  }

  get playing(): boolean {
    return this.#state === 'running';
  }

  /** Plays what the recipe says, in place of what runs now. @throws FaultError when that cannot start; the recipe is forgotten then. */
  async play(recipe: Recipe): Promise<void> {
    this.#recipe = recipe;
    await this.#inTurn(() => this.#make(recipe));
  }

  /** Ends the pipeline; the process stays, so that the next start is quick. Idempotent. */
  async rest(): Promise<void> {
    if (this.#recipe === null) return;
    this.#recipe = null;
    this.#become('off', 'not wanted');
    await this.#inTurn(async () => {
      if (this.#recipe === null) await this.#unlessGone(this.#worker.finish());
    });
  }

  /** Ends pipeline and process. Idempotent. */
  async stop(): Promise<void> {
    this.#recipe = null;
    this.#become('off', 'stopped');
    await this.#worker.stop();
  }

  /** Sets a property of the pipeline. The recipe has to know the value before this is called. */
  set(element: string, property: string, value: string | number | boolean): Promise<void> {
    return this.#say(() => this.#worker.set(element, property, value));
  }

  /** Puts a reflex into the pipeline. The recipe has to know it before this is called. */
  attach(reflex: Reflex): Promise<void> {
    return this.#say(() => this.#worker.attach(reflex));
  }

  /** Opens a cell in the running pipeline. @throws FaultError when it cannot be opened; one that fails afterwards is told by events. */
  async open(cell: Cell): Promise<void> {
    if (this.#state === 'running') await this.#unlessGone(this.#worker.open(cell));
  }

  /** Shuts a cell of the running pipeline. */
  async shut(name: string): Promise<void> {
    if (this.#state === 'running') await this.#unlessGone(this.#worker.shut(name));
  }

  /** Asks the encoder, or clip, `element` for an IDR. */
  keyframe(element: string): Promise<void> {
    return this.#say(() => this.#worker.keyframe(element));
  }

  /** Reads a property; null when nothing runs. */
  async get(element: string, property: string): Promise<unknown> {
    if (this.#state !== 'running') return null;
    return (await this.#unlessGone(this.#worker.get(element, property))) ?? null;
  }

  /** Counters of the running pipeline; null when nothing runs. */
  async stats(): Promise<WorkerStats | null> {
    if (this.#state !== 'running') return null;
    return (await this.#unlessGone(this.#worker.stats())) ?? null;
  }

  /** What a stamp reader has read since the last call; null when nothing runs. */
  async stamps(name: string): Promise<StampReading | null> {
    if (this.#state !== 'running') return null;
    return (await this.#unlessGone(this.#worker.stamps(name))) ?? null;
  }

  /** Fault drills and the command `restart-media`: the process dies as if by accident. */
  kill(): void {
    this.#worker.kill('SIGKILL');
  }

  report(): PartReport {
    return { name: this.#options.name, state: this.#state, because: this.#because.slice(0, 300), restarts: this.#restarts };
  }

  /** To the running pipeline; to one that is being made, as soon as it takes it. Without one nothing is lost: the recipe will know. */
  async #say(ask: () => Promise<void>): Promise<void> {
    if (this.#state === 'running') await this.#unlessGone(ask());
    else if (this.#state === 'starting') this.#late.push(ask);
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch((error: unknown) => this.#log.debug({ err: error }, 'turn of a media part failed'));
    return turn;
  }

  async #make(recipe: Recipe): Promise<void> {
    // Overtaken by a newer wish while waiting for its turn.
    if (this.#recipe !== recipe) return;
    this.#become('starting', 'pipeline is being made');
    this.#late = [];
    try {
      await this.#worker.start(recipe());
      while (this.#recipe === recipe && this.#late.length > 0) await Promise.all(this.#late.splice(0).map((ask) => ask()));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      if (this.#recipe !== recipe) return;
      // A process that died on the way is started again, and `#died` makes the pipeline anew.
      if (error.fault.code === 'program.gone' && this.#state === 'starting' && this.#worker.state !== 'failed') return;
      this.#recipe = null;
      this.#become('failed', brief(error.fault));
      throw error;
    }
    if (this.#recipe !== recipe) return;
    this.#become('running', 'as planned');
    this.emit('playing');
  }

  #died(because: string, thread: string | null, expected: boolean): void {
    const recipe = this.#recipe;
    if (expected || recipe === null) return;
    if (this.#state === 'running') this.#downAt = this.#options.clock.mono();
    this.#restarts += 1;
    this.#options.tell({
      kind: 'process',
      severity: 'warning',
      what: 'crashed',
      because: because.slice(0, 300),
      meeting: null,
      facts: { program: this.#options.name, restarts: this.#restarts, thread },
    });
    this.emit('crashed', { because, thread });
    // The owner may have changed its mind within the event.
    if (this.#recipe === recipe) void this.#again(recipe);
  }

  async #again(recipe: Recipe): Promise<void> {
    try {
      await this.#inTurn(() => this.#make(recipe));
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#failed(brief(error.fault));
      return;
    }
    if (this.#state !== 'running') return;
    const outageMs = Math.round(this.#options.clock.mono() - this.#downAt);
    this.#log.info({ outageMs, restarts: this.#restarts }, 'media part came back');
    this.#options.tell({
      kind: 'process',
      severity: 'info',
      what: 'returned',
      because: `pipeline plays again after ${outageMs} ms`,
      meeting: null,
      facts: { program: this.#options.name, restarts: this.#restarts, outageMs },
    });
  }

  #failed(because: string): void {
    this.#become('failed', because);
    this.#options.tell({
      kind: 'process',
      severity: 'error',
      what: 'gave-up',
      because: because.slice(0, 300),
      meeting: null,
      facts: { program: this.#options.name, restarts: this.#restarts },
    });
    this.emit('failed', because);
  }

  #become(state: PartReport['state'], because: string): void {
    this.#state = state;
    this.#because = because;
  }

  /** A process that is just dying cannot be told anything, and need not be: its successor's recipe knows. */
  async #unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'program.gone') throw error;
      this.#log.debug({ because: error.fault.because }, 'media part was gone when asked');
      return undefined;
    }
  }
}
