/** What a fault is to `diemcau fault`: words for the list, and what is done to a running demo. */
import { province } from '../demo/province.ts';
import type { DemoState } from '../demo/state.ts';

export interface Demo {
  readonly state: DemoState;
  /** The folder of everything that the demo remembers. */
  readonly data: string;
}

export interface Told {
  /** What was done. */
  readonly did: string;
  /** What to look at in the page. */
  readonly look: string;
}

export interface Kind {
  /** What may follow the name: `[SITE]`. */
  readonly takes: string;
  readonly about: string;
  /** Does it. @throws Refused when it cannot be done now. */
  readonly run: (demo: Demo, args: readonly string[]) => Promise<Told>;
}

export type Kinds = Readonly<Record<string, Kind>>;

/** It cannot be done to this demo now, and why. */
export class Refused extends Error {}

/** The one with a camera, a codec in a call and two WAN links. */
export const firstSite = province(1)[0]?.site ?? '';

/** A whole number of seconds within bounds, or the usual. @throws Refused */
export function seconds(text: string | undefined, usual: number, most = 600): number {
  if (text === undefined) return usual;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new Refused(`${text} is no time: seconds, from 1 to ${most}`);
  return value;
}
