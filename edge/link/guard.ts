/** Watches the ways into the hubs during a meeting and says when a second hub is used, when ways rest, and why. The rules are in standby.ts. */
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { SpeakersAt } from '../../protocol/node/control.ts';
import { findSite } from '../../protocol/plan.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { noStandby, reachOf, type Standby, type StandbyInput, step, type Watched } from './standby.ts';
import { heard, type ViewName } from './tables.ts';
import { plannedWays, type Reach } from './ways.ts';

export interface GuardOptions {
  readonly me: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** Whether a stream comes now. Base SSRC. */
  readonly flows: (ssrc: number | null) => boolean;
  /** Tells a hub that stands by whether it is to serve us. */
  readonly wake: (meeting: string, hub: string, on: boolean) => void;
  /** `reach` is another: to be acted on at once. */
  readonly changed: () => void;
}

/** Trust is earned in seconds. */
const LOOK_MS = 250;
/** The present one, and those before and after it. */
const MEETINGS_KNOWN = 4;

export class Guard {
  readonly #options: GuardOptions;
  #state: Standby = noStandby;
  #plan: Plan | null = null;
  /** What each hub has said last of those who have the floor, by meeting: a hub may know of the next one before we do. */
  readonly #speakers = new Map<string, ReadonlyMap<string, SpeakersAt>>();
  /** Hubs that were told to serve us. */
  #awake: readonly string[] = [];
  #timer: Timer | null = null;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get reach(): Reach {
    return reachOf(this.#state);
  }

  /** The plan in force. */
  follow(plan: Plan | null): void {
    const { me, clock } = this.#options;
    const floor = heard(this.#plan, me).floor;
    if (plan?.meeting !== this.#plan?.meeting) this.#state = noStandby;
    this.#plan = plan;
    // Whoever has the floor now has not stopped yet.
    if (heard(plan, me).floor !== floor) this.#stream('floor', false);
    const site = plan === null ? undefined : findSite(plan, me);
    const ways = plan === null ? [] : plannedWays(plan, me);
    this.#step({ type: 'plan', protection: site?.protection ?? 'none', ways });
    this.#speaker();
    if (ways.length > 1) this.#timer ??= clock.every(LOOK_MS, 'hubs that stand by', () => this.#step({ type: 'time' }));
    else this.stop();
  }

  /** A way carries packets in both directions, or does not. */
  way(way: string, alive: boolean, because: string): void {
    this.#step({ type: 'way', way, alive, because });
  }

  /** A stream has stopped, or comes. Base SSRC. */
  flow(ssrc: number, stalled: boolean): void {
    const { floor, small, mix } = heard(this.#plan, this.#options.me);
    // Where the way in is narrow, the small picture stands in for the large one.
    if (ssrc === floor || ssrc === small) this.#stream('floor', ![floor, small].some((each) => this.#options.flows(each)));
    if (ssrc === mix) this.#stream('mix', stalled);
  }

  /** Of those who have the floor: who reaches a hub. */
  speakers(notice: SpeakersAt): void {
    const { meeting, hub } = notice;
    const of = new Map(this.#speakers.get(meeting)).set(hub, notice);
    this.#speakers.delete(meeting);
    this.#speakers.set(meeting, of);
    const [oldest] = this.#speakers.keys();
    if (this.#speakers.size > MEETINGS_KNOWN && oldest !== undefined) this.#speakers.delete(oldest);
    this.#speaker();
  }

  /** The screen or the loudspeaker has gone over to this stream. Base SSRC. */
  shown(view: ViewName, ssrc: number): void {
    if (view === 'floor') return;
    const hub = this.#plan?.hubs.find(({ streams }) => streams[view].ssrc === ssrc)?.hub;
    if (hub !== undefined) this.#step({ type: 'shown', view, hub });
  }

  /** The relay of this box died: nothing is shown. */
  dark(): void {
    this.#step({ type: 'dark' });
  }

  /** Tells the hubs that stand by. To be said again while they serve us: one that was started anew knows nothing of it. */
  wake(): void {
    const { wake } = this.#options;
    const { woken } = this.reach;
    const meeting = this.#plan?.meeting;
    if (meeting === undefined) return;
    for (const hub of woken) wake(meeting, hub, true);
    for (const hub of this.#awake) if (!woken.includes(hub)) wake(meeting, hub, false);
    this.#awake = woken;
  }

  /** A hub that has not heard of the present floor yet says nothing of it. */
  #speaker(): void {
    const { floorSite } = heard(this.#plan, this.#options.me);
    const of = ({ hub, here, away }: SpeakersAt): [string, boolean][] =>
      floorSite === null || !(here.includes(floorSite) || away.includes(floorSite)) ? [] : [[hub, here.includes(floorSite)]];
    this.#step({ type: 'speaker', at: new Map([...(this.#speakers.get(this.#plan?.meeting ?? '')?.values() ?? [])].flatMap(of)) });
  }

  #stream(stream: Watched, stalled: boolean): void {
    if (stalled !== this.#state.stalled.has(stream)) this.#step({ type: 'stream', stream, stalled });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #step(input: StandbyInput): void {
    const before = this.#state;
    const [had, at] = [reachOf(before), this.#options.clock.mono()];
    this.#state = step(before, input, at);
    const has = reachOf(this.#state);
    if (JSON.stringify(had) === JSON.stringify(has)) return;
    this.#tellHubs(before, this.#state);
    if (had.leads !== has.leads) this.#tellLead(had.leads, has.leads);
    for (const way of has.resting.filter((each) => !had.resting.includes(each))) this.#tellWay(way, 'held', 'it came and went too often');
    for (const way of had.resting.filter((each) => !has.resting.includes(each))) this.#tellWay(way, 'released', 'it may be used again');
    this.wake();
    this.#options.changed();
  }

  #tellHubs(before: Standby, now: Standby): void {
    if ((before.because === null) === (now.because === null)) return;
    const [first = null, second = null] = now.hubs;
    const woken = now.because !== null;
    this.#options.tell({
      kind: 'hub',
      severity: woken ? 'warning' : 'info',
      what: woken ? 'woken' : 'rests',
      because: (now.because ?? `${first} has been well for ${Math.round(before.trustMs / 1000)} s`).slice(0, 300),
      meeting: this.#plan?.meeting ?? null,
      facts: { from: woken ? first : second, to: woken ? second : first },
    });
  }

  #tellLead(before: string | null, now: string | null): void {
    const [first = null] = this.#state.hubs;
    this.#options.tell({
      kind: 'hub',
      severity: now === null ? 'info' : 'warning',
      what: now === null ? 'returned' : 'taken-over',
      because: now === null ? `${first} has who has the floor again` : `${first} is without who has the floor`,
      meeting: this.#plan?.meeting ?? null,
      facts: { from: before ?? first, to: now ?? first, stream: 'speaker' },
    });
  }

  #tellWay(way: string, what: 'held' | 'released', because: string): void {
    const dot = way.indexOf('.');
    const [peer, path] = dot < 0 ? [way, null] : [way.slice(0, dot), way.slice(dot + 1)];
    this.#options.tell({
      kind: 'link',
      severity: what === 'held' ? 'warning' : 'info',
      what,
      because,
      meeting: this.#plan?.meeting ?? null,
      facts: { peer, path },
    });
  }
}
