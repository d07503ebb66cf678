/** The pure parts of the hub's fault domains: speakers, mixing matrix, mosaic, bans, recordings, fragments, ranges. */
import t from 'tap';
import { matrixText, mixMatrix, voiceGain } from '../../central/hub/audio/matrix.ts';
import { hears, isSpeaking, levelOf, noSpeakers, reduceSpeakers, type Speakers, speakerRules } from '../../central/hub/audio/speakers.ts';
import { bannedAt, banRules, crashedBy, nextRelease, noBans, slotOf } from '../../central/hub/bans.ts';
import { parseRange } from '../../central/hub/control/range.ts';
import { fullBucket, spend } from '../../central/hub/control/rate.ts';
import { assignSlots, mosaicView } from '../../central/hub/mosaic/layout.ts';
import { settings } from '../../central/hub/mosaic/places.ts';
import { Fragments, type Piece } from '../../central/hub/preview/fragments.ts';
import { closedBytes, ended, newManifest, nextSegment, recovered, withEnd, withSegment } from '../../central/hub/record/manifest.ts';
import { diskAllows, evicted } from '../../central/hub/record/retention.ts';
import { wantedSegment } from '../../central/hub/record/service.ts';
import { decoder } from '../../protocol/decode.ts';
import { RecordingManifest } from '../../protocol/recording.ts';
import { plan as makePlan } from '../support/plan.ts';

/** Plays a scene: levels of sites ten times a second, what is decoded in slot 0, and a relay that does at once what it is told. */
function scene(state: Speakers, from: number, ms: number, levels: Readonly<Record<string, number>>, decoded?: number): Speakers {
  let now = state;
  for (let at = from; at < from + ms; at += 100) {
    for (const [site, db] of Object.entries(levels)) now = reduceSpeakers(now, { type: 'level', site, db, at });
    if (decoded !== undefined) now = reduceSpeakers(now, { type: 'decoded', slot: 0, db: decoded, at });
    now = reduceSpeakers(now, { type: 'tick', at });
    for (const { cooling } of now.slots) if (cooling !== null) now = reduceSpeakers(now, { type: 'unfed', site: cooling, at });
  }
  return now;
}
const room = (allowed: readonly string[], floor: string | null = null): Speakers =>
  reduceSpeakers(noSpeakers, { type: 'sites', allowed, floor, at: 0 });
const heard = (state: Speakers): readonly (string | null)[] => state.slots.map(({ site }) => site);

t.test('speakers', async (t) => {
  const five = ['a', 'b', 'c', 'd', 'e'];
  t.test('a voice is let in when it lasts, noise is not', async (t) => {
    t.strictSame(heard(scene(room(five), 0, 100, { a: -20 })), [null, null, null], 'one reading may be a cough');
    t.strictSame(heard(scene(room(five), 0, 300, { a: -20, b: -60 })), ['a', null, null]);
  });
  t.test('three at most, and the loudest of those who wait come first', async (t) => {
    t.strictSame(new Set(heard(scene(room(five), 0, 500, { a: -20, b: -30, c: -25, d: -22, e: -28 }))), new Set(['a', 'd', 'c']));
  });
  t.test('somebody a little louder takes no place, somebody clearly louder does, after the voice before has run out', async (t) => {
    const three = scene(room(five), 0, 3000, { a: -20, b: -20, c: -30 });
    t.strictSame(heard(scene(three, 3000, 1000, { a: -20, b: -20, c: -30, d: -26 })), ['a', 'b', 'c']);
    const going = scene(three, 3000, 200, { a: -20, b: -20, c: -30, d: -20 });
    t.strictSame(heard(going), ['a', 'b', null], 'first one leaves');
    t.equal(hears(going).get('c'), 2, 'and still hears its own output: its voice is on its way');
    t.strictSame(heard(scene(going, 3200, speakerRules.coolMs - 100, { a: -20, b: -20, c: -30, d: -20 })), ['a', 'b', null]);
    const gone = scene(going, 3200, speakerRules.coolMs + 200, { a: -20, b: -20, c: -30, d: -20 });
    t.strictSame(heard(gone), ['a', 'b', 'd']);
    t.strictSame([hears(gone).get('c'), hears(gone).get('d')], [undefined, 2]);
  });
  t.test('a speaker stays through a pause and leaves after a silence', async (t) => {
    const one = scene(room(five), 0, 500, { a: -20 });
    t.strictSame(heard(scene(one, 500, 2000, { a: -90 })), ['a', null, null]);
    t.strictSame(heard(scene(one, 500, speakerRules.leaveMs + 500, { a: -90 })), [null, null, null]);
  });
  t.test('the floor is heard without being loud, a muted site never', async (t) => {
    t.strictSame(heard(scene(room(five, 'e'), 0, 300, { a: -20, e: -90 })), ['e', 'a', null]);
    const both = scene(room(five, 'e'), 0, 300, { a: -20, e: -30 });
    const muted = reduceSpeakers(both, { type: 'sites', allowed: ['a', 'b', 'c', 'd'], floor: 'e', at: 400 });
    t.strictSame(heard(muted), [null, 'a', null], 'at once');
    t.strictSame(heard(scene(muted, 400, 1000, { e: -5 })), [null, 'a', null]);
  });
  t.test('who left goes on hearing its own output until the relay has stopped feeding it, however long that takes', async (t) => {
    const one = scene(room(five), 0, 500, { a: -20 });
    let muted = reduceSpeakers(one, { type: 'sites', allowed: ['b', 'c'], floor: null, at: 500 });
    for (let at = 600; at < 5000; at += 100) muted = reduceSpeakers(muted, { type: 'tick', at });
    t.equal(hears(muted).get('a'), 0);
    const unfed = reduceSpeakers(muted, { type: 'unfed', site: 'a', at: 5000 });
    t.equal(hears(reduceSpeakers(unfed, { type: 'tick', at: 5000 + speakerRules.coolMs - 1 })).get('a'), 0);
    t.equal(hears(reduceSpeakers(unfed, { type: 'tick', at: 5000 + speakerRules.coolMs })).get('a'), undefined);
  });
  t.test('a click is not a voice', async (t) => {
    const click = scene(room(five), 0, 100, { a: -30 });
    t.strictSame(heard(scene(click, 100, 1000, { a: -90 })), [null, null, null]);
  });
  t.test('a site that says it is loud and is not loses its place, and is not believed for a while', async (t) => {
    const { proofMs, doubtMs, gateDb, toleranceDb } = speakerRules;
    const mixing = reduceSpeakers(room(five), { type: 'mixer', runs: true, at: 0 });
    const one = scene(mixing, 0, 300, { a: -5 });
    const quiet = gateDb - toleranceDb;
    t.strictSame(heard(scene(one, 300, proofMs + 1000, { a: -5 }, quiet + 1)), ['a', null, null], 'as loud as it must be');
    t.strictSame(heard(scene(one, 300, proofMs - 500, { a: -5 }, quiet)), ['a', null, null], 'not at once');
    const gone = scene(one, 300, proofMs + 1000, { a: -5 }, -100);
    t.strictSame(heard(gone), [null, null, null]);
    t.strictSame(heard(scene(gone, proofMs + 1300, 3000, { a: -5, b: -30 })), ['b', null, null]);
    t.strictSame(heard(scene(one, 300, proofMs + 1000, { a: -5 })), [null, null, null], 'nor is a voice that cannot be decoded');
    t.strictSame(heard(scene(gone, proofMs + 1300 + doubtMs, 1000, { a: -5 })), ['a', null, null], 'and then it is');
    const floor = reduceSpeakers(gone, { type: 'sites', allowed: five, floor: 'a', at: 9000 });
    t.strictSame(heard(scene(floor, 9000, 30_000, { a: -90 }, -100)), ['a', null, null], 'the floor is given by people, not by levels');
  });
  t.test('nobody is called a liar for pausing, for a mixer that was away, or for what it had the floor for', async (t) => {
    const { leaveMs, proofMs } = speakerRules;
    const mixing = reduceSpeakers(room(five), { type: 'mixer', runs: true, at: 0 });
    const talks = scene(mixing, 0, 2000, { a: -20 }, -20);
    for (let pause = leaveMs - 300; pause <= leaveMs + 300; pause += 50) {
      // The word comes first, what is decoded one reading later.
      const again = scene(
        scene(scene(talks, 2000, pause, { a: -90 }, -90), 2000 + pause, 100, { a: -20 }, -90),
        2100 + pause,
        1500,
        { a: -20 },
        -20,
      );
      t.equal(again.doubted.size, 0, `a pause of ${pause} ms`);
      t.ok(heard(again).includes('a'), `heard again after ${pause} ms`);
    }
    const away = scene(reduceSpeakers(talks, { type: 'mixer', runs: false, at: 2000 }), 2000, 60_000, { a: -20 });
    t.strictSame(heard(away), ['a', null, null], 'without a mixer its word counts');
    const back = scene(reduceSpeakers(away, { type: 'mixer', runs: true, at: 62_000 }), 62_000, 1000, { a: -20 }, -90);
    t.strictSame([heard(back), back.doubted.size], [['a', null, null], 0]);
    const chair = scene(reduceSpeakers(talks, { type: 'sites', allowed: five, floor: 'a', at: 2000 }), 2000, 60_000, { a: -90 }, -90);
    const said = scene(
      reduceSpeakers(chair, { type: 'sites', allowed: five, floor: 'b', at: 62_000 }),
      62_000,
      proofMs - 1000,
      { a: -20 },
      -90,
    );
    t.equal(said.doubted.size, 0);
  });
  t.test('a site that stops sending is silent', async (t) => {
    const one = scene(room(five), 0, 500, { a: -20 });
    t.equal(levelOf(one, 'a', 600), -20);
    t.equal(levelOf(one, 'a', 2000), -100);
    t.ok(isSpeaking(one, 'a', 500) && !isSpeaking(one, 'a', 2000) && !isSpeaking(one, 'b', 500));
  });
});

t.test('the matrix leaves each speaker out of its own output', async (t) => {
  const matrix = mixMatrix(3);
  const who = matrix.map((row) => row.flatMap((gain, channel) => (gain === 0 ? [] : [channel])));
  t.strictSame(who, [
    [1, 2],
    [0, 2],
    [0, 1],
    [0, 1, 2],
  ]);
  t.ok(matrix.every((row) => row.length === 4 && row[3] === 0));
  t.equal(matrixText([[0, voiceGain]]), `<<(double)0,(double)${voiceGain}>>`);
});

t.test('the mosaic', async (t) => {
  const plan = makePlan({ sites: 13, onAir: ['site-2'] });
  const names = plan.sites.map(({ site }) => site);
  const slots = assignSlots(names, new Map(), 16);
  t.test('sites keep their slots when others come and go', async (t) => {
    const without = assignSlots(
      names.filter((site) => site !== 'site-1'),
      slots,
      16,
    );
    t.equal(without.get('site-5'), slots.get('site-5'));
    t.equal(assignSlots([...names.slice(1), 'new'], without, 16).get('new'), 0, 'a free slot is used again');
    t.equal(
      assignSlots(
        Array.from({ length: 20 }, (_, n) => `s${n}`),
        new Map(),
        16,
      ).size,
      16,
    );
  });
  t.test('pictures stand in plan order, the speaker is framed', async (t) => {
    const view = mosaicView(plan, slots, new Set(['site-3']));
    t.strictSame(view.slots[slots.get('site-6')!]?.box, { x: 320, y: 180, width: 320, height: 180 });
    t.strictSame(view.speaker, { x: 320, y: 0, width: 320, height: 180 });
    t.equal(view.slots.filter((slot) => slot !== null).length, 13);
    t.match(view.slots[slots.get('site-1')!]?.slate, 'Mất kết nối');
    t.not(view.slots[slots.get('site-3')!]?.slate, 'Mất kết nối', 'a banned site says another thing');
  });
  t.test('with a large speaker no cell overlaps another', async (t) => {
    const view = mosaicView({ ...plan, layout: { mosaic: 'speaker', page: 0 } }, slots, new Set());
    const boxes = view.slots.flatMap((slot) => (slot === null ? [] : [slot.box]));
    t.equal(boxes.length, 13);
    const overlap = boxes.some((a, i) =>
      boxes.some((b, j) => i < j && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height),
    );
    t.notOk(overlap);
    t.strictSame(view.slots[slots.get('site-2')!]?.box, { x: 0, y: 0, width: 640, height: 360 });
  });
  t.test('names cannot become markup, and an empty slot shows nothing', async (t) => {
    const odd = { ...plan, sites: plan.sites.map((each) => ({ ...each, name: '<b>&' })) };
    const all = settings(mosaicView(odd, slots, new Set()), new Set([0]));
    const value = (element: string, property: string): unknown =>
      all.find((each) => each.element === element && each.property === property)?.value;
    t.equal(value('label_0', 'text'), '&lt;b&gt;&amp;');
    t.equal(value('slate_15', 'text'), '');
    t.strictSame([value('compositor.sink_1', 'alpha'), value('compositor.sink_2', 'alpha')], [1, 0], 'a slot without picture is hidden');
  });
});

t.test('a stream that brings a decoder down twice is left out for a while', async (t) => {
  for (const [name, slot] of [
    ['tile_7-udp:src', 7],
    ['decode_12', 12],
    ['audio_12-udp:sr', 12],
    ['tile_3', 3],
    ['compositor:src', null],
    ['pool-spawner', null],
    ['x_y', null],
  ] as const)
    t.equal(slotOf(name), slot, name);
  const once = crashedBy(noBans, 'a', 0);
  t.equal(bannedAt(once, 1).size, 0);
  const twice = crashedBy(once, 'a', 1000);
  t.ok(bannedAt(twice, 1001).has('a') && !bannedAt(twice, 1001).has('b'));
  t.equal(nextRelease(twice, 1001), 1000 + banRules.banMs);
  t.equal(bannedAt(twice, 1001 + banRules.banMs).size, 0);
  t.equal(bannedAt(crashedBy(once, 'a', banRules.windowMs + 1), banRules.windowMs + 2).size, 0, 'a crash long ago does not count');
});

t.test('manifests', async (t) => {
  const plan = makePlan({ recording: 'r-abcdefgh' });
  let manifest = newManifest(plan, plan.recording!, 1000, 'hub-1');
  t.equal(nextSegment(manifest), 0);
  manifest = withSegment(manifest, 0, { site: null, grantN: 0 }, 1100);
  manifest = withSegment(manifest, 1, { site: 'site-1', grantN: 1 }, 2100);
  manifest = withEnd(manifest, 0, 2200, 500);
  t.strictSame(
    manifest.segments.map(({ file, endedAt, bytes }) => [file, endedAt, bytes]),
    [
      ['0000.mkv', 2200, 500],
      ['0001.mkv', null, 0],
    ],
  );
  t.ok(decoder(RecordingManifest).check(manifest).ok);
  const after = recovered(manifest, new Map([['0001.mkv', { bytes: 70, changedAt: 2900.4 }]]));
  t.match(after.segments.at(-1), { file: '0001.mkv', site: 'site-1', grantN: 1, startedAt: 2100, endedAt: 2900, bytes: 70, clean: false });
  t.equal(after.endedAt, 2900, 'a crash ended it when the last file was written');
  t.equal(recovered(manifest, new Map()).segments.length, 1, 'a file that is not there is no segment');
  t.equal(nextSegment(after, ['0007.mkv']), 8, 'no file is written twice');
  t.equal(withSegment(after, 8, { site: null, grantN: 2 }, 3000).endedAt, null, 'it may go on');
  t.equal(
    withEnd(withSegment(after, 8, { site: null, grantN: 2 }, 3000), 8, 3001, 0).segments.length,
    2,
    'nothing written, nothing listed',
  );
  t.equal(closedBytes(after), 570);
  t.equal(ended(after, 4000).endedAt, 4000);
});

t.test('a new segment for each speaker and format, the mosaic between', async (t) => {
  const hub = makePlan().hubs[0]!;
  const key = (options: Parameters<typeof makePlan>[0], sound = true): string => wantedSegment(makePlan(options), hub, sound).key;
  t.equal(key({ onAir: ['site-1'] }), key({ onAir: ['site-1'], n: 7, next: 'site-2' }), 'preparing the next speaker cuts nothing');
  t.equal(new Set([key({}), key({ onAir: ['site-1'] }), key({ onAir: ['site-2'] }), key({ onAir: ['site-1'] }, false)]).size, 4);
  t.not(key({ onAir: ['site-1'] }), key({ onAir: ['site-1'], main: { width: 640, height: 360, fps: 25, kbps: 500 } }));
  t.equal(wantedSegment(makePlan(), hub, true).ssrc, hub.streams.mosaic.ssrc);
});

t.test('retention: the oldest first, as many as it takes, never what is in use', async (t) => {
  const kept = (recording: string, startedAt: number, bytes: number, busy = false) => ({
    recording,
    startedAt,
    endedAt: startedAt + 10,
    bytes,
    busy,
  });
  const gone = (all: Parameters<typeof evicted>[0]): readonly string[] => evicted(all, 100).map(({ recording }) => recording);
  t.strictSame(gone([kept('r-new', 900, 40), kept('r-old', 0, 60)]), [], 'age alone costs none: days are counted by central');
  t.strictSame(gone([kept('r-3', 300, 60), kept('r-1', 100, 60), kept('r-2', 200, 30)]), ['r-1']);
  t.strictSame(gone([kept('r-3', 300, 60), kept('r-1', 100, 60), kept('r-2', 200, 60)]), ['r-1', 'r-2']);
  t.strictSame(gone([kept('r-1', 0, 60, true), kept('r-2', 200, 60)]), ['r-2'], 'the oldest is being watched');
  t.strictSame(gone([{ ...kept('r-1', 0, 500), endedAt: null }]), [], 'it is being written');
  const mb = 1024 * 1024;
  const disk = { minFreeBytes: 1000 * mb };
  t.strictSame(
    [diskAllows(999 * mb, true, disk), diskAllows(1001 * mb, false, disk), diskAllows(1200 * mb, false, disk)],
    [false, false, true],
  );
});

t.test('byte ranges', async (t) => {
  const cases: readonly [string | undefined, ReturnType<typeof parseRange>][] = [
    [undefined, null],
    ['bytes=0-', { from: 0, to: 99 }],
    ['bytes=10-19', { from: 10, to: 19 }],
    ['bytes=90-500', { from: 90, to: 99 }],
    ['bytes=-10', { from: 90, to: 99 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=20-10', null],
    ['bytes=0-1,5-6', null],
    ['items=0-1', null],
  ];
  for (const [header, want] of cases) t.strictSame(parseRange(header, 100), want, String(header));
});

t.test('a peer that talks too much is stopped, and may talk again', async (t) => {
  const rules = { perSecond: 10, burst: 3 };
  let bucket = fullBucket(0, rules);
  const say = (at: number): boolean => {
    const next = spend(bucket, at, rules);
    bucket = next.bucket;
    return next.allowed;
  };
  t.strictSame([say(0), say(0), say(0), say(0), say(100), say(100)], [true, true, true, false, true, false]);
});

const box = (type: string, ...body: readonly (Buffer | number)[]): Buffer => {
  const bytes = Buffer.concat(
    body.map((part) => (typeof part === 'number' ? Buffer.from([part >>> 24, part >>> 16, part >>> 8, part]) : part)),
  );
  return Buffer.concat([Buffer.from([0, 0, (bytes.length + 8) >> 8, (bytes.length + 8) & 255]), Buffer.from(type, 'latin1'), bytes]);
};
const track = (id: number, handler: string, description: Buffer): Buffer =>
  box(
    'trak',
    box('tkhd', 0, 0, 0, id),
    box('mdia', box('hdlr', 0, 0, Buffer.from(handler)), box('minf', box('stbl', box('stsd', description)))),
  );
const init = Buffer.concat([
  box('ftyp', Buffer.from('isom')),
  box(
    'moov',
    track(1, 'vide', box('avcC', Buffer.from([1, 0x42, 0xc0, 0x1f]))),
    track(2, 'soun', Buffer.from('mp4a')),
    box('mvex', box('trex', 0, 1, 1, 0, 0, 0x10000)),
  ),
]);
const fragment = (id: number, trun: Buffer): Buffer =>
  Buffer.concat([box('moof', box('mfhd', 0, 1), box('traf', box('tfhd', 0, id), trun)), box('mdat', Buffer.alloc(50, 7))]);
const perSample = (flags: number): Buffer => box('trun', 0x701, 1, 0, 100, 50, flags);

t.test('fragments, whatever the chunking', async (t) => {
  const stream = Buffer.concat([
    init,
    fragment(2, perSample(0xc0)),
    fragment(1, perSample(0xc0)),
    fragment(1, perSample(0x100c0)),
    fragment(1, box('trun', 0x5, 1, 0, 0x2000000)),
    fragment(1, box('trun', 0x1, 1, 0)),
  ]);
  for (const size of [1, 7, 64, stream.length]) {
    const parser = new Fragments();
    const pieces: Piece[] = [];
    for (let at = 0; at < stream.length; at += size) pieces.push(...parser.push(stream.subarray(at, at + size)));
    t.strictSame(
      pieces.map((piece) => (piece.is === 'init' ? piece.mime : [piece.video, piece.key])),
      ['video/mp4; codecs="avc1.42C01F, mp4a.40.2"', [false, false], [true, true], [true, false], [true, true], [true, false]],
      `chunks of ${size}`,
    );
    t.equal(Buffer.concat(pieces.map(({ bytes }) => bytes)).compare(stream), 0, 'nothing is lost or added');
  }
  t.throws(() => new Fragments().push(Buffer.from([0, 0, 0, 1, 1, 1, 1, 1])), RangeError, 'a box of one byte');
  t.throws(() => new Fragments().push(Buffer.from('GET / HTTP/1.1\r\n')), RangeError, 'no such stream');
});
