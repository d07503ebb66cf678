/** One-minute summaries of links. Computed in memory as samples come in, written once a minute. */
import type { Db } from './store.ts';
import type { RollupsTable } from './tables.ts';
import type { Group } from './wire.ts';

const columns = [
  'node',
  'minute',
  'n',
  'rtt_min',
  'rtt_max',
  'rtt_sum',
  'loss_min',
  'loss_max',
  'loss_sum',
  'kbps_min',
  'kbps_max',
  'kbps_sum',
] as const;

/** A restarted central adds to the minute it had begun. */
const merge = ['rtt', 'loss', 'kbps'].flatMap((each) => [
  `${each}_min = case when excluded.${each}_min < rollups.${each}_min then excluded.${each}_min else rollups.${each}_min end`,
  `${each}_max = case when excluded.${each}_max > rollups.${each}_max then excluded.${each}_max else rollups.${each}_max end`,
  `${each}_sum = rollups.${each}_sum + excluded.${each}_sum`,
]);
const upsert = `insert into rollups (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
  on conflict (node, minute) do update set n = rollups.n + excluded.n, ${merge.join(', ')}`;

export function rollupGroup(rows: readonly RollupsTable[]): Group {
  return { sql: upsert, rows: rows.map((row) => columns.map((column) => row[column])) };
}

/** The minutes of one node from `from` (inclusive) to `to` (exclusive), oldest first. */
export async function listRollups(
  db: Db,
  { node, from, to }: { readonly node: string; readonly from: number; readonly to: number },
): Promise<readonly RollupsTable[]> {
  return db
    .selectFrom('rollups')
    .selectAll()
    .where('node', '=', node)
    .where('minute', '>=', from)
    .where('minute', '<', to)
    .orderBy('minute')
    .execute();
}
