/** That no event is lost or comes twice: what each node noted in its own log against what central has stored. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Demo } from '../demo.ts';
import type { Nodes } from './nodes.ts';

/** What was noted so shortly before a death may not have been on the disk yet: nobody was told that it was kept. */
const UNKEPT_MS = 1500;

interface Noted {
  readonly at: number;
  readonly text: string;
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

const counts = (texts: readonly string[]): ReadonlyMap<string, number> =>
  texts.reduce((all, text) => all.set(text, (all.get(text) ?? 0) + 1), new Map<string, number>());

/** What is wrong now; what nodes noted while central was away comes when they have it again. */
export function eventsWrong(demo: Demo, nodes: Nodes, all: readonly string[]): readonly string[] {
  const db = new Database(join(demo.data, 'central', 'central.db'), { readonly: true });
  try {
    const lost = db.prepare('select node, lost from cursors where lost > 0').all() as readonly { node: string; lost: number }[];
    const stored = db.prepare('select kind, what, because from events where node = ?');
    return [
      ...lost.map((each) => `central has given up ${each.lost} events of ${each.node}`),
      ...all.flatMap((node) => {
        const said = noted(demo, node);
        if (said.length === 0) return [`${node} has noted nothing at all`];
        const deaths = nodes.deaths(node);
        const surely = said.filter(({ at }) => !deaths.some((death) => at > death - UNKEPT_MS && at <= death));
        const has = counts(
          (stored.all(node) as readonly { kind: string; what: string; because: string }[]).map((each) =>
            textOf(each.kind, each.what, each.because),
          ),
        );
        const must = counts(surely.map(({ text }) => text));
        const may = counts(said.map(({ text }) => text));
        const missing = [...must].filter(([text, count]) => (has.get(text) ?? 0) < count);
        const twice = [...has].filter(([text, count]) => count > (may.get(text) ?? 0));
        return [
          ...missing.map(([text, count]) => `${node} noted ${count} times, central has ${has.get(text) ?? 0}: ${text}`),
          ...twice.map(([text, count]) => `central has ${count} times, ${node} noted ${may.get(text) ?? 0}: ${text}`),
        ];
      }),
    ];
  } finally {
    db.close();
  }
}
