/** A screen or a loudspeaker: a media part that is opened, and opened again for ever when it cannot be or fails (unplugged, no rights). */
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import type { Pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { MediaPart, type PartOptions } from './part.ts';

export interface OutputOptions extends PartOptions {
  readonly recipe: () => Pipeline;
  /** A pipeline plays: the first, or another. */
  readonly playing: () => Promise<void>;
  readonly heard?: (event: WorkerEvent) => void;
  /** It failed and rests. True: the recipe knows something better for that time. */
  readonly failed: () => boolean;
  /** The rest is over, it is opened again. */
  readonly again?: () => void;
}

const RETRY_MS = 5000;

export class Output {
  readonly part: MediaPart;
  readonly #options: OutputOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  #retry: Timer | null = null;
  #stopped = true;

  constructor(options: OutputOptions) {
    const { name, clock, log, playing, heard } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = log.child({ part: name });
    this.part = new MediaPart(options);
    this.part.on('playing', () => void playing());
    this.part.on('failed', (because) => this.#failed(because));
    this.part.on('event', (event) => {
      heard?.(event);
      if (event.event === 'error') this.#failed(`${event.element}: ${event.message}`);
    });
  }

  get pids(): readonly number[] {
    return this.part.pid === null ? [] : [this.part.pid];
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#open();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.part.stop();
  }

  async #open(): Promise<void> {
    try {
      await this.part.play(this.#options.recipe);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#failed(brief(error.fault));
    }
  }

  #failed(because: string): void {
    if (this.#retry !== null || this.#stopped) return;
    this.#log.warn({ because, againMs: RETRY_MS }, 'output failed');
    if (this.#options.failed()) void this.#open();
    this.#retry = this.#clock.after(RETRY_MS, `${this.#options.name} is opened again`, () => {
      this.#retry = null;
      this.#options.again?.();
      void this.#open();
    });
  }
}
