/** The relay's connections: who gets in, who takes over, who comes back, and what happens to nonsense. Real SRT, sanitizers on. */
import { spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import { streamId } from '../../hardware/relay/commands.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { edgeRig, hubRig, KEY, relayRig, sanitizedRelay } from '../support/relay.ts';
import { Pictures, Sound, udpPort } from '../support/rtp-packets.ts';
import { udpPath } from '../support/udp-path.ts';

const V = 0x1000;
const A = 0x2000;

interface Raw {
  readonly lines: Record<string, unknown>[];
  readonly write: (text: string) => void;
  readonly end: () => Promise<number | null>;
}

/** A relay process without its supervisor: bytes in, lines out. */
function rawRelay(t: Test): Raw {
  const child = spawn(sanitizedRelay, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
  });
  const gone = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return {
    lines,
    write: (text) => child.stdin.write(text),
    end: () => {
      child.stdin.end();
      return gone;
    },
  };
}

const nonsense: readonly [string, string, string][] = [
  ['no JSON', 'hello', 'input.not-json'],
  ['half an object', '{"do":"ping"', 'input.not-json'],
  ['something behind the object', '{"do":"ping"}{}', 'input.not-json'],
  ['a list', '[1,2]', 'input.missing'],
  ['brackets without end', '['.repeat(5000), 'input.not-json'],
  ['more values than fit', `{"do":"ping","x":[${'1,'.repeat(5000)}1]}`, 'input.not-json'],
  ['a command without name', '{"id":1}', 'input.missing'],
  ['an unknown command', '{"do":"explode"}', 'command.unknown'],
  ['a command that is a number', '{"do":7}', 'input.missing'],
  ['an id that is a text', '{"id":"1","do":"ping"}', 'input.invalid'],
  ['an unknown member', '{"do":"ping","loud":true}', 'input.unknown'],
  ['a member given twice', '{"do":"deny","node":"a","node":"b"}', 'input.invalid'],
  ['a missing member', '{"do":"allow","node":"a"}', 'input.missing'],
  ['a key that is too short', '{"do":"allow","node":"a","key":"short"}', 'input.invalid'],
  ['a node with a slash', '{"do":"allow","node":"a/b","key":"0123456789"}', 'input.invalid'],
  ['a port beyond 65535', '{"do":"input","name":"x","port":65536}', 'input.invalid'],
  ['a port with a fraction', '{"do":"input","name":"x","port":1.5}', 'input.invalid'],
  ['an SSRC beyond 32 bits', '{"do":"unroute","ssrc":4294967296}', 'input.invalid'],
  ['a kind of route that is none', '{"do":"route","ssrc":1,"kind":"smell","to":[]}', 'input.invalid'],
  ['a target of two kinds', '{"do":"route","ssrc":1,"kind":"video","to":[{"udp":1,"peer":"a"}]}', 'input.invalid'],
  ['an audio view without SSRC', '{"do":"view","view":"v","kind":"audio","to":{"udp":9},"ssrc":null}', 'input.missing'],
  ['a host that is a name', '{"do":"listen","host":"localhost","port":0,"latencyMs":40}', 'input.invalid'],
  ['a view that is not there', '{"do":"unview","view":"v"}', 'not-found'],
  ['more backups than fit', '{"do":"view","view":"v","to":{"udp":9},"ssrc":1,"backups":[2,3,4,5]}', 'input.invalid'],
  [
    'an interface with a long name',
    '{"do":"connect","link":"l","host":"::1","port":9,"streamId":"pub/a","key":"0123456789","latencyMs":40,"device":"0123456789abcdef"}',
    'input.invalid',
  ],
  ['a cut without end', '{"do":"cut","link":"l"}', 'input.missing'],
  ['a NUL in a text', '{"do":"deny","node":"a\\u0000b"}', 'input.not-json'],
  ['a lone surrogate', '{"do":"deny","node":"\\ud800"}', 'input.not-json'],
];

t.test('nonsense is answered with an error and changes nothing', async (t) => {
  const raw = rawRelay(t);
  for (const [, line] of nonsense) raw.write(`${line}\n`);
  raw.write('{"id":9,"do":"ping"}\n');
  await eventually(() => (raw.lines.some(({ id }) => id === 9) ? undefined : `${raw.lines.length} lines`));
  const [ready, ...replies] = raw.lines;
  t.match(ready, { event: 'ready', program: 'relay', version: 1 });
  for (const [i, [name, , error]] of nonsense.entries()) t.match(replies[i], { ok: false, error }, name);
  t.equal(typeof replies[0]?.detail, 'string');
});

t.test('a line beyond 1 MiB is refused once and skipped', async (t) => {
  const raw = rawRelay(t);
  raw.write(`{"do":"ping","x":"${'x'.repeat(3 << 20)}"}\n{"id":2,"do":"ping"}\n`);
  await eventually(() => (raw.lines.length >= 3 ? undefined : `${raw.lines.length} lines`));
  t.match(raw.lines.slice(1), [
    { id: null, ok: false, error: 'input.too-large' },
    { id: 2, ok: true },
  ]);
});

t.test('the end of its input ends the process, whatever it is doing', async (t) => {
  const raw = rawRelay(t);
  raw.write('{"id":1,"do":"listen","host":"127.0.0.1","port":0,"latencyMs":40}\n{"id":2,"do":"input","name":"x"}\n');
  raw.write(`{"id":3,"do":"connect","link":"l","host":"127.0.0.1","port":9,"streamId":"pub/a","key":"${KEY}","latencyMs":40}\n`);
  await eventually(() => (raw.lines.length >= 4 ? undefined : `${raw.lines.length} lines`));
  t.match(
    raw.lines.slice(1, 4).map((line) => line.ok),
    [true, true, true],
  );
  t.equal(await raw.end(), 0);
});

t.test('strangers, wrong directions and wrong keys are refused, told and counted', async (t) => {
  const hub = await hubRig(t, ['a']);
  await hub.relay.allow('mute', { key: KEY, pub: false });
  const caller = await relayRig(t, 'caller');
  const calls: readonly [string, string, string, RegExp, RegExp][] = [
    ['stranger', 'pub/nobody', KEY, /not allowed here/, /not allowed there/],
    ['direction', 'pub/mute', KEY, /not allowed in this direction/, /not allowed there/],
    ['form', 'publish:a', KEY, /neither pub nor sub/, /not allowed there/],
    ['key', 'pub/a', 'another-key-altogether', /its key is wrong/, /key is wrong/],
  ];
  for (const [link, id, key] of calls)
    await caller.relay.connect(link, { host: '127.0.0.1', port: hub.port, streamId: id, key, latencyMs: 40 });
  for (const [link, id, , here, there] of calls) {
    await hub.sees('refused', (event) => event.streamId.startsWith(id) && here.test(event.because));
    await caller.sees('disconnected', (event) => event.link === link && there.test(event.because));
  }
  const { refused, connections } = await hub.relay.stats();
  t.ok(refused >= 4, `${refused} refusals counted`);
  t.strictSame(connections, []);
  await caller.relay.connect('key', { host: '127.0.0.1', port: hub.port, streamId: 'pub/a', key: KEY, latencyMs: 40 });
  await caller.sees('connected', (event) => event.link === 'key');
  await hub.relay.deny('a');
  t.match(await hub.sees('disconnected'), { peer: 'a', because: 'denied' });
});

t.test('a second caller with the same stream id takes over at once from one that has gone silent', async (t) => {
  const hub = await hubRig(t, ['a']);
  const out = await udpPort(t);
  await hub.relay.route(A, { kind: 'audio', from: ['a'], to: [{ udp: out.port }] });
  const first = await edgeRig(t, 'a', hub.port);
  await first.relay.route(A, { kind: 'audio', to: [{ link: 'pub' }] });
  const sound = new Sound(A);
  out.send(first.input, sound.packet());
  await eventually(() => (out.packets.length === 1 ? undefined : `${out.packets.length} packets`));
  first.relay.kill('SIGSTOP');
  t.teardown(() => first.relay.kill('SIGKILL')); // it cannot quit while it is stopped
  t.match(await hub.sees('silent', (event) => event.streamId === 'pub/a'), { peer: 'a' });
  const second = await edgeRig(t, 'a', hub.port);
  await second.relay.route(A, { kind: 'audio', to: [{ link: 'pub' }] });
  t.match(await hub.sees('connected', (event) => event.streamId === 'pub/a' && event.because !== undefined), { because: /took over/ });
  out.send(second.input, sound.packet());
  await eventually(() => (out.packets.length === 2 ? undefined : `${out.packets.length} packets`));
  t.match(await hub.connection('pub/a'), { state: 'up', connects: 2, mediaIn: 2 });
});

t.test('a killed hub relay comes back whole on its ports, and its callers find it by themselves', async (t) => {
  const hub = await hubRig(t, ['a', 'b']);
  const [a, b, out] = [await edgeRig(t, 'a', hub.port), await edgeRig(t, 'b', hub.port), await udpPort(t)];
  const back: number[] = [];
  hub.relay.on('restarted', ({ outageMs }) => back.push(outageMs));
  await a.relay.route(V, { kind: 'video', to: [{ link: 'pub' }] });
  await hub.relay.view('floor', { kind: 'video', to: { peer: 'b' }, ssrc: V });
  await b.relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const hubInput = await hub.relay.input('mosaic');
  const pictures = new Pictures(V);
  let arrivals: number[] = [];
  out.socket.on('message', () => arrivals.push(performance.now()));
  const feed = setInterval(() => out.send(a.input, ...pictures.frame({ idr: true })), 20);
  t.teardown(() => clearInterval(feed));
  await eventually(() => (arrivals.length > 20 ? undefined : `${arrivals.length} packets`));
  const pid = hub.relay.pid;
  hub.relay.kill('SIGKILL');
  const killed = performance.now();
  arrivals = [];
  const stale = arrivals;
  await eventually(() => (hub.relay.pid !== pid && back.length === 1 ? undefined : 'not restarted'));
  await b.sees('connected', (event) => event.link === 'sub' && event.because !== undefined);
  await eventually(() => (stale.some((at, i) => at - (stale[i - 1] ?? killed) > 150) ? undefined : 'no picture after the gap'));
  const gap = Math.max(...stale.map((at, i) => at - (stale[i - 1] ?? killed)));
  t.comment(`hub relay killed: process back after ${Math.round(back[0] ?? 0)} ms, picture gap ${Math.round(gap)} ms`);
  t.equal(await hub.relay.listen({ host: '127.0.0.1', port: 0, latencyMs: 40 }), hub.port, 'same listening port');
  t.equal(await hub.relay.input('mosaic'), hubInput, 'same input port');
  t.match((await hub.relay.stats()).inputs, [{ name: 'mosaic', port: hubInput }]);
});

t.test('short cuts of a path lose nothing within the latency, whether the link is replaced or not', async (t) => {
  const latencyMs = 1000;
  const hub = await hubRig(t, ['a'], latencyMs);
  const path = await udpPath(t, hub.port);
  const [a, out] = [await edgeRig(t, 'a', path.port, latencyMs), await udpPort(t)];
  await a.relay.route(V, { kind: 'video', to: [{ link: 'pub' }] });
  await hub.relay.route(V, { kind: 'video', from: ['a'], to: [{ udp: out.port }] });
  const pictures = new Pictures(V, { seq: 0 });
  for (let i = 0; i < 150; i++) {
    out.send(a.input, ...pictures.frame({ idr: i % 25 === 0 }));
    path.cut = i % 50 >= 10 && i % 50 < 30; // 400 ms in each second: longer than a link is left in doubt
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() => (out.packets.length >= pictures.seq ? undefined : `${out.packets.length} of ${pictures.seq} packets`));
  t.match(await hub.stream(V), { packets: pictures.seq, lost: 0, damagedFrames: 0 });
  t.match(await a.connection('pub/a'), { videoDropped: 0 });
  t.comment(`links made: ${(await hub.connection('pub/a'))?.connects}`);
});

t.test('a peer that is silent for a while is heard again on the same connection or a new one', async (t) => {
  const hub = await hubRig(t, ['a']);
  const a = await edgeRig(t, 'a', hub.port);
  await eventually(async () => ((await hub.connection('pub/a'))?.received ? undefined : 'no heartbeat yet'));
  a.relay.kill('SIGSTOP');
  await hub.sees('silent', (event) => event.streamId === 'pub/a');
  t.match(await hub.connection('pub/a'), { state: 'silent' });
  a.relay.kill('SIGCONT');
  await eventually(async () => ((await hub.connection('pub/a'))?.state === 'up' ? undefined : 'still silent'));
});

t.test('ports that are taken and settings that differ are refused with a reason', async (t) => {
  const hub = await hubRig(t, []);
  const other = await relayRig(t, 'other');
  t.match(await faultOf(other.relay.listen({ host: '127.0.0.1', port: hub.port, latencyMs: 40 })), {
    code: 'program.refused',
    error: 'port.unavailable',
  });
  t.match(await faultOf(hub.relay.listen({ host: '127.0.0.1', port: 0, latencyMs: 80 })), { error: 'conflict' });
  const input = await hub.relay.input('x');
  t.match(await faultOf(other.relay.input('y', input)), { error: 'port.unavailable' });
  t.ok(input >= 10_000 && input < 32_768, 'free ports are below the ephemeral range');
});

t.test('setting the same again sends nothing', async (t) => {
  const { relay } = await relayRig(t);
  const route = { kind: 'audio', to: [{ udp: 9 }] } as const;
  await relay.route(A, route);
  relay.kill('SIGSTOP'); // nobody would answer now
  t.teardown(() => relay.kill('SIGCONT'));
  await relay.route(A, { ...route });
  relay.kill('SIGCONT');
  t.equal(streamId('pub', 'site-1', 'Viettel 4G'), 'pub/site-1/Viettel-4G');
});
