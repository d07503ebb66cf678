/** What central knows of its nodes: facts, minutes, wishes, and who they are. */
import { sql } from 'kysely';
import t from 'tap';
import type { Want } from '../../central/sites/contract.ts';
import { DesiredStates } from '../../central/sites/desired.ts';
import { listRollups } from '../../central/store/rollups.ts';
import { Nodes } from '../../central/telemetry/nodes.ts';
import { minuteOf } from '../../central/telemetry/rollup.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { at, bootA, bootB, edgeSample, linkUp, reported, status, wrap } from './messages.ts';
import { joined, network, openStore } from './network.ts';

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
  nodes.reported({ ...env, body: { ...reported, grants: [], parts: [], meetings: ['m-abcdefgh'] } });
  t.strictSame(
    [telemetry(0, bootA, 2), telemetry(1, bootA, 3), telemetry(1, bootA, 3), telemetry(0)],
    [true, true, false, false],
    'repeated samples are known',
  );
  t.equal(nodes.of('site-1')?.lostFrames, 5);
  t.equal(telemetry(7, bootB, 50), true, 'history of another process start');
  t.equal(nodes.of('site-1')?.lostFrames, 5, 'is no news');
  nodes.reported({ ...env, body: { ...reported, grants: [], parts: [], meetings: ['m-zzzzzzzz'] } });
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

t.test('a clock that is wrong for long is told, once; a message that is late is not', async (t) => {
  const clock = new ManualClock();
  const nodes = new Nodes(clock);
  const told: [string | null, number][] = [];
  nodes.on('clock', (node, aheadMs) => told.push([node, aheadMs]));
  let seq = 0;
  const say = (node: string, aheadMs: number): void =>
    void nodes.telemetry({ v: 1, node, boot: bootA, seq: seq++, at: clock.now() + aheadMs, body: edgeSample(0) });
  const seconds = (count: number, ...aheadMs: readonly number[]): void => {
    for (let n = 0; n < count; n += 1) {
      clock.advance(1000);
      aheadMs.forEach((each, at) => {
        say(`site-${at}`, each);
      });
      nodes.sweep();
    }
  };
  seconds(20, 1900);
  for (let late = 9000; late > 0; late -= 100) say('site-0', -late);
  for (let n = 0; n < 60; n += 1) seconds(1, n % 20 === 0 ? -200 : -8000);
  seconds(1, 0);
  seconds(29, -3_600_000);
  t.strictSame(told, [], 'a line that stalls or has a long queue, and a clock that is wrong for a moment');
  seconds(5, -3_600_000);
  t.strictSame(told, [['site-0', -3_600_000]]);
  t.match(nodes.of('site-0'), { clockMs: -3_600_000, aheadMs: -3_600_000 });
  seconds(10, 60_000);
  t.strictSame(told.slice(1), [['site-0', 60_000]], 'wrong in another way; that it is fast is sure sooner');
  seconds(10, 1500);
  t.strictSame(told.slice(2), [['site-0', 1500]], 'nearer, and not yet right');
  seconds(10, -500);
  t.strictSame(told.slice(3), [['site-0', 0]]);
  t.equal(nodes.of('site-0')?.clockMs, 0);

  told.length = 0;
  for (const n of [0, 1, 2, 3]) nodes.connected({ node: `site-${n}`, role: 'edge', address: '::1' });
  seconds(60, -7000, -7000, -7000, 3_600_000 - 7000);
  t.strictSame(
    told,
    [
      ['site-3', 3_600_000],
      [null, -7000],
    ],
    'where all are wrong in the same way, central is',
  );
  seconds(60, 0, 10, -300, 0);
  t.strictSame(told.slice(2), [
    ['site-3', 0],
    [null, 0],
  ]);
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
    const want = (name: string): Want => ({ role: 'edge', name, plan: null, keys: [], panel: null, devices: [], scene: null });
    const desires = make();
    await desires.start();
    const report = (rev: number, satisfied: boolean, because = '') =>
      desires.reported('a', { ...reported, grants: [], parts: [], meetings: [], rev, satisfied, because });
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
    again.reported('a', { ...reported, grants: [], parts: [], meetings: [], rev: 9, satisfied: true, because: '' });
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
