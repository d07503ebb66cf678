/** All control channels of a meeting: one for each hub of the plan, changed with the plan. */
import { EventEmitter } from 'node:events';
import type { ControlFromEdge } from '../../protocol/schema/control.ts';
import { type ControlEvents, type ControlOptions, HubControl } from './control.ts';

/** Where a hub answers. */
export interface HubPlace {
  readonly hub: string;
  readonly host: string;
  readonly port: number;
}

export const samePlaces = (a: readonly HubPlace[], b: readonly HubPlace[]): boolean =>
  a.length === b.length &&
  a.every(({ hub, host, port }, index) => b[index]?.hub === hub && b[index]?.host === host && b[index]?.port === port);

export class Controls extends EventEmitter<ControlEvents> {
  readonly #options: Omit<ControlOptions, keyof HubPlace>;
  #places: readonly HubPlace[] = [];
  #channels: readonly HubControl[] = [];

  constructor(options: Omit<ControlOptions, keyof HubPlace>) {
    super();
    this.#options = options;
  }

  get places(): readonly HubPlace[] {
    return this.#places;
  }

  /** Hubs whose channel is open. */
  get open(): readonly string[] {
    return this.#places.filter((_, index) => this.#channels[index]?.up).map(({ hub }) => hub);
  }

  /** Channels to exactly these hubs, in order of preference. A channel to an unchanged place stays open. */
  apply(places: readonly HubPlace[]): void {
    const before = new Map(this.#places.map((place, index) => [JSON.stringify(place), this.#channels[index]]));
    const kept = places.map((place) => before.get(JSON.stringify(place)));
    for (const channel of this.#channels) if (!kept.includes(channel)) channel.stop();
    this.#places = places;
    this.#channels = places.map((place, index) => kept[index] ?? this.#make(place));
  }

  /** Says it to every hub; false when none was there. */
  send(message: ControlFromEdge): boolean {
    return this.#channels.map((channel) => channel.send(message)).includes(true);
  }

  stop(): void {
    this.apply([]);
  }

  #make(place: HubPlace): HubControl {
    const channel = new HubControl({ ...this.#options, ...place });
    channel.on('keyframe', (wanted) => this.emit('keyframe', wanted));
    channel.on('up', () => this.emit('up'));
    channel.start();
    return channel;
  }
}
