import { join } from 'node:path';
import { sql } from 'kysely';
import t, { type Test } from 'tap';
import { type Network, startNetwork } from '../../central/network.ts';
import type { Want } from '../../central/sites/contract.ts';
import { DesiredStates } from '../../central/sites/desired.ts';
import { listAudit } from '../../central/store/audit.ts';
import { listLog } from '../../central/store/events.ts';
import { listRollups } from '../../central/store/rollups.ts';
import { Store } from '../../central/store/store.ts';
import { EventLog } from '../../central/telemetry/eventlog.ts';
import { Nodes } from '../../central/telemetry/nodes.ts';
import { minuteOf } from '../../central/telemetry/rollup.ts';
import { giveUp, receive, type Track } from '../../central/telemetry/sequence.ts';
import type { Log } from '../../protocol/log.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { joined, newBoot, Pki, say } from './network.ts';

const bootA = 'aaaaaaaaaaaaaaaa';
const bootB = 'bbbbbbbbbbbbbbbb';
const at = 1_700_000_000_000;

const eventBody = { kind: 'process', severity: 'info', what: 'started', because: 'asked', meeting: null, facts: { restarts: 1 } } as const;
const status = (state: 'online' | 'offline') => ({ state, role: 'edge', version: '1', since: at, because: state }) as const;
const reported = {
  role: 'edge',
  rev: 1,
  satisfied: true,
  because: 'done',
  meetings: [] as string[],
  parts: [],
  address: null,
  media: null,
} as const;
const linkUp = {
  peer: 'hub-1',
  direction: 'up',
  connected: true,
  rttMs: 4,
  lossPercent: 1,
  dropped: 0,
  retransmitted: 0,
  kbps: 200,
} as const;
const edgeSample = (lostFrames = 0, links: readonly object[] = [linkUp]) => ({
  role: 'edge' as const,
  links: links as (typeof linkUp)[],
  source: { state: 'live' as const, fps: 25, because: '' },
  mainBecause: null,
  floor: { site: null, grantN: 0, frames: 25, lostFrames, maxGapMs: 40, ageMs: null },
  mosaic: { frames: 15, lostFrames: 0, maxGapMs: 70 },
  mix: { packets: 50, lost: 0 },
  host: { cores: 0.1, rssMb: 50, load1: 0.2, diskFreeMb: 1000, outboxRecords: 0 },
});
const wrap = (node: string, body: unknown, { boot = bootA, seq = 0 } = {}): string => JSON.stringify({ v: 1, node, boot, seq, at, body });

/** A log that keeps its warnings. */
function noted(): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  const log: Log = { ...silentLog(), warn: (_facts, message) => warnings.push(message), child: () => log };
  return { log, warnings };
}

async function openStore(t: Test, file = join(t.testdir({}), 'central.db')): Promise<Store> {
  const store = new Store({ file, log: silentLog(), now: () => at, onLost: (error) => t.fail(error.message) });
  await store.start();
  t.teardown(() => store.stop());
  return store;
}

async function network(
  t: Test,
  { log = silentLog(), pki = new Pki(t.testdir({ '.': {} })) } = {},
): Promise<Network & { readonly store: Store; readonly pki: Pki }> {
  const store = await openStore(t, join(pki.folder('db', 'central'), '..', 'central.db'));
  const running = await startNetwork({
    store,
    identity: await pki.identity('central', 'central'),
    boot: newBoot(),
    mqtt: { host: '127.0.0.1', port: 0 },
    clock: systemClock(),
    log,
  });
  t.teardown(() => running.stop());
  for (const site of ['site-1', 'site-2']) await running.registry.addSite({ site, name: site, order: null });
  await running.registry.addHub({ hub: 'hub-1', name: 'Hub' });
  return { ...running, store, pki };
}

t.test('whatever does not fit is refused, counted, and logged once per sender; nothing dies of it', async (t) => {
  const { log, warnings } = noted();
  const { pki, port, ingest, nodes, broker, store, registry } = await network(t, { log });
  const client = await joined(t, port, await pki.identity('site-1', 'edge'));
  const nested = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  const garbage: readonly [title: string, kind: string, payload: string | Buffer][] = [
    ['nothing', 'telemetry', ''],
    ['no JSON', 'status', 'hello'],
    ['half of it', 'status', wrap('site-1', status('online')).slice(0, -1)],
    ['no UTF-8', 'telemetry', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['a number', 'telemetry', '42'],
    ['null', 'reported', 'null'],
    ['another envelope version', 'status', wrap('site-1', status('online')).replace('"v":1', '"v":2')],
    ["another node's name", 'status', wrap('site-2', status('online'))],
    ['a role it does not play', 'status', wrap('site-1', { ...status('online'), role: 'hub' })],
    [
      "a hub's numbers from a site",
      'telemetry',
      wrap('site-1', { role: 'hub', meetings: [], refused: 0, forged: 0, host: edgeSample().host }),
    ],
    ['a wrong type', 'telemetry', wrap('site-1', { ...edgeSample(), links: 'none' })],
    ['a negative count', 'telemetry', wrap('site-1', edgeSample(-1))],
    ['a key nobody knows', 'reported', wrap('site-1', { ...reported, sudo: true })],
    ['a negative sequence number', 'telemetry', wrap('site-1', edgeSample(), { seq: -1 })],
    ['a boot id of another shape', 'status', wrap('site-1', status('online'), { boot: '../../etc' })],
    ['too many links', 'telemetry', wrap('site-1', edgeSample(0, Array(17).fill(linkUp)))],
    ['too deep', 'telemetry', wrap('site-1', JSON.parse(nested.slice(4950, 5050)))],
    ['far too deep', 'telemetry', nested],
    ['too large', 'status', wrap('site-1', { ...status('online'), because: 'x'.repeat(70_000) })],
    ['a prototype in disguise', 'reported', wrap('site-1', JSON.parse('{"__proto__":{"role":"edge"}}'))],
    ['an unreadable event', 'event', 'x'],
  ];
  for (const [title, kind, payload] of garbage) {
    const before = ingest.refused().get('site-1') ?? 0;
    t.equal(await say(client, `dc/v1/site-1/up/${kind}`, payload), 'taken', title);
    t.equal(ingest.refused().get('site-1'), before + 1, `${title}: counted`);
  }
  t.equal(warnings.filter((message) => message.includes('further ones')).length, 1, 'logged once');
  t.equal(nodes.of('site-1')?.status, null);
  t.equal(broker.stats().retained, 0);
  await client.publishAsync('dc/v1/site-1/up/status', wrap('site-1', status('online')), { qos: 1 });
  t.match(nodes.of('site-1'), { connected: true, boot: bootA, status: { state: 'online' } });
  const hub = await joined(t, port, await pki.identity('hub-1', 'hub'));
  await hub.publishAsync(
    'dc/v1/hub-1/up/reported',
    wrap('hub-1', { ...reported, role: 'hub', address: { host: '10.0.0.2', port: 9710 } }),
    { qos: 1 },
  );
  await eventually(() => (registry.hub('hub-1')?.address?.port === 9710 ? undefined : 'no address yet'));
  t.equal(await say(hub, 'dc/v1/site-1/up/status', '{}'), 'closed');
  await eventually(async () => ((await listAudit(store.db, { before: null, limit: 5 })).length === 1 ? undefined : 'not audited'));
  t.match(await listAudit(store.db, { before: null, limit: 5 }), [
    { by: 'hub-1', act: 'mqtt', target: 'dc/v1/site-1/up/status', outcome: 'refused' },
  ]);
  const kinds = async (): Promise<string[]> =>
    (await listLog(store.db, { before: null, limit: 50 })).map(({ kind, what, node }) => `${node} ${kind} ${what}`);
  await eventually(async () => ((await kinds()).includes('central refused publication') ? undefined : 'not in the log'));
  t.equal((await kinds()).filter((each) => each === 'central refused message').length, 1);
});

t.test('an event is acknowledged when it is committed, stored once however often it comes, and a spoilt one blocks nothing', async (t) => {
  const { pki, port, store, events, registry } = await network(t);
  const client = await joined(t, port, await pki.identity('site-1', 'edge'));
  const acks: number[] = [];
  client.on('message', (_topic, payload) => {
    const { of } = (JSON.parse(payload.toString()) as { body: { of: { node: string; boot: string; seq: number } } }).body;
    if (of.boot === bootA) acks.push(of.seq);
  });
  await client.subscribeAsync('dc/v1/site-1/down/ack', { qos: 1 });
  const send = (seq: number, body: unknown = eventBody) =>
    client.publishAsync('dc/v1/site-1/up/event', wrap('site-1', body, { seq }), { qos: 1 });
  const rows = async (): Promise<readonly number[]> =>
    (await store.reader.selectFrom('events').select('seq').where('boot', '=', bootA).orderBy('seq').execute()).map((each) => each.seq);
  for (const seq of [0, 1, 2, 1, 0, 2]) await send(seq);
  await eventually(() => (acks.at(-1) === 2 ? undefined : `acks ${acks.join()}`));
  t.strictSame(await rows(), [0, 1, 2]);
  await send(3, { ...eventBody, kind: 'no such kind' });
  await send(4);
  await eventually(() => (acks.at(-1) === 4 ? undefined : `acks ${acks.join()}`));
  const log = await listLog(store.reader, { before: null, limit: 50 });
  t.match(
    log.find((each) => each.node === 'site-1' && each.kind === 'refused'),
    { what: 'event', because: /input.invalid/ },
  );
  await send(6);
  await send(7);
  await eventually(async () => ((await rows()).length === 7 ? undefined : 'not all there'));
  t.equal(Math.max(...acks), 4, 'nothing beyond a hole is acknowledged');
  await send(5);
  await eventually(() => (acks.at(-1) === 7 ? undefined : `acks ${acks.join()}`));
  t.equal(events.stats().lost, 0);
  t.ok(events.stats().repeated >= 3);
  await registry.removeSite('site-1');
  await eventually(() => (client.connected ? 'a removed site is still connected' : undefined));
});

/** An event log over a real store and a clock of the test. */
function eventLog(
  t: Test,
  store: Pick<Store, 'batch' | 'reader'>,
  clock: ManualClock,
): { readonly log: EventLog; readonly acks: string[]; readonly logged: string[] } {
  const acks: string[] = [];
  const logged: string[] = [];
  const log = new EventLog({
    store,
    self: { node: 'central', boot: bootB },
    ack: (node, _boot, seq) => acks.push(`${node} ${seq}`),
    clock,
    log: silentLog(),
  });
  log.on('logged', (entries) => logged.push(...entries.map(({ node, what }) => `${node} ${what}`)));
  log.start();
  t.teardown(() => log.stop());
  return { log, acks, logged };
}
const eventOf = (node: string, seq: number) => ({ ...eventBody, node, boot: bootA, seq, at, receivedAt: at });

t.test('what never comes is counted as lost, told, and passed over; a restarted central goes on where it was', async (t) => {
  const store = await openStore(t);
  const clock = new ManualClock();
  const { log, acks, logged } = eventLog(t, store, clock);
  for (const seq of [0, 1, 5, 6, 9]) log.add(eventOf('site-1', seq));
  await eventually(() => (log.stats().queued === 0 ? undefined : 'still queued'));
  t.strictSame(acks, ['site-1 1']);
  clock.advance(9_000);
  t.equal(log.stats().lost, 0);
  await log.stop();

  const { log: next, acks: later, logged: told } = eventLog(t, store, clock);
  next.add(eventOf('site-1', 6));
  await eventually(() => (later.length === 1 ? undefined : 'not read'));
  t.strictSame(later, ['site-1 1'], 'the hole is known again');
  clock.advance(11_000);
  await eventually(() => (later.at(-1) === 'site-1 6' ? undefined : `acks ${later.join()}`));
  clock.advance(11_000);
  await eventually(() => (later.at(-1) === 'site-1 9' ? undefined : `acks ${later.join()}`));
  await eventually(() => (told.filter((each) => each === 'central events-lost').length === 2 ? undefined : `told ${told.join()}`));
  t.equal(next.stats().lost, 5);
  next.add(eventOf('site-1', 3));
  await eventually(() => (told.at(-1) === 'site-1 started' ? undefined : 'a late one is not in the log'));
  t.strictSame(logged, Array(5).fill('site-1 started'));
  const cursor = await store.reader.selectFrom('cursors').selectAll().where('node', '=', 'site-1').executeTakeFirst();
  t.match(cursor, { seq: 9, lost: 5 });
});

t.test(
  'while the database takes nothing events wait, unacknowledged; too many are left to their senders, and no order is broken',
  async (t) => {
    const store = await openStore(t);
    const clock = new ManualClock();
    let full = true;
    const failing: Pick<Store, 'batch' | 'reader'> = {
      reader: store.reader,
      batch: (groups) => (full ? Promise.reject(new Error('disk full')) : store.batch(groups)),
    };
    const { log, acks } = eventLog(t, failing, clock);
    let taken = 0;
    for (let seq = 0; seq < 20_100; seq++) if (log.add(eventOf('site-1', seq))) taken += 1;
    t.equal(taken, 20_000);
    t.equal(log.add(eventOf('site-2', 0)), false);
    clock.advance(5_000);
    t.strictSame(acks, []);
    full = false;
    await eventually(() => {
      clock.advance(1_000);
      return log.stats().queued === 0 ? undefined : `${log.stats().queued} queued`;
    });
    t.equal(acks.at(-1), 'site-1 19999');
    t.equal(log.add(eventOf('site-1', 20_101)), false, 'nothing is taken before the one that was not');
    t.equal(log.add(eventOf('site-1', 20_000)), true);
    t.equal(log.add(eventOf('site-1', 20_001)), true);
    await eventually(() => (acks.at(-1) === 'site-1 20001' ? undefined : `acks ${acks.at(-1)}`));
    clock.advance(60_000);
    t.equal(log.stats().lost, 0);
  },
);

t.test('numbers in any order, repeated, end in one unbroken run', async (t) => {
  const start: Track = { seq: -1, lost: 0, ahead: [] };
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 200; round++) {
    const count = 1 + random(40);
    const order = Array.from({ length: count * 2 }, (_, index) => index % count).toSorted(() => random(3) - 1);
    t.strictSame(order.reduce(receive, start), { seq: count - 1, lost: 0, ahead: [] }, `seed round ${round}`);
  }
  const holed = [0, 4, 5, 9].reduce(receive, start);
  t.strictSame(holed, { seq: 0, lost: 0, ahead: [4, 5, 9] });
  t.strictSame(giveUp(holed), { seq: 5, lost: 3, ahead: [9] });
  t.strictSame(giveUp(giveUp(holed)), { seq: 9, lost: 6, ahead: [] });
  t.equal(giveUp(start), start);
});

t.test('facts of a node follow its messages, and silence is found in three seconds', async (t) => {
  const clock = new ManualClock();
  const nodes = new Nodes(clock);
  nodes.start();
  t.teardown(() => nodes.stop());
  const changes: string[] = [];
  nodes.on('changed', (node, what) => changes.push(`${node} ${what}`));
  const env = { v: 1, node: 'site-1', boot: bootA, seq: 0, at } as const;
  const telemetry = (seq: number, boot = bootA, lost = 0) => nodes.telemetry({ ...env, boot, seq, body: edgeSample(lost) });
  t.equal(nodes.of('site-1'), undefined);
  nodes.connected({ node: 'site-1', role: 'edge', address: '::1' });
  nodes.status({ ...env, body: status('online') });
  nodes.reported({ ...env, body: { ...reported, parts: [], meetings: ['m-abcdefgh'] } });
  t.strictSame(
    [telemetry(0, bootA, 2), telemetry(1, bootA, 3), telemetry(1, bootA, 3), telemetry(0)],
    [true, true, false, false],
    'repeated samples are known',
  );
  t.equal(nodes.of('site-1')?.lostFrames, 5);
  t.equal(telemetry(7, bootB, 50), true, 'history of another process start');
  t.equal(nodes.of('site-1')?.lostFrames, 5, 'is no news');
  nodes.reported({ ...env, body: { ...reported, parts: [], meetings: ['m-zzzzzzzz'] } });
  t.equal(nodes.of('site-1')?.lostFrames, 0, 'counted from the beginning of a meeting');
  nodes.status({ ...env, boot: bootB, body: status('offline') });
  t.equal(nodes.of('site-1')?.status?.state, 'online', 'the last will of an earlier process start says nothing');
  changes.length = 0;
  clock.advance(2_900);
  t.strictSame(changes, []);
  clock.advance(400);
  t.strictSame(changes, ['site-1 silent']);
  clock.jump(-86_400_000);
  clock.advance(10_000);
  t.strictSame(changes, ['site-1 silent'], 'told once, whatever the wall clock does');
  nodes.heard('site-1');
  t.strictSame(changes, ['site-1 silent', 'site-1 silent'], 'and when it is heard again');
  nodes.disconnected({ node: 'site-1', role: 'edge', address: '::1', because: 'keep alive timeout' });
  clock.advance(10_000);
  t.strictSame(changes.slice(2), ['site-1 connection']);
  t.match(nodes.of('site-1'), { connected: false, because: 'keep alive timeout' });
});

t.test('a minute of a site is summed up, also in two parts, and old samples find their minute', async (t) => {
  const { pki, port, store, ...running } = await network(t);
  const client = await joined(t, port, await pki.identity('site-1', 'edge'));
  const sample = (seq: number, rttMs: number, kbps: number, connected = true) =>
    client.publishAsync(
      'dc/v1/site-1/up/telemetry',
      wrap(
        'site-1',
        edgeSample(0, [
          { ...linkUp, rttMs, kbps, connected },
          { ...linkUp, direction: 'down', rttMs: 1, lossPercent: 0, kbps: 900 },
        ]),
        { seq },
      ),
      { qos: 1 },
    );
  await sample(0, 10, 100);
  await sample(1, 30, 300);
  await sample(1, 30, 300);
  await client.publishAsync('dc/v1/site-1/up/telemetry', wrap('site-1', edgeSample(0, []), { seq: 2 }), { qos: 1 });
  await running.stop();
  const [row] = await listRollups(store.reader, { node: 'site-1', from: 0, to: Number.MAX_SAFE_INTEGER });
  t.match(row, {
    n: 2,
    rtt_min: 10,
    rtt_max: 30,
    rtt_sum: 40,
    loss_min: 1,
    loss_max: 1,
    loss_sum: 2,
    kbps_min: 100,
    kbps_max: 300,
    kbps_sum: 400,
  });
  const now = 1_700_000_030_000;
  t.strictSame(
    [minuteOf(now - 3_600_000, now), minuteOf(now + 3_600_000, now), minuteOf(5, now)].map((each) => each / 60_000),
    [28_333_273, 28_333_333, 28_333_333],
  );
});

t.test(
  'a wish gets a revision when it changes, is published after its commit, again after a restart, and is followed until satisfied',
  async (t) => {
    const store = await openStore(t);
    const published: string[] = [];
    const downlink = {
      publish: async (node: string, _kind: string, body: object) => {
        published.push(`${node}@${(body as { rev: number }).rev}`);
      },
      clear: async (node: string) => {
        published.push(`${node} cleared`);
      },
    };
    const make = () => new DesiredStates({ store, downlink, clock: systemClock(), log: silentLog() });
    const want = (name: string): Want => ({ role: 'edge', name, plan: null, keys: [] });
    const desires = make();
    await desires.start();
    const report = (rev: number, satisfied: boolean, because = '') =>
      desires.reported('a', { ...reported, parts: [], meetings: [], rev, satisfied, because });
    t.strictSame(
      await desires.want([
        { node: 'a', want: want('A') },
        { node: 'b', want: want('B') },
      ]),
      [1, 1],
    );
    t.strictSame(
      await desires.want([
        { node: 'a', want: want('A') },
        { node: 'b', want: want('C') },
      ]),
      [1, 2],
    );
    t.strictSame(published, ['a@1', 'b@1', 'b@2']);
    const changes: [number | null, boolean][] = [];
    desires.on('changed', ({ reportedRev, satisfied }) => changes.push([reportedRev, satisfied]));
    report(1, false, 'the hub does not answer');
    report(1, false, 'the hub does not answer');
    report(1, true);
    t.strictSame(changes, [
      [1, false],
      [1, true],
    ]);
    t.match(desires.state('a'), { rev: 1, reportedRev: 1, satisfied: true });
    await desires.want([{ node: 'a', want: want('AA') }]);
    t.match(desires.state('a'), { rev: 2, reportedRev: 1, satisfied: false });
    report(1, true);
    t.equal(desires.state('a')?.satisfied, false, 'satisfied with an old one is not satisfied');
    report(2, true);
    await desires.stop();
    published.length = 0;
    const again = make();
    await again.start();
    t.strictSame(published, ['a@2', 'b@2']);
    t.match(again.state('a'), { rev: 2, reportedRev: 2, satisfied: true });
    again.reported('a', { ...reported, parts: [], meetings: [], rev: 9, satisfied: true, because: '' });
    await eventually(() => (published.at(-1) === 'a@10' ? undefined : 'a database that was set back is not noticed'));
    await again.forget('b');
    t.equal(published.at(-1), 'b cleared');
    t.equal(again.state('b'), undefined);
    const { rows } = await sql<{ node: string; rev: number }>`select node, rev from desired`.execute(store.db);
    t.strictSame(rows, [{ node: 'a', rev: 10 }]);
  },
);

t.test('sites are in the order of their places, then of Vietnamese names; one name means one node', async (t) => {
  const { registry } = await network(t);
  const names = ['Đồng Tháp', 'Dầu Tiếng', 'Châu Đốc', 'An Giang', 'Phường 10', 'Phường 9', 'Cần Thơ'];
  for (const [index, name] of names.entries()) await registry.addSite({ site: `s-${index}`, name, order: 5 });
  t.strictSame(
    registry
      .sites()
      .filter((each) => each.order === 5)
      .map((each) => each.name),
    ['An Giang', 'Cần Thơ', 'Châu Đốc', 'Dầu Tiếng', 'Đồng Tháp', 'Phường 9', 'Phường 10'],
  );
  await registry.changeSite('s-3', { order: 7 });
  t.equal(registry.sites()[6]?.name, 'An Giang');
  for (const site of ['s-1', 'hub-1', 'central'])
    t.match(await registry.addSite({ site, name: 'X', order: null }), { ok: false, fault: { code: 'conflict' } }, site);
  t.match(await registry.addHub({ hub: 's-1', name: 'X' }), { ok: false, fault: { code: 'conflict' } });
  t.match(await registry.changeSite('nobody', { name: 'X' }), { ok: false, fault: { code: 'not-found' } });
  t.match(await registry.removeHub('nobody'), { ok: false, fault: { code: 'not-found' } });
  t.match(await registry.removeHub('hub-1'), { ok: true });
  t.strictSame(
    [registry.admits('s-1', 'edge'), registry.admits('s-1', 'hub'), registry.admits('hub-1', 'hub'), registry.admits('s-1', 'central')],
    [true, false, false, false],
  );
});
