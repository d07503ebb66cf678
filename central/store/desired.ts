/** What each node shall do, in the database. Revisions rise by one with each change and are never reused. */
import type { DesiredState, Want } from '../sites/contract.ts';
import type { Db } from './store.ts';
import type { Group } from './wire.ts';

export interface StoredDesired extends DesiredState {
  readonly want: Want;
  /** Its text, for comparison. */
  readonly text: string;
}

export async function listDesired(db: Db): Promise<readonly StoredDesired[]> {
  const rows = await db.selectFrom('desired').selectAll().execute();
  return rows.map(({ node, rev, want, reported_rev, satisfied, because }) => ({
    node,
    rev,
    want: JSON.parse(want) as Want,
    text: want,
    reportedRev: reported_rev,
    satisfied: satisfied === 1,
    because,
  }));
}

const upsert = `insert into desired (node, rev, want, at, reported_rev, satisfied, because) values (?, ?, ?, ?, ?, 0, ?)
  on conflict (node) do update set rev = excluded.rev, want = excluded.want, at = excluded.at, satisfied = 0, because = excluded.because`;
const update = 'update desired set reported_rev = ?, satisfied = ?, because = ? where node = ?';

/** New wishes. */
export const desiredGroup = (states: readonly Omit<StoredDesired, 'want'>[], at: number): Group => ({
  sql: upsert,
  rows: states.map(({ node, rev, text, reportedRev, because }) => [node, rev, text, at, reportedRev, because]),
});

/** What nodes said about them. */
export const reportedGroup = (states: readonly Omit<DesiredState, 'rev'>[]): Group => ({
  sql: update,
  rows: states.map(({ node, reportedRev, satisfied, because }) => [reportedRev, satisfied, because, node]),
});

export async function removeDesired(db: Db, node: string): Promise<void> {
  await db.deleteFrom('desired').where('node', '=', node).execute();
}
