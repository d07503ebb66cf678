/** Version 1: registry, meetings, desired states, events, audit, users, recordings, rollups. */
import type { Kysely } from 'kysely';
import { appendOnly, counted, type Engine, type Migration, required } from './migration.ts';

async function registry(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sites')
    .addColumn('site', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('position', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('seen_at', 'bigint')
    .execute();
  await db.schema
    .createTable('hubs')
    .addColumn('hub', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('seen_at', 'bigint')
    .addColumn('host', 'text')
    .addColumn('port', 'integer')
    .execute();
  await db.schema
    .createTable('desired')
    .addColumn('node', 'text', (column) => column.primaryKey())
    .addColumn('rev', 'bigint', required)
    .addColumn('want', 'text', required)
    .addColumn('at', 'bigint', required)
    .addColumn('reported_rev', 'bigint')
    .addColumn('satisfied', 'integer', required)
    .addColumn('because', 'text', required)
    .execute();
}

async function meetings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('meetings')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('title', 'text', required)
    .addColumn('language', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('hub', 'text')
    .addColumn('mosaic', 'text', required)
    .addColumn('page', 'integer', required)
    .addColumn('recording', 'text')
    .addColumn('floor_since', 'bigint')
    .addColumn('plan', 'text')
    .addColumn('created_by', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute();
  await db.schema.createIndex('meetings_by_state').on('meetings').column('state').execute();
  await db.schema
    .createTable('meeting_sites')
    .addColumn('meeting', 'text', (column) => column.notNull().references('meetings.id').onDelete('cascade'))
    .addColumn('site', 'text', required)
    .addColumn('position', 'integer', required)
    .addColumn('muted', 'integer', required)
    .addPrimaryKeyConstraint('meeting_sites_key', ['meeting', 'site'])
    .execute();
  await db.schema
    .createTable('grants')
    .addColumn('meeting', 'text', (column) => column.notNull().references('meetings.id').onDelete('cascade'))
    .addColumn('epoch', 'integer', required)
    .addColumn('n', 'integer', required)
    .addColumn('slots', 'text', required)
    .addColumn('next', 'text')
    .addColumn('previous', 'text')
    .addColumn('at', 'bigint', required)
    .addPrimaryKeyConstraint('grants_key', ['meeting', 'epoch', 'n'])
    .execute();
  await db.schema
    .createTable('media_keys')
    .addColumn('meeting', 'text', (column) => column.notNull().references('meetings.id').onDelete('cascade'))
    .addColumn('hub', 'text', required)
    .addColumn('peer', 'text', required)
    .addColumn('passphrase', 'text', required)
    .addPrimaryKeyConstraint('media_keys_key', ['meeting', 'hub', 'peer'])
    .execute();
  await db.schema
    .createTable('recordings')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('meeting', 'text', required)
    .addColumn('hub', 'text', required)
    .addColumn('title', 'text', required)
    .addColumn('because', 'text', required)
    .addColumn('by', 'text', required)
    .addColumn('started_at', 'bigint', required)
    .addColumn('ended_at', 'bigint')
    .addColumn('bytes', 'bigint', required)
    .addColumn('manifest', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('deleted_at', 'bigint')
    .execute();
  await db.schema.createIndex('recordings_by_start').on('recordings').column('started_at').execute();
}

async function history(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await counted(db.schema.createTable('events'), engine)
    .addColumn('node', 'text', required)
    .addColumn('boot', 'text', required)
    .addColumn('seq', 'bigint', required)
    .addColumn('at', 'bigint', required)
    .addColumn('received_at', 'bigint', required)
    .addColumn('kind', 'text', required)
    .addColumn('severity', 'text', required)
    .addColumn('what', 'text', required)
    .addColumn('because', 'text', required)
    .addColumn('meeting', 'text')
    .addColumn('facts', 'text', required)
    .addUniqueConstraint('events_once', ['node', 'boot', 'seq'])
    .execute();
  await db.schema.createIndex('events_by_meeting').on('events').columns(['meeting', 'id']).execute();
  await db.schema.createIndex('events_by_arrival').on('events').column('received_at').execute();
  await db.schema
    .createTable('cursors')
    .addColumn('node', 'text', required)
    .addColumn('boot', 'text', required)
    .addColumn('seq', 'bigint', required)
    .addColumn('lost', 'bigint', required)
    .addColumn('at', 'bigint', required)
    .addPrimaryKeyConstraint('cursors_key', ['node', 'boot'])
    .execute();
  await db.schema
    .createTable('rollups')
    .addColumn('node', 'text', required)
    .addColumn('minute', 'bigint', required)
    .addColumn('n', 'integer', required)
    .addColumn('rtt_min', 'double precision', required)
    .addColumn('rtt_max', 'double precision', required)
    .addColumn('rtt_sum', 'double precision', required)
    .addColumn('loss_min', 'double precision', required)
    .addColumn('loss_max', 'double precision', required)
    .addColumn('loss_sum', 'double precision', required)
    .addColumn('kbps_min', 'double precision', required)
    .addColumn('kbps_max', 'double precision', required)
    .addColumn('kbps_sum', 'double precision', required)
    .addPrimaryKeyConstraint('rollups_key', ['node', 'minute'])
    .execute();
  await counted(db.schema.createTable('audit'), engine)
    .addColumn('at', 'bigint', required)
    .addColumn('by', 'text', required)
    .addColumn('origin', 'text', required)
    .addColumn('act', 'text', required)
    .addColumn('target', 'text', required)
    .addColumn('outcome', 'text', required)
    .addColumn('detail', 'text', required)
    .execute();
  await appendOnly(db, engine, 'audit');
}

async function people(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('role', 'text', required)
    .addColumn('hash', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('last_login_at', 'bigint')
    .execute();
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('csrf', 'text', required)
    .addColumn('origin', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('seen_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .execute();
  await db.schema.createIndex('sessions_by_user').on('sessions').column('user_name').execute();
  await db.schema
    .createTable('tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('purpose', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .addColumn('used_at', 'bigint')
    .execute();
}

export const first: Migration = {
  number: 1,
  name: 'first',
  async up(db, engine) {
    await registry(db);
    await meetings(db);
    await history(db, engine);
    await people(db);
  },
};
