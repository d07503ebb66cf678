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
}

/** Behind the newest picture by more than this: jump. The hub sends fragments of a fraction of a second. */
export const jumpBehind = 2;
/** Where a jump lands: room for one late fragment. */
export const landBehind = 0.35;
/** Faster above this, normal again below `calmBehind`; 8 % is not heard as a change of pitch. */
export const hurryBehind = 0.9;
export const calmBehind = 0.5;
export const hurryRate = 1.08;
/** Seconds of the past that stay, and how much more may gather before it is removed. */
export const keepBehind = 5;
export const trimAbove = 15;

export type Chase =
  | { readonly do: 'seek'; readonly to: number }
  | { readonly do: 'rate'; readonly rate: number }
  | { readonly do: 'nothing' };

/** What to do now to stay near the newest picture. */
export function chase({ buffered, at, rate }: Position): Chase {
  const last = buffered.at(-1);
  if (last === undefined) return { do: 'nothing' };
  const landing = Math.max(last.start, last.end - landBehind);
  // Outside the newest range the element waits for ever: a gap never fills, and after the ranges were replaced the old place is gone.
  if (at < last.start || at > last.end + 0.1) return { do: 'seek', to: landing };
  const behind = last.end - at;
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
