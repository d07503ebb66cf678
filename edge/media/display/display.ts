/** The room's screen: what arrives from the relay is decoded and shown, with marks; between meetings the site's name and a clock. */

import type { Pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import type { StampReading } from '../../../hardware/gstreamer/readings.ts';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../../protocol/schema/reported.ts';
import { Output } from '../output.ts';
import type { Display as Choice } from './choose.ts';
import type { Scene } from './scene.ts';
import { headless, type PictureName, pictures, type ScreenOptions, screen, settings, udpOf } from './screen.ts';

export interface DisplayOptions extends Omit<ScreenOptions, 'element'> {
  readonly choice: Choice;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** The ports have changed on which the pictures are expected. */
  readonly portsChanged: () => void;
  /** A decoder waits for an IDR. */
  readonly keyframeNeeded: (picture: PictureName) => void;
}

export type DisplayPorts = Readonly<Record<PictureName, number | null>>;

const nowhere: DisplayPorts = { floor: null, mosaic: null };

export class Display {
  readonly #options: DisplayOptions;
  readonly #output: Output;
  #scene: Scene;
  #ports: DisplayPorts = nowhere;

  constructor(options: DisplayOptions, scene: Scene) {
    const { clock, log, tell, keyframeNeeded } = options;
    this.#options = options;
    this.#scene = scene;
    this.#output = new Output({
      name: 'display',
      clock,
      log,
      tell,
      recipe: () => this.#recipe(),
      playing: () => this.#readPorts(),
      heard: (event) => {
        if (event.event === 'keyframe-needed' && (event.name === 'floor' || event.name === 'mosaic')) keyframeNeeded(event.name);
      },
      failed: () => {
        this.#setPorts(nowhere);
        return false;
      },
    });
  }

  /** Where the relay shall send the pictures; null while nobody listens. */
  get ports(): DisplayPorts {
    return this.#ports;
  }

  get pids(): readonly number[] {
    return this.#output.pids;
  }

  /** Opens the screen. One that cannot be opened is tried again for ever. */
  async start(): Promise<void> {
    if (this.#options.choice.kind === 'count') return;
    await this.#output.start();
  }

  stop(): Promise<void> {
    return this.#output.stop();
  }

  /** Shows another scene. Only what differs is said to the pipeline. */
  async show(scene: Scene): Promise<void> {
    const before = this.#scene;
    this.#scene = scene;
    if (this.#options.choice.kind !== 'screen') return;
    const had = new Map(settings(before, this.#options).map(({ element, property, value }) => [`${element} ${property}`, value]));
    const changed = settings(scene, this.#options).filter(({ element, property, value }) => had.get(`${element} ${property}`) !== value);
    await Promise.all(changed.map(({ element, property, value }) => this.#output.part.set(element, property, value)));
  }

  /** Fault drill. */
  restart(): void {
    this.#output.part.kill();
  }

  /** Null when nothing is decoded here. */
  report(): PartReport | null {
    return this.#options.choice.kind === 'count' ? null : this.#output.part.report();
  }

  /** What the stamp readers have read since the last call; null without stamps. */
  async stamps(): Promise<Readonly<Record<PictureName, StampReading>> | null> {
    if (!this.#options.stamps || !this.#output.part.playing) return null;
    const [floor, mosaic] = await Promise.all(pictures.map((name) => this.#output.part.stamps(name)));
    return floor && mosaic ? { floor, mosaic } : null;
  }

  #recipe(): Pipeline {
    const { choice, stamps } = this.#options;
    return choice.kind === 'screen' ? screen({ ...this.#options, element: choice.element }, this.#scene) : headless(stamps);
  }

  async #readPorts(): Promise<void> {
    const [floor, mosaic] = await Promise.all(pictures.map((name) => this.#output.part.get(udpOf(name), 'port')));
    if (typeof floor === 'number' && typeof mosaic === 'number') this.#setPorts({ floor, mosaic });
  }

  #setPorts(ports: DisplayPorts): void {
    if (ports.floor === this.#ports.floor && ports.mosaic === this.#ports.mosaic) return;
    this.#ports = ports;
    this.#options.portsChanged();
  }
}
