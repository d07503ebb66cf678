/** What the site that decodes sees and hears: pictures by the stamps that it reads from them, sound by its loudness. */

import { counted, stampLines } from '../../bench/stamps.ts';
import type { Demo } from '../demo.ts';
import { hubNames } from './faults.ts';
import type { Nodes } from './nodes.ts';

/** Its room, and a hub, have had so long since they were started or let go: decoders are filled and a keyframe has come. */
const SETTLED_MS = 8000;
/** Silence, dB. */
export const QUIET_DB = -50;

export class ViewerWatch {
  readonly #demo: Demo;
  readonly #nodes: Nodes;
  readonly #site: string;
  readonly #mute: () => boolean;
  readonly #speaker: () => string | null;
  #seen = { floor: 0, mosaic: 0 };
  /** Since when nothing new has come, of either; of the floor. */
  readonly #since = { any: performance.now(), floor: performance.now() };
  readonly #dark = { any: 0, floor: 0 };
  #heardAt = 0;
  #listened = 0;
  readonly violations: string[] = [];

  /**
   * @param speaker who has the floor.
   * @param mute everybody else is muted: what is heard now is its own voice, or somebody's who must not be heard.
   */
  constructor(demo: Demo, nodes: Nodes, site: string, speaker: () => string | null, mute: () => boolean) {
    this.#demo = demo;
    this.#nodes = nodes;
    this.#site = site;
    this.#speaker = speaker;
    this.#mute = mute;
  }

  /** The longest time without a new picture on its screen, of the floor or of the mosaic, while it and a hub were well, ms. */
  get darkMs(): number {
    return Math.round(this.#dark.any);
  }

  /** The same of the floor alone, while its site was well too. */
  get floorDarkMs(): number {
    return Math.round(this.#dark.floor);
  }

  /** Pictures that it has shown, and times that what it heard was looked at: that the watch has seen something. */
  get looked(): { readonly floor: number; readonly mosaic: number; readonly listened: number } {
    return { ...this.#seen, listened: this.#listened };
  }

  look(): void {
    const lines = stampLines(this.#demo, this.#site);
    const all = { floor: counted(lines.map(({ floor }) => floor.read)), mosaic: counted(lines.map(({ mosaic }) => mosaic.read)) };
    const [floor, mosaic] = [all.floor - this.#seen.floor, all.mosaic - this.#seen.mosaic];
    this.#seen = all;
    const settled = (node: string): boolean => this.#nodes.settled(node, SETTLED_MS);
    const well = settled(this.#site) && hubNames.some(settled);
    const speaker = this.#speaker();
    this.#note('any', floor + mosaic, well);
    this.#note('floor', floor, well && speaker !== null && speaker !== this.#site && settled(speaker));
  }

  #note(what: 'any' | 'floor', pictures: number, well: boolean): void {
    const now = performance.now();
    if (pictures > 0 || !well) this.#since[what] = now;
    else this.#dark[what] = Math.max(this.#dark[what], now - this.#since[what]);
  }

  /** Asks central what it hears; while that is away nobody can tell. */
  async listen(): Promise<void> {
    const sites = await this.#demo.sites().catch((error: unknown) => {
      if (error instanceof Error) return null;
      throw error;
    });
    const db = sites?.find(({ site }) => site === this.#site)?.heardDb ?? null;
    if (db === null || !this.#mute()) return;
    this.#listened += 1;
    if (db <= QUIET_DB || performance.now() - this.#heardAt < 5000) return;
    this.#heardAt = performance.now();
    this.violations.push(`${this.#site} hears ${db} dB while everybody else is muted`);
  }
}
