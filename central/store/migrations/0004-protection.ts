/** Version 4: how a site is protected, and where a hub is reached over other paths. */
import type { Kysely } from 'kysely';
import { type Migration, required } from './migration.ts';

export const protection: Migration = {
  number: 4,
  name: 'protection',
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('sites')
      .addColumn('protection', 'text', (column) => required(column).defaultTo('warm'))
      .execute();
    await db.schema.alterTable('hubs').addColumn('paths', 'text').execute();
  },
};
