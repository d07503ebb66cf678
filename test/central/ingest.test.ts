/** What nodes say reaches the store: refused when it does not fit, kept once when it does, acknowledged when it is kept. */
import t, { type Test } from 'tap';
import { listAudit } from '../../central/store/audit.ts';
import { listLog } from '../../central/store/events.ts';
import type { Store } from '../../central/store/store.ts';
import { EventLog } from '../../central/telemetry/eventlog.ts';
import { giveUp, receive, type Track } from '../../central/telemetry/sequence.ts';
import type { Log } from '../../protocol/log.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { at, bootA, bootB, edgeSample, eventBody, linkUp, reported, status, wrap } from './messages.ts';
import { joined, network, openStore, say } from './network.ts';

/** A log that keeps its warnings. */
function noted(): { readonly log: Log; readonly warnings: string[] } {
  const warnings: string[] = [];
  const log: Log = { ...silentLog(), warn: (_facts, message) => warnings.push(message), child: () => log };
  return { log, warnings };
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
    ['too many links', 'telemetry', wrap('site-1', edgeSample(0, Array(33).fill(linkUp)))],
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
    wrap('hub-1', { ...reported, role: 'hub', address: { host: '10.0.0.2', port: 9710, paths: [] } }),
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

t.test('a hole that is being filled is not given up', async (t) => {
  const store = await openStore(t);
  const clock = new ManualClock();
  const { log, acks } = eventLog(t, store, clock);
  for (const seq of [0, 5]) log.add(eventOf('site-1', seq));
  for (const seq of [1, 2, 3, 4]) {
    await eventually(() => (log.stats().queued === 0 ? undefined : 'still queued'));
    clock.advance(9_000);
    log.add(eventOf('site-1', seq));
  }
  await eventually(() => (acks.at(-1) === 'site-1 5' ? undefined : `acks ${acks.join()}`));
  t.strictSame(acks, ['site-1 0', 'site-1 1', 'site-1 2', 'site-1 3', 'site-1 5']);
  t.equal(log.stats().lost, 0);
});

t.test('of what was given up and comes after all, only what came is acknowledged', async (t) => {
  const store = await openStore(t);
  const clock = new ManualClock();
  const { log, acks } = eventLog(t, store, clock);
  for (const seq of [0, 5]) log.add(eventOf('site-1', seq));
  await eventually(() => (log.stats().queued === 0 ? undefined : 'still queued'));
  clock.advance(11_000);
  await eventually(() => (acks.length === 2 && log.stats().queued === 0 ? undefined : `acks ${acks.join()}`));
  for (const seq of [2, 3, 5, 6]) {
    const before = acks.length;
    log.add(eventOf('site-1', seq));
    await eventually(() => (acks.length > before && log.stats().queued === 0 ? undefined : `acks ${acks.join()}`));
  }
  t.strictSame(acks, ['site-1 0', 'site-1 5', 'site-1 2', 'site-1 3', 'site-1 5', 'site-1 6']);
  t.equal(log.stats().lost, 4, 'what was given up is counted once');
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
