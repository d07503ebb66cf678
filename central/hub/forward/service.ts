/**
 * Carries tables to the relay and keeps asking for keyframes until every view shows what it should. The only part that speaks to the
 * relay's routing; holds no policy.
 */
import { EventEmitter } from 'node:events';
import type { RelayEvent } from '../../../hardware/relay/events.ts';
import type { Relay } from '../../../hardware/relay/relay.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { because } from '../report/because.ts';
import { type Asker, askEveryMs, awaits, due, nobodyWaits } from './asker.ts';
import { difference, type RelayStep, wants, without } from './diff.ts';
import { type Paced, paced, waitsMs } from './pace.ts';
import { emptyTable, type Table } from './table.ts';

export interface ForwardOptions {
  readonly relay: Relay;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks the sender of this stream (base SSRC) for an IDR. */
  readonly ask: (ssrc: number) => void;
}

export interface ForwardEvents {
  /** A view shows `ssrc` from its first IDR on. */
  switched: [info: { readonly view: string; readonly ssrc: number; readonly afterMs: number }];
}

export class Forward extends EventEmitter<ForwardEvents> {
  readonly #options: ForwardOptions;
  /** What the relay does, or has been told to do and not refused yet. */
  #have: Table = emptyTable;
  #want: Table = emptyTable;
  #asker: Asker = nobodyWaits;
  readonly #shown = new Map<string, number>();
  /** How each sender has been asked so far. */
  readonly #asked = new Map<number, Paced>();
  /** Requests that came too soon. */
  readonly #later = new Map<number, Timer>();
  /** Until the relay does the newest table. */
  #running: Promise<unknown> = Promise.resolve();
  #timer: Timer | null = null;
  #refused = 0;
  #problem: string | null = null;

  constructor(options: ForwardOptions) {
    super();
    this.#options = options;
    options.relay.on('event', (event) => this.#heard(event));
    options.relay.on('restarted', () => this.#again());
  }

  /** Why the relay refused something of the present table; null when it does all of it. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Base SSRC that a view shows; undefined while it shows nothing. */
  shown(view: string): number | undefined {
    return this.#shown.get(view);
  }

  /** Video views that wait for an IDR. */
  get waiting(): ReadonlySet<string> {
    return new Set(this.#asker.keys());
  }

  /**
   * Makes the relay do what the table says; resolves when it does. Written to its pipe at once, in this order, and done in this order: waiting
   * for answers would cost every table behind another one a round trip, and whoever lost a hub waits in that line.
   */
  apply(table: Table): Promise<void> {
    const steps = difference(this.#have, table);
    this.#have = this.#want = table;
    const refused = this.#refused;
    const done = Promise.all([Promise.all(steps.map((step) => this.#step(step))), this.#running]).then(([answers]) => {
      if (this.#refused === refused) this.#problem = null;
      // Refused to the table before, when this one was on its way, and perhaps there is room now: once more.
      else if (this.#want === table && answers.every(Boolean)) void this.apply(table);
    });
    this.#running = done;
    return done;
  }

  /**
   * Somebody lost this stream's picture: asks its sender, as often as pace.ts allows. A request that comes too soon is kept, because the IDR
   * under way may have left before its viewer could use it. The caller has checked that the stream exists.
   */
  lost(ssrc: number): void {
    const { clock, ask } = this.#options;
    const [last, at] = [this.#asked.get(ssrc), clock.mono()];
    const waitMs = waitsMs(last, at);
    if (waitMs === 0) {
      this.#asked.set(ssrc, paced(last, at));
      ask(ssrc);
    } else if (!this.#later.has(ssrc)) {
      const timer = clock.after(waitMs, 'ask for a keyframe', () => {
        this.#later.delete(ssrc);
        this.lost(ssrc);
      });
      this.#later.set(ssrc, timer);
    }
  }

  stop(): void {
    for (const timer of this.#later.values()) timer.cancel();
    this.#later.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** False when the relay refused it. */
  async #step(step: RelayStep): Promise<boolean> {
    const { clock, log } = this.#options;
    if (step.do === 'view' && step.kind === 'video')
      this.#asker = awaits(this.#asker, step.view, this.#shown.get(step.view) === step.ssrc ? null : step.ssrc, clock.mono());
    if (step.do === 'view' && step.ssrc === null) this.#shown.delete(step.view);
    if (step.do === 'unview') {
      this.#asker = awaits(this.#asker, step.view, null, 0);
      this.#shown.delete(step.view);
    }
    try {
      await this.#say(step);
      return true;
    } catch (error) {
      log.error({ do: step.do, because: because(error) }, 'relay refused a step');
      this.#without(step, because(error));
      return false;
    } finally {
      this.#ask();
    }
  }

  /** What was refused is tried again with the next table, unless a newer one has already put something else there. */
  #without(step: RelayStep, reason: string): void {
    const sets = step.do === 'allow' || step.do === 'route' || step.do === 'view';
    if (sets && !wants(this.#have, step)) return;
    this.#have = without(this.#have, step);
    if (step.do === 'view' && this.#asker.get(step.view)?.ssrc === step.ssrc) this.#asker = awaits(this.#asker, step.view, null, 0);
    this.#refused += 1;
    this.#problem = reason;
  }

  #say(step: RelayStep): Promise<void> {
    const { relay } = this.#options;
    switch (step.do) {
      case 'allow':
        return relay.allow(step.node, { key: step.key, maxInKbps: step.maxInKbps });
      case 'deny':
        return relay.deny(step.node);
      case 'route':
        return relay.route(step.ssrc, { kind: step.kind, from: step.from, to: step.to });
      case 'unroute':
        return relay.unroute(step.ssrc);
      case 'view':
        return step.kind === 'audio'
          ? relay.view(step.view, { kind: 'audio', to: step.to, ssrc: step.ssrc, as: step.as ?? 0 })
          : relay.view(step.view, { kind: 'video', to: step.to, ssrc: step.ssrc });
      case 'unview':
        return relay.unview(step.view);
      default:
        return step satisfies never;
    }
  }

  #heard(event: RelayEvent): void {
    if (event.event !== 'switched') return;
    this.#shown.set(event.view, event.ssrc);
    const waiting = this.#asker.get(event.view);
    // A switch to what was wanted before may still be on its way here.
    if (waiting?.ssrc === event.ssrc) this.#asker = awaits(this.#asker, event.view, null, 0);
    // Or what was shown before is wanted again, and the relay had just left it.
    const wanted = this.#have.views.get(event.view);
    if (wanted?.kind === 'video' && wanted.ssrc !== null && wanted.ssrc !== event.ssrc && waiting === undefined) {
      this.#asker = awaits(this.#asker, event.view, wanted.ssrc, this.#options.clock.mono());
      this.#ask();
    }
    this.emit('switched', { view: event.view, ssrc: event.ssrc, afterMs: event.waitedMs });
  }

  /** A new relay process knows the table, but every view waits for its IDR again. */
  #again(): void {
    this.#shown.clear();
    const at = this.#options.clock.mono();
    for (const [name, { kind, ssrc }] of this.#have.views) if (kind === 'video') this.#asker = awaits(this.#asker, name, ssrc, at);
    this.#ask();
  }

  #ask(): void {
    const { ask, state } = due(this.#asker, this.#options.clock.mono());
    this.#asker = state;
    for (const ssrc of ask) this.lost(ssrc);
    if (this.#asker.size > 0) this.#timer ??= this.#options.clock.every(askEveryMs / 3, 'ask for keyframes', () => this.#ask());
    else {
      this.#timer?.cancel();
      this.#timer = null;
    }
  }
}
