/**
 * Takes one picture after another, each with a worker of its own, because no muxer survives a change of format: the next take is started
 * and waits for its first IDR before the one before is closed, so that nothing is missing at the seam. Used by recording and preview.
 */
import type { Pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { Worker } from '../../hardware/gstreamer/worker.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Tap } from './forward/table.ts';
import { because } from './report/because.ts';

/** What shall be taken; a different `key` needs a new take. */
export interface Wanted {
  readonly key: string;
  /** Base SSRC of the picture. */
  readonly ssrc: number;
  readonly sound: boolean;
}

export interface Take<W extends Wanted> {
  readonly n: number;
  readonly want: W;
  readonly worker: Worker;
}

export interface TakesOptions<W extends Wanted> {
  /** Begins the names of its taps: at most ten letters. */
  readonly name: string;
  readonly meeting: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly fds: number;
  readonly pipeline: (n: number, want: W) => Pipeline;
  /** `taps` has changed. */
  readonly changed: () => void;
  /** Its worker runs; the picture has not come yet. A rejection ends the take. */
  readonly prepared: (take: Take<W>) => Promise<void>;
  /** The first IDR has come: this is the picture now. */
  readonly began: (take: Take<W>) => void;
  /** Closed; `why` is null when it was meant to end. */
  readonly ended: (take: Take<W>, why: string | null) => Promise<void>;
}

/** What every take's pipeline calls its inputs; the elements with the ports are `video-udp` and `audio-udp`. */
export const takeVideo = 'video';
export const takeAudio = 'audio';

const againMs = [0, 250, 500, 1000, 2000, 5000];
const settledMs = 10_000;

interface Running<W extends Wanted> extends Take<W> {
  want: W;
  ports: { readonly video: number; readonly audio: number | null } | null;
  rolling: boolean;
  since: number;
  over: boolean;
}

export class Takes<W extends Wanted> {
  readonly #options: TakesOptions<W>;
  readonly #log: Log;
  #want: W | null = null;
  #current: Running<W> | null = null;
  #pending: Running<W> | null = null;
  #next = 0;
  #failures = 0;
  #retry: Timer | null = null;
  readonly #closing = new Set<Promise<void>>();

  /** @param firstN number of the first take. */
  constructor(options: TakesOptions<W>, firstN = 0) {
    this.#options = options;
    this.#log = options.log;
    this.#next = firstN;
  }

  /** Where the relay has to send. Sound comes with the picture, not before it. */
  get taps(): readonly Tap[] {
    return [this.#current, this.#pending].flatMap((take): Tap[] => {
      if (take === null || take.ports === null || take.over) return [];
      return [
        {
          name: this.#tapName(take),
          video: { port: take.ports.video, ssrc: take.want.ssrc },
          audioPort: take.rolling ? take.ports.audio : null,
        },
      ];
    });
  }

  /** True once the wanted picture is being taken. */
  get rolling(): boolean {
    return this.#current !== null && this.#want !== null && this.#current.want.key === this.#want.key;
  }

  get failures(): number {
    return this.#failures;
  }

  /** What shall be taken from now on; null ends. */
  apply(want: W | null): void {
    this.#want = want;
    if (want === null) {
      this.#retry?.cancel();
      this.#retry = null;
      for (const take of [this.#pending, this.#current]) if (take !== null) this.#close(take, null);
      return;
    }
    if (this.#pending !== null && this.#pending.want.key !== want.key) {
      // Its picture has not come: it can wait for another one of the same kind, else it is given up.
      this.#close(this.#pending, null);
    }
    if (this.#current?.want.key === want.key) {
      if (this.#pending !== null) this.#close(this.#pending, null);
      this.#current.want = want;
      return;
    }
    if (this.#pending === null && this.#retry === null) this.#start(want);
  }

  /** A view of the relay switched. */
  switched(view: string): void {
    const pending = this.#pending;
    if (pending === null || view !== `${this.#options.meeting}.${this.#tapName(pending)}`) return;
    const before = this.#current;
    pending.rolling = true;
    pending.since = this.#options.clock.mono();
    this.#current = pending;
    this.#pending = null;
    this.#options.began(pending);
    this.#options.changed();
    if (before !== null) this.#close(before, null);
  }

  /** Fault injection and tests: the process that takes now. */
  get worker(): Worker | null {
    return this.#current?.worker ?? null;
  }

  get pids(): readonly number[] {
    return [this.#current, this.#pending].flatMap((take) => (take?.worker.pid ? [take.worker.pid] : []));
  }

  /** Closes what is open; resolves when all files are whole. */
  async stop(): Promise<void> {
    this.apply(null);
    await Promise.all(this.#closing);
  }

  #tapName({ n }: { readonly n: number }): string {
    return `${this.#options.name}.${n}`;
  }

  #start(want: W): void {
    const { clock, log, fds, name } = this.#options;
    const n = this.#next++;
    const worker = new Worker({ name: `${name} ${n}`, clock, log, fds });
    const take: Running<W> = { n, want, worker, ports: null, rolling: false, since: 0, over: false };
    this.#pending = take;
    worker.on('down', (info) => {
      if (!info.expected) this.#lost(take, info.because);
    });
    worker.on('event', (heard) => {
      if (heard.event === 'error') this.#lost(take, `${heard.element}: ${heard.message}`);
    });
    this.#prepare(take).catch((error: unknown) => this.#lost(take, because(error)));
  }

  async #prepare(take: Running<W>): Promise<void> {
    await take.worker.start(this.#options.pipeline(take.n, take.want));
    const video = Number(await take.worker.get(`${takeVideo}-udp`, 'port'));
    const audio = take.want.sound ? Number(await take.worker.get(`${takeAudio}-udp`, 'port')) : null;
    await this.#options.prepared(take);
    if (take.over) return;
    take.ports = { video, audio };
    this.#options.changed();
  }

  #lost(take: Running<W>, why: string): void {
    if (take.over) return;
    this.#log.warn({ take: take.n, because: why }, 'take was lost');
    if (take.rolling && this.#options.clock.mono() - take.since > settledMs) this.#failures = 0;
    this.#close(take, why);
    if (this.#want === null || this.#retry !== null) return;
    const waitMs = againMs[Math.min(this.#failures++, againMs.length - 1)] ?? 0;
    this.#retry = this.#options.clock.after(waitMs, `take ${this.#options.name} again`, () => {
      this.#retry = null;
      if (this.#want !== null && this.#pending === null && !this.rolling) this.#start(this.#want);
    });
  }

  #close(take: Running<W>, why: string | null): void {
    if (take.over) return;
    take.over = true;
    if (this.#current === take) this.#current = null;
    if (this.#pending === take) this.#pending = null;
    this.#options.changed();
    // A pipeline that finalises is closed with its end marked; a dead one is only put away.
    const closing = take.worker
      .stop()
      .catch((error: unknown) => this.#log.warn({ take: take.n, because: because(error) }, 'take did not stop'))
      .then(() => this.#options.ended(take, why))
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
