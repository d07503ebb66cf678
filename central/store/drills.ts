/** Drills and their signed reports. What is signed is kept as the text that was signed. */
import type { Drill, SealedReport } from '../../protocol/drill.ts';
import type { Db } from './store.ts';

export interface KeptDrill {
  readonly drill: Drill;
  /** Null until somebody has signed it off. */
  readonly sealed: SealedReport | null;
}

interface Row {
  readonly drill: string;
  readonly sealed: string | null;
}

const kept = ({ drill, sealed }: Row): KeptDrill => ({
  drill: JSON.parse(drill) as Drill,
  sealed: sealed === null ? null : (JSON.parse(sealed) as SealedReport),
});

/** Newest first. */
export async function listDrills(db: Db, limit: number): Promise<readonly KeptDrill[]> {
  const rows = await db.selectFrom('drills').select(['drill', 'sealed']).orderBy('ordered_at', 'desc').orderBy('id').limit(limit).execute();
  return rows.map(kept);
}

export async function findDrill(db: Db, id: string): Promise<KeptDrill | null> {
  const row = await db.selectFrom('drills').select(['drill', 'sealed']).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : kept(row);
}

/** Those that a former process of central left under way. */
export async function unfinishedDrills(db: Db): Promise<readonly Drill[]> {
  const rows = await db.selectFrom('drills').select(['drill', 'sealed']).where('state', 'in', ['opening', 'running']).execute();
  return rows.map((row) => kept(row).drill);
}

/** Adds or changes it. The database refuses to change one that is signed. */
export async function saveDrill(db: Db, drill: Drill): Promise<void> {
  const row = { id: drill.id, state: drill.state, ordered_at: drill.orderedAt, drill: JSON.stringify(drill), sealed: null };
  await db
    .insertInto('drills')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ state: row.state, drill: row.drill }))
    .execute();
}

/** Keeps the signed report. False when there is one already, or no such drill. */
export async function sealDrill(db: Db, id: string, sealed: SealedReport): Promise<boolean> {
  const done = await db
    .updateTable('drills')
    .set({ sealed: JSON.stringify(sealed) })
    .where('id', '=', id)
    .where('sealed', 'is', null)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}
