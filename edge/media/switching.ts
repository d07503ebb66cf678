/** What is told of sources that change places, in words. Pure. */
import type { EventBody } from '../../protocol/schema/event.ts';

export type Kind = 'camera' | 'microphone';

/** Place in the order of the sources, 0 is the first choice; null: the last resort, a slate or silence. */
export type OnAir = number | null;

export interface Standing {
  readonly air: OnAir;
  readonly because: string;
  readonly standby: readonly { readonly name: string; readonly ready: boolean; readonly because: string }[];
}

/** Another source is on the air. */
export interface SwitchNews {
  readonly kind: Kind;
  readonly from: OnAir;
  readonly to: OnAir;
  /** Of the source, in a few words; null: the last resort. */
  readonly label: string | null;
  readonly because: string;
  /** As the worker measured it: for how long nothing left the selector, and since when what was left had been bad. Null: nothing has left yet. */
  readonly seen: { readonly gapMs: number; readonly ageMs: number } | null;
}

const lastResort = { camera: 'slate', microphone: 'silence' } as const;

/** `camera`, `backup`, `backup-2`, `slate`. */
export const placeWord = (kind: Kind, air: OnAir): string =>
  air === null ? lastResort[kind] : air === 0 ? kind : air === 1 ? 'backup' : `backup-${air}`;

const role = (kind: Kind, air: OnAir): string =>
  air === null || air === 0 ? kind : air === 1 ? `backup ${kind}` : `backup ${kind} ${air}`;

/** `backup camera frozen`. */
export const lossText = (kind: Kind, air: OnAir, because: string): string => `${role(kind, air)} ${because}`;

/** What is on the air, and why not the first choice. */
export function airText(kind: Kind, air: OnAir, first: string | null): string {
  if (air === null) return first ?? `no ${kind}`;
  return air === 0 ? (first ?? 'delivers') : `${role(kind, air)} is on the air: ${first ?? 'as ordered'}`.slice(0, 200);
}

/** One word for what happened: `lost` (nothing left but the last resort), `backup`, `returned`. */
const whatOf = ({ to }: SwitchNews): string => (to === null ? 'lost' : to === 0 ? 'returned' : 'backup');

export function switchEvent(news: SwitchNews, meeting: string | null): EventBody {
  const { kind, from, to, label, because, seen } = news;
  const what = whatOf(news);
  return {
    kind: 'source',
    severity: to === 0 ? 'info' : 'warning',
    what: kind === 'camera' ? what : `${kind}-${what}`,
    because: because.slice(0, 300),
    meeting,
    facts: {
      from: placeWord(kind, from),
      to: placeWord(kind, to),
      source: label?.slice(0, 200) ?? null,
      gapMs: seen === null ? null : Math.round(seen.gapMs),
      badMs: seen === null ? null : Math.round(seen.ageMs),
    },
  };
}
