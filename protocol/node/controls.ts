/** All control channels that a node calls: one for each way into a hub of its plans, changed with the plans. */
import { EventEmitter } from 'node:events';
import type { Clock } from '../clock.ts';
import type { ControlFromEdge } from '../schema/control.ts';
import { type ControlEvents, type ControlOptions, HubControl } from './control.ts';

/** Where a hub answers. */
export type HubPlace = Pick<ControlOptions, 'hub' | 'path' | 'host' | 'port'>;

/** Over two paths a hub asks twice for the same keyframe. */
const SAME_REQUEST_MS = 150;

export interface ControlsOptions extends Omit<ControlOptions, keyof HubPlace | 'localAddress'> {
  readonly clock: Clock;
  /** Our own address on a path; undefined: the system's choice. */
  readonly addressOn: (path: string | null) => string | undefined;
}

export class Controls extends EventEmitter<ControlEvents> {
  readonly #options: ControlsOptions;
  #places: readonly HubPlace[] = [];
  #channels: readonly HubControl[] = [];
  /** When a keyframe of each stream was last asked for. */
  readonly #asked = new Map<string, number>();

  constructor(options: ControlsOptions) {
    super();
    this.#options = options;
  }

  get places(): readonly HubPlace[] {
    return this.#places;
  }

  /** Hubs with an open channel. */
  get open(): readonly string[] {
    return [...new Set(this.#places.filter((_, index) => this.#channels[index]?.up).map(({ hub }) => hub))];
  }

  /** Channels to exactly these places, in order of preference. A channel to an unchanged place stays open. */
  apply(places: readonly HubPlace[]): void {
    const before = new Map(this.#places.map((place, index) => [JSON.stringify(place), this.#channels[index]]));
    const kept = places.map((place) => before.get(JSON.stringify(place)));
    for (const channel of this.#channels) if (!kept.includes(channel)) channel.stop();
    this.#places = places;
    this.#channels = places.map((place, index) => kept[index] ?? this.#make(place));
  }

  /** Says it over every channel, or over those to `hub` only; false when none was open. */
  send(message: ControlFromEdge, hub: string | null = null): boolean {
    const to = this.#channels.filter((_, index) => hub === null || this.#places[index]?.hub === hub);
    return to.map((channel) => channel.send(message)).includes(true);
  }

  stop(): void {
    this.apply([]);
  }

  #make(place: HubPlace): HubControl {
    const channel = new HubControl({ ...this.#options, ...place, localAddress: () => this.#options.addressOn(place.path) });
    channel.on('keyframe', (wanted) => {
      const at = this.#options.clock.mono();
      const before = this.#asked.get(wanted.kind);
      if (before !== undefined && at - before < SAME_REQUEST_MS) return;
      this.#asked.set(wanted.kind, at);
      this.emit('keyframe', wanted);
    });
    channel.on('grant', (notice) => this.emit('grant', notice));
    channel.on('speakers', (notice) => this.emit('speakers', notice));
    channel.on('up', (hub) => this.emit('up', hub));
    channel.start();
    return channel;
  }
}

export const samePlaces = (a: readonly HubPlace[], b: readonly HubPlace[]): boolean => JSON.stringify(a) === JSON.stringify(b);
