/** Views with backups: what the viewer gets when what he saw or heard stops, and when it comes back. Loopback UDP, sanitizers on. */
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { relayRig } from '../support/relay.ts';
import { Pictures, packet, Sound, udpPort } from '../support/rtp-packets.ts';

const FIRST = 0x1000;
const BACKUP = 0x2000;
const THIRD = 0x3000;
const OUT = 0x5550;

/** A relay with one input and one output, and senders that are fed together: what one of them is late, all are. */
async function rigged(t: Test) {
  const rig = await relayRig(t);
  const [input, out] = [await rig.relay.input('in'), await udpPort(t)];
  const feeders = new Map<number, () => readonly Buffer[]>();
  const timer = setInterval(() => out.send(input, ...[...feeders.values()].flatMap((feed) => feed())), 20);
  t.teardown(() => clearInterval(timer));
  const more = (count: number, ssrc: number): Promise<void> => {
    const before = out.of(ssrc).length;
    return eventually(() => (out.of(ssrc).length >= before + count ? undefined : `${out.of(ssrc).length - before} of ${count} of ${ssrc}`));
  };
  const shown = async (): Promise<number | null | undefined> => (await rig.relay.stats()).views[0]?.ssrc;
  return { ...rig, input, out, feeders, more, shown };
}

t.test('a voice that stops is replaced by its backup, and is heard again when it has been steady: one stream for the ear', async (t) => {
  const { relay, out, feeders, more, sees, of } = await rigged(t);
  const [first, backup] = [new Sound(FIRST), new Sound(BACKUP, { seq: 40_000, time: 99 })];
  feeders.set(FIRST, () => [first.packet()]).set(BACKUP, () => [backup.packet()]);
  await relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP], holdMs: 300 });
  t.match(await sees('switched'), { view: 'mix', ssrc: FIRST, because: 'asked', gapMs: null });
  await more(20, OUT);
  feeders.delete(FIRST);
  const stalled = await sees('switched', ({ because }) => because === 'stalled');
  t.match(stalled, { ssrc: BACKUP });
  t.ok((stalled.gapMs ?? 0) >= 90, `${stalled.gapMs} ms without sound`);
  await more(20, OUT);
  feeders.set(FIRST, () => [first.packet()]);
  t.match(await sees('switched', ({ because }) => because === 'returned'), { ssrc: FIRST });
  await more(20, OUT);
  const heard = out.of(OUT);
  t.strictSame(
    heard.map(({ seq }) => seq),
    heard.map((_, i) => ((heard[0]?.seq ?? 0) + i) & 0xffff),
    'no packet is missing in the sequence, none comes twice',
  );
  const steps = heard.slice(1).map(({ time }, i) => (time - (heard[i]?.time ?? 0)) | 0);
  t.ok(
    steps.every((step) => step > 0 && step % 960 === 0),
    `time goes on in whole packets: ${steps}`,
  );
  t.equal(of('switched').length, 3);
  t.strictSame(of('wanted'), [], 'sound needs no keyframe');
});

t.test('a picture that stops is replaced at the next IDR of its backup, which is asked for until it comes; so is the return', async (t) => {
  const { relay, out, feeders, more, sees, of, shown } = await rigged(t);
  const [first, backup] = [new Pictures(FIRST), new Pictures(BACKUP)];
  const idr = new Set<number>([FIRST]);
  const feed = (pictures: Pictures) => () => pictures.frame({ idr: idr.delete(pictures.ssrc) });
  feeders.set(FIRST, feed(first)).set(BACKUP, feed(backup));
  await relay.view('mosaic', { kind: 'video', to: { udp: out.port }, ssrc: FIRST, backups: [BACKUP], holdMs: 300 });
  t.match(await sees('wanted'), { view: 'mosaic', ssrc: FIRST });
  idr.add(FIRST);
  t.match(await sees('switched'), { ssrc: FIRST, because: 'asked', gapMs: null });
  await more(10, FIRST);
  feeders.delete(FIRST);
  const asked = () => of('wanted').filter(({ ssrc }) => ssrc === BACKUP);
  await eventually(() => (asked().length >= 2 ? undefined : `asked ${asked().length} times`));
  const [once, again] = asked().map(({ at }) => at);
  t.ok((again ?? 0) - (once ?? 0) >= 300, 'asked again after 300 ms');
  t.strictSame(out.of(BACKUP), [], 'nothing of the backup before its IDR');
  idr.add(BACKUP);
  const stalled = await sees('switched', ({ because }) => because === 'stalled');
  t.match(stalled, { ssrc: BACKUP });
  t.ok((stalled.gapMs ?? 0) >= 250);
  await more(10, BACKUP);
  feeders.set(FIRST, feed(first));
  await sees('wanted', ({ ssrc, at }) => ssrc === FIRST && at > stalled.at);
  await more(10, BACKUP);
  t.equal(await shown(), BACKUP, 'the backup goes on until the IDR');
  idr.add(FIRST);
  t.match(await sees('switched', ({ because }) => because === 'returned'), { ssrc: FIRST });
  const wanted = of('wanted').length;
  await more(10, FIRST);
  t.equal(await shown(), FIRST);
  const all = out.of(BACKUP).map(({ seq }) => seq);
  t.strictSame(
    all,
    all.map((_, i) => (all[0] ?? 0) + i),
    'of the backup nothing is missing while it was shown',
  );
  await pause(400);
  t.equal(of('wanted').length, wanted, 'asked no more once it has come');
});

t.test('a backup whose very first packet begins an IDR is shown from there, without another one', async (t) => {
  const { relay, out, feeders, more, sees, of } = await rigged(t);
  const [first, backup] = [new Pictures(FIRST), new Pictures(BACKUP)];
  const idr = new Set<number>([FIRST, BACKUP]);
  const feed = (pictures: Pictures) => () => pictures.frame({ idr: idr.delete(pictures.ssrc) });
  await relay.view('mosaic', { kind: 'video', to: { udp: out.port }, ssrc: FIRST, backups: [BACKUP] });
  feeders.set(FIRST, feed(first));
  await more(10, FIRST);
  feeders.delete(FIRST);
  // Longer than its patience, and not a pause of this test's own: nothing else is there yet.
  const count = (name: 'stalled' | 'flowing') => of(name).filter(({ ssrc }) => ssrc === FIRST).length;
  await eventually(() => (count('stalled') > count('flowing') - 1 ? undefined : 'it goes on'));
  const from = backup.seq;
  feeders.set(BACKUP, feed(backup));
  t.match(await sees('switched', ({ because }) => because === 'stalled'), { ssrc: BACKUP });
  await more(10, BACKUP);
  t.equal(out.of(BACKUP)[0]?.seq, from, 'its first packet was the first that was shown');
  t.strictSame(
    of('wanted').filter(({ ssrc }) => ssrc === BACKUP),
    [],
    'nobody had to ask',
  );
});

t.test('a backup that begins in the middle of an IDR has to bring another', async (t) => {
  const { relay, out, feeders, more, sees } = await rigged(t);
  const [first, backup] = [new Pictures(FIRST), new Pictures(BACKUP)];
  const idr = new Set<number>([FIRST]);
  await relay.view('mosaic', { kind: 'video', to: { udp: out.port }, ssrc: FIRST, backups: [BACKUP] });
  feeders.set(FIRST, () => first.frame({ idr: idr.delete(FIRST) }));
  await more(10, FIRST);
  feeders.delete(FIRST);
  await sees('stalled', ({ ssrc }) => ssrc === FIRST);
  // Without the SPS in front of it no decoder could begin.
  let [, ...rest] = backup.frame({ idr: true });
  feeders.set(BACKUP, () => {
    const now = rest;
    rest = [];
    return now.length > 0 ? now : backup.frame({ idr: idr.delete(BACKUP) });
  });
  await sees('wanted', ({ ssrc }) => ssrc === BACKUP);
  t.strictSame(out.of(BACKUP), []);
  const from = backup.seq;
  idr.add(BACKUP);
  await more(10, BACKUP);
  t.ok((out.of(BACKUP)[0]?.seq ?? 0) >= from);
});

t.test('when all choices pause together nothing is changed, whichever is back first', async (t) => {
  const { relay, out, feeders, more, of } = await rigged(t);
  const [first, backup] = [new Sound(FIRST), new Sound(BACKUP)];
  const feed = (): void => {
    feeders.clear();
    feeders.set(BACKUP, () => [backup.packet()]).set(FIRST, () => [first.packet()]); // the backup is always a little earlier
  };
  feed();
  await relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP] });
  await more(20, OUT);
  for (let i = 0; i < 3; i++) {
    feeders.clear();
    await pause(400);
    feed();
    await more(20, OUT);
  }
  t.strictSame(
    of('switched').map(({ because }) => because),
    ['asked'],
  );
});

t.test('a relay that was itself stopped has not seen anything stall', async (t) => {
  const { relay, out, feeders, more, of } = await rigged(t);
  const [first, backup] = [new Sound(FIRST), new Sound(BACKUP)];
  feeders.set(FIRST, () => [first.packet()]).set(BACKUP, () => [backup.packet()]);
  await relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP] });
  await more(20, OUT);
  t.teardown(() => relay.kill('SIGCONT'));
  for (let i = 0; i < 3; i++) {
    relay.kill('SIGSTOP');
    await pause(400);
    relay.kill('SIGCONT');
    await more(20, OUT);
  }
  t.strictSame(
    of('switched').map(({ because }) => because),
    ['asked'],
  );
});

/** A voice that is seven packets late in every 32, as a mixer is on a busy machine (140 ms without a packet), and a backup that never is. */
async function hesitating(t: Test, holdMs: number) {
  const rig = await rigged(t);
  const [first, backup] = [new Sound(FIRST), new Sound(BACKUP)];
  const [PAUSE, STEADY] = [7, 25];
  let count = 0;
  rig.feeders.set(FIRST, () => (count++ % (PAUSE + STEADY) < STEADY ? [first.packet()] : [])).set(BACKUP, () => [backup.packet()]);
  await rig.relay.view('mix', { kind: 'audio', to: { udp: rig.out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP], holdMs });
  const pauses = (rounds: number): Promise<void> => {
    const from = count;
    return eventually(() => (count >= from + rounds * (PAUSE + STEADY) ? undefined : `${count - from} packets`));
  };
  const recover = (): unknown => rig.feeders.set(FIRST, () => [first.packet()]);
  const because = (): readonly unknown[] => rig.of('switched').map((event) => event.because);
  return { ...rig, pauses, recover, because };
}

t.test(
  'a voice that hesitates again and again is left at first, then no more; when it stops for good it is left all the same',
  async (t) => {
    const { feeders, more, of, pauses, recover, because } = await hesitating(t, 300);
    const rounds = 10;
    await pauses(rounds);
    const left = because().filter((each) => each === 'stalled').length;
    t.ok(left >= 1, 'the first time it is left');
    t.ok(left <= rounds / 2, `left ${left} times in ${rounds} pauses`);
    recover();
    await more(50, OUT);
    feeders.delete(FIRST);
    const before = of('switched').length;
    await eventually(() => (of('switched').length > before ? undefined : 'the backup is not heard'));
    t.match(of('switched').at(-1), { ssrc: BACKUP, because: 'stalled' });
    await more(20, OUT);
  },
);

t.test('who goes on hesitating is not returned to', async (t) => {
  const { more, shown, pauses, recover, because } = await hesitating(t, 900);
  await eventually(() => (because().includes('stalled') ? undefined : 'not left'));
  await pauses(6);
  t.equal(await shown(), BACKUP);
  t.strictSame(because(), ['asked', 'stalled'], 'it has not delivered for the hold without a pause');
  recover();
  await eventually(() => (because().at(-1) === 'returned' ? undefined : 'not returned to'));
  await more(20, OUT);
});

t.test('the rhythm of a stream is its own: packets of 120 ms are no stall where those of 20 ms would be', async (t) => {
  const { relay, out, feeders, more, of, sees } = await rigged(t);
  let turn = 0;
  const slow = (ssrc: number, phase: number) => {
    let seq = 0;
    return () =>
      (turn + phase) % 6 === 0
        ? [packet({ ssrc, seq: seq++, time: seq * 5760, type: 111, marker: false, payload: Buffer.alloc(80), captured: null })]
        : [];
  };
  feeders.set(0, () => {
    turn++;
    return [];
  });
  feeders.set(FIRST, slow(FIRST, 0)).set(BACKUP, slow(BACKUP, 3));
  await relay.route(FIRST, { kind: 'audio', to: [{ udp: out.port }] });
  await more(5, FIRST);
  await relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP], afterMs: 25 });
  await more(15, OUT);
  t.strictSame(
    of('switched').map(({ because }) => because),
    ['asked'],
  );
  feeders.delete(FIRST);
  const { gapMs } = await sees('switched', ({ because }) => because === 'stalled');
  t.ok((gapMs ?? 0) >= 300, `${gapMs} ms: two and a half intervals`);
});

t.test('the first backup that delivers is taken; one that has never come is not waited for', async (t) => {
  const { relay, out, feeders, more, sees } = await rigged(t);
  const third = new Sound(THIRD);
  feeders.set(THIRD, () => [third.packet()]);
  await relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc: FIRST, as: OUT, backups: [BACKUP, THIRD], holdMs: 300 });
  t.match(await sees('switched'), { ssrc: THIRD, because: 'stalled' });
  const backup = new Sound(BACKUP);
  feeders.set(BACKUP, () => [backup.packet()]);
  t.match(await sees('switched', ({ ssrc }) => ssrc === BACKUP), { because: 'returned' });
  await more(10, OUT);
});

t.test('what its owner asks for again changes nothing; what he asks for anew is done when it delivers', async (t) => {
  const { relay, out, feeders, more, sees, of, shown } = await rigged(t);
  const [backup, third] = [new Sound(BACKUP), new Sound(THIRD)];
  feeders.set(BACKUP, () => [backup.packet()]).set(THIRD, () => [third.packet()]);
  const view = (ssrc: number, backups: readonly number[], afterMs = 90) =>
    relay.view('mix', { kind: 'audio', to: { udp: out.port }, ssrc, as: OUT, backups, afterMs });
  await view(FIRST, [BACKUP]);
  await sees('switched', ({ ssrc }) => ssrc === BACKUP);
  await view(FIRST, [THIRD, BACKUP], 120);
  await more(10, OUT);
  t.equal(await shown(), BACKUP, 'the first choice is the same and still away');
  await view(0x7770, [BACKUP]);
  await more(10, OUT);
  t.equal(await shown(), BACKUP, 'another first choice that does not deliver');
  await view(THIRD, [BACKUP]);
  t.match(await sees('switched', ({ ssrc }) => ssrc === THIRD), { because: 'asked' });
  const { length } = of('switched');
  // A relay that had to be started again is told everything, backups included.
  relay.kill('SIGKILL');
  await eventually(() => (of('switched').length > length ? undefined : 'not back'));
  await eventually(async () => ((await shown()) === THIRD ? undefined : `it shows ${await shown()}`));
  feeders.delete(THIRD);
  await eventually(async () => ((await shown()) === BACKUP ? undefined : `it shows ${await shown()}`));
});

t.test('backups that make no sense are refused and leave nothing behind', async (t) => {
  const { relay, out } = await rigged(t);
  const view = (ssrc: number | null, backups: readonly number[]) =>
    faultOf(relay.view('v', { kind: 'video', to: { udp: out.port }, ssrc, backups }));
  t.match(await view(FIRST, [BACKUP, FIRST + 1]), { error: 'input.invalid', detail: /twice/ });
  t.match(await view(null, [BACKUP]), { error: 'input.invalid', detail: /nothing/ });
  t.match(await view(FIRST, [1, 17, 33, 49]), { error: 'input.invalid', detail: /at most 3/ });
  const { streams, views } = await relay.stats();
  t.strictSame([streams, views], [[], []]);
  await relay.view('v', { kind: 'video', to: { udp: out.port }, ssrc: FIRST, backups: [BACKUP] });
  await relay.unview('v');
  t.strictSame((await relay.stats()).streams, []);
});
