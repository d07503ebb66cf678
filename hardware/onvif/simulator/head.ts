/**
 * The moving part of a camera: where it looks, as a function of time. Nothing ticks; a motion is a line from here to there, and whoever asks
 * is told how far along it is. Pure but for the clock it reads.
 */
import type { Clock } from '../../../protocol/clock.ts';

/** Pan and tilt -1…1, zoom 0…1, as ONVIF's generic spaces have them. */
export interface Position {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}
export type Axis = keyof Position;
export const AXES = ['pan', 'tilt', 'zoom'] as const;

interface Motion {
  readonly from: number;
  readonly to: number;
  readonly startMs: number;
  readonly ms: number;
  /** Commanded until then, whether or not there is way left; null: until stopped. */
  readonly untilMs: number | null;
}

const LEAST: Position = { pan: -1, tilt: -1, zoom: 0 };
const MOST: Position = { pan: 1, tilt: 1, zoom: 1 };
/** Units a second at full speed: from end to end in eight seconds, the zoom in four. */
const RATE: Position = { pan: 0.25, tilt: 0.25, zoom: 0.25 };

export interface Head {
  readonly position: Position;
  /** These axes have been told to move and neither stopped nor arrived. */
  moving(axis: Axis): boolean;
  /** Off at a share of full speed, -1…1, until stopped, `forMs` is over, or the end of the way. Axes that are not named go on as they do. */
  drive(speeds: Partial<Position>, forMs: number | null): void;
  goTo(target: Partial<Position>, speed: number): void;
  stop(axes: readonly Axis[]): void;
}

export function createHead(clock: Clock, home: Position): Head {
  const at = (position: number): Motion => ({ from: position, to: position, startMs: 0, ms: 0, untilMs: 0 });
  const motions: Record<Axis, Motion> = { pan: at(home.pan), tilt: at(home.tilt), zoom: at(home.zoom) };
  const where = (axis: Axis): number => {
    const { from, to, startMs, ms } = motions[axis];
    return ms === 0 ? to : from + (to - from) * Math.min(1, (clock.mono() - startMs) / ms);
  };
  const go = (axis: Axis, to: number, rate: number, untilMs: number | null): void => {
    const from = where(axis);
    const bound = Math.min(MOST[axis], Math.max(LEAST[axis], to));
    motions[axis] = { from, to: bound, startMs: clock.mono(), ms: (Math.abs(bound - from) / rate) * 1000, untilMs };
  };
  return {
    get position() {
      return { pan: where('pan'), tilt: where('tilt'), zoom: where('zoom') };
    },
    moving(axis) {
      const { untilMs } = motions[axis];
      return untilMs === null || clock.mono() < untilMs;
    },
    drive(speeds, forMs) {
      for (const axis of AXES) {
        const speed = speeds[axis];
        if (speed === undefined) continue;
        const rate = Math.abs(speed) * RATE[axis];
        if (rate === 0) motions[axis] = at(where(axis));
        else if (forMs === null) go(axis, speed > 0 ? MOST[axis] : LEAST[axis], rate, null);
        else go(axis, where(axis) + (Math.sign(speed) * rate * forMs) / 1000, rate, clock.mono() + forMs);
      }
    },
    goTo(target, speed) {
      for (const axis of AXES) {
        const to = target[axis];
        if (to === undefined) continue;
        go(axis, to, Math.max(0.05, speed) * RATE[axis], 0);
        motions[axis] = { ...motions[axis], untilMs: clock.mono() + motions[axis].ms };
      }
    },
    stop(axes) {
      for (const axis of axes) motions[axis] = at(where(axis));
    },
  };
}
