/** Recordings in the database: begun by a meeting's intent, filled in from the manifests of hubs. */

import { Type } from 'typebox';
import { decoder } from '../../protocol/decode.ts';
import { RecordingCopy, RecordingManifest } from '../../protocol/recording.ts';
import type { Db, Store } from './store.ts';
import type { RecordingsTable } from './tables.ts';

export interface StoredRecording {
  readonly id: string;
  readonly meeting: string;
  readonly hub: string;
  readonly bytes: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly expiresAt: number | null;
  /** As the hub gave it last; what the intent said while the hub has given none. */
  readonly manifest: RecordingManifest;
  /** Each hub's part; none before a hub has said anything. */
  readonly copies: readonly RecordingCopy[];
}

const manifests = decoder(RecordingManifest);
const copiesKept = decoder(Type.Object({ copies: Type.Array(RecordingCopy, { maxItems: 8 }) }, { additionalProperties: false }));

/** What the column holds: every hub's copy; of an earlier version one hub's manifest alone. */
function keptCopies({ manifest, hub, bytes }: RecordingsTable): readonly RecordingCopy[] {
  if (manifest === null) return [];
  const value: unknown = JSON.parse(manifest);
  const several = copiesKept.check(value);
  if (several.ok) return several.value.copies;
  const one = manifests.check(value);
  return one.ok ? [{ hub, bytes, manifest: one.value, stitched: null }] : [];
}

function recordingOf(row: RecordingsTable): StoredRecording {
  const copies = keptCopies(row);
  const kept = copies.find(({ hub }) => hub === row.hub) ?? copies[0];
  const bare: RecordingManifest = {
    recording: row.id,
    meeting: row.meeting,
    title: row.title,
    because: row.because,
    by: row.by,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    segments: [],
  };
  return {
    id: row.id,
    meeting: row.meeting,
    hub: row.hub,
    bytes: row.bytes,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    expiresAt: row.expires_at,
    manifest: kept?.manifest ?? bare,
    copies,
  };
}

/** Recordings that were not deleted, newest first. */
export async function listRecordings(db: Db, limit: number): Promise<readonly StoredRecording[]> {
  const rows = await db
    .selectFrom('recordings')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('started_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(recordingOf);
}

export async function findRecording(db: Db, id: string): Promise<StoredRecording | null> {
  const row = await db.selectFrom('recordings').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row ? recordingOf(row) : null;
}

/** Whether there was one, and it is gone. */
async function wasDeleted(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('recordings').select('id').where('id', '=', id).where('deleted_at', 'is not', null).executeTakeFirst();
  return row !== undefined;
}

/** Ids of the recordings whose days are over by `now`, the oldest first. */
async function expiredRecordings(db: Db, now: number): Promise<readonly string[]> {
  const over = db.selectFrom('recordings').select('id').where('deleted_at', 'is', null).where('expires_at', '<=', now);
  return (await over.orderBy('expires_at').execute()).map(({ id }) => id);
}

/** Keeps what hubs say of a recording; one that central does not know (its database was lost) is added. */
export async function saveManifest(
  db: Db,
  { hub, bytes, expiresAt, manifest, copies }: Pick<StoredRecording, 'hub' | 'bytes' | 'expiresAt' | 'manifest' | 'copies'>,
): Promise<void> {
  const row = { hub, bytes, expires_at: expiresAt, manifest: JSON.stringify({ copies }), ended_at: manifest.endedAt };
  const { recording: id, meeting, title, because, by, startedAt } = manifest;
  await db
    .insertInto('recordings')
    .values({ id, meeting, title, because, by, started_at: startedAt, deleted_at: null, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/** Its files are gone. */
async function markDeleted(db: Db, id: string, at: number): Promise<void> {
  await db.updateTable('recordings').set({ deleted_at: at }).where('id', '=', id).execute();
}

/** The recordings of this store: read from its readers, written by its writer. */
export const recordingStore = (store: Store) => ({
  list: (limit: number) => listRecordings(store.reader, limit),
  find: (id: string) => findRecording(store.reader, id),
  wasDeleted: (id: string) => wasDeleted(store.reader, id),
  expired: (now: number) => expiredRecordings(store.reader, now),
  save: (recording: Parameters<typeof saveManifest>[1]) => saveManifest(store.db, recording),
  markDeleted: (id: string, at: number) => markDeleted(store.db, id, at),
});
