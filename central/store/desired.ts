/** What each node shall do, in the database. Revisions rise by one with each change and are never reused. */
import type { DesiredState, Want } from '../sites/contract.ts';
import type { Db } from './store.ts';

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

export async function saveDesired(db: Db, { node, rev, text }: Pick<StoredDesired, 'node' | 'rev' | 'text'>, at: number): Promise<void> {
  const row = { rev, want: text, at, satisfied: 0, because: 'not reported yet' } as const;
  await db
    .insertInto('desired')
    .values({ node, reported_rev: null, ...row })
    .onConflict((conflict) => conflict.column('node').doUpdateSet(row))
    .execute();
}

export async function saveReported(db: Db, { node, reportedRev, satisfied, because }: Omit<DesiredState, 'rev'>): Promise<void> {
  const row = { reported_rev: reportedRev, satisfied: satisfied ? 1 : 0, because } as const;
  await db.updateTable('desired').set(row).where('node', '=', node).execute();
}

export async function removeDesired(db: Db, node: string): Promise<void> {
  await db.deleteFrom('desired').where('node', '=', node).execute();
}
