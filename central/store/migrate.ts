/** Brings a database to the present version: numbered steps, forward only, each in its own transaction. */
import { type Kysely, sql } from 'kysely';
import { FaultError } from '../../protocol/fault.ts';
import { migrations } from './migrations/all.ts';
import type { Engine, Migration } from './migrations/migration.ts';

export interface MigrateOptions {
  /** Named in faults. */
  readonly file: string;
  readonly now: () => number;
  /** All there are, when absent. */
  readonly steps?: readonly Migration[];
}

/** The number of the last step done; 0 for an empty database. */
async function version<T>(db: Kysely<T>): Promise<number> {
  await sql`create table if not exists migrations (number integer primary key, name text not null, at bigint not null)`.execute(db);
  const { rows } = await sql<{ readonly number: number | null }>`select max(number) as number from migrations`.execute(db);
  return rows[0]?.number ?? 0;
}

/**
 * Runs the steps that are missing. Callers have the database alone: SQLite by its lock file, PostgreSQL by an advisory lock taken here.
 * @throws FaultError `store.broken` when the database is newer than this program, or a step fails (its changes are undone).
 */
export async function migrate<T>(
  db: Kysely<T>,
  engine: Engine,
  options: MigrateOptions,
): Promise<{ readonly from: number; readonly to: number }> {
  const { file, now, steps = migrations } = options;
  const from = await version(db);
  const to = steps.at(-1)?.number ?? 0;
  if (from > to) {
    const because = `it has version ${from}, this program knows ${to}: it was written by a newer program`;
    throw new FaultError({ code: 'store.broken', file, because });
  }
  for (const { number, name, up } of steps) {
    if (number <= from) continue;
    try {
      await db.transaction().execute(async (trx) => {
        // Two instances may start at once on one PostgreSQL; the second waits here and then finds the step done.
        if (engine === 'postgres') await sql`select pg_advisory_xact_lock(4301)`.execute(trx);
        const done = await sql`select 1 from migrations where number = ${number}`.execute(trx);
        if (done.rows.length > 0) return;
        // A step knows its own version only, so it gets none of today's types.
        await up(trx as unknown as Kysely<unknown>, engine);
        await sql`insert into migrations (number, name, at) values (${number}, ${name}, ${now()})`.execute(trx);
      });
    } catch (error) {
      const because = `migration ${number} (${name}) failed: ${error instanceof Error ? error.message : String(error)}`;
      throw new FaultError({ code: 'store.broken', file, because });
    }
  }
  return { from, to };
}
