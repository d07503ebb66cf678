/** What a site gives up, in order, when its way out is too narrow: the quality of `main` first, then the tile's rate, never the voice. Pure. */
import type { UplinkShape } from '../streams.ts';

/** What is made of the pictures now. */
export interface Limits {
  readonly mainKbps: number;
  /** 0: all that come. */
  readonly tileFps: number;
}

export interface Level {
  readonly limits: Limits;
  /** On the wire, in kbit/s: everything. */
  readonly needKbps: number;
  /** Of that, what video may take at the most; null: whatever there is. */
  readonly paceKbps: number | null;
}

/** Shares of the planned rate of `main`. The size stays: a new one costs an IDR and every decoder a fresh start, on a way that has no room for either. */
const mainShares = [1, 0.6, 1 / 3, 1 / 6] as const;
/** Pictures per second of the tile below them; each keeps its share of the rate. */
const tileRates = [7, 3] as const;

/** IP, UDP, SRT and RTP around each packet, and parts of a packet: a twelfth of a large stream, a third of a small one. */
const wire = (kbps: number): number => (kbps <= 0 ? 0 : kbps * 1.08 + 12);
/** A voice with its headers: 44 + 28 bytes around every packet. */
const voice = ({ audio: { format } }: UplinkShape): number => format.kbps + (72 * 8) / format.frameMs + 8;
/** An IDR is several times a picture's share; with this much room it goes out within its encoder's buffer. */
const PACE = 1.2;

/**
 * @param mainOpen `main` is sent now.
 * @param fixed what is sent is made already (a clip), and cannot be made smaller.
 */
export function levels(shape: UplinkShape, mainOpen: boolean, fixed: boolean): readonly Level[] {
  const { main, tile } = shape;
  const level = (share: number, fps: number | null): Level => {
    const mainKbps = Math.max(64, Math.round(main.format.kbps * share));
    const part = fps === null ? 1 : Math.min(1, fps / tile.format.fps);
    const video = (mainOpen ? wire(mainKbps) : 0) + wire(tile.format.kbps * part);
    const whole = share === 1 && fps === null;
    return {
      limits: { mainKbps, tileFps: fps === null || fps >= tile.format.fps ? 0 : fps },
      needKbps: Math.round(video + voice(shape)),
      paceKbps: whole ? null : Math.round(video * PACE),
    };
  };
  if (fixed) return [level(1, null)];
  const least = mainShares.at(-1) ?? 1;
  return [...mainShares.map((share) => level(share, null)), ...tileRates.map((fps) => level(least, fps))];
}

/** Why less is sent, for people. @param kbps what comes through; null: not known. */
export function narrowBecause(kbps: number | null, { limits }: Level, mainOpen: boolean): string {
  const about = kbps === null ? '' : ` (about ${mbit(kbps)} Mbit/s)`;
  const main = mainOpen ? [`main at ${limits.mainKbps} kbit/s`] : [];
  const tile = limits.tileFps === 0 ? [] : [`tile at ${limits.tileFps} pictures/s`];
  const gives = [...main, ...tile].join(', ');
  return `the way out is narrow${about}${gives === '' ? '' : `: ${gives}`}`;
}

export const mbit = (kbps: number): string =>
  (kbps / 1000)
    .toFixed(kbps < 950 ? 2 : 1)
    .replace(/0$/, '')
    .replace(/\.$/, '');
