/** The link and the outbox behind it, against a real broker over mutual TLS that is killed, replaced, slow or hostile. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type LinkOptions, MqttLink, type Outgoing } from '../../protocol/node/mqtt-link.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import { tlsReason } from '../../protocol/node/reason.ts';
import { type Identity, loadIdentity } from '../../protocol/node/tls.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { tempFolder } from '../support/temp-folder.ts';

const clock = systemClock();
const log = silentLog();
const UP = 'dc/v1/site-1/up/';
const DOWN = 'dc/v1/site-1/down/';

async function identity(folder: string, authority: string, node: string, role: 'central' | 'edge'): Promise<Identity> {
  const dir = join(folder, `${authority}-${node}`);
  await issue(await ensureCa(join(folder, authority), clock), dir, { node, role, hosts: [] }, clock);
  const loaded = await loadIdentity(dir, clock.now());
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.fault));
  return loaded.value;
}

async function broker(
  t: Test,
  who: Identity | null = null,
  maySubscribe?: (client: string, topic: string) => boolean,
): Promise<TestBroker> {
  const made = new TestBroker({ identity: who, ...(maySubscribe ? { maySubscribe } : {}) });
  await made.start();
  t.teardown(() => made.kill());
  return made;
}

const message = (kind: string, payload: string, retain = false): Outgoing => ({ topic: UP + kind, payload, qos: 1, retain });

function link(t: Test, ports: readonly number[], more: Partial<LinkOptions> = {}): { link: MqttLink; lost: string[]; read: string[] } {
  let births = 0;
  const made = new MqttLink({
    node: 'site-1',
    servers: ports.map((port) => ({ host: '127.0.0.1', port, node: 'central' })),
    identity: null,
    clock,
    log,
    random: () => 0.5,
    will: message('status', 'gone', true),
    birth: () => [message('status', `here ${++births}`, true)],
    subscriptions: ['desired', 'cmd', 'ack'].map((kind) => DOWN + kind),
    outbox: null,
    backoffMs: { first: 20, max: 200 },
    ...more,
  });
  const lost: string[] = [];
  const read: string[] = [];
  made.on('disconnected', ({ because }) => lost.push(because));
  made.on('message', ({ topic, payload, retained }) =>
    read.push(`${topic.slice(DOWN.length)}${retained ? '!' : ''} ${Buffer.from(payload).toString()}`),
  );
  t.teardown(() => made.stop([]));
  return { link: made, lost, read };
}

const state = (l: MqttLink, want: string) => () => (l.state === want ? undefined : `${l.state}: ${l.problem}`);

t.test('over mutual TLS: birth, messages both ways, farewell instead of last will', async (t) => {
  const folder = tempFolder(t);
  const b = await broker(t, await identity(folder, 'ours', 'central', 'central'));
  await b.publish(`${DOWN}desired`, 'revision 1', { retain: true });
  const { link: l, read, lost } = link(t, [b.port], { identity: await identity(folder, 'ours', 'site-1', 'edge') });
  t.match(await l.publish(message('telemetry', 'x')), { ok: false, fault: { code: 'unreachable' } }, 'offline it says so at once');
  l.start();
  l.start();
  await eventually(state(l, 'connected'));
  t.equal(l.problem, null);
  await eventually(() => (read.includes('desired! revision 1') ? undefined : 'the retained desired state has not come'));
  await b.publish(`${DOWN}cmd`, 'reboot');
  await b.publish('dc/v1/site-2/down/cmd', 'not for us');
  await eventually(() => (read.includes('cmd reboot') ? undefined : 'no command'));
  t.notOk(read.some((text) => text.includes('not for us')));
  t.match(await l.publish({ ...message('reported', 'r1', true), payload: Buffer.from('đã nhận') }), { ok: true });
  t.match(await l.publish({ ...message('telemetry', 't1'), qos: 0 }), { ok: true });
  t.match(await l.publish(message('reported', 'x'.repeat(5 * 1024 * 1024))), { ok: false, fault: { code: 'exhausted' } });
  await eventually(() => (b.texts(`${UP}telemetry`).length === 1 ? undefined : 'no telemetry'));
  await Promise.all([l.stop([message('status', 'farewell', true)]), l.stop([])]);
  t.equal(l.state, 'stopped');
  await eventually(() => (b.connected.size === 0 ? undefined : 'still connected'));
  t.strictSame(b.texts(`${UP}status`), ['here 1', 'farewell']);
  t.strictSame(b.texts(`${UP}reported`), ['đã nhận']);
  t.strictSame(lost, []);
  t.strictSame([...new Set(b.heard.filter(({ from }) => from).map(({ from }) => from))], ['site-1'], 'the client id is the node');
});

t.test('a killed broker is found again: new birth, subscriptions renewed, last will said for a cut connection', async (t) => {
  const b = await broker(t);
  const { link: l, read, lost } = link(t, [b.port]);
  l.start();
  await eventually(state(l, 'connected'));
  for (const round of [1, 2]) {
    await b.kill();
    await eventually(() => (lost.length === round ? undefined : 'the loss was not noticed'));
    t.match(await l.publish(message('telemetry', 'x')), { ok: false, fault: { code: 'unreachable', what: 'broker' } });
    await eventually(() => (/nothing listens there/.test(l.problem ?? '') ? undefined : String(l.problem)));
    await b.start();
    await eventually(state(l, 'connected'));
    await b.publish(`${DOWN}cmd`, `after ${round}`);
    await eventually(() => (read.includes(`cmd after ${round}`) ? undefined : 'not subscribed'));
  }
  b.kick('site-1');
  await eventually(() => (lost.length === 3 ? undefined : 'the kick was not noticed'));
  await eventually(state(l, 'connected'));
  await eventually(() => (b.texts(`${UP}status`).at(-1) === 'here 4' ? undefined : b.texts(`${UP}status`).join()));
  t.ok(b.texts(`${UP}status`).includes('gone'), 'the broker said the last will');
});

t.test('servers are tried in order, the first again after a loss', async (t) => {
  const [first, second] = [await broker(t), await broker(t)];
  await first.kill();
  const { link: l, lost } = link(t, [first.port, second.port]);
  l.start();
  await eventually(state(l, 'connected'));
  t.ok(second.connected.has('site-1'));
  await first.start();
  await second.kill();
  await eventually(() => (first.connected.has('site-1') ? undefined : 'not back at the first'));
  t.equal(lost.length, 1);
});

t.test('who we do not trust, and who does not trust us, is named', async (t) => {
  const folder = tempFolder(t);
  const ours = await identity(folder, 'ours', 'central', 'central');
  const b = await broker(t, ours);
  const mute = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  t.teardown(() => mute.close());
  const mutePort = (mute.address() as { port: number }).port;
  const foreign = await identity(folder, 'foreign', 'site-1', 'edge');
  const site = await identity(folder, 'ours', 'site-1', 'edge');
  const deaf = await broker(t, null, () => false);
  const cases: readonly [string, number, Partial<LinkOptions>, RegExp][] = [
    ['foreign authority', b.port, { identity: foreign }, /another authority/],
    ['foreign certificate', b.port, { identity: { ...foreign, ca: ours.ca } }, /may not accept our certificate|authority of our|closed/],
    ['name of another node', b.port, { identity: site, node: 'site-2' }, /Not authorized/i],
    ['another server', b.port, { identity: site, servers: [{ host: '127.0.0.1', port: b.port, node: 'hub-1' }] }, /for another node/],
    ['a server that says nothing', mutePort, { connectTimeoutMs: 300 }, /no welcome within 300 ms/],
    ['no right to read', deaf.port, {}, /right to read dc\/v1\/site-1\/down\/desired/],
  ];
  for (const [name, port, more, want] of cases) {
    const { link: l, lost } = link(t, [port], more);
    l.start();
    await eventually(() => (want.test(l.problem ?? '') ? undefined : `${name}: ${l.problem}`));
    t.not(l.state, 'connected', name);
    t.strictSame(lost, [], 'a link that never was is not lost');
    await l.stop([]);
  }
  t.equal(tlsReason(undefined), 'it showed no certificate');
});

interface Station {
  readonly link: MqttLink;
  readonly box: Outbox;
}

async function station(t: Test, folder: string, boot: string, port: number, more: Partial<LinkOptions> = {}): Promise<Station> {
  const box = new Outbox({ folder, boot, clock, log, tell: () => undefined });
  await box.start();
  const { link: l } = link(t, [port], {
    outbox: {
      outbox: box,
      message: ({ class: cls, boot: born, seq, body }) => message(cls, JSON.stringify({ boot: born, seq, body })),
    },
    ...more,
  });
  t.teardown(() => box.stop());
  return { link: l, box };
}

/** Central, as far as events go: takes each (boot, seq) once, in order, and acknowledges what it has without a hole. */
class Central {
  readonly got: string[] = [];
  readonly #next = new Map<string, number>();
  twice = 0;
  #read: number;

  constructor(from: number) {
    this.#read = from;
  }

  take(b: TestBroker, links: readonly MqttLink[]): void {
    for (; this.#read < b.heard.length; this.#read += 1) {
      const heard = b.heard[this.#read];
      if (heard?.topic !== `${UP}event`) continue;
      const { boot, seq, body } = JSON.parse(heard.text) as { boot: string; seq: number; body: string };
      const next = this.#next.get(boot) ?? 0;
      if (seq < next) this.twice += 1;
      if (seq !== next) continue;
      this.#next.set(boot, next + 1);
      this.got.push(`${boot}${seq} ${body}`);
    }
    for (const [boot, next] of this.#next) for (const l of links) l.acked(boot, next - 1);
  }
}

t.test('events written while broker or process are down arrive in order, none lost, none twice after numbers are compared', async (t) => {
  const folder = tempFolder(t);
  const b = await broker(t, await identity(folder, 'ours', 'central', 'central'));
  const me = await identity(folder, 'ours', 'site-1', 'edge');
  const central = new Central(0);
  const wanted: string[] = [];
  let s = await station(t, join(folder, 'outbox'), 'a', b.port, { identity: me, window: 20 });
  const write = async (boot: string, from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n += 1) {
      const result = await s.box.append('event', `event ${n}`);
      t.ok(result.ok);
      wanted.push(`${boot}${n} event ${n}`);
    }
  };
  await write('a', 0, 50);
  s.link.start();
  await eventually(() => (b.texts(`${UP}event`).length >= 20 ? undefined : `${b.texts(`${UP}event`).length} arrived`));
  await write('a', 50, 5);
  t.equal(b.texts(`${UP}event`).length, 20, 'no more than the window is on the way');
  await b.kill();
  await write('a', 55, 30);
  await b.start();
  await eventually(() => (b.texts(`${UP}event`).length >= 40 ? undefined : 'not sent again'));
  await eventually(() => {
    central.take(b, [s.link]);
    return central.got.length >= 60 ? undefined : `${central.got.length} of 85`;
  });
  // The process ends in the middle, the next one begins with its own boot.
  await s.link.stop([]);
  await s.box.stop();
  s = await station(t, join(folder, 'outbox'), 'b', b.port, { identity: me, window: 20 });
  await write('b', 0, 40);
  s.link.start();
  await eventually(() => {
    central.take(b, [s.link]);
    return central.got.length >= 125 ? undefined : `${central.got.length} of 125`;
  });
  t.strictSame(central.got, wanted);
  t.ok(central.twice > 0, 'some came twice on the wire; their numbers told');
  await eventually(() => {
    central.take(b, [s.link]);
    return s.box.counters().events === 0 ? undefined : 'not all acknowledged';
  });
});

t.test('events that central never saw are sent again although the connection stands', async (t) => {
  const folder = tempFolder(t);
  const b = await broker(t);
  const s = await station(t, join(folder, 'outbox'), 'a', b.port, { resendAfterMs: 150 });
  s.link.start();
  await eventually(state(s.link, 'connected'));
  for (const n of [0, 1, 2]) await s.box.append('event', n);
  await eventually(() => (b.texts(`${UP}event`).length >= 9 ? undefined : 'not sent again'));
  const seqs = b.texts(`${UP}event`).map((text) => (JSON.parse(text) as { seq: number }).seq);
  t.strictSame(seqs.slice(0, 6), [0, 1, 2, 0, 1, 2]);
  const late = new Central(b.heard.length);
  await eventually(() => {
    late.take(b, [s.link]);
    return s.box.counters().events === 0 ? undefined : 'central heard nothing';
  });
  t.equal(late.got.length, 3);
});

t.test('telemetry from the outbox drains behind an outage without central saying anything', async (t) => {
  const b = await broker(t);
  const s = await station(t, join(tempFolder(t), 'outbox'), 'a', b.port);
  for (let n = 0; n < 100; n += 1) await s.box.append('telemetry', n);
  s.link.start();
  await eventually(() => (s.box.counters().telemetry === 0 ? undefined : `${s.box.counters().telemetry} left`));
  t.strictSame(
    b.texts(`${UP}telemetry`).map((text) => (JSON.parse(text) as { seq: number }).seq),
    Array.from({ length: 100 }, (_, n) => n),
  );
});
