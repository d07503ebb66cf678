/** Events of the network in words: who, what, because. And which of them a reader asked for. Pure. */
import type { LogEntry } from '../../../protocol/api.ts';
import { matches } from '../../../protocol/web/search.ts';
import { keyFor, type Language, translate } from '../../../protocol/web/translate.ts';
import { reasonIn, wordIn } from '../../../protocol/web/words.ts';
import type { Live } from './live.ts';

export interface Story {
  readonly where: string;
  readonly kind: string;
  readonly what: string;
  readonly because: string;
}

type Names = Pick<Live, 'sites' | 'hubs'>;

/** The name that people know a node by. */
export const nodeName = (names: Names, node: string): string => names.sites.get(node)?.name ?? names.hubs.get(node)?.name ?? node;

/** The node that an entry is about: central also tells what it sees of others. */
export function aboutNode({ node, facts }: Pick<LogEntry, 'node' | 'facts'>): string {
  const { node: other } = facts;
  return node === 'central' && typeof other === 'string' && other !== '' ? other : node;
}

/** `text` with names in the place of the ids of sites and hubs. */
export const withNames = (names: Names, text: string): string =>
  text.replace(/[a-z0-9][a-z0-9-]*[a-z0-9]/g, (word) => nodeName(names, word));

/** Facts that say which one: the program, the site of a tile, the peer of a link. */
const telling = ['program', 'site', 'peer', 'file', 'from'] as const;
/** Of another hub that serves a site, the new one counts. */
const toWhom = ['to'] as const;

/** For how long viewers had no picture, or a dead one; null: it was not measured. */
function badMs({ gapMs, badMs: bad }: LogEntry['facts']): number | null {
  if (typeof gapMs !== 'number') return null;
  return Math.round(Math.max(gapMs, typeof bad === 'number' ? bad : 0));
}

/** How long the viewers had nothing, where that was measured; a gap that nobody can notice is not worth a word. */
const NOTICED_MS = 50;

function gapIn(language: Language, facts: LogEntry['facts']): string {
  const ms = badMs(facts);
  if (ms === null || ms < NOTICED_MS) return '';
  return translate(language, 'log.gap', {
    seconds: (ms / 1000).toLocaleString(language === 'vi' ? 'vi-VN' : 'en-GB', { maximumFractionDigits: 2 }),
  });
}

/** Which of the links to a peer: its path and direction, as seen from the node; two rows that differ in nothing else look like a mistake. */
function wayOf({ kind, facts: { path, direction } }: LogEntry): string {
  if (kind !== 'link') return '';
  const arrow = direction === 'up' ? '↑' : direction === 'down' ? '↓' : '';
  const way = [typeof path === 'string' ? path : '', arrow].filter((each) => each !== '').join(' ');
  return way === '' ? '' : `(${way})`;
}

/** `entry` in the words of `language`. */
export function story(language: Language, names: Names, entry: LogEntry): Story {
  const key = keyFor('kind', entry.kind);
  const about = aboutNode(entry);
  const where = about === 'central' ? translate(language, 'node.central') : nodeName(names, about);
  // Of a source, `what` says it all: the camera is lost, or has returned.
  const facts = entry.kind === 'hub' ? toWhom : telling;
  const which = entry.kind === 'source' ? undefined : facts.map((each) => entry.facts[each]).find((each) => typeof each === 'string');
  const what = wordIn(language, entry.what);
  return {
    where,
    kind: key === undefined ? wordIn(language, entry.kind) : translate(language, key),
    what: [what, which === undefined || which === about ? '' : nodeName(names, which), wayOf(entry)]
      .filter((each) => each !== '')
      .join(' '),
    because: [
      entry.because === '' ? '' : translate(language, 'log.because', { because: withNames(names, reasonIn(language, entry.because)) }),
      gapIn(language, entry.facts),
    ]
      .filter((each) => each !== '')
      .join('; '),
  };
}

/** What an intent carried, in a few words: names for ids, labels for fields. */
export function particulars(language: Language, names: Names, detail: unknown): string {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return '';
  return Object.entries(detail)
    .flatMap(([field, value]): string[] => {
      if (typeof value === 'boolean') return [`${labelOf(language, field)}: ${translate(language, value ? 'word.yes' : 'word.no')}`];
      if (typeof value === 'number') return [`${labelOf(language, field)}: ${value}`];
      // The words that a union of the API is told apart by say nothing to a reader.
      if (field === 'type' || field === 'do') return [];
      if (field === 'because' && typeof value === 'string')
        return [`${labelOf(language, field)}: ${withNames(names, reasonIn(language, value))}`];
      if (typeof value === 'string')
        return [field === 'site' || field === 'hub' ? nodeName(names, value) : `${labelOf(language, field)}: ${value}`];
      return [];
    })
    .slice(0, 4)
    .join(' · ');
}

function labelOf(language: Language, field: string): string {
  const key = keyFor('field', field);
  return key === undefined ? field : translate(language, key);
}

export interface Wanted {
  readonly severity: 'all' | LogEntry['severity'];
  readonly kind: string;
  readonly text: string;
}

export const everything: Wanted = { severity: 'all', kind: 'all', text: '' };

/** True when the reader asked for this entry. A severity includes the graver ones. */
export function isWanted(entry: LogEntry, told: Story, wanted: Wanted): boolean {
  const grave = { info: 0, warning: 1, error: 2 } as const;
  if (wanted.severity !== 'all' && grave[entry.severity] < grave[wanted.severity]) return false;
  if (wanted.kind !== 'all' && entry.kind !== wanted.kind) return false;
  return matches(`${told.where} ${entry.node} ${told.kind} ${told.what} ${told.because}`, wanted.text);
}
