/** The stream of server-sent events into one signal. Holds the connection; what the messages mean is decided in live.ts and freshness.ts. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Beat, Patch, Snapshot } from '../../../protocol/api.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { type Freshness, freshness, type Line, staleAfterMs } from './freshness.ts';
import { fromSnapshot, type Live, withBeat, withPatch } from './live.ts';

export interface FeedOptions {
  readonly clock: Clock;
  readonly open: () => EventSource;
  /** The stream was refused for good: most often the session has ended. */
  readonly onRefused: () => void;
}

/** Pause before a new connection when the browser gave up on the old one. */
const reopenMs = 1000;

export class Feed {
  readonly #options: FeedOptions;
  readonly #live = signal<Live | null>(null);
  readonly #freshness = signal<Freshness>({ is: 'connecting' });
  /** Server's clock minus ours: our own may be wrong by hours. */
  readonly #skew = signal(0);
  #source: EventSource | null = null;
  #line: Line = { openedAt: 0, heardAt: null };
  #connectedAt = 0;
  #timers: readonly Timer[] = [];

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get live(): ReadonlySignal<Live | null> {
    return this.#live;
  }
  get freshness(): ReadonlySignal<Freshness> {
    return this.#freshness;
  }
  get skew(): ReadonlySignal<number> {
    return this.#skew;
  }

  start(): void {
    if (this.#timers.length > 0) return;
    this.#line = { openedAt: this.#options.clock.mono(), heardAt: null };
    this.#connect();
    this.#timers = [this.#options.clock.every(500, 'feed watch', () => this.#watch())];
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#source?.close();
    this.#source = null;
    this.#live.value = null;
    this.#freshness.value = { is: 'connecting' };
  }

  #connect(): void {
    this.#source?.close();
    const source = this.#options.open();
    this.#source = source;
    this.#connectedAt = this.#options.clock.mono();
    const on = <T extends { readonly at: number }>(name: string, take: (message: T) => void): void =>
      source.addEventListener(name, (event: MessageEvent<string>) => {
        const message = JSON.parse(event.data) as T;
        this.#heard(message.at);
        take(message);
      });
    on<Snapshot>('snapshot', (snapshot) => {
      this.#live.value = fromSnapshot(snapshot, this.#live.peek());
    });
    on<Patch>('patch', (patch) => this.#change((live) => withPatch(live, patch)));
    on<Beat>('beat', (beat) => this.#change((live) => withBeat(live, beat)));
    // The browser reconnects by itself after a broken line, but not after an error status.
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.#options.onRefused();
    });
  }

  #change(step: (live: Live) => Live): void {
    const live = this.#live.peek();
    if (live !== null) this.#live.value = step(live);
  }

  #heard(at: number): void {
    const { clock } = this.#options;
    this.#line = { ...this.#line, heardAt: clock.mono() };
    const skew = at - clock.now();
    // A message is never early: the largest difference seen is the nearest to the truth, until a clock is set.
    if (skew > this.#skew.peek() || Math.abs(skew - this.#skew.peek()) > 1500) this.#skew.value = skew;
    if (this.#freshness.peek().is !== 'live') this.#freshness.value = { is: 'live' };
  }

  #watch(): void {
    const now = this.#options.clock.mono();
    const next = freshness(this.#line, now);
    if (next.is !== this.#freshness.peek().is || next.is === 'stale') this.#freshness.value = next;
    const quiet = now - Math.max(this.#connectedAt, this.#line.heardAt ?? 0);
    const gone = this.#source?.readyState === EventSource.CLOSED;
    // A line can die without a word (a pulled cable): the browser would wait for minutes.
    if ((gone && quiet > reopenMs) || (next.is === 'stale' && quiet > staleAfterMs)) this.#connect();
  }
}
