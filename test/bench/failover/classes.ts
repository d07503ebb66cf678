/** The classes of the benchmark, its further figures, and what is to be reached. A new class is a line here. */
import { bursts, lossy } from './bad-paths.ts';
import { codec } from './codec.ts';
import { broker, central } from './control.ts';
import { falseSwitches } from './false-switches.ts';
import { hubHot, hubWarm } from './hubs.ts';
import { narrowed } from './narrow.ts';
import { onlyPath, path } from './paths.ts';
import { disk, recorder } from './recorder.ts';
import type { ClassResult, Measure } from './round.ts';
import { camera, frozen, worker } from './sources.ts';

export const measures: readonly { readonly names: readonly string[]; readonly measure: Measure }[] = [
  { names: ['camera'], measure: camera },
  { names: ['frozen'], measure: frozen },
  { names: ['worker'], measure: worker },
  { names: ['codec'], measure: codec },
  { names: ['path'], measure: path },
  { names: ['onlyPath'], measure: onlyPath },
  { names: ['hubHot', 'hubHotAudio', 'hubHotMosaic'], measure: hubHot },
  { names: ['hubWarm'], measure: hubWarm },
  { names: ['central'], measure: central },
  { names: ['broker'], measure: broker },
  { names: ['recorder'], measure: recorder },
  { names: ['disk'], measure: disk },
];

/** A figure that is no class of faults. */
export interface Figure {
  readonly measure: (say: (text: string) => void) => Promise<unknown>;
  /** False: only when it is asked for by name. */
  readonly byDefault: boolean;
}

export const figures: Readonly<Record<string, Figure>> = {
  lossy: { measure: lossy, byDefault: true },
  bursts: { measure: bursts, byDefault: true },
  narrow: { measure: narrowed, byDefault: true },
  falseSwitches: { measure: (say) => falseSwitches(say), byDefault: false },
};

/** The longest gap as 95th percentile in ms, and floor frames that may be lost; null: none is promised. */
interface Goal {
  readonly p95Ms: number;
  readonly lostFrames: number | null;
}

export const goals: Readonly<Record<string, Goal>> = {
  camera: { p95Ms: 300, lostFrames: null },
  frozen: { p95Ms: 2000, lostFrames: null },
  worker: { p95Ms: 600, lostFrames: null },
  codec: { p95Ms: 2000, lostFrames: null },
  path: { p95Ms: 120, lostFrames: 0 },
  onlyPath: { p95Ms: 1000, lostFrames: null },
  hubHot: { p95Ms: 120, lostFrames: 0 },
  hubHotAudio: { p95Ms: 200, lostFrames: 0 },
  hubHotMosaic: { p95Ms: 500, lostFrames: 0 },
  hubWarm: { p95Ms: 1000, lostFrames: null },
  central: { p95Ms: 120, lostFrames: 0 },
  broker: { p95Ms: 120, lostFrames: 0 },
  recorder: { p95Ms: 1000, lostFrames: 0 },
  disk: { p95Ms: 120, lostFrames: 0 },
};

/** Each measured class beside its goal. */
export const reached = (classes: Readonly<Record<string, ClassResult>>, wanted: Readonly<Record<string, Goal>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(classes).flatMap(([name, { gapMs, lostFrames }]) => {
      const goal = wanted[name];
      if (goal === undefined) return [];
      return [[name, { ...goal, reached: gapMs.p95 <= goal.p95Ms && (goal.lostFrames === null || lostFrames <= goal.lostFrames) }]];
    }),
  );
