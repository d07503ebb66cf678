/** A node's talk with central over a real broker: what it says, what it takes, what it answers; and what it knows of its own cost. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CentralLink, type CentralLinkOptions } from '../../protocol/node/central-link.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { coresBetween, freeBytes, HostProbe, parseStat } from '../../protocol/node/host.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import type { Act } from '../../protocol/schema/command.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { type DownKind, topic, type UpKind } from '../../protocol/topic.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { desired, edgeDesired, hubDesired, testBoot } from '../support/plan.ts';
import { tempFolder } from '../support/temp-folder.ts';

const clock = systemClock();
const log = silentLog();
const node = 'site-1';

interface Envelope {
  readonly seq: number;
  readonly boot: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function rig(t: Test, change: Partial<CentralLinkOptions> = {}) {
  const broker = new TestBroker({ identity: null });
  await broker.start();
  t.teardown(() => broker.kill());
  const outbox = new Outbox({ folder: join(tempFolder(t), 'outbox'), boot: testBoot, clock, log, tell: () => undefined });
  await outbox.start();
  const wished: number[] = [];
  const told: EventBody[] = [];
  const acts: Act[] = [];
  const state = { because: 'first' };
  const link = new CentralLink({
    node,
    role: 'edge',
    identity: null,
    boot: testBoot,
    version: '1.2.3',
    clock,
    log,
    random: () => 0.5,
    servers: [{ host: '127.0.0.1', port: broker.port }],
    outbox,
    desired: ({ body }) => wished.push(body.rev),
    command: async (act) => {
      acts.push(act);
      if (act.do === 'delete-recording') throw new TypeError('a bug');
      return { outcome: 'done', because: 'x'.repeat(1000) };
    },
    reported: (): ReportedBody => ({
      role: 'edge',
      rev: null,
      satisfied: false,
      because: state.because,
      meetings: [],
      grants: [],
      parts: [],
      address: null,
      media: null,
    }),
    tell: (event) => told.push(event),
    ...change,
  });
  t.teardown(async () => {
    await link.stop();
    await outbox.stop();
  });
  link.start();
  const said = (kind: UpKind): readonly Envelope[] => broker.texts(topic(node, kind)).map((text) => JSON.parse(text) as Envelope);
  await eventually(() => (said('reported').length > 0 ? undefined : 'no birth'));
  const say = (kind: DownKind, body: object): Promise<void> =>
    broker.publish(topic(node, kind), JSON.stringify({ v: 1, node: 'central', boot: testBoot, seq: 0, at: clock.now(), body }));
  return { broker, outbox, link, wished, told, acts, state, said, say };
}

t.test('a birth says who it is and how far it got; then only what has changed is said; a farewell at the end', async (t) => {
  const { broker, link, state, said } = await rig(t);
  t.match(said('status').at(-1)?.body, { state: 'online', role: 'edge', version: '1.2.3' });
  link.report();
  link.report();
  state.because = 'second';
  link.report();
  link.telemetry({ a: 1 });
  await eventually(() => (said('telemetry').length > 0 ? undefined : 'no telemetry'));
  t.strictSame(
    said('reported').map(({ seq, body }) => [seq, body.because]),
    [
      [0, 'first'],
      [1, 'second'],
    ],
  );
  broker.kick(node);
  await eventually(() => (said('reported').length === 3 ? undefined : 'not said again to a broker that may have forgotten'));
  await link.stop();
  link.report();
  t.match(said('status').at(-1)?.body, { state: 'offline', because: 'stopped on purpose' });
});

t.test('wishes of its own role are taken; what is wrong is told once for each kind', async (t) => {
  const { broker, wished, told, said, say, link } = await rig(t);
  const wish = (rev: number, want: Parameters<typeof desired>[2]) =>
    broker.publish(topic(node, 'desired'), JSON.stringify(desired(node, rev, want)));
  await wish(1, edgeDesired(null, node));
  await wish(2, hubDesired([]));
  await say('desired', { nonsense: true });
  await say('cmd', { id: 7 });
  await say('cmd', { id: 8 });
  await wish(3, edgeDesired(null, node));
  await eventually(() => (wished.at(-1) === 3 ? undefined : `wishes ${wished.join()}`));
  t.strictSame(wished, [1, 3]);
  t.strictSame(
    told.map(({ kind, what, facts }) => [kind, what, facts.what]),
    [
      ['refused', 'message', 'desired'],
      ['refused', 'message', 'cmd'],
    ],
  );
  t.match(told[0]?.because, /role edge/);
  t.equal(link.connected, true, 'and the connection stays');
  t.strictSame(said('result'), []);
});

t.test('a command acts once, however often it comes, and is always answered', async (t) => {
  const { acts, said, say } = await rig(t);
  const expires = clock.now() + 60_000;
  const restart = { do: 'restart-media' };
  const id = (n: number): string => `0000000${n}`;
  await say('cmd', { id: id(1), session: testBoot, expires, act: restart });
  await say('cmd', { id: id(2), session: '00000000000000bb', expires, act: restart });
  await say('cmd', { id: id(3), session: testBoot, expires: 1, act: restart });
  await say('cmd', { id: id(4), session: testBoot, expires, act: { do: 'delete-recording', recording: 'r-abcdefgh' } });
  await eventually(() => (said('result').length === 4 ? undefined : `${said('result').length} results`));
  await say('cmd', { id: id(1), session: testBoot, expires, act: restart });
  await eventually(() => (said('result').length === 5 ? undefined : 'no second answer'));
  const results = said('result').map(({ body }) => body);
  const of = (n: number) => results.filter((each) => each.id === id(n));
  t.strictSame(of(1), [
    { id: id(1), outcome: 'done', because: 'x'.repeat(300) },
    { id: id(1), outcome: 'done', because: 'x'.repeat(300) },
  ]);
  t.match(of(2), [{ outcome: 'refused', because: 'meant for another start of this process' }]);
  t.match(of(3), [{ outcome: 'refused', because: 'came too late' }]);
  t.match(of(4), [{ outcome: 'failed', because: 'an error in this node, see its log' }], 'a bug is no secret and no detail');
  t.strictSame(
    acts.map((act) => act.do),
    ['restart-media', 'delete-recording'],
  );
});

t.test('an event is said until central has it, with the number it was born with', async (t) => {
  const { outbox, said, say } = await rig(t);
  const event: EventBody = { kind: 'process', severity: 'info', what: 'started', because: '', meeting: null, facts: {} };
  await outbox.append('event', event);
  await eventually(() => (said('event').length > 0 ? undefined : 'no event'));
  t.match(said('event')[0], { boot: testBoot, seq: 0, body: { what: 'started' } });
  t.equal(outbox.counters().events, 1);
  await say('ack', { of: { node: 'site-2', boot: testBoot, seq: 0 } });
  await say('ack', { of: { node, boot: testBoot, seq: 0 } });
  await eventually(() => (outbox.counters().events === 0 ? undefined : 'still kept'));
});

t.test('the cost of processes is read from /proc', async (t) => {
  // proc(5): pid (comm) state ppid … utime (14) stime (15) … rss (24).
  const stat = '42 (a ) (b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 100 1000000 2560 18446744073709551615 0 0';
  t.strictSame(parseStat(stat), { cpuSeconds: 2, rssMb: 10 });
  t.equal(parseStat('nonsense'), null);
  const use = (cpuSeconds: number) => ({ cpuSeconds, rssMb: 1 });
  const before = new Map([
    [1, use(10)],
    [2, use(5)],
  ]);
  const after = new Map([
    [1, use(10.5)],
    [3, use(0.25)],
  ]);
  t.equal(coresBetween(before, after, 1), 0.75, 'a new process counts from its start, one that is gone no more');
  t.equal(coresBetween(before, after, 0), 0);
});

t.test('a probe tells what this process uses, and of one that has ended nothing', async (t) => {
  const probe = new HostProbe();
  const folder = tempFolder(t);
  const sample = () => probe.sample([process.pid, 2 ** 22 + 1], clock.mono(), freeBytes(folder), 7);
  t.equal(sample().cores, 0, 'nothing to compare with yet');
  const from = process.cpuUsage();
  while (process.cpuUsage(from).user < 50_000); // works for a twentieth of a second
  const { cores, rssMb, diskFreeMb, outboxRecords } = sample();
  t.ok(cores > 0, `${cores} cores`);
  t.ok(rssMb > 10 && diskFreeMb > 0);
  t.equal(outboxRecords, 7);
  t.equal(freeBytes(join(folder, 'gone')), 0);
});
