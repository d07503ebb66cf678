import { connect as tlsConnect } from 'node:tls';
import type { MqttClient } from 'mqtt';
import { generate, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import type { BrokerEvents, Uplink } from '../../central/broker/contract.ts';
import { Bucket, FrameCounter } from '../../central/broker/frames.ts';
import { Retained } from '../../central/broker/retained.ts';
import type { Role } from '../../protocol/ids.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { eventually } from '../support/eventually.ts';
import { enter, joined, Pki, type Running, say, startBroker } from './network.ts';

const up = (node: string, kind: string): string => `dc/v1/${node}/up/${kind}`;
const down = (node: string, kind: string): string => `dc/v1/${node}/down/${kind}`;

/** Everything the broker told, in order. */
function listen({ broker }: Running): { readonly name: keyof BrokerEvents; readonly node: string | null; readonly because: string }[] {
  const told: { name: keyof BrokerEvents; node: string | null; because: string }[] = [];
  broker.on('connected', ({ node }) => told.push({ name: 'connected', node, because: '' }));
  broker.on('disconnected', ({ node, because }) => told.push({ name: 'disconnected', node, because }));
  broker.on('refused', ({ node, because }) => told.push({ name: 'refused', node, because }));
  broker.on('violation', ({ node, because }) => told.push({ name: 'violation', node, because }));
  return told;
}

t.test('who is let in', async (t) => {
  const running = await startBroker(t, {
    admits: (node, role) => role !== 'central' && node !== 'stranger' && !(node === 'site-2' && role === 'hub'),
  });
  const told = listen(running);
  const foreign = new Pki(t.testdir({}));
  const will = (node: string) => ({ topic: up(node, 'status'), payload: Buffer.from('{}'), qos: 1 as const, retain: true });
  const cases: readonly [title: string, who: [string, Role], options: object, because: RegExp | null][] = [
    ['a site of the registry', ['site-1', 'edge'], {}, null],
    ['a hub of the registry', ['hub-1', 'hub'], {}, null],
    ['a site with its own last will', ['site-2', 'edge'], { will: will('site-2') }, null],
    ['a node that is not in the registry', ['stranger', 'edge'], {}, /not in the registry/],
    ['a site that calls itself a hub', ['site-2', 'hub'], {}, /not in the registry as hub/],
    ['somebody with a certificate of central', ['central-2', 'central'], {}, /central is here/],
    ["another node's client id", ['site-3', 'edge'], { clientId: 'site-1' }, /client id "site-1" is not the certificate's site-3/],
    ['an empty client id', ['site-3', 'edge'], { clientId: '' }, /client id/],
    ['a kept session', ['site-3', 'edge'], { clean: false }, /kept session/],
    ["a last will in another's name", ['site-3', 'edge'], { will: will('site-1') }, /last will/],
    ['a last will among the commands', ['site-3', 'edge'], { will: { ...will('site-3'), topic: down('site-3', 'cmd') } }, /last will/],
    ['a last will for everybody', ['site-3', 'edge'], { will: { ...will('site-3'), topic: '#' } }, /last will/],
    ['MQTT 5', ['site-3', 'edge'], { protocolVersion: 5 }, /unacceptable protocol version/],
    ['no keep-alive', ['site-3', 'edge'], { keepalive: 0 }, /keep alive/],
  ];
  for (const [title, [node, role], options, because] of cases) {
    const before = told.length;
    const client = await enter(t, running.port, await running.pki.identity(node, role), options);
    if (because === null) t.type(client, 'object', title);
    else {
      t.type(client, 'string', title);
      await eventually(() => (told.length > before ? undefined : 'nothing was told'));
      t.match(told.at(-1), { name: 'refused', because }, `${title}: told why`);
    }
  }
  const { ca } = await running.pki.identity('site-1', 'edge');
  const day = 24 * 3600 * 1000;
  const strangers: readonly [title: string, Identity, options: object, because: RegExp][] = [
    ['a certificate of a foreign authority', { ...(await foreign.identity('site-9', 'edge')), ca }, {}, /from another authority/],
    [
      'no certificate',
      { node: 'site-9', role: 'edge', ca, cert: '', key: '' },
      { cert: undefined, key: undefined },
      /showed no certificate/,
    ],
    ['an expired certificate', await running.pki.issuedAt('site-9', 'edge', Date.now() - 900 * day), {}, /has expired/],
    ['a certificate of tomorrow', await running.pki.issuedAt('site-9', 'edge', Date.now() + day), {}, /not yet valid.*clock/],
  ];
  for (const [title, identity, options, because] of strangers) {
    const before = told.length;
    t.type(await enter(t, running.port, identity, options), 'string', title);
    await eventually(() => (told.length > before ? undefined : 'nothing was told'));
    t.match(told.at(-1), { name: 'refused', node: null, because }, `${title}: told why`);
  }
  t.strictSame([...running.broker.connected()].toSorted(), ['hub-1', 'site-1', 'site-2']);
});

t.test('what a node may say and hear', async (t) => {
  const received: Uplink[] = [];
  const running = await startBroker(t, {
    receive: (message) => {
      received.push(message);
      return message.payload.toString().startsWith('bad') ? 'drop' : 'take';
    },
  });
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const publishes: readonly [title: string, topic: string, qos: 0 | 1 | 2, 'taken' | 'closed'][] = [
    ['its status', up('site-1', 'status'), 1, 'taken'],
    ['its telemetry', up('site-1', 'telemetry'), 1, 'taken'],
    ['its event', up('site-1', 'event'), 1, 'taken'],
    ["another's event", up('site-2', 'event'), 1, 'closed'],
    ['a command to itself', down('site-1', 'cmd'), 1, 'closed'],
    ["another's desired state", down('site-2', 'desired'), 1, 'closed'],
    ['an unknown kind', up('site-1', 'shell'), 1, 'closed'],
    ['a level too many', `${up('site-1', 'event')}/x`, 1, 'closed'],
    ['the broker’s own topics', '$SYS/broker/new/clients', 1, 'closed'],
    ['something else', 'hello', 1, 'closed'],
    ['levels without end', '/'.repeat(200), 1, 'closed'],
    ['QoS 2', up('site-1', 'event'), 2, 'closed'],
  ];
  for (const [title, topic, qos, want] of publishes) {
    const client = await joined(t, running.port, identity);
    const before = told.filter(({ name }) => name === 'violation').length;
    t.equal(await say(client, topic, '{}', { qos }), want, `publishing ${title}`);
    await client.endAsync(true);
    if (want === 'taken') continue;
    await eventually(() => (running.broker.stats().violations > before ? undefined : 'no violation was counted'));
  }
  t.strictSame(
    received.map(({ node, role, kind }) => [node, role, kind]),
    ['status', 'telemetry', 'event'].map((kind) => ['site-1', 'edge', kind]),
  );
  t.equal(running.broker.stats().violations, 9);
  t.ok(told.some(({ name, node, because }) => name === 'violation' && node === 'site-1' && because === 'published for site-2'));

  const client = await joined(t, running.port, identity);
  const filters: readonly [string, boolean][] = [
    [down('site-1', 'desired'), true],
    [down('site-1', 'cmd'), true],
    [down('site-1', 'ack'), true],
    [down('site-2', 'desired'), false],
    [up('site-1', 'status'), false],
    [down('site-1', '#'), false],
    [down('site-1', '+'), false],
    [down('+', 'desired'), false],
    ['#', false],
    ['+/+/+/+/+', false],
    ['$SYS/#', false],
  ];
  for (const [filter, want] of filters) {
    // The client's own check would not let wildcards through in the wrong place; the broker's is the one under test.
    const granted = await new Promise<number>((resolve) =>
      client.subscribe(filter, { qos: 1 }, (error, grants, packet) =>
        resolve(Number(packet?.granted[0] ?? grants?.[0]?.qos ?? (error ? 128 : -1))),
      ),
    );
    t.equal(granted, want ? 1 : 128, `listening to ${filter}`);
  }
  t.equal(client.connected, true, 'asking in vain ends no connection');
  const heard: string[] = [];
  client.on('message', (topic) => heard.push(topic));
  await running.broker.publish('site-2', 'cmd', {});
  await running.broker.publish('site-1', 'cmd', {});
  await running.broker.publish('site-1', 'ack', {});
  await eventually(() => (heard.length >= 2 ? undefined : `heard ${heard.length}`));
  t.strictSame(heard, [down('site-1', 'cmd'), down('site-1', 'ack')]);
});

t.test('what is retained is decided by the kind, and what was refused is not', async (t) => {
  const running = await startBroker(t, { receive: ({ payload }) => (payload.toString() === 'bad' ? 'drop' : 'take') });
  const client = await joined(t, running.port, await running.pki.identity('site-1', 'edge'));
  const { broker } = running;
  await client.publishAsync(up('site-1', 'telemetry'), '{}', { qos: 1, retain: true });
  await client.publishAsync(up('site-1', 'reported'), 'bad', { qos: 1, retain: true });
  await client.publishAsync(up('site-1', 'event'), '{}', { qos: 1, retain: true });
  t.equal(broker.stats().retained, 0);
  await client.publishAsync(up('site-1', 'status'), '{}', { qos: 1, retain: false });
  t.equal(broker.stats().retained, 1);
  t.match(broker.stats(), { received: 4, dropped: 1 });
  await broker.publish('site-1', 'desired', { rev: 1 });
  await broker.publish('site-1', 'desired', { rev: 2 });
  await broker.publish('site-1', 'cmd', {});
  const heard: { topic: string; body: unknown; retain: boolean }[] = [];
  client.on('message', (topic, payload, { retain }) =>
    heard.push({ topic, retain, body: (JSON.parse(payload.toString()) as { body: unknown }).body }),
  );
  await client.subscribeAsync([down('site-1', 'desired'), down('site-1', 'cmd')], { qos: 1 });
  await eventually(() => (heard.length > 0 ? undefined : 'nothing heard'));
  t.strictSame(heard, [{ topic: down('site-1', 'desired'), retain: true, body: { rev: 2 } }]);
  await broker.clear('site-1', 'desired');
  t.equal(broker.stats().retained, 1, 'a wish that was cleared is gone');
});

t.test('a newer connection of a node replaces the older one, whose last will stays unsaid', async (t) => {
  const kinds: string[] = [];
  const running = await startBroker(t, {
    receive: ({ payload }) => {
      kinds.push(payload.toString());
      return 'take';
    },
  });
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const will = { topic: up('site-1', 'status'), payload: Buffer.from('dead'), qos: 1 as const, retain: true };
  const first = await joined(t, running.port, identity, { will });
  let closed = false;
  first.on('close', () => (closed = true));
  const second = await joined(t, running.port, identity, { will });
  await eventually(() => (closed ? undefined : 'the older one is still there'));
  t.strictSame(running.broker.connected(), ['site-1']);
  await second.publishAsync(up('site-1', 'status'), 'born', { qos: 1 });
  t.strictSame(kinds, ['born']);
  second.stream.destroy();
  await eventually(() => (kinds.length === 2 ? undefined : 'the last will was not said'));
  t.strictSame(kinds, ['born', 'dead']);
  await eventually(() => (told.some(({ name }) => name === 'disconnected') ? undefined : 'its end was not told'));
  t.strictSame(
    told.map(({ name }) => name),
    ['connected', 'connected', 'disconnected'],
  );
  running.broker.disconnect('nobody', 'x');
  const third = await joined(t, running.port, identity);
  running.broker.disconnect('site-1', 'taken out of the registry');
  await eventually(() => (third.connected ? 'still connected' : undefined));
  await eventually(() => (told.at(-1)?.because === 'taken out of the registry' ? undefined : `told ${JSON.stringify(told.at(-1))}`));
});

t.test('a storm of connections of one node leaves one, and it works', async (t) => {
  const running = await startBroker(t);
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const will = { topic: up('site-1', 'status'), payload: Buffer.from('dead'), qos: 1 as const, retain: true };
  const clients = await Promise.all(Array.from({ length: 25 }, () => enter(t, running.port, identity, { will })));
  const alive = (): MqttClient[] => clients.filter((each) => typeof each === 'object').filter((each) => each.connected);
  await eventually(() => (alive().length === 1 ? undefined : `${alive().length} are connected`));
  const [last] = alive();
  if (!last) throw new Error('nobody is left');
  const heard: string[] = [];
  last.on('message', (topic) => heard.push(topic));
  await last.subscribeAsync(down('site-1', 'cmd'), { qos: 1 });
  await running.broker.publish('site-1', 'cmd', {});
  await eventually(() => (heard.length === 1 ? undefined : 'it does not hear'));
  t.strictSame(running.broker.connected(), ['site-1']);
  await last.endAsync();
  await eventually(() => (running.broker.connected().length === 0 ? undefined : 'somebody is left'));
  t.equal(told.at(-1)?.name, 'disconnected');
});

/** A TLS connection that speaks MQTT by hand, so that it can be as rude as it likes. */
async function rude(t: Test, port: number, { ca, cert, key, node }: Identity, keepalive = 100): Promise<ReturnType<typeof tlsConnect>> {
  const socket = tlsConnect({ host: '127.0.0.1', port, ca, cert, key, servername: 'central' });
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  const greeted = new Promise<void>((resolve, reject) => {
    const read = parser();
    read.on('packet', ({ cmd }) => cmd === 'suback' && resolve());
    socket.on('data', (chunk) => read.parse(chunk));
    socket.once('close', () => reject(new Error('closed')));
  });
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: node, keepalive }));
  socket.write(
    generate({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [
        { topic: down(node, 'cmd'), qos: 1 },
        { topic: down(node, 'ack'), qos: 0 },
      ],
    }),
  );
  await greeted;
  return socket;
}

t.test('a frozen client stalls nobody, is dropped in bounded time, and its end kills nothing', async (t) => {
  const cases = [
    ['it leaves too much unread', { drainMs: 60_000, maxUnreadBytes: 1024 * 1024 }, 32 * 1024, /unread/],
    ['its socket takes nothing for too long', { drainMs: 1000, maxUnreadBytes: 1024 ** 3 }, 16 * 1024, /drain timeout/],
  ] as const;
  for (const [title, limits, bytes, because] of cases) {
    const running = await startBroker(t, { limits });
    const told = listen(running);
    const { broker, port, pki } = running;
    const frozen = await rude(t, port, await pki.identity('frozen', 'edge'));
    const healthy = await joined(t, port, await pki.identity('healthy', 'edge'));
    const heard: number[] = [];
    healthy.on('message', (_topic, payload) => heard.push((JSON.parse(payload.toString()) as { body: { n: number } }).body.n));
    await healthy.subscribeAsync(down('healthy', 'cmd'), { qos: 1 });
    frozen.pause();
    const body = { filler: 'x'.repeat(bytes) };
    const open: Promise<void>[] = [];
    let n = 0;
    // Several hundred a second to the frozen one, interleaved with the healthy one, until the broker has had enough.
    await eventually(
      () => {
        for (let each = 0; each < 10; each++) open.push(broker.publish('frozen', each % 2 === 0 ? 'cmd' : 'ack', body));
        open.push(broker.publish('healthy', 'cmd', { n: n++ }));
        return told.some(({ name, node }) => name === 'disconnected' && node === 'frozen') ? undefined : 'it is still connected';
      },
      { everyMs: 20 },
    );
    t.match(
      told.find(({ name }) => name === 'disconnected'),
      { node: 'frozen', because },
      title,
    );
    for (let each = 0; each < 200; each++) open.push(broker.publish('frozen', 'cmd', body));
    await eventually(() => (heard.length === n ? undefined : `the healthy one heard ${heard.length} of ${n}`));
    t.strictSame(
      heard,
      Array.from({ length: n }, (_, index) => index),
      'the healthy one heard everything in order',
    );
    await Promise.all(open);
    t.equal(await say(healthy, up('healthy', 'event'), '{}'), 'taken');
    await broker.stop();
  }
});

t.test('oversized and malformed packets end the connection before they are buffered', async (t) => {
  const running = await startBroker(t, { limits: { maxHelloBytes: 1000, maxPacketBytes: 5000 } });
  const told = listen(running);
  const { ca, cert, key } = await running.pki.identity('site-1', 'edge');
  const closed = async (bytes: Uint8Array, hello: boolean): Promise<void> => {
    const socket = hello
      ? await rude(t, running.port, await running.pki.identity('site-1', 'edge'))
      : tlsConnect({ host: '127.0.0.1', port: running.port, ca, cert, key, servername: 'central' });
    socket.on('error', () => {});
    let open = true;
    socket.once('close', () => (open = false));
    socket.resume();
    socket.write(bytes);
    await eventually(() => (open ? 'still open' : undefined));
  };
  const header = (type: number, length: number): Uint8Array => {
    const bytes = [type];
    let left = length;
    for (; left > 0x7f; left >>= 7) bytes.push((left & 0x7f) | 0x80);
    bytes.push(left);
    return Uint8Array.from(bytes);
  };
  await closed(header(0x10, 200_000_000), false);
  t.match(told.at(-1), { name: 'refused', node: 'site-1', because: /200000000 bytes, at most 1000/ }, 'before CONNECT');
  await closed(header(0x32, 200_000_000), true);
  t.ok(told.some(({ name, because }) => name === 'violation' && because === 'packet of 200000000 bytes, at most 5000 are taken'));
  await closed(Uint8Array.from([0x32, 0x80, 0x80, 0x80, 0x80]), true);
  t.ok(told.some(({ name, because }) => name === 'violation' && because === 'malformed packet length'));
  await closed(Uint8Array.from([0xf0, 0x00]), true);
  await closed(Buffer.from('GET / HTTP/1.1\r\n\r\n'), false);
  const client = await joined(t, running.port, await running.pki.identity('site-1', 'edge'));
  t.equal(await say(client, up('site-1', 'event'), 'x'.repeat(4000)), 'taken', 'the broker lives');
});

t.test('a client that sends too much is read more slowly and loses nothing; others are not held', async (t) => {
  const got: string[] = [];
  const running = await startBroker(t, {
    limits: { messagesPerSecond: 1500, burstMessages: 20 },
    receive: ({ node }) => {
      got.push(node);
      return 'take';
    },
  });
  const loud = await joined(t, running.port, await running.pki.identity('loud', 'edge'));
  const quiet = await joined(t, running.port, await running.pki.identity('quiet', 'edge'));
  // More than fits into the socket's buffers at once, or there would be nothing to hold back.
  const filler = JSON.stringify('x'.repeat(200));
  const sent = Promise.all(Array.from({ length: 3000 }, () => loud.publishAsync(up('loud', 'event'), filler, { qos: 1 })));
  await eventually(() => (running.broker.stats().throttled === 1 ? undefined : 'not throttled yet'));
  await quiet.publishAsync(up('quiet', 'event'), '{}', { qos: 1 });
  t.ok(got.filter((node) => node === 'loud').length < 3000, 'the quiet one is heard before all of the loud one');
  await sent;
  t.equal(got.length, 3001);
});

t.test('the retained trie finds what a scan of all topics finds', async (t) => {
  const matches = (filter: string, topic: string): boolean => {
    const [f, p] = [filter.split('/'), topic.split('/')];
    if (topic.startsWith('$') && (f[0] === '+' || f[0] === '#')) return false;
    for (const [index, level] of f.entries()) {
      if (level === '#') return true;
      if (p[index] === undefined || (level !== '+' && level !== p[index])) return false;
    }
    return f.length === p.length;
  };
  let seed = 20_251_121;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const levels = ['a', 'b', 'c', '', '$x', 'dc'];
  const name = (extra: readonly string[]): string =>
    Array.from({ length: 1 + random(4) }, () => [...levels, ...extra][random(levels.length + extra.length)]).join('/');
  const trie = new Retained<string>();
  const scan = new Set<string>();
  for (let round = 0; round < 4000; round++) {
    const topic = name([]);
    if (random(3) === 0) {
      trie.delete(topic);
      scan.delete(topic);
    } else {
      trie.set(topic, topic);
      scan.add(topic);
    }
    const filter = random(4) === 0 ? `${name(['+', '+'])}/#` : random(8) === 0 ? '#' : name(['+', '+']);
    const [found, want] = [[...trie.match(filter)].toSorted(), [...scan].filter((each) => matches(filter, each)).toSorted()];
    if (found.join() !== want.join() || trie.size !== scan.size) t.strictSame(found, want, `round ${round}: ${filter}`);
  }
  for (const topic of scan) trie.delete(topic);
  t.equal(trie.size, 0);
  t.strictSame(trie.match('#'), []);
});

t.test('packets are counted however the bytes are cut, and a bucket pays its debts', async (t) => {
  const packets = [
    generate({ cmd: 'pingreq' }),
    generate({ cmd: 'publish', topic: 'a', payload: 'x'.repeat(300), qos: 0, dup: false, retain: false }),
    generate({ cmd: 'disconnect' }),
  ];
  const bytes = Buffer.concat([...packets, ...packets]);
  for (const step of [1, 2, 3, 7, 100, bytes.length]) {
    const counter = new FrameCounter();
    let count = 0;
    for (let at = 0; at < bytes.length; at += step) count += counter.push(bytes.subarray(at, at + step), 1000).packets;
    t.equal(count, 6, `in pieces of ${step}`);
  }
  t.strictSame(new FrameCounter().push(Uint8Array.from([0x30, 0xff, 0x7f]), 1000), {
    packets: 1,
    oversized: 16_383,
    malformed: false,
  });
  const bucket = new Bucket(100, 10, 0);
  t.strictSame(
    [bucket.take(10, 0), bucket.take(5, 0), bucket.take(0, 50), bucket.take(0, 10_000), bucket.take(10, 10_000), bucket.take(1, 10_000)],
    [0, 50, 0, 0, 0, 10],
  );
});
