/** The classes of the benchmark, its further figures, and what is to be reached. A new class is a line here. */
import { bursts, lossy } from './bad-paths.ts';
import { codec } from './codec.ts';
import { broker, central } from './control.ts';
import { falseSwitches } from './false-switches.ts';
import { hubHot, hubWarm } from './hubs.ts';
import { narrowed } from './narrow.ts';
import { onlyPath, path } from './paths.ts';
import { hubProvince } from './province.ts';
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
  { names: ['hubProvince'], measure: hubProvince },
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
  hubProvince: { p95Ms: 1000, lostFrames: 0 },
  central: { p95Ms: 120, lostFrames: 0 },
  broker: { p95Ms: 120, lostFrames: 0 },
  recorder: { p95Ms: 1000, lostFrames: 0 },
  disk: { p95Ms: 120, lostFrames: 0 },
};

/** What is promised besides, by class or figure: a path into its result, and what it may not exceed. */
const bounds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  worker: { othersTouched: 0 },
  central: { 'agreeMs.p95': 5000 },
  broker: { lostEvents: 0, doubledEvents: 0 },
  disk: { crashed: 0 },
  lossy: { lostFrames: 0 },
  bursts: { lostFrames: 0 },
  narrow: { 'voiceLostPercent.max': 1, 'heardLostPercent.max': 1, 'oldestMs.max': 2000, 'oldestSeenMs.max': 2000 },
  falseSwitches: { switches: 0 },
};

const at = (result: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], result);

/** What was measured and is not as promised, in words; what has no number (a class that measured nothing) is not as promised. */
export function missed(classes: Readonly<Record<string, ClassResult>>, more: Readonly<Record<string, unknown>>): readonly string[] {
  const within = (value: unknown, most: number): boolean =>
    (typeof value === 'number' || typeof value === 'boolean') && Number(value) <= most;
  const wrong = (name: string, result: unknown, path: string, most: number): readonly string[] =>
    within(at(result, path), most) ? [] : [`${name}: ${path} is ${String(at(result, path))}, promised ${most}`];
  return [
    ...Object.entries(classes).flatMap(([name, result]) => {
      const goal = goals[name];
      if (goal === undefined) return [];
      return [
        ...wrong(name, result, 'gapMs.p95', goal.p95Ms),
        ...(goal.lostFrames === null ? [] : wrong(name, result, 'lostFrames', goal.lostFrames)),
      ];
    }),
    ...Object.entries({ ...classes, ...more }).flatMap(([name, result]) =>
      Object.entries(bounds[name] ?? {}).flatMap(([path, most]) => wrong(name, result, path, most)),
    ),
  ];
}
