/** Version 3: grants by central or by a panel, which carry who is muted, who has the chair and whether the meeting has ended; the PIN of the panel. */
import type { Kysely } from 'kysely';
import { counted, type Engine, type Migration, required } from './migration.ts';

interface Before {
  readonly grants: {
    meeting: string;
    epoch: number;
    n: number;
    slots: string;
    next: string | null;
    previous: string | null;
    at: number;
  };
  readonly meetings: { id: string; state: string; pin: string };
  readonly meeting_sites: { meeting: string; site: string; muted: number };
  readonly grants_by_author: Before['grants'] & { by: string; muted: string; chair: string | null; ended: number };
}

/** Grants as they were, each now by central. Who was muted was no matter of the grant: everyone of a meeting gets who is muted now. */
async function move(db: Kysely<Before>): Promise<void> {
  const mute = await db.selectFrom('meeting_sites').select(['meeting', 'site']).where('muted', '=', 1).orderBy('site').execute();
  const over = await db.selectFrom('meetings').select('id').where('state', '=', 'ended').execute();
  const ended = new Set(over.map(({ id }) => id));
  for (const grant of await db.selectFrom('grants').selectAll().orderBy('meeting').orderBy('epoch').orderBy('n').execute()) {
    const muted = JSON.stringify(mute.filter(({ meeting }) => meeting === grant.meeting).map(({ site }) => site));
    const row = { ...grant, by: 'central', muted, chair: null, ended: ended.has(grant.meeting) ? 1 : 0 };
    await db.insertInto('grants_by_author').values(row).execute();
  }
}

export const panel: Migration = {
  number: 3,
  name: 'panel',
  async up(db: Kysely<unknown>, engine: Engine) {
    // Meetings from before have no panel: there is no PIN that somebody knows.
    await db.schema
      .alterTable('meetings')
      .addColumn('pin', 'text', (column) => column.notNull().defaultTo(''))
      .execute();
    await counted(db.schema.createTable('grants_by_author'), engine)
      .addColumn('meeting', 'text', (column) => column.notNull().references('meetings.id').onDelete('cascade'))
      .addColumn('epoch', 'integer', required)
      .addColumn('n', 'integer', required)
      .addColumn('by', 'text', required)
      .addColumn('slots', 'text', required)
      .addColumn('next', 'text')
      .addColumn('previous', 'text')
      .addColumn('muted', 'text', required)
      .addColumn('chair', 'text')
      .addColumn('ended', 'integer', required)
      .addColumn('at', 'bigint', required)
      .execute();
    await move(db as Kysely<Before>);
    await db.schema.dropTable('grants').execute();
    await db.schema.alterTable('grants_by_author').renameTo('grants').execute();
    await db.schema.createIndex('grants_by_meeting').on('grants').columns(['meeting', 'id']).execute();
    await db.schema.alterTable('meeting_sites').dropColumn('muted').execute();
  },
};
