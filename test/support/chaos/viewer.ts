/** What the site that decodes sees and hears: pictures by the stamps that it reads from them, sound by its loudness. */

import { stampLines } from '../../bench/stamps.ts';
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
  #lines = 0;
  #pictureAt = performance.now();
  #darkMs = 0;
  #pictures = 0;
  #heardAt = 0;
  #listened = 0;
  readonly violations: string[] = [];

  /** @param mute everybody else is muted: what is heard now is its own voice, or somebody's who must not be heard. */
  constructor(demo: Demo, nodes: Nodes, site: string, mute: () => boolean) {
    this.#demo = demo;
    this.#nodes = nodes;
    this.#site = site;
    this.#mute = mute;
  }

  /** The longest time without a new picture, of the floor or of the mosaic, on its screen while it and a hub were well, ms. */
  get darkMs(): number {
    return Math.round(this.#darkMs);
  }

  /** Pictures that it has shown, and seconds in which it was listened to: that the watch has seen something. */
  get looked(): { readonly pictures: number; readonly listened: number } {
    return { pictures: this.#pictures, listened: this.#listened };
  }

  look(): void {
    const lines = stampLines(this.#demo, this.#site);
    const fresh = lines.slice(Math.max(1, this.#lines));
    const grown = fresh.reduce((sum, { floor, mosaic }, index) => {
      const before = lines[Math.max(1, this.#lines) + index - 1];
      const more = (now: number, then: number): number => (now >= then ? now - then : now);
      return sum + more(floor.read, before?.floor.read ?? 0) + more(mosaic.read, before?.mosaic.read ?? 0);
    }, 0);
    this.#lines = lines.length;
    this.#pictures += grown;
    const well = this.#nodes.settled(this.#site, SETTLED_MS) && hubNames.some((hub) => this.#nodes.settled(hub, SETTLED_MS));
    const now = performance.now();
    if (grown > 0 || !well) this.#pictureAt = now;
    else this.#darkMs = Math.max(this.#darkMs, now - this.#pictureAt);
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
