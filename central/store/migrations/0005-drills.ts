/** Version 5: failover drills. One that is signed off cannot be changed or removed by anybody. */
import { type Kysely, sql } from 'kysely';
import { type Engine, type Migration, required } from './migration.ts';

export const drills: Migration = {
  number: 5,
  name: 'drills',
  async up(db: Kysely<unknown>, engine: Engine) {
    await db.schema
      .createTable('drills')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('state', 'text', required)
      .addColumn('ordered_at', 'bigint', required)
      .addColumn('drill', 'text', required)
      .addColumn('sealed', 'text')
      .execute();
    const refusal = 'a signed report never changes';
    if (engine === 'sqlite') {
      for (const act of ['update', 'delete'])
        await sql`create trigger ${sql.id(`drills_no_${act}`)} before ${sql.raw(act)} on drills when old.sealed is not null begin select raise(abort, ${sql.lit(refusal)}); end`.execute(
          db,
        );
      return;
    }
    await sql`create function drills_refuse() returns trigger language plpgsql as ${sql.lit(`begin raise exception '${refusal}'; end`)}`.execute(
      db,
    );
    await sql`create trigger drills_no_change before update or delete on drills for each row when (old.sealed is not null) execute function drills_refuse()`.execute(
      db,
    );
  },
};
