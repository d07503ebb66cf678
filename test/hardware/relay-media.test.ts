/** What the relay does with packets: copies, views, forgeries, incarnations, narrow paths. Real SRT and UDP, sanitizers on. */
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { edgeRig, hubRig, KEY, relayRig } from '../support/relay.ts';
import { nal, type Packet, Pictures, packet, Sound, stapA, udpPort } from '../support/rtp-packets.ts';
import { udpPath } from '../support/udp-path.ts';

const V = 0x1000;
const V2 = 0x3000;
const A = 0x2000;
const A2 = 0x4000;
const OUT = 0x5550;

const isIdrStart = (payload: Uint8Array): boolean => ((payload[0] ?? 0) & 31) === 24 && ((payload[3] ?? 0) & 31) === 7;
const numbers = (packets: readonly Packet[]): readonly number[] => packets.map(({ seq }) => seq);
const run = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => (from + i) & 0xffff);

/** A relay without network: one input, one output port. */
async function looped(t: Test) {
  const rig = await relayRig(t);
  const [input, out] = [await rig.relay.input('in'), await udpPort(t)];
  const arrives = (count: number, ssrc = V): Promise<void> =>
    eventually(() => (out.of(ssrc).length >= count ? undefined : `${out.of(ssrc).length} of ${count} packets of ${ssrc}`));
  return { ...rig, input, out, arrives };
}

t.test('two paths carry the same packets: copies are removed, and cutting one path loses nothing', async (t) => {
  const hub = await hubRig(t, ['a']);
  const [a, out] = [await relayRig(t, 'a'), await udpPort(t)];
  const paths = [await udpPath(t, hub.port), await udpPath(t, hub.port)] as const;
  for (const [i, path] of paths.entries()) {
    const link = `path${i}`;
    await a.relay.connect(link, { host: '127.0.0.1', port: path.port, streamId: `pub/a/p${i}`, key: KEY, latencyMs: 40 });
    await a.sees('connected', (event) => event.link === link);
  }
  const input = await a.relay.input('media');
  await a.relay.route(V, { kind: 'video', to: [{ link: 'path0' }, { link: 'path1' }] });
  await hub.relay.route(V, { kind: 'video', from: ['a'], to: [{ udp: out.port }] });
  const pictures = new Pictures(V, { seq: 65_500 });
  let sent = 0;
  for (let i = 0; i < 75; i++) {
    const packets = pictures.frame({ idr: i % 25 === 0 });
    out.send(input, ...packets);
    sent += packets.length;
    if (i === 30) paths[0].cut = true;
    await pause(20);
  }
  await eventually(() => (out.packets.length >= sent ? undefined : `${out.packets.length} of ${sent} packets`));
  t.strictSame(numbers(out.of(V)), run(65_500, sent), 'every packet once, in order, over the wrap of the sequence');
  await eventually(async () => (((await hub.stream(V))?.frames ?? 0) >= 75 ? undefined : 'not all frames are settled'));
  const stream = await hub.stream(V);
  t.match(stream, { packets: sent, lost: 0, damagedFrames: 0, frames: 75, keyframes: 3 });
  t.ok((stream?.dups ?? 0) > 50, `${stream?.dups} copies removed`);
  t.match(await hub.sees('silent'), { peer: 'a', streamId: 'pub/a/p0' });
});

t.test('losses and damaged frames are counted as they are', async (t) => {
  const { relay, input, out, arrives, stream } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  await relay.route(A, { kind: 'audio', to: [] });
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  const frames = Array.from({ length: 10 }, (_, i) => pictures.frame({ idr: i === 0 }));
  // Lost: the middle of frame 2, the whole of frames 5 and 6, the end of frame 8.
  const lost = (frame: number, packet: number): boolean =>
    (frame === 2 && packet === 1) || frame === 5 || frame === 6 || (frame === 8 && packet === 2);
  const kept = frames.flatMap((packets, f) => packets.filter((_, p) => !lost(f, p)));
  const audio = Array.from({ length: 10 }, () => sound.packet()).filter((_, i) => i !== 4);
  out.send(input, ...kept, ...audio);
  await arrives(kept.length);
  await eventually(async () => ((await stream(V))?.frames === 8 ? undefined : `frames: ${(await stream(V))?.frames}`));
  t.match(await stream(V), { packets: kept.length, lost: 8, frames: 8, damagedFrames: 4, keyframes: 1 });
  t.match(await stream(A), { packets: 9, lost: 1, frames: 10, damagedFrames: 1 });
});

t.test('a picture that was away and returns with an IDR has not lost what was not sent here; one that goes on without has', async (t) => {
  const { relay, input, out, arrives, stream } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const pictures = new Pictures(V);
  const shown = (count: number, idr: boolean) => Array.from({ length: count }, (_, i) => pictures.frame({ idr: idr && i === 0 })).flat();
  const first = shown(5, true);
  // Cut in the middle of a frame, as a floor change does it; sixty frames are sent elsewhere.
  const [half] = pictures.frame();
  shown(60, false);
  const again = shown(5, true);
  shown(30, false);
  const late = shown(5, false);
  const sent = [...first, ...(half === undefined ? [] : [half]), ...again, ...late];
  out.send(input, ...sent);
  await arrives(sent.length);
  await eventually(async () => ((await stream(V))?.frames === 15 ? undefined : `frames: ${(await stream(V))?.frames}`));
  const { lost, damagedFrames, paused, pausedFrames } = (await stream(V)) ?? {};
  t.same({ lost, damagedFrames, paused, pausedFrames }, { lost: 90, damagedFrames: 30, paused: 182, pausedFrames: 61 });
});

t.test('the age of pictures is read from the capture time they carry', async (t) => {
  const { relay, input, out, arrives, stream } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  out.send(input, ...new Pictures(V).frame({ idr: true, captured: Date.now() - 500 }));
  await arrives(4);
  const { ageMs, maxAgeMs } = (await stream(V)) ?? {};
  t.ok(ageMs && ageMs >= 500 && ageMs < 5000, `${ageMs} ms`);
  t.equal(maxAgeMs, ageMs);
});

t.test('a view changes at an IDR: nothing of the new stream before it, nothing of the old one after it', async (t) => {
  const { relay, input, out, arrives, sees, of } = await looped(t);
  const view = (ssrc: number | null): Promise<void> => relay.view('floor', { kind: 'video', to: { udp: out.port }, ssrc });
  await view(V);
  const [old, next] = [new Pictures(V), new Pictures(V2)];
  out.send(input, ...old.frame(), ...old.frame({ idr: true }), ...old.frame());
  await arrives(7);
  t.ok(isIdrStart(out.of(V)[0]?.payload ?? Buffer.alloc(0)), 'also the first stream begins with its IDR');
  await view(V2);
  for (let i = 0; i < 5; i++) out.send(input, ...old.frame(), ...next.frame());
  await arrives(7 + 15);
  t.strictSame(out.of(V2), [], 'the old picture stays until the IDR comes');
  t.match((await relay.stats()).views, [{ view: 'floor', ssrc: V, awaited: V2 }]);
  out.send(input, ...next.frame({ idr: true }), ...old.frame(), ...next.frame());
  await arrives(4 + 3, V2);
  t.ok(isIdrStart(out.of(V2)[0]?.payload ?? Buffer.alloc(0)));
  t.equal(out.of(V).length, 22, 'the old picture is gone');
  t.match(await sees('switched', ({ ssrc }) => ssrc === V2), { view: 'floor' });
  t.ok(of('keyframe').some(({ ssrc }) => ssrc === V2));
  await view(null);
  out.send(input, ...next.frame({ idr: true }));
  await eventually(async () => ((await relay.stats()).unrouted >= 4 ? undefined : 'not yet unrouted'));
  t.equal(out.of(V2).length, 7);
});

const joins: readonly [string, readonly Buffer[], boolean][] = [
  ['an SPS in a packet of its own', [nal(7, 20)], true],
  ['SPS and PPS in one packet', [stapA(nal(7, 20), nal(8, 8))], true],
  ['an access unit delimiter in front of the SPS in one packet', [stapA(nal(9, 2), nal(7, 20))], true],
  ['an IDR slice in one packet', [nal(5, 900)], true],
  ['the first fragment of an IDR slice', [Buffer.concat([Buffer.from([0x7c, 0x85]), Buffer.alloc(50)])], true],
  ['a later fragment of an IDR slice', [Buffer.concat([Buffer.from([0x7c, 0x05]), Buffer.alloc(50)])], false],
  ['the first fragment of another slice', [Buffer.concat([Buffer.from([0x7c, 0x81]), Buffer.alloc(50)])], false],
  ['a PPS alone', [nal(8, 8)], false],
  ['an access unit delimiter', [nal(9, 2)], false],
  ['an empty payload', [Buffer.alloc(0)], false],
  ['an aggregate whose length lies', [Buffer.from([0x78, 0xff, 0xff, 0x67])], false],
];

t.test('what a view can join on is told by NAL type', async (t) => {
  const { relay, input, out, stream } = await looped(t);
  for (const [i, [name, payloads, joinable]] of joins.entries()) {
    const ssrc = 0x7000 + i * 16;
    await relay.view(`v${i}`, { kind: 'video', to: { udp: out.port }, ssrc });
    out.send(input, ...payloads.map((payload) => packet({ ssrc, seq: 1, time: 1, type: 96, marker: false, payload, captured: null })));
    await eventually(async () => ((await stream(ssrc))?.packets === 1 ? undefined : 'not arrived'));
    if (joinable) await eventually(() => (out.of(ssrc).length === 1 ? undefined : `${name}: not passed`));
    else t.equal(out.of(ssrc).length, 0, name);
  }
});

t.test('an audio view is one continuous stream, whoever speaks', async (t) => {
  const { relay, input, out, arrives, of } = await looped(t);
  const view = (ssrc: number | null): Promise<void> => relay.view('ear', { kind: 'audio', to: { udp: out.port }, ssrc, as: OUT });
  const [one, two] = [new Sound(A, { seq: 65_530, time: 0xffff_fff0 }), new Sound(A2, { seq: 7 })];
  await view(A);
  for (let i = 0; i < 10; i++) out.send(input, one.packet(), two.packet());
  await arrives(10, OUT);
  await view(A2);
  for (let i = 0; i < 10; i++) out.send(input, one.packet(), two.packet());
  await arrives(20, OUT);
  // The speaker's box restarts: another incarnation with another sequence. Then its packets come with one missing.
  const again = new Sound(A2 + 1, { seq: 40_000, time: 123 });
  out.send(input, again.packet(), again.packet());
  again.packet();
  out.send(input, again.packet());
  await arrives(23, OUT);
  const heard = out.of(OUT);
  const start = heard[0]?.seq ?? 0;
  t.strictSame(numbers(heard), [...run(start, 22), (start + 23) & 0xffff], 'changes leave no gap, a loss stays a loss');
  const steps = heard.slice(1).map(({ time }, i) => (time - (heard[i]?.time ?? 0)) >>> 0);
  t.ok(
    steps.every((step) => step > 0 && step % 960 === 0 && step < 48_000 * 20),
    `time goes on in whole packets: ${steps}`,
  );
  t.strictSame(
    heard.flatMap(({ marker }, i) => (marker ? [i] : [])),
    [0, 10, 20],
    'the marker tells where a talk spurt begins',
  );
  t.strictSame([...new Set(heard.map(({ type }) => type))], [111]);
  t.strictSame(
    of('switched').map(({ ssrc }) => ssrc),
    [A, A2],
  );
  t.match(await faultOf(relay.view('ear', { kind: 'video', to: { udp: out.port }, ssrc: V })), { error: 'conflict' });
});

t.test('a sender that starts again is taken as such, stragglers of its old life are not', async (t) => {
  const { relay, input, out, arrives, sees, stream } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const [first, second] = [new Pictures(V, { seq: 500 }), new Pictures(V + 1, { seq: 490 })];
  out.send(input, ...first.frame({ idr: true }), ...second.frame({ idr: true }), ...first.frame(), ...second.frame());
  await arrives(4);
  await arrives(7, V + 1);
  t.match(await sees('restarted'), { ssrc: V, incarnation: 1 });
  await eventually(async () => ((await stream(V))?.odd === 3 ? undefined : 'stragglers not yet counted'));
  // The same incarnation with a far sequence: believed at its second packet.
  const third = new Pictures(V + 1, { seq: 30_000 });
  out.send(input, ...third.frame({ idr: true }));
  await arrives(10, V + 1);
  t.match(await stream(V), { restarts: 2, odd: 4, lost: 0, incarnation: 1 });
});

t.test('a sender that starts again with an earlier time is measured from its first picture on', async (t) => {
  const { relay, input, out, arrives, stream } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const [first, second] = [new Pictures(V, { time: 4_000_000 }), new Pictures(V + 1, { time: 5000 })];
  out.send(input, ...first.frame({ idr: true }));
  await arrives(4);
  t.equal((await stream(V))?.ageMs, null, 'the first one tells no time of capture');
  out.send(input, ...second.frame({ idr: true, captured: Date.now() }));
  await arrives(4, V + 1);
  t.type((await stream(V))?.ageMs, 'number', 'the picture of the second one counts, whatever its time is');
});

t.test('a node cannot send what is not its own', async (t) => {
  const hub = await hubRig(t, ['a', 'mallory']);
  const [a, mallory, out] = [await edgeRig(t, 'a', hub.port), await edgeRig(t, 'mallory', hub.port), await udpPort(t)];
  await hub.relay.route(V, { kind: 'video', from: ['a'], to: [{ udp: out.port }] });
  for (const { relay } of [a, mallory]) await relay.route(V, { kind: 'video', to: [{ link: 'pub' }] });
  const forged = new Pictures(V, { seq: 1 });
  for (let i = 0; i < 5; i++) out.send(mallory.input, ...forged.frame({ idr: true }));
  t.match(await hub.sees('forged'), { ssrc: V, from: 'mallory' });
  await eventually(async () => ((await hub.relay.stats()).forged === 20 ? undefined : 'not all have come'));
  out.send(a.input, ...new Pictures(V, { seq: 60_000 }).frame({ idr: true }));
  await eventually(() => (out.packets.length === 4 ? undefined : `${out.packets.length} packets`));
  t.strictSame(numbers(out.of(V)), run(60_000, 4));
  t.equal(hub.of('forged').length, 1, 'told once');
  t.match(await hub.connection('pub/mallory'), { forged: 20 });
});

t.test('packets that are no RTP, or that nobody routed, are counted and dropped', async (t) => {
  const { relay, input, out } = await looped(t);
  await relay.route(V, { kind: 'video', to: [{ udp: out.port }] });
  const good = new Pictures(V).frame()[0] ?? Buffer.alloc(0);
  const lyingExtension = Buffer.concat([Buffer.from([0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0x10, 0, 0xbe, 0xde, 0xff, 0xff]), Buffer.alloc(8)]);
  const bad = [
    Buffer.alloc(0),
    Buffer.from([0x80]),
    Buffer.alloc(40),
    lyingExtension,
    Buffer.concat([Buffer.from([0xbf]), good.subarray(1)]),
  ];
  out.send(input, ...bad, Buffer.concat([good, Buffer.alloc(800)]), new Sound(A).packet());
  await eventually(async () => ((await relay.stats()).unrouted === 1 ? undefined : 'not all have come'));
  t.match(await relay.stats(), { malformed: 5, unrouted: 1, lastUnrouted: A, inputs: [{ oversized: 1, packets: 7 }] });
  t.strictSame(out.packets, []);
});

t.test('flowing and stalled are told by themselves', async (t) => {
  const { relay, input, out, sees } = await looped(t);
  await relay.route(A, { kind: 'audio', to: [] });
  const sound = new Sound(A);
  out.send(input, sound.packet());
  t.match(await sees('flowing'), { ssrc: A });
  t.match(await sees('stalled'), { ssrc: A });
});

t.test('on a path that is too narrow video gives way, audio does not', async (t) => {
  const hub = await hubRig(t, ['thin'], 300);
  const path = await udpPath(t, hub.port);
  const [thin, out] = [await edgeRig(t, 'thin', path.port, 300), await udpPort(t)];
  const input = await hub.relay.input('media');
  for (const [ssrc, kind] of [
    [V, 'video'],
    [A, 'audio'],
  ] as const) {
    await hub.relay.route(ssrc, { kind, to: [{ peer: 'thin' }] });
    await thin.relay.route(ssrc, { kind, to: [{ udp: out.port }] });
  }
  const [pictures, sound] = [new Pictures(V), new Sound(A)];
  const second = async (n: number): Promise<void> => {
    for (let i = 0; i < 25; i++) {
      out.send(input, ...pictures.frame({ idr: i === 0, size: 7000 }), sound.packet(), sound.packet());
      if (i % 5 === 0) await pause(n);
      await pause(40);
    }
  };
  await second(0);
  await eventually(async () => ((await hub.connection('sub/thin'))?.videoDropped === 0 ? undefined : 'dropped on a wide path'));
  path.kbps = 500;
  path.queueMs = 1000;
  for (let i = 0; i < 5; i++) await second(0);
  const narrow = await hub.connection('sub/thin');
  t.ok((narrow?.videoDropped ?? 0) > 100, `${narrow?.videoDropped} video packets dropped`);
  t.equal(narrow?.audioDropped, 0, 'no audio packet dropped');
  t.match(await hub.sees('crowded'), { peer: 'thin' });
  path.kbps = null;
  await eventually(() => (hub.of('eased').length === hub.of('crowded').length ? undefined : 'still crowded'));
  await second(0);
  await eventually(async () => (((await thin.stream(A))?.packets ?? 0) > 300 ? undefined : 'audio is missing'));
  await eventually(() => (pictures.seq - (out.of(V).at(-1)?.seq ?? 0) === 1 ? undefined : 'the picture is not back'));
  const [audio, video] = [await thin.stream(A), await thin.stream(V)];
  t.comment(`narrow path: audio ${audio?.packets} of 350 arrived, video ${video?.packets} of ${pictures.seq - 1000}`);
});

t.test('how loud voices are is told when asked for: the mean of each, nothing of those that do not say', async (t) => {
  const { relay, input, out, arrives, of } = await looped(t);
  await relay.route(A, { kind: 'audio', to: [{ udp: out.port }] });
  await relay.route(A2, { kind: 'audio', to: [] });
  await relay.route(V, { kind: 'video', to: [] });
  const [voice, mute] = [new Sound(A), new Sound(A2)];
  const levels = () => of('levels').map((event) => event.levels);
  out.send(input, voice.packet({ level: 30 }));
  await arrives(1, A);
  await relay.tune({ levelsMs: 100 });
  // One burst, taken in one turn: told at once, and told of once.
  out.send(input, voice.packet({ level: 20 }), voice.packet({ level: 20 }), voice.packet({ level: 127 }), voice.packet({ level: 127 }));
  out.send(input, mute.packet(), mute.packet(), ...new Pictures(V).frame({ level: 3 }));
  await arrives(5, A);
  // Half of the power is 3 dB less.
  await eventually(() =>
    levels()
      .flat()
      .some(({ db }) => db === -23)
      ? undefined
      : JSON.stringify(levels()),
  );
  const all = levels().flat();
  t.ok(
    all.every(({ ssrc }) => ssrc === A),
    JSON.stringify(all),
  );
  out.send(input, voice.packet({ level: 127 }));
  await eventually(() => (levels().flat().at(-1)?.db === -127 ? undefined : `not silent: ${JSON.stringify(levels().at(-1))}`));
  // What does not say how loud it is is never told of, also beside a voice that does.
  out.send(input, mute.packet(), voice.packet({ level: 60 }));
  await eventually(() => (levels().flat().at(-1)?.db === -60 ? undefined : JSON.stringify(levels().at(-1))));
  t.strictSame(levels().at(-1), [{ ssrc: A, db: -60 }]);
  t.ok(
    levels().every((each) => each.length > 0),
    'nothing is said of silence itself',
  );
});
