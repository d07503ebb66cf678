/** What all classes of the failover benchmark share: a lab that goes away, rounds of one fault, what the viewers saw of each. */
import type { LogEntry } from '../../../protocol/api.ts';
import { type Lab, type LabOptions, startLab } from '../../support/lab.ts';
import { type Chronicle, chronicle, pictures, seconds } from '../../support/lab-story.ts';
import { type Distribution, distribution } from '../summary.ts';

/** What one class prints. Times in ms. */
export interface ClassResult {
  readonly n: number;
  /** What a viewer saw: the longest time without a picture (or sound), over all viewers that the fault concerns, of each round. */
  readonly gapMs: Distribution;
  /** Floor frames that were missing for good at these viewers, all rounds together. */
  readonly lostFrames: number;
  /** The same fault, with what everybody else uses. */
  readonly stockGapMs?: Distribution;
  readonly [extra: string]: unknown;
}

export type Results = Readonly<Record<string, ClassResult>>;
/** Measures `n` rounds; the name of each class with its result. */
export type Measure = (n: number, say: (text: string) => void) => Promise<Results>;

/** With a lab that is gone afterwards, whatever happens. Its sites take the whole planned rate. */
export async function withLab<T>(options: LabOptions, use: (lab: Lab) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  try {
    return await use(await startLab({ teardown: (end: () => unknown) => void ends.unshift(end) } as never, { film: true, ...options }));
  } finally {
    for (const end of ends) await end();
  }
}

/** What viewers saw in one round. */
export interface Seen {
  /** Without a picture of the floor, by the packets at the viewer's relay; the worst of them. */
  readonly floorMs: number;
  /** Without a decoded, whole picture of the floor, at the viewers that decode (`decodes`); null: none does. */
  readonly decodedMs: number | null;
  readonly mosaicMs: number;
  readonly lostFrames: number;
}

export interface Round {
  readonly seen: Seen;
  /** Central's log of this round. */
  readonly told: readonly LogEntry[];
}

/** Of a site whose pictures carry stamps, and of a viewer that reads them behind its decoder. */
export const stamped = { stamps: true } as const;
export const decodes = { stamps: true, display: 'headless' } as const;

/** Numbers are told once a second: what happened is in the next but one. */
const TOLD_SECONDS = 2;

/** So long before each fault, nothing is done: what goes wrong then is the machine's. */
const CALM_SECONDS = 3;

export class Rounds {
  readonly #lab: Lab;
  readonly #viewers: readonly string[];
  /** Lost while nothing was done, and the longest gap of each of those times: the machine's own share. */
  #calmLost = 0;
  readonly #calmMs: number[] = [];
  readonly #seen: Seen[] = [];
  /** Lines of stamps that were there when the present count began. */
  readonly #read = new Map<string, number>();

  constructor(lab: Lab, viewers: readonly string[]) {
    this.#lab = lab;
    this.#viewers = viewers;
  }

  /**
   * One round: a calm while, then `fault`, which resolves when all is over (the return counts as well).
   * @param count pictures of the floor that every viewer must have seen afterwards.
   */
  async round(fault: (from: Chronicle) => Promise<void>, count = 50): Promise<Round> {
    const from = await this.#calm();
    await fault(from);
    await pictures(this.#lab, this.#viewers, count);
    await this.#told();
    const seen = this.#look();
    this.#seen.push(seen);
    return { seen, told: await from.entries() };
  }

  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** The part of a result that is counted from floor frames. */
  floor(): ClassResult {
    return { n: this.#seen.length, gapMs: distribution(this.#seen.map(({ floorMs }) => floorMs)), ...this.base() };
  }

  /** Of the viewers that decode, each round; where nothing was decoded, that is for ever. */
  decoded(): readonly number[] {
    return this.#seen.map(({ decodedMs }) => decodedMs ?? Number.POSITIVE_INFINITY);
  }

  /** What every class says besides its gap. */
  base(): { readonly lostFrames: number; readonly calm: { readonly lostFrames: number; readonly gapMs: Distribution } } {
    return {
      lostFrames: this.#seen.reduce((sum, { lostFrames }) => sum + lostFrames, 0),
      calm: { lostFrames: this.#calmLost, gapMs: distribution(this.#calmMs) },
    };
  }

  async #calm(): Promise<Chronicle> {
    this.#begin();
    await pictures(this.#lab, this.#viewers, 1);
    await this.#told();
    this.#begin();
    await Promise.all(this.#viewers.map((site) => seconds(this.#lab, site, CALM_SECONDS)));
    const { floorMs, lostFrames } = this.#look();
    this.#calmLost += lostFrames;
    this.#calmMs.push(floorMs);
    const from = await chronicle(this.#lab);
    this.#begin();
    return from;
  }

  async #told(): Promise<void> {
    await Promise.all(this.#viewers.map((site) => seconds(this.#lab, site, TOLD_SECONDS)));
  }

  #begin(): void {
    for (const site of this.#viewers) {
      this.#lab.watch(site).begin();
      this.#read.set(site, this.#lab.stamps(site).length);
    }
  }

  #look(): Seen {
    const all = this.#viewers.map((site) => this.#lab.watch(site).seen);
    const decoded = this.#viewers.flatMap((site) => this.#lab.stamps(site).slice(this.#read.get(site)));
    return {
      decodedMs: decoded.some(({ floor }) => floor.maxGapMs > 0) ? Math.max(...decoded.map(({ floor }) => floor.maxGapMs)) : null,
      floorMs: Math.max(...all.map(({ floorMaxGapMs }) => floorMaxGapMs)),
      mosaicMs: Math.max(...all.map(({ mosaicMaxGapMs }) => mosaicMaxGapMs)),
      lostFrames: all.reduce((sum, { floorLost }) => sum + floorLost, 0),
    };
  }
}

/** A fact of every entry that is like this, as numbers. */
export const factsOf = (told: readonly LogEntry[], fact: string, is: (entry: LogEntry) => boolean): readonly number[] =>
  told.filter(is).flatMap(({ facts }) => (typeof facts[fact] === 'number' ? [facts[fact]] : []));
