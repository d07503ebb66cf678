/** One-time tokens: only their hashes are kept, and each works once. */
import type { Db } from './store.ts';

/** Keeps a token by its hash. */
export async function insertToken(
  db: Db,
  token: { readonly hash: string; readonly purpose: string; readonly at: number; readonly expiresAt: number | null },
): Promise<void> {
  const { hash, purpose, at, expiresAt } = token;
  await db.insertInto('tokens').values({ hash, purpose, created_at: at, expires_at: expiresAt, used_at: null }).execute();
}

/** Uses a token up. False when there is no such token for that purpose, it was used before, or it has expired. */
export async function useToken(db: Db, token: { readonly hash: string; readonly purpose: string; readonly at: number }): Promise<boolean> {
  const { hash, purpose, at } = token;
  const { numUpdatedRows } = await db
    .updateTable('tokens')
    .set({ used_at: at })
    .where('hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', at)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Forgets all tokens of a purpose. */
export async function removeTokens(db: Db, purpose: string): Promise<void> {
  await db.deleteFrom('tokens').where('purpose', '=', purpose).execute();
}
