/**
 * Who of those who have the floor reaches this hub: told to every box of the meeting. A site may lose the way to one hub alone; then that hub is well
 * for everybody else, its mix and mosaic go on, and only it knows that the speaker is in neither.
 */
import type { RelayEvent } from '../../hardware/relay/events.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { ControlFromHub } from '../../protocol/schema/control.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { attached } from './forward/table.ts';

/** After its start a hub is called by all of its sites, one by one: who has not come yet is not away. */
const CALLED_MS = 5000;

export type Speakers = Extract<ControlFromHub, { type: 'speakers' }>;

export interface PresenceOptions {
  readonly node: string;
  readonly clock: Clock;
  /** The plans in force, each under its highest grant. */
  readonly plans: () => readonly Plan[];
  readonly say: (site: string, message: Speakers) => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  /** Who has not come by then is away; null: that time is over. */
  #waits: Timer | null = null;
  /** Ways in that carry packets (stream ids), by site. */
  readonly #ways = new Map<string, ReadonlySet<string>>();
  /** What was said of each meeting last, and to whom. */
  #said: ReadonlyMap<string, string> = new Map();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** The relay runs, and everybody calls it. */
  start(): void {
    this.#waits?.cancel();
    this.#waits = this.#options.clock.after(CALLED_MS, 'sites call', () => {
      this.#waits = null;
      this.look();
    });
  }

  stop(): void {
    this.#waits?.cancel();
  }

  /** What the relay has noticed of connections. */
  heard(event: RelayEvent): void {
    const alive = { connected: true, heard: true, silent: false, disconnected: false }[event.event as string];
    if (alive === undefined || !('streamId' in event) || !('peer' in event)) return;
    const { peer, streamId } = event;
    if (peer === undefined || !streamId.startsWith('pub/')) return;
    const others = [...(this.#ways.get(peer) ?? [])].filter((each) => each !== streamId);
    this.#ways.set(peer, new Set(alive ? [...others, streamId] : others));
    this.look();
  }

  /** The relay died, and every connection with it. */
  dark(): void {
    this.#ways.clear();
    this.start();
    this.look();
  }

  /** The plans or grants may be others: says what is news. */
  look(): void {
    const { node, plans, say } = this.#options;
    const said = new Map<string, string>();
    for (const plan of plans()) {
      const message = this.#of(plan);
      const to = attached(plan, node).map(({ site }) => site);
      const text = JSON.stringify([message, to]);
      said.set(plan.meeting, text);
      if (this.#said.get(plan.meeting) !== text) for (const site of to) say(site, message);
    }
    this.#said = said;
  }

  /** A box has opened a channel: it hears how things are. */
  opened(site: string): void {
    const { node, plans, say } = this.#options;
    for (const plan of plans()) if (attached(plan, node).some((each) => each.site === site)) say(site, this.#of(plan));
  }

  #of({ meeting, grant }: Plan): Speakers {
    const here = (site: string): boolean => (this.#ways.get(site)?.size ?? 0) > 0;
    return {
      type: 'speakers',
      meeting,
      here: grant.slots.filter(here),
      away: this.#waits === null ? grant.slots.filter((site) => !here(site)) : [],
    };
  }
}
