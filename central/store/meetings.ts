/** Meetings in the database: each intent with its grant, keys and audit row in one commit. */
import { compareGrants, type Grant } from '../../protocol/grant.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Change, Kept, MeetingStore } from '../meetings/contract.ts';
import type { Meeting, MeetingRecording } from '../meetings/reduce.ts';
import { addAudit } from './audit.ts';
import type { Db, Store } from './store.ts';
import type { GrantsTable, MeetingsTable } from './tables.ts';

/** Ended meetings that are kept in memory. */
const ENDED = 100;

const grantOf = ({ epoch, n, by, slots, next, previous, muted, chair, ended }: Omit<GrantsTable, 'id'>): Grant => ({
  epoch,
  n,
  by,
  slots: JSON.parse(slots) as string[],
  next,
  previous,
  muted: JSON.parse(muted) as string[],
  chair,
  ended: ended === 1,
});

/** The meeting of a row, with what other tables say about it. */
async function assemble(db: Db, row: MeetingsTable): Promise<Meeting> {
  const sites = await db.selectFrom('meeting_sites').selectAll().where('meeting', '=', row.id).orderBy('position').execute();
  const grant = await db.selectFrom('grants').selectAll().where('meeting', '=', row.id).orderBy('id', 'desc').executeTakeFirstOrThrow();
  return {
    id: row.id,
    title: row.title,
    language: row.language,
    state: row.state,
    hub: row.hub,
    createdBy: row.created_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    sites: sites.map(({ site }) => site),
    grant: grantOf(grant),
    pin: row.pin,
    floorSince: row.floor_since,
    layout: { mosaic: row.mosaic, page: row.page },
    recording: await recordingOf(db, row.recording),
  };
}

async function recordingOf(db: Db, id: string | null): Promise<MeetingRecording | null> {
  const row = id === null ? undefined : await db.selectFrom('recordings').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? { id: row.id, because: row.because, by: row.by, startedAt: row.started_at } : null;
}

async function keep(db: Db, row: MeetingsTable): Promise<Kept> {
  const keys = await db.selectFrom('media_keys').select(['hub', 'peer', 'passphrase']).where('meeting', '=', row.id).execute();
  const byHub = new Map<string, Map<string, string>>();
  for (const { hub, peer, passphrase } of keys) byHub.set(hub, (byHub.get(hub) ?? new Map<string, string>()).set(peer, passphrase));
  return {
    meeting: await assemble(db, row),
    plan: row.plan === null ? null : (JSON.parse(row.plan) as Plan),
    keys: byHub,
  };
}

async function saveMeeting(db: Db, { meeting, plan }: Kept): Promise<void> {
  const { id, pin, createdBy, createdAt, startedAt, endedAt, floorSince, layout, recording } = meeting;
  const row = {
    title: meeting.title,
    language: meeting.language,
    state: meeting.state,
    hub: meeting.hub,
    pin,
    mosaic: layout.mosaic,
    page: layout.page,
    recording: recording?.id ?? null,
    floor_since: floorSince,
    plan: plan === null ? null : JSON.stringify(plan),
    created_by: createdBy,
    created_at: createdAt,
    started_at: startedAt,
    ended_at: endedAt,
  };
  await db
    .insertInto('meetings')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

async function saveSites(db: Db, { id, sites }: Meeting): Promise<void> {
  await db.deleteFrom('meeting_sites').where('meeting', '=', id).execute();
  const rows = sites.map((site, position) => ({ meeting: id, site, position }));
  if (rows.length > 0) await db.insertInto('meeting_sites').values(rows).execute();
}

async function saveGrant(db: Db, { id, grant }: Meeting, at: number): Promise<void> {
  const { epoch, n, by, slots, next, previous, muted, chair, ended } = grant;
  const lists = { slots: JSON.stringify(slots), muted: JSON.stringify(muted) };
  await db
    .insertInto('grants')
    .values({ meeting: id, epoch, n, by, next, previous, chair, ...lists, ended: ended ? 1 : 0, at })
    .execute();
}

async function saveKeys(db: Db, { meeting, keys }: Kept): Promise<void> {
  await db.deleteFrom('media_keys').where('meeting', '=', meeting.id).execute();
  const rows = [...keys].flatMap(([hub, peers]) =>
    [...peers].map(([peer, passphrase]) => ({ meeting: meeting.id, hub, peer, passphrase })),
  );
  if (rows.length > 0) await db.insertInto('media_keys').values(rows).execute();
}

/** Notes a recording that began or ended with this change. */
async function saveRecording(db: Db, { before, after, at }: Change): Promise<void> {
  const old = before?.recording ?? null;
  const { recording, id, title, hub } = after.meeting;
  if (old !== null && old.id !== recording?.id) await db.updateTable('recordings').set({ ended_at: at }).where('id', '=', old.id).execute();
  if (recording === null || recording.id === old?.id) return;
  const { because, by, startedAt } = recording;
  const row = { meeting: id, hub: hub ?? '', title, because, by, started_at: startedAt, ended_at: null, bytes: 0 };
  await db
    .insertInto('recordings')
    .values({ id: recording.id, ...row, manifest: null, expires_at: null, deleted_at: null })
    .execute();
}

const sameSites = (a: Meeting | null, b: Meeting): boolean => a !== null && JSON.stringify(a.sites) === JSON.stringify(b.sites);

export function meetingStore(store: Store): MeetingStore {
  return {
    load: () =>
      store.transaction(async (trx) => {
        const going = await trx.selectFrom('meetings').selectAll().where('state', '!=', 'ended').execute();
        const ended = await trx
          .selectFrom('meetings')
          .selectAll()
          .where('state', '=', 'ended')
          .orderBy('created_at', 'desc')
          .limit(ENDED)
          .execute();
        const all: Kept[] = [];
        for (const row of [...going, ...ended]) all.push(await keep(trx, row));
        return all;
      }),
    find: (id) =>
      store.transaction(async (trx) => {
        const row = await trx.selectFrom('meetings').selectAll().where('id', '=', id).executeTakeFirst();
        return row ? assemble(trx, row) : null;
      }),
    commit: (change) =>
      store.transaction(async (trx) => {
        const { before, after, actor, act, because, at, detail } = change;
        const { meeting } = after;
        await saveRecording(trx, change);
        await saveMeeting(trx, after);
        if (!sameSites(before, meeting)) await saveSites(trx, meeting);
        if (before === null || compareGrants(before.grant, meeting.grant) !== 0) await saveGrant(trx, meeting, at);
        await saveKeys(trx, after);
        await addAudit(trx, {
          at,
          by: actor.by,
          from: actor.from,
          act,
          target: meeting.id,
          outcome: 'done',
          detail: { ...detail, because },
        });
      }),
  };
}
