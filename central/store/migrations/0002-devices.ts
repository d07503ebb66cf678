/** Version 2: the devices of rooms that central wants driven. */
import type { Kysely } from 'kysely';
import { type Migration, required } from './migration.ts';

export const devices: Migration = {
  number: 2,
  name: 'devices',
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('devices')
      .addColumn('site', 'text', (column) => column.notNull().references('sites.site').onDelete('cascade'))
      .addColumn('device', 'text', required)
      .addColumn('wish', 'text', required)
      .addColumn('created_at', 'bigint', required)
      .addPrimaryKeyConstraint('devices_key', ['site', 'device'])
      .execute();
  },
};
