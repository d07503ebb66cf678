import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import t, { type Test } from 'tap';
import type { Meeting } from '../../central/meetings/reduce.ts';
import { addAudit, listAudit } from '../../central/store/audit.ts';
import { meetingStore } from '../../central/store/meetings.ts';
import { migrate } from '../../central/store/migrate.ts';
import { migrations } from '../../central/store/migrations/all.ts';
import type { Migration } from '../../central/store/migrations/migration.ts';
import { findRecording, listRecordings, saveManifest } from '../../central/store/recordings.ts';
import { insertHub, insertSite, listHubs, listSites, removeSite, setHubAddress } from '../../central/store/sites.ts';
import { Store } from '../../central/store/store.ts';
import { insertToken, useToken } from '../../central/store/tokens.ts';
import { sessionStore, userStore } from '../../central/store/users.ts';
import { FaultError } from '../../protocol/fault.ts';
import { noGrant } from '../../protocol/grant.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const newest = migrations.at(-1)?.number ?? 0;

function makeStore(file: string): Store {
  return new Store({ file, log: silentLog(), now: () => 1_700_000_000_000, onLost: (error) => t.fail(`store lost: ${error.message}`) });
}

/** A started store in a folder of the test, stopped at its end. */
async function started(t: Test, file = join(tempFolder(t), 'central.db')): Promise<Store> {
  const store = makeStore(file);
  await store.start();
  t.teardown(() => store.stop());
  return store;
}

async function faultOf(work: Promise<unknown>): Promise<FaultError['fault'] | string> {
  try {
    await work;
    return 'no fault';
  } catch (error) {
    return error instanceof FaultError ? error.fault : String(error);
  }
}

t.test('a new database is private, at the present version, and keeps what was stored', async (t) => {
  const file = join(tempFolder(t), 'central.db');
  const store = await started(t, file);
  t.equal(await insertSite(store.db, { site: 'long-xuyen', name: 'Long Xuyên', order: 2, protection: 'warm' }, 1), true);
  t.equal(
    await insertSite(store.db, { site: 'long-xuyen', name: 'Again', order: 3, protection: 'warm' }, 1),
    false,
    'a second site of that name is refused',
  );
  await insertHub(store.db, { hub: 'hub-1', name: 'Hub' }, 1);
  await setHubAddress(store.db, 'hub-1', { host: '127.0.0.1', port: 9710, paths: [] });
  await store.stop();
  await store.stop();
  for (const each of [file, `${file}.lock`]) t.equal(statSync(each).mode & 0o777, 0o600, each);
  const again = await started(t, file);
  t.strictSame(await listSites(again.db), [{ site: 'long-xuyen', name: 'Long Xuyên', order: 2, seenAt: null, protection: 'warm' }]);
  t.strictSame(await listHubs(again.reader), [
    { hub: 'hub-1', name: 'Hub', seenAt: null, address: { host: '127.0.0.1', port: 9710, paths: [] } },
  ]);
  await removeSite(again.db, 'long-xuyen');
  t.strictSame(await listSites(again.reader), []);
});

t.test('data of version 1 are there after migration', async (t) => {
  const file = join(tempFolder(t), 'old.db');
  const old = new Database(file);
  old.exec(readFileSync(join(packageRoot(), 'test/fixtures/central-v1.sql'), 'utf8'));
  old.close();
  const store = await started(t, file);
  const { rows } = await sql<{ number: number }>`select max(number) as number from migrations`.execute(store.db);
  t.strictSame(rows, [{ number: newest }]);
  t.strictSame(
    (await listSites(store.db)).map((each) => each.name),
    ['Châu Đốc'],
  );
  const [kept] = await meetingStore(store).load();
  t.match(kept?.meeting, { id: 'm-abcdefgh', state: 'planned', sites: ['chau-doc'], pin: '' });
  t.strictSame(kept?.meeting.grant, { ...noGrant(1), muted: ['chau-doc'] }, 'who was muted is part of the grant now');
  t.strictSame(
    (await listAudit(store.db, { before: null, limit: 10 })).map((each) => each.act),
    ['meeting.create'],
  );
});

t.test('migrations run once and in order; a failing step is undone and named; a newer database is refused', async (t) => {
  const file = join(tempFolder(t), 'central.db');
  const store = await started(t, file);
  const ran: number[] = [];
  const step = (number: number, up: Migration['up']): Migration => ({ number, name: `step-${number}`, up });
  const add = step(newest + 1, async (db) => {
    ran.push(1);
    await sql`alter table sites add column note text`.execute(db);
  });
  const bad = step(newest + 2, async (db) => {
    await sql`create table half (a integer)`.execute(db);
    await sql`insert into nowhere values (1)`.execute(db);
  });
  const options = { file, now: () => 1 };
  t.strictSame(await migrate(store.db, 'sqlite', { ...options, steps: [...migrations, add] }), { from: newest, to: newest + 1 });
  t.strictSame(await migrate(store.db, 'sqlite', { ...options, steps: [...migrations, add] }), { from: newest + 1, to: newest + 1 });
  t.equal(ran.length, 1);
  const fault = await faultOf(migrate(store.db, 'sqlite', { ...options, steps: [...migrations, add, bad] }));
  t.match(fault, { code: 'store.broken', because: /step-\d+\) failed: no such table: nowhere/ });
  const { rows } = await sql`select name from sqlite_master where name = 'half'`.execute(store.db);
  t.strictSame(rows, [], 'nothing of the failed step is left');
  await store.stop();
  t.match(await faultOf(makeStore(file).start()), { code: 'store.broken', because: /written by a newer program/ });
});

t.test('every step renders for PostgreSQL too, without SQLite words', async (t) => {
  const texts: string[] = [];
  const db = new Kysely<unknown>({
    log: ({ query }) => {
      texts.push(query.sql);
    },
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (inner) => new PostgresIntrospector(inner),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  for (const { up } of migrations) await up(db, 'postgres');
  t.ok(texts.length > 10);
  for (const text of texts) t.notMatch(text, /autoincrement|raise\(abort|without rowid/i);
  t.ok(texts.some((text) => text.includes('generated always as identity')));
});

t.test('a database that cannot be used is named with its reason', async (t) => {
  const folder = tempFolder(t, {
    'text.db': 'this is no database at all, but it is long enough to be read as one, page after page\n'.repeat(100),
  });
  const damaged = join(folder, 'damaged.db');
  const store = makeStore(damaged);
  await store.start();
  for (let index = 0; index < 200; index++)
    await insertSite(store.db, { site: `s-${index}`, name: 'x'.repeat(200), order: index, protection: 'warm' }, 1);
  await store.stop();
  const bytes = readFileSync(damaged);
  bytes.fill(0xa5, 4096 * 4, 4096 * 30);
  writeFileSync(damaged, bytes);
  const cases = [
    ['not a database', 'text.db', { code: 'store.broken', because: /SQLITE_NOTADB/ }],
    ['pages overwritten', 'damaged.db', { code: 'store.broken', because: /quick_check|SQLITE_CORRUPT/ }],
    ['folder missing', 'no/such/folder.db', { code: 'store.broken', because: /ENOENT/ }],
    ['a folder', '', { code: 'store.broken', because: /./ }],
  ] as const;
  for (const [name, path, want] of cases) {
    const file = join(folder, path);
    t.match(await faultOf(makeStore(file).start()), { ...want, file }, name);
    // A main thread that was busy meanwhile sees the answer and the end of the database's thread in one turn of its loop.
    const late = faultOf(makeStore(file).start());
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    t.match(await late, { ...want, file }, `${name}, looked at late`);
  }
});

t.test('a database in use by another process is refused and named; after kill -9 of that process it opens', async (t) => {
  const file = join(tempFolder(t), 'central.db');
  await (await started(t, file)).stop();
  const holder = spawn(process.execPath, ['-e', holding, file], { stdio: ['ignore', 'pipe', 'inherit'], cwd: process.cwd() });
  t.teardown(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  t.match(await faultOf(makeStore(file).start()), { code: 'conflict', what: `database ${file}` });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const store = await started(t, file);
  t.match(await faultOf(makeStore(file).start()), { code: 'conflict' }, 'a second store in one process is refused too');
  t.strictSame(await listSites(store.db), []);
});
const holding = `const D = require('better-sqlite3'); const db = new D(process.argv[1] + '.lock'); db.exec('begin exclusive'); console.log('held'); setInterval(() => {}, 1000);`;

t.test('the audit log takes rows and refuses to change or lose them', async (t) => {
  const store = await started(t);
  const entry = { at: 5, by: 'lan', from: '10.0.0.1', act: 'floor', target: 'm-abcdefgh', outcome: 'done', detail: { site: 'chau-doc' } };
  for (let index = 0; index < 3; index++) await addAudit(store.db, { ...entry, at: index });
  await t.rejects(sql`update audit set by = 'nobody'`.execute(store.db), /append-only/);
  await t.rejects(sql`delete from audit`.execute(store.db), /append-only/);
  await t.rejects(
    sql`insert or replace into audit (id, at, by, origin, act, target, outcome, detail) values (1, 9, '', '', '', '', '', '')`.execute(
      store.db,
    ),
    /append-only/,
  );
  const all = await listAudit(store.db, { before: null, limit: 10 });
  t.strictSame(
    all.map((each) => each.at),
    [2, 1, 0],
  );
  t.strictSame(await listAudit(store.db, { before: all[1]?.id ?? 0, limit: 10 }), [{ ...entry, id: all[2]?.id, at: 0 }]);
});

t.test('a slow query holds neither the event loop nor the writer', async (t) => {
  const store = await started(t);
  const order: string[] = [];
  const slow = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select sum(i) as s from n`
    .execute(store.reader)
    .then(() => order.push('slow'));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  order.push('loop');
  await insertSite(store.db, { site: 'a', name: 'A', order: 0, protection: 'warm' }, 1);
  order.push('write');
  await slow;
  t.strictSame(order, ['loop', 'write', 'slow']);
});

t.test('a transaction is whole, has the database alone, and cannot wait for itself', async (t) => {
  const store = await started(t);
  const order: string[] = [];
  const first = store.transaction(async (trx) => {
    await insertSite(trx, { site: 'a', name: 'A', order: 0, protection: 'warm' }, 1);
    order.push('inside');
    await insertSite(trx, { site: 'b', name: 'B', order: 0, protection: 'warm' }, 1);
  });
  const second = insertSite(store.db, { site: 'c', name: 'C', order: 0, protection: 'warm' }, 1).then(() => order.push('after'));
  await Promise.all([first, second]);
  t.strictSame(order, ['inside', 'after']);
  await t.rejects(
    store.transaction(async (trx) => {
      await insertSite(trx, { site: 'd', name: 'D', order: 0, protection: 'warm' }, 1);
      throw new Error('no');
    }),
    /no/,
  );
  await t.rejects(
    store.transaction(async () => insertSite(store.db, { site: 'e', name: 'E', order: 0, protection: 'warm' }, 1)),
    /inside a transaction/,
  );
  t.strictSame((await listSites(store.db)).map((each) => each.site).toSorted(), ['a', 'b', 'c']);
});

t.test('a full disk is told as such, and the database goes on when there is room again', async (t) => {
  const store = await started(t);
  await sql`pragma max_page_count = 60`.execute(store.db);
  const fill = async (): Promise<void> => {
    for (let index = 0; index < 200; index++)
      await insertSite(store.db, { site: `s-${index}`, name: 'x'.repeat(4000), order: index, protection: 'warm' }, 1);
  };
  t.match(await faultOf(fill()), { code: 'exhausted' });
  await sql`pragma max_page_count = 10000`.execute(store.db);
  t.equal(await insertSite(store.db, { site: 'room', name: 'Again', order: 0, protection: 'warm' }, 1), true);
});

t.test('users, sessions and tokens', async (t) => {
  const { db } = await started(t);
  const users = userStore(db);
  const user = { name: 'lan', role: 'admin', hash: '$argon2id$x', createdAt: 1, lastLoginAt: null } as const;
  t.equal(await users.insert(user), true);
  t.equal(await users.insert(user), false);
  await users.update('lan', { role: 'operator', lastLoginAt: 7 });
  t.strictSame(await users.find('lan'), { ...user, role: 'operator', lastLoginAt: 7 });
  const sessions = sessionStore(db);
  const session = { id: 'h', user: 'lan', csrf: 'c', origin: '::1', createdAt: 1, seenAt: 1, expiresAt: 9 };
  await sessions.insert(session);
  await sessions.seen('h', 4);
  t.strictSame(await sessions.find('h'), { ...session, seenAt: 4 });
  await users.remove('lan');
  t.equal(await sessions.find('h'), null, 'sessions go with their user');
  await insertToken(db, { hash: 'x', purpose: 'setup', at: 1, expiresAt: 10 });
  t.strictSame(
    await Promise.all([useToken(db, { hash: 'x', purpose: 'other', at: 2 }), useToken(db, { hash: 'x', purpose: 'setup', at: 11 })]),
    [false, false],
  );
  t.strictSame(
    [await useToken(db, { hash: 'x', purpose: 'setup', at: 2 }), await useToken(db, { hash: 'x', purpose: 'setup', at: 2 })],
    [true, false],
  );
});

t.test('a meeting comes back as it was left: sites, highest grant, keys, recording, with an audit row for each intent', async (t) => {
  const store = await started(t);
  const meetings = meetingStore(store);
  const actor = { by: 'lan', from: '::1' };
  const meeting: Meeting = {
    id: 'm-abcdefgh',
    title: 'Giao ban',
    language: 'vi',
    state: 'planned',
    hub: null,
    createdBy: 'lan',
    createdAt: 1,
    startedAt: null,
    endedAt: null,
    sites: ['c', 'a', 'b'],
    grant: { ...noGrant(1), muted: ['a'], chair: 'c' },
    pin: '012345',
    floorSince: null,
    layout: { mosaic: 'grid', page: 0 },
    recording: null,
  };
  const note = { actor, because: 'asked', detail: { x: 1 } };
  await meetings.commit({ before: null, after: { meeting, plan: null, keys: new Map() }, act: 'meeting.create', at: 1, ...note });
  const running: Meeting = {
    ...meeting,
    state: 'running',
    hub: 'hub-1',
    startedAt: 2,
    grant: { ...noGrant(2), n: 2, by: 'c', slots: ['b'], next: 'c', muted: ['a'] },
    floorSince: 2,
    recording: { id: 'r-abcdefgh', because: 'minutes', by: 'lan', startedAt: 2 },
  };
  const keys = new Map([['a', 'k'.repeat(52)]]);
  await meetings.commit({
    before: meeting,
    after: { meeting: running, plan: null, keys: new Map() },
    act: 'meeting.start',
    at: 2,
    ...note,
  });
  t.strictSame((await meetings.load())[0]?.meeting, running);
  t.strictSame(await meetings.find(meeting.id), running);
  t.equal(await meetings.find('m-zzzzzzzz'), null);
  t.equal(keys.size, 1);
  const ended: Meeting = { ...running, state: 'ended', endedAt: 5, recording: null };
  await meetings.commit({ before: running, after: { meeting: ended, plan: null, keys: new Map() }, act: 'meeting.end', at: 5, ...note });
  t.match(await findRecording(store.db, 'r-abcdefgh'), { hub: 'hub-1', endedAt: 5, manifest: { title: 'Giao ban', segments: [] } });
  const manifest = {
    recording: 'r-abcdefgh',
    meeting: meeting.id,
    title: 'Giao ban',
    because: 'minutes',
    by: 'lan',
    startedAt: 2,
    endedAt: 5,
  };
  const segments = [{ file: '0000.mkv', site: 'b', grantN: 2, startedAt: 2, endedAt: 5, bytes: 99 }];
  const whole = { ...manifest, segments };
  const copies = [{ hub: 'hub-1', bytes: 99, manifest: whole, stitched: null }];
  await saveManifest(store.db, { hub: 'hub-1', bytes: 99, expiresAt: null, manifest: whole, copies });
  t.match(await listRecordings(store.reader, 10), [{ bytes: 99, manifest: { segments } }]);
  const audit = await listAudit(store.reader, { before: null, limit: 9 });
  t.strictSame(
    audit.map(({ act, by, target, detail }) => [act, by, target, detail]),
    ['end', 'start', 'create'].map((act) => [`meeting.${act}`, 'lan', meeting.id, { x: 1, because: 'asked' }]),
  );
});
