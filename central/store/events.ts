/** What happened in the network: the log that the page shows, and how far each sender is acknowledged. */
import type { LogEntry } from '../../protocol/api.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Db } from './store.ts';
import type { EventsTable } from './tables.ts';
import type { Group } from './wire.ts';

/** One event on its way into the database. `kind` is one of the protocol's, or one of central's own. */
export interface NewEvent extends Omit<EventBody, 'kind'> {
  readonly node: string;
  readonly boot: string;
  readonly seq: number;
  readonly at: number;
  readonly receivedAt: number;
  readonly kind: string;
}

export interface Cursor {
  readonly node: string;
  readonly boot: string;
  /** Every event up to this one is committed or known to be lost; -1 before the first. */
  readonly seq: number;
  readonly lost: number;
}

const insertEvent = `insert into events (node, boot, seq, at, received_at, kind, severity, what, because, meeting, facts)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (node, boot, seq) do nothing`;
const upsertCursor = `insert into cursors (node, boot, seq, lost, at) values (?, ?, ?, ?, ?)
  on conflict (node, boot) do update set seq = excluded.seq, lost = excluded.lost, at = excluded.at`;

/** The statements of one commit: first the events in order, then the cursors. An event that is there already changes no row. */
export function eventGroups(events: readonly NewEvent[], cursors: readonly Cursor[], at: number): readonly Group[] {
  return [
    {
      sql: insertEvent,
      rows: events.map((each) => [
        each.node,
        each.boot,
        each.seq,
        each.at,
        each.receivedAt,
        each.kind,
        each.severity,
        each.what,
        each.because,
        each.meeting,
        JSON.stringify(each.facts),
      ]),
    },
    { sql: upsertCursor, rows: cursors.map(({ node, boot, seq, lost }) => [node, boot, seq, lost, at]) },
  ];
}

/** How far one process start of a node is, and which of its events are committed beyond a hole. */
export async function loadCursor(
  db: Db,
  node: string,
  boot: string,
): Promise<{ readonly seq: number; readonly lost: number; readonly ahead: readonly number[] }> {
  const row = await db.selectFrom('cursors').select(['seq', 'lost']).where('node', '=', node).where('boot', '=', boot).executeTakeFirst();
  const seq = row?.seq ?? -1;
  const ahead = await db
    .selectFrom('events')
    .select('seq')
    .where('node', '=', node)
    .where('boot', '=', boot)
    .where('seq', '>', seq)
    .orderBy('seq')
    .execute();
  return { seq, lost: row?.lost ?? 0, ahead: ahead.map((each) => each.seq) };
}

const facts = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const entryOf = ({
  id,
  at,
  node,
  kind,
  what,
  severity,
  because,
  meeting,
  facts: text,
}: Omit<EventsTable, 'id'> & { readonly id: number }): LogEntry => ({
  id,
  at,
  node,
  kind,
  what,
  severity,
  because,
  meeting,
  facts: facts(text),
});

/** A committed event as the page shows it. */
export const logEntry = (id: number, { at, node, kind, what, severity, because, meeting, facts }: NewEvent): LogEntry => ({
  id,
  at,
  node,
  kind,
  what,
  severity,
  because,
  meeting,
  facts,
});

/** The latest entries before the id `before` (all when null), newest first; of one meeting when `meeting` is given. */
export async function listLog(
  db: Db,
  { before, limit, meeting }: { readonly before: number | null; readonly limit: number; readonly meeting?: string },
): Promise<readonly LogEntry[]> {
  let query = db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== null) query = query.where('id', '<', before);
  if (meeting !== undefined) query = query.where('meeting', '=', meeting);
  return (await query.execute()).map(entryOf);
}
