/**
 * What a site's figures mean, and how it is shown: shape, letter and colour together, so that no meaning hangs on colour alone. Pure.
 * Thresholds of raw network loss and round trip have two values each: one raises, the lower one clears, so that a mark does not flicker.
 */
import type { NodeState, SiteView } from '../api.ts';
import type { TextKey } from './catalogue/vi.ts';

/** never: not seen since the registry knows it; unknown: our own figures are too old to tell. */
export type Health = 'good' | 'degraded' | 'poor' | 'lost' | 'never' | 'unknown';

/** In the order of worry: for counting and for sorting. */
export const healths: readonly Health[] = ['lost', 'poor', 'degraded', 'unknown', 'never', 'good'];

interface Limit {
  readonly raise: number;
  readonly clear: number;
}
/** Percent of packets lost before repair. */
export const lossLimits: { readonly degraded: Limit; readonly poor: Limit } = {
  degraded: { raise: 1, clear: 0.5 },
  poor: { raise: 5, clear: 2.5 },
};
/** Milliseconds of round trip between box and hub. */
export const rttLimits: { readonly degraded: Limit; readonly poor: Limit } = {
  degraded: { raise: 250, clear: 200 },
  poor: { raise: 400, clear: 300 },
};

type Figures = Pick<SiteView, 'state' | 'lossPercent' | 'rttMs' | 'tile'>;

const over = (value: number | null, limit: Limit, already: boolean): boolean =>
  value !== null && value >= (already ? limit.clear : limit.raise);

/** The health of a site from its fresh figures and from what it was `before`. */
export function health(site: Figures, before: Health | undefined): Health {
  switch (site.state) {
    case 'offline':
      return 'lost';
    case 'never':
      return 'never';
    case 'online':
    case 'degraded': {
      const wasPoor = before === 'poor';
      if (over(site.lossPercent, lossLimits.poor, wasPoor) || over(site.rttMs, rttLimits.poor, wasPoor)) return 'poor';
      const wasDegraded = wasPoor || before === 'degraded';
      if (site.state === 'degraded' || site.tile === 'banned' || site.tile === 'slate') return 'degraded';
      return over(site.lossPercent, lossLimits.degraded, wasDegraded) || over(site.rttMs, rttLimits.degraded, wasDegraded)
        ? 'degraded'
        : 'good';
    }
    default:
      return site.state satisfies never;
  }
}

/** A hub has no figures of loss: its state says all. */
export function hubHealth(state: NodeState): Health {
  switch (state) {
    case 'online':
      return 'good';
    case 'degraded':
      return 'degraded';
    case 'offline':
      return 'lost';
    case 'never':
      return 'never';
    default:
      return state satisfies never;
  }
}

export interface Mark {
  readonly shape: 'circle' | 'triangle' | 'square' | 'cross' | 'ring' | 'hatched';
  readonly label: TextKey;
  readonly letter: TextKey;
}

/** Shape and words of each health; the colour is the style sheet's (`data-health`). */
export const marks: Readonly<Record<Health, Mark>> = {
  good: { shape: 'circle', label: 'health.good', letter: 'letter.good' },
  degraded: { shape: 'triangle', label: 'health.degraded', letter: 'letter.degraded' },
  poor: { shape: 'square', label: 'health.poor', letter: 'letter.poor' },
  lost: { shape: 'cross', label: 'health.lost', letter: 'letter.lost' },
  never: { shape: 'ring', label: 'health.never', letter: 'letter.never' },
  unknown: { shape: 'hatched', label: 'health.unknown', letter: 'letter.unknown' },
};
