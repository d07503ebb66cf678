/** Who did what, and what became of it. Rows are only added; the database refuses anything else. */
import type { AuditEntry } from '../../protocol/api.ts';
import type { Db } from './store.ts';

export type NewAuditEntry = Omit<AuditEntry, 'id'>;

/** Adds one entry. `detail` must not hold secrets. */
export async function addAudit(db: Db, { at, by, from, act, target, outcome, detail }: NewAuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ at, by, origin: from, act, target, outcome, detail: JSON.stringify(detail ?? null) })
    .execute();
}

/** The latest entries before the id `before` (all when null), newest first. */
export async function listAudit(
  db: Db,
  { before, limit }: { readonly before: number | null; readonly limit: number },
): Promise<readonly AuditEntry[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== null) query = query.where('id', '<', before);
  return (await query.execute()).map(({ origin, detail, ...row }) => ({ ...row, from: origin, detail: JSON.parse(detail) as unknown }));
}
