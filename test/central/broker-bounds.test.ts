/** What a frozen, rude or greedy client can do to a broker: little, for a short time; and the parts that see to it. */
import { connect as tlsConnect } from 'node:tls';
import { generate, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { Bucket, FrameCounter } from '../../central/broker/frames.ts';
import { Retained } from '../../central/broker/retained.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { eventually } from '../support/eventually.ts';
import { down, joined, listen, say, startBroker, up } from './network.ts';

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
