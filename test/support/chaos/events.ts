/** That no event is lost or comes twice: what each node noted in its own log against what central has stored. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Demo } from '../demo.ts';
import type { Nodes } from './nodes.ts';

/** What was noted so shortly before a death may not have been on the disk yet: nobody was told that it was kept. */
const UNKEPT_MS = 3000;

interface Noted {
  readonly at: number;
  readonly text: string;
}

interface Row {
  readonly at: number;
  readonly kind: string;
  readonly what: string;
  readonly because: string;
}

const textOf = (kind: string, what: string, because: string): string => `${kind} ${what}: ${because}`;

function noted(demo: Demo, node: string): readonly Noted[] {
  const lines = readFileSync(join(demo.data, 'logs', `${node}.log`), 'utf8').split('\n');
  return lines.flatMap((line) => {
    if (!line.includes('"msg":"event"') || !line.endsWith('}')) return [];
    const { time, kind, what, because } = JSON.parse(line) as Record<'kind' | 'what' | 'because', string> & {
      readonly time: number | string;
    };
    return [{ at: new Date(time).getTime(), text: textOf(kind, what, because) }];
  });
}

/** An event is kept in the breath in which it is noted, or a little later where a processor is waited for. */
const same = (stored: Noted, { at, text }: Noted): boolean => stored.text === text && stored.at >= at - 1000 && stored.at <= at + 10_000;

/** Of `said` and `stored`, both in their order, what has no counterpart. */
function unmatched(
  said: readonly Noted[],
  stored: readonly Noted[],
): { readonly missing: readonly Noted[]; readonly extra: readonly Noted[] } {
  const left = [...stored];
  const missing = said.filter((each) => {
    const index = left.findIndex((one) => same(one, each));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return { missing, extra: left };
}

/** What is wrong now; what nodes noted while central was away comes when they have it again. */
export function eventsWrong(demo: Demo, nodes: Nodes, all: readonly string[]): readonly string[] {
  const db = new Database(join(demo.data, 'central', 'central.db'), { readonly: true });
  try {
    const lost = db.prepare('select node, lost from cursors where lost > 0').all() as readonly { node: string; lost: number }[];
    const kept = db.prepare('select at, kind, what, because from events where node = ? order by id');
    return [
      ...lost.map((each) => `central has given up ${each.lost} events of ${each.node}`),
      ...all.flatMap((node) => {
        const said = noted(demo, node);
        if (said.length === 0) return [`${node} has noted nothing at all`];
        const stored = (kept.all(node) as readonly Row[]).map(({ at, kind, what, because }) => ({ at, text: textOf(kind, what, because) }));
        const { missing, extra } = unmatched(said, stored);
        const surely = missing.filter(({ at }) => !nodes.ends(node).some((end) => at > end - UNKEPT_MS && at <= end));
        return [
          ...surely.map(({ at, text }) => `central lacks what ${node} noted at ${at}: ${text}`),
          ...extra.map(({ at, text }) => `central has what ${node} did not note, or once more than that, of ${at}: ${text}`),
        ];
      }),
    ];
  } finally {
    db.close();
  }
}
