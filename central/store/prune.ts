/** How long history is kept. The audit log is kept for ever. */
import type { Db } from './store.ts';

const dayMs = 86_400_000;

export interface Retention {
  readonly eventDays: number;
  readonly rollupDays: number;
}

export const defaultRetention: Retention = { eventDays: 365, rollupDays: 90 };

/** Removes what is older than its time, and sessions and tokens that have expired. Call it about once a day, by a clock that others confirm. */
export async function prune(db: Db, now: number, { eventDays, rollupDays }: Retention = defaultRetention): Promise<void> {
  await db
    .deleteFrom('events')
    .where('received_at', '<', now - eventDays * dayMs)
    .execute();
  await db
    .deleteFrom('cursors')
    .where('at', '<', now - eventDays * dayMs)
    .execute();
  await db
    .deleteFrom('rollups')
    .where('minute', '<', now - rollupDays * dayMs)
    .execute();
  await db.deleteFrom('sessions').where('expires_at', '<', now).execute();
  await db.deleteFrom('tokens').where('expires_at', '<', now).execute();
}
