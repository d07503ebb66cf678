/** Which hub's which segment is taken, table by table, and the bytes of Matroska, without any hub. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline as pump } from 'node:stream/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { playPipeline } from '../../central/hub/preview/pipeline.ts';
import { MatroskaComposer } from '../../central/hub/record/matroska/compose.ts';
import { isKey, parameterSets, withSets } from '../../central/hub/record/matroska/h264.ts';
import { MatroskaError, MatroskaParser, type Track } from '../../central/hub/record/matroska/parse.ts';
import { type HubSegments, shifts } from '../../central/hub/record/stitch/align.ts';
import { editList, type Span } from '../../central/hub/record/stitch/plan.ts';
import { press } from '../../central/hub/record/stitch/press.ts';
import { capturedAt, scan } from '../../central/hub/record/stitch/scan.ts';
import { decodes, probe } from '../support/recorded.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { plainWorker, workerRig } from '../support/worker.ts';

/** `hub/file from-to key,key…`, `+` in front: it goes on an earlier stretch of the file, `!` behind: cut short. */
function span(text: string): Span {
  const [, joins = '', hub = '', file = '', from = '', to = '', keys = '', cut = ''] =
    /^(\+?)(\w)\/(\w+) (\d+)-(\d+) ([\d,]*|any)(!?)$/.exec(text) ?? [];
  return {
    hub,
    file,
    site: 'site-1',
    from: Number(from),
    to: Number(to),
    keys: keys === 'any' ? null : keys.split(',').filter(Boolean).map(Number),
    joins: joins === '+',
    ended: cut === '!' ? 'its recorder died' : null,
  };
}

const cases: readonly {
  readonly title: string;
  readonly hubs: readonly (readonly string[])[];
  readonly takes: readonly string[];
  readonly gaps?: readonly string[];
}[] = [
  { title: 'one hub, one segment', hubs: [['a/0 0-1000 0']], takes: ['a/0 0-1000'] },
  {
    title: 'the next segment takes over with its first picture',
    hubs: [['a/0 0-1100 0', 'a/1 1000-2000 1000']],
    takes: ['a/0 0-988', 'a/1 1000-2000'],
  },
  { title: 'nothing begins where no decoder can', hubs: [['a/0 0-1000 300,600']], takes: ['a/0 300-1000'] },
  { title: 'a segment without a key picture is nothing', hubs: [['a/0 0-1000 ']], takes: [] },
  { title: 'a whole primary needs nobody', hubs: [['a/0 0-1000 0'], ['b/0 0-1000 0,500']], takes: ['a/0 0-1000'] },
  {
    title: 'a hole is filled from the last key picture before it',
    hubs: [['a/0 0-1000 0!', 'a/1 1800-3000 1800'], ['b/0 0-3000 0,600,1800']],
    takes: ['a/0 0-588', 'b/0 600-1788', 'a/1 1800-3000'],
  },
  {
    title: 'no key picture before the hole: from the first in it, and the rest is a gap with its reason',
    hubs: [['a/0 0-1000 0!', 'a/1 1800-3000 1800'], ['b/0 1200-3000 1300']],
    takes: ['a/0 0-1000', 'b/0 1300-1788', 'a/1 1800-3000'],
    gaps: ['1000-1300 its recorder died'],
  },
  {
    title: 'a hole that nobody fills',
    hubs: [['a/0 0-1000 0', 'a/1 1800-3000 1800'], []],
    takes: ['a/0 0-1000', 'a/1 1800-3000'],
    gaps: ['1000-1800 no hub has it'],
  },
  {
    title: 'the same hole in both is one of the source',
    hubs: [
      ['a/0 0-1000 0', '+a/0 1800-3000 2500'],
      ['b/0 0-1000 0', '+b/0 1800-3000 2500'],
    ],
    takes: ['a/0 0-1000', 'a/0 1800-3000'],
    gaps: ['1000-1800 nothing came in this time'],
  },
  {
    title: 'back from a filler only with a key picture',
    hubs: [['a/0 0-1000 0', '+a/0 1800-3000 2500'], ['b/0 0-3000 0,900,2500']],
    takes: ['a/0 0-888', 'b/0 900-2488', 'a/0 2500-3000'],
  },
  {
    title: 'the primary began late and died early',
    hubs: [['a/0 500-1000 500'], ['b/0 0-2000 0,900']],
    takes: ['b/0 0-488', 'a/0 500-888', 'b/0 900-2000'],
  },
  { title: 'only the other hub has anything', hubs: [[], ['b/0 0-2000 0']], takes: ['b/0 0-2000'] },
  {
    title: 'sound is cut anywhere',
    hubs: [['a/0 0-1000 any', 'a/1 1800-3000 any'], ['b/0 0-3000 any']],
    takes: ['a/0 0-988', 'b/0 1000-1788', 'a/1 1800-3000'],
  },
  {
    title: 'less than a picture is no hole',
    hubs: [['a/0 0-1000 0', 'a/1 1050-2000 1050'], ['b/0 0-2000 0']],
    takes: ['a/0 0-1000', 'a/1 1050-2000'],
  },
];

t.test('edit lists', async (t) => {
  for (const { title, hubs, takes, gaps = [] } of cases) {
    const list = editList(
      hubs.map((each) => each.map(span)),
      'no hub has it',
    );
    t.strictSame(
      list.stretches.map(({ hub, file, from, to }) => `${hub}/${file} ${from}-${to}`),
      takes,
      title,
    );
    t.strictSame(
      list.gaps.map(({ from, to, because }) => `${from}-${to} ${because}`),
      gaps,
      `${title}: gaps`,
    );
  }
});

t.test('a site whose clock is an hour wrong lies where it was seen, and tells how far two hubs are apart', async (t) => {
  const nothing = { blocks: 0, runs: [], keysMs: [] };
  const hub = (name: string, site: string | null, picture: number, sound: number): HubSegments => ({
    hub: name,
    manifest: { recording: 'r-abcdefgh', meeting: 'm-abcdefgh', title: 'x', because: '', by: '', startedAt: 0, endedAt: 1, segments: [] },
    segments: [
      {
        segment: {
          file: '0000.mkv',
          site,
          grantN: 0,
          startedAt: 0,
          endedAt: 1,
          bytes: 1,
          picture: { first: 0, last: 1, readings: [{ file: 0, capture: 1_000, hub: 1_000 + picture }] },
          sound: { first: 0, last: 1, readings: [{ file: 0, capture: 5_000, hub: 5_000 + sound }] },
        },
        scan: { sha256: '', bytes: 1, broken: null, picture: nothing, sound: nothing },
      },
    ],
  });
  const hour = 3_600_000;
  const both = shifts([hub('a', 'site-1', hour, 20), hub('b', 'site-1', hour - 300, 25)]);
  t.strictSame(both.get('a/0000.mkv'), { picture: hour, sound: 20 });
  t.strictSame(both.get('b/0000.mkv'), { picture: hour, sound: 325 }, "b's clock is 300 ms behind: its mix is moved with it");
  const mosaics = shifts([hub('a', null, 90, 20), hub('b', null, 110, 25)]);
  t.strictSame(mosaics.get('b/0000.mkv'), { picture: 110, sound: 25 }, 'nothing in common: the clocks are taken as they are');
  const at = capturedAt([
    { file: 0, capture: 100, hub: 0 },
    { file: 500, capture: 580, hub: 0 },
  ]);
  t.strictSame(
    [0, 499, 500, 700, 10].map(at),
    [100, 580, 580, 780, 110].map((value, index) => (index === 1 ? 579 : value)),
    'each reading holds until the next',
  );
});

t.test('Matroska', async (t) => {
  const track: Track = {
    number: 1,
    kind: 'picture',
    codec: 'V_MPEG4/ISO/AVC',
    codecPrivate: Buffer.from([1, 66, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 1, 0x68]),
    width: 640,
    height: 360,
    rate: 0,
    channels: 1,
    codecDelayNs: 0,
    seekPreRollNs: 0,
  };
  const sets = parameterSets(track.codecPrivate);
  t.strictSame([...sets], [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x68]);
  t.throws(() => parameterSets(Buffer.from([1, 2, 3])), { message: 'it has no usable decoder configuration' });
  const idr = Buffer.from([0, 0, 0, 2, 0x65, 9]);
  t.strictSame([isKey(idr), isKey(Buffer.from([0, 0, 0, 2, 0x61, 9])), isKey(withSets(idr, sets))], [true, false, true]);
  t.equal(withSets(withSets(idr, sets), sets).length, idr.length + sets.length, 'a picture that brings its sets gets no others');
  const composer = new MatroskaComposer([track], 1_700_000_000_000);
  const pieces = [composer.head];
  for (const at of [0, 40, 80, 6000, 6040]) {
    const cluster = composer.add(1, at, at % 6000 === 0 ? idr : Buffer.from([0, 0, 0, 2, 0x61, 9]), at % 6000 === 0, true);
    if (cluster !== null) pieces.push(cluster);
  }
  const { tail, patches } = composer.end(6080);
  const file = Buffer.concat([...pieces, tail]);
  for (const { at, bytes } of patches) bytes.copy(file, at);
  const parse = (bytes: Buffer, step: number): readonly number[] => {
    const parser = new MatroskaParser();
    const times: number[] = [];
    for (let at = 0; at < bytes.length; at += step) times.push(...parser.push(bytes.subarray(at, at + step)).map(({ atMs }) => atMs));
    if (times.length > 0) t.match(parser.tracks, [{ width: 640, height: 360, codec: 'V_MPEG4/ISO/AVC' }]);
    return times;
  };
  t.strictSame(parse(file, 1_000_000), [0, 40, 80, 6000, 6040]);
  t.strictSame(parse(file, 7), [0, 40, 80, 6000, 6040], 'in pieces of any size');
  const cut = file.length - tail.length - 3;
  t.strictSame(parse(file.subarray(0, cut), 100), [0, 40], 'a file that ends in the middle gives what is whole');
  for (let at = 0; at < file.length; at += 1) {
    const broken = Buffer.from(file);
    broken[at] = (broken[at] ?? 0) ^ 0xff;
    try {
      new MatroskaParser().push(broken);
    } catch (error) {
      if (!(error instanceof MatroskaError)) t.fail(`byte ${at}: ${String(error)}`);
    }
  }
});

t.test('streams of several sizes in one file: it decodes whole, and plays as fragmented MP4 with every picture', async (t) => {
  const folder = tempFolder(t);
  const run = promisify(execFile);
  for (const [name, size] of [
    ['a', '640x360'],
    ['b', '320x180'],
  ] as const) {
    const sources = ['-f', 'lavfi', '-i', `testsrc=s=${size}:r=25:d=4`, '-f', 'lavfi', '-i', 'sine=f=500:d=4:r=48000'];
    const video = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'baseline',
      '-pix_fmt',
      'yuv420p',
      '-g',
      '50',
    ];
    await run('ffmpeg', ['-v', 'error', '-nostdin', ...sources, ...video, '-c:a', 'libopus', join(folder, `${name}.mkv`)]);
  }
  const cut = (name: string, fromMs: number, toMs: number, shiftMs: number) => ({
    path: join(folder, `${name}.mkv`),
    fromMs,
    toMs,
    shiftMs,
    readings: [],
  });
  const cuts = [cut('a', 0, 3000, 0), cut('b', 2000, 5000, 1000), cut('a', 0, 2000, 5100)];
  const out = join(folder, 'out.mkv');
  const pressed = await press({ out, startedAt: 1_700_000_000_000, picture: cuts, sound: cuts });
  t.match(pressed, { pictures: 175 });
  const read = await scan(out, { picture: [], sound: [] });
  t.strictSame([read.picture.blocks, read.sound.blocks, read.broken], [pressed.pictures, pressed.sounds, null]);
  t.equal(await decodes(out), '');
  const found = await probe(out);
  t.strictSame([found.video, Math.round(found.told)], [175, 7]);
  const rig = workerRig(t, { binary: plainWorker, fds: 1 });
  await rig.worker.start(playPipeline(out, true));
  const pipe = rig.worker.stream(3);
  if (pipe === null) throw new Error('no pipe');
  const played = join(folder, 'play.mp4');
  const written = pump(pipe, createWriteStream(played));
  await rig.sees('eos');
  await rig.worker.stop();
  await written;
  t.equal((await probe(played)).video, 175);
  t.equal(await decodes(played), '');
});
