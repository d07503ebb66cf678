/** Staying at the live edge of a buffer: when to jump, when to play a little faster, what to throw away. Pure; all times in seconds. */

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Position {
  /** In order, not overlapping. */
  readonly buffered: readonly Range[];
  readonly at: number;
  readonly rate: number;
  /** A jump is under way: another one would begin the decoding again that a slow machine has not ended. */
  readonly seeking: boolean;
}

/** How near a player stays to the newest picture; each way nearer costs a picture that stands now and then on a line that is uneven. */
export interface Pace {
  /** Behind the newest picture by more than this: jump. The hub sends fragments of a fraction of a second. */
  readonly jumpBehind: number;
  /** Where a jump lands: room for one late fragment. */
  readonly landBehind: number;
  /** Faster above this, normal again below `calmBehind`. */
  readonly hurryBehind: number;
  readonly calmBehind: number;
  readonly hurryRate: number;
  /** No fragment for so many milliseconds: the picture stands still and must not look alive. */
  readonly silentMs: number;
}

/** With sound: 8 % is not heard as a change of pitch. */
export const watching: Pace = { jumpBehind: 2, landBehind: 0.35, hurryBehind: 0.9, calmBehind: 0.5, hurryRate: 1.08, silentMs: 2500 };
/** Silent, a fragment for each frame: who steers a camera by the picture overshoots by what it is late. */
export const steering: Pace = { jumpBehind: 0.6, landBehind: 0.1, hurryBehind: 0.25, calmBehind: 0.15, hurryRate: 1.15, silentMs: 1200 };

/** Seconds of the past that stay, and how much more may gather before it is removed. */
export const keepBehind = 5;
export const trimAbove = 15;

/**
 * How long (ms) a picture may stand though fragments come, when so many have stood since one moved: the buffer holds something that cannot be
 * played, or this machine is slow to begin, and beginning anew makes it slower.
 */
export const standsAtMost = (before: number): number => 4000 * 2 ** Math.min(before, 3);

export type Chase =
  | { readonly do: 'seek'; readonly to: number }
  | { readonly do: 'rate'; readonly rate: number }
  | { readonly do: 'nothing' };

/** What to do now to stay near the newest picture. */
export function chase({ buffered, at, rate, seeking }: Position, pace: Pace): Chase {
  const { jumpBehind, landBehind, hurryBehind, calmBehind, hurryRate } = pace;
  const last = buffered.at(-1);
  if (last === undefined) return { do: 'nothing' };
  const landing = Math.max(last.start, last.end - landBehind);
  // Outside the newest range the element waits for ever: a gap never fills, and after the ranges were replaced the old place is gone.
  if (at < last.start || at > last.end + 0.1) return { do: 'seek', to: landing };
  const behind = last.end - at;
  if (seeking) return { do: 'nothing' };
  if (behind > jumpBehind) return { do: 'seek', to: landing };
  if (behind > hurryBehind) return rate === hurryRate ? { do: 'nothing' } : { do: 'rate', rate: hurryRate };
  return behind < calmBehind && rate !== 1 ? { do: 'rate', rate: 1 } : { do: 'nothing' };
}

/** The past to remove from the buffer, or null when it is small enough. */
export function trim({ buffered, at }: Pick<Position, 'buffered' | 'at'>): Range | null {
  const first = buffered[0];
  if (first === undefined || at - first.start < trimAbove) return null;
  return { start: first.start, end: at - keepBehind };
}
