/**
 * One fault domain: a worker process whose pipeline is built anew for each life, so that a restarted stream gets its next SSRC. Started
 * again after a crash or a failed pipeline; its owner is told whose stream did it and sets everything again in `ready`.
 */
import { EventEmitter } from 'node:events';
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import type { Pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { Worker, type WorkerOptions } from '../../hardware/gstreamer/worker.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import { because } from './report/because.ts';

export interface DomainOptions {
  /** For logs and reports: `mosaic`, `audio`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The pipeline of the n-th life, from 0. */
  readonly make: (life: number) => Pipeline;
  /** Called each time the pipeline plays: set what has to be set. A rejection counts as a failure of the pipeline. */
  readonly ready: (worker: Worker) => Promise<void>;
  /** As of `Worker`. */
  readonly rank?: WorkerOptions['rank'];
  /** Allows drills (`Worker.crash`). */
  readonly faults?: boolean;
}

export interface Loss {
  readonly because: string;
  /** The crashed thread or failed element, when known. */
  readonly culprit: string | null;
}

export interface DomainEvents {
  event: [event: WorkerEvent];
  /** The pipeline is gone; its ports are dead. It is coming back unless `given` up. */
  lost: [loss: Loss & { readonly final: boolean }];
  /** It plays and `ready` is done. */
  back: [info: { readonly life: number; readonly outageMs: number }];
}

/** Waits before a pipeline that fails again and again; a crash waits in the program's own back-off. */
const againMs = [0, 100, 250, 500, 1000, 2000];
const settledMs = 10_000;
const restMs = 60_000;

export class Domain extends EventEmitter<DomainEvents> {
  readonly worker: Worker;
  readonly #options: DomainOptions;
  readonly #log: Log;
  #life = 0;
  #state: Part['state'] = 'off';
  #because = 'not started';
  #failures = 0;
  #playingSince = 0;
  #lostAt = 0;
  #retry: Timer | null = null;
  #wanted = false;

  constructor(options: DomainOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: options.name });
    const { name, clock, log, rank, faults = false } = options;
    this.worker = new Worker({ name, clock, log, rank, faults });
    this.worker.on('event', (event) => this.#heard(event));
    this.worker.on('down', (info) => {
      if (!info.expected) this.#lost({ because: info.because, culprit: info.thread }, 0);
    });
    this.worker.on('failed', (info) => this.#givenUp(info.because));
  }

  get playing(): boolean {
    return this.#state === 'running';
  }

  /** Starts of the pipeline after the first. */
  get restarts(): number {
    return Math.max(0, this.#life - 1);
  }

  part(): Part {
    return { name: this.#options.name, state: this.#state, because: this.#because.slice(0, 300), restarts: this.restarts };
  }

  /** Never rejects: what goes wrong is told by events and `part()`. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#lostAt = this.#options.clock.mono();
    this.#state = 'starting';
    this.#because = 'starting';
    await this.#play();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    this.#retry?.cancel();
    await this.worker.stop();
    this.#state = 'off';
    this.#because = 'stopped';
  }

  /** Builds the pipeline anew: its shape has to change. */
  async rebuild(why: string): Promise<void> {
    if (this.#wanted && this.playing) this.#lost({ because: why, culprit: null }, 0);
  }

  async #play(): Promise<void> {
    const life = this.#life++;
    const current = (): boolean => this.#wanted && this.#life === life + 1;
    try {
      await this.worker.start(this.#options.make(life));
      if (!current()) return;
      await this.#options.ready(this.worker);
    } catch (error) {
      // A crash has been told by `down` already, and then this life is not the current one any more.
      if (current()) this.#lost({ because: because(error), culprit: null }, this.#wait());
      return;
    }
    if (!current()) return;
    this.#state = 'running';
    this.#because = life === 0 ? 'plays' : `plays again after: ${this.#because}`;
    this.#playingSince = this.#options.clock.mono();
    this.#tell('back', { life, outageMs: this.#playingSince - this.#lostAt });
  }

  #heard(event: WorkerEvent): void {
    if (event.event === 'error') this.#lost({ because: `${event.element}: ${event.message}`, culprit: event.element }, this.#wait());
    else if (event.event === 'eos') this.#lost({ because: 'its sources ended', culprit: null }, this.#wait());
    this.#tell('event', event);
  }

  #wait(): number {
    if (this.playing && this.#options.clock.mono() - this.#playingSince > settledMs) this.#failures = 0;
    return againMs[Math.min(this.#failures++, againMs.length - 1)] ?? 0;
  }

  /** One loss for each life: a failing pipeline reports many errors. */
  #lost(loss: Loss, waitMs: number): void {
    if (!this.#wanted || this.#retry !== null || this.#state === 'failed') return;
    if (this.playing) this.#lostAt = this.#options.clock.mono();
    this.#state = 'starting';
    this.#because = loss.because;
    this.#log.warn({ ...loss, waitMs }, 'fault domain lost');
    this.#retry = this.#options.clock.after(waitMs, `restart ${this.#options.name}`, () => {
      this.#retry = null;
      void this.#play();
    });
    this.#tell('lost', { ...loss, final: false });
  }

  /** Too many crashes in a row. A meeting may last for hours: after a rest it is tried again. */
  #givenUp(why: string): void {
    if (!this.#wanted) return;
    this.#retry?.cancel();
    this.#state = 'failed';
    this.#because = why;
    this.#retry = this.#options.clock.after(restMs, `try ${this.#options.name} again`, () => {
      this.#retry = null;
      this.#state = 'starting';
      void this.#play();
    });
    this.#tell('lost', { because: why, culprit: null, final: true });
  }

  #tell<K extends keyof DomainEvents>(name: K, ...args: DomainEvents[K]): void {
    try {
      (this as EventEmitter).emit(name, ...args);
    } catch (error) {
      this.#log.error({ err: error, event: name }, 'a listener of the fault domain threw');
    }
  }
}
