/** What acts inside a running pipeline: keyframes, the source watchdog, stamps, levels, pictures. On a real worker with real media. */
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { h264Decode, h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { leaky, MAIN, type PictureFormat, rawVideo, slate, TILE, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { rtpVideoIn, rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { measured, silence, tone } from '../../hardware/gstreamer/parts/sound.ts';
import { type Chain, chain, element, padOf, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { freeUdpPort } from '../support/rtp-wire.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { passes, workerRig } from '../support/worker.ts';

const x264 = { element: 'x264enc', because: 'it is everywhere' } as const;
const sink = element('fakesink', { async: false, sync: false });
const point = (name: string, stalledMs?: number): Chain =>
  chain(reflexed(element('identity', {}, name), { do: 'probe', element: name, pad: 'src', name, ...(stalledMs ? { stalledMs } : {}) }));
const encode = (format: PictureFormat, kbps: number, gop: number): Chain =>
  h264Encode({ id: 'enc', encoder: x264, format: { ...format, kbps, gop } });

t.test('a keyframe request makes the next frame an IDR', async (t) => {
  const { worker } = workerRig(t);
  await worker.start(
    pipeline([chain(testPicture({ id: 'p', name: 'Châu Phú', format: TILE }), encode(TILE, 150, 10_000), point('out'), sink)]),
  );
  const before = await passes(worker, 'out', 20);
  t.equal((await worker.stats()).points.out?.keyframes, 1, 'without a request there is the first one only');
  for (let i = 1; i <= 3; i++) {
    await worker.keyframe(i === 2 ? 'out' : 'enc');
    await eventually(async () => {
      const out = (await worker.stats()).points.out;
      return out?.keyframes === i + 1 ? undefined : `${out?.keyframes} keyframes`;
    });
  }
  const out = (await worker.stats()).points.out;
  t.comment(`three keyframes within ${(out?.buffers ?? 0) - before} frames`);
});

t.test('fewer pictures go into an encoder when asked for, an IDR every second all the same', async (t) => {
  const { worker } = workerRig(t);
  const made = chain(testPicture({ id: 'p', name: 'Châu Phú', format: TILE }), point('in'), encode(TILE, 150, 10_000), point('out'), sink);
  const thin = (fps: number) => ({ do: 'thin', element: 'enc', pad: 'sink', fps }) as const;
  await worker.start(pipeline([made], { reflexes: [thin(0)] }));
  const counts = async () => {
    const { points } = await worker.stats();
    return [points.in?.buffers ?? 0, points.out?.buffers ?? 0, points.out?.keyframes ?? 0] as const;
  };
  await passes(worker, 'out', 20);
  await worker.attach(thin(3));
  const [came, left, keys] = await counts();
  await passes(worker, 'in', came + 60);
  const [came2, left2, keys2] = await counts();
  // A fifth of the 15; a picture is on its way at each end, and the first one passes at once.
  const share = (came2 - came) / 5;
  t.ok(left2 - left >= share - 3 && left2 - left <= share + 3, `${left2 - left} of ${came2 - came} pictures`);
  t.ok(keys2 - keys >= 3, `${keys2 - keys} IDRs in four seconds`);
  await worker.attach(thin(0));
  const [, before] = await counts();
  await passes(worker, 'out', before + 30);
  const [came3, left3] = await counts();
  t.ok(left3 - before > (came3 - came2) / 2, 'all pass again');
});

t.test('the watchdog shows the best source that delivers, and takes one back only when it is steady', async (t) => {
  const { worker, of } = workerRig(t);
  // A valve that is shut is a camera that delivers nothing, without an error.
  const camera = (name: string): Chain =>
    chain(testPicture({ id: name, name, format: TILE }), element('valve', {}, `${name}-valve`), leaky(`${name}-q`));
  const selector = element('input-selector', { 'sync-streams': false, 'cache-buffers': false }, 'selector');
  const watchdog = {
    do: 'watchdog',
    selector: 'selector',
    sources: ['sink_0', 'sink_1', 'sink_2'],
    // Far above what a busy machine and the sanitizers make a healthy camera late.
    thresholdMs: 600,
    holdMs: 1000,
  } as const;
  await worker.start(
    pipeline(
      [
        chain(camera('a'), padOf('selector', 'sink_0')),
        chain(camera('b'), padOf('selector', 'sink_1')),
        chain(slate({ id: 's', name: 'Chưa có hình', format: TILE }), leaky('s-q'), padOf('selector', 'sink_2')),
        chain(selector, rawVideo(TILE), encode(TILE, 150, 30), h264Decode('dec'), point('out', 5000), sink),
      ],
      { reflexes: [watchdog] },
    ),
  );
  const gaps: string[] = [];
  let seen = 0;
  const shows = async (pad: string, because: string, from: string | null): Promise<void> => {
    await eventually(() => (of('source').length > seen ? undefined : `no switch to ${pad}`));
    const event = of('source')[seen++];
    t.match(event, { pad, because, from, selector: 'selector' });
    gaps.push(`${event?.pad} ${event?.because} ${event?.gapMs.toFixed(0)} ms`);
  };
  // Which of the three delivers first is chance; the best one is shown as soon as it does, without having to prove itself.
  await eventually(() => (of('source').some(({ pad }) => pad === 'sink_0') ? undefined : 'the first camera is not shown'));
  seen = of('source').length;
  await passes(worker, 'out', 10);
  await worker.set('a-valve', 'drop', true);
  await shows('sink_1', 'stalled', 'sink_0');
  await worker.set('b-valve', 'drop', true);
  await shows('sink_2', 'stalled', 'sink_1');
  const steadyFrom = systemClock().mono();
  await worker.set('a-valve', 'drop', false);
  await shows('sink_0', 'returned', 'sink_2');
  t.ok((of('source').at(-1)?.at ?? 0) - steadyFrom >= 1000, 'not before it was steady for as long as asked');
  t.comment(`picture gaps: ${gaps.join(', ')}`);
  t.strictSame(of('stalled'), [], 'viewers were never without a picture for long');

  await worker.attach({ ...watchdog, sources: ['sink_2', 'sink_0'] });
  await eventually(async () => ((await worker.get('selector', 'active-pad')) === 'sink_2' ? undefined : 'the new order is not in force'));
  t.match(await faultOf(worker.switch('selector', 'sink_0')), { error: 'switch.watched' });
});

t.test('a watchdog says when no source is left', async (t) => {
  const { worker, sees } = workerRig(t);
  const selector = element('input-selector', { 'sync-streams': false }, 'selector');
  await worker.start(
    pipeline(
      [
        chain(testPicture({ id: 'a', name: 'a', format: TILE }), element('valve', {}, 'valve'), padOf('selector', 'sink_0')),
        chain(selector, sink),
      ],
      {
        reflexes: [{ do: 'watchdog', selector: 'selector', sources: ['sink_0'], holdMs: 100 }],
      },
    ),
  );
  await sees('source', ({ because, from }) => because === 'started' && from === null);
  await worker.set('valve', 'drop', true);
  await sees('sourceless');
});

t.test('stamps survive encoding and decoding, measure the delay and count what is lost', async (t) => {
  for (const [name, format, kbps] of [
    ['main', MAIN, 1500],
    ['tile', TILE, 150],
  ] as const) {
    const { worker, sees } = workerRig(t);
    const picture = testPicture({ id: 'p', name: 'Thoại Sơn', format, pattern: 'smpte' });
    await worker.start(
      pipeline(
        [
          chain(
            picture,
            element('queue', {}, 'before'),
            encode(format, kbps, 10_000),
            h264Decode('dec'),
            element('identity', {}, 'after'),
            element('identity', {}, 'later'),
            sink,
          ),
        ],
        {
          reflexes: [
            { do: 'stamp', element: 'before', pad: 'src', source: 4711 },
            { do: 'read-stamp', element: 'after', pad: 'sink', name: 'read' },
            { do: 'read-stamp', element: 'later', pad: 'src', name: 'lossy' },
            { do: 'probe', element: 'after', pad: 'src', name: 'out' },
          ],
        },
      ),
    );
    await sees('stamp-source', (event) => event.name === 'read' && event.source === 4711);
    await passes(worker, 'out', 25);
    await worker.set('after', 'drop-probability', 0.3);
    await passes(worker, 'out', 25, (await worker.stats()).points.out?.buffers);
    const [clean, lossy] = [await worker.stamps('read'), await worker.stamps('lossy')];
    t.match(clean, { corrupt: 0, lost: 0, repeated: 0, unfit: 0, source: 4711 }, name);
    t.equal(clean.samplesMs.length, clean.read);
    t.ok(clean.samplesMs.every((ms) => ms >= 0 && ms < 20_000));
    t.ok(lossy.lost > 0 && lossy.corrupt === 0, `${lossy.lost} lost pictures were seen`);
    t.strictSame((await worker.stamps('read')).samplesMs.length < 20, true, 'samples are drained');
    const sorted = [...clean.samplesMs].sort((a, b) => a - b);
    t.comment(`${name}: encoder in → decoder out ${sorted[sorted.length >> 1]} ms (median of ${sorted.length})`);
  }
});

t.test('after a lost packet nothing passes drop-until-keyframe until a whole picture can', async (t) => {
  const { worker, events, of, sees } = workerRig(t);
  const port = await freeUdpPort();
  const out = rtpVideoOut({ id: 'v', port, ssrc: 1 });
  const lossy = element('identity', { 'drop-probability': 0 }, 'lossy');
  const decode = (name: string): Chain =>
    chain(
      h264Decode(`dec-${name}`),
      reflexed(element('identity', {}, `read-${name}`), { do: 'read-stamp', element: `read-${name}`, pad: 'src', name }),
      sink,
    );
  const source = reflexed(element('queue', {}, 'before'), { do: 'stamp', element: 'before', pad: 'src' });
  const gate = reflexed(element('identity', {}, 'gate'), { do: 'drop-until-keyframe', element: 'gate', pad: 'src', name: 'gate' });
  await worker.start(
    pipeline([
      // Everything moves, so that a lost packet is missed.
      chain(
        element('videotestsrc', { 'is-live': true, pattern: 'snow' }),
        rawVideo(TILE),
        source,
        encode(TILE, 3000, 10_000),
        out.slice(0, -1),
        lossy,
        out.slice(-1),
      ),
      chain(rtpVideoIn({ id: 'in', port, jitterMs: null }), element('tee', {}, 'tee')),
      chain(padOf('tee'), element('queue'), decode('open')),
      chain(padOf('tee'), element('queue'), gate, decode('shut')),
    ]),
  );
  // Whoever starts in the middle of the stream waits for a keyframe too.
  await worker.keyframe('enc');
  await sees('keyframe-came');
  await eventually(async () => ((await worker.stamps('shut')).read > 10 ? undefined : 'no pictures'));
  events.length = 0;
  await worker.set('lossy', 'drop-probability', 0.05);
  t.match(await sees('keyframe-needed'), { name: 'gate' });
  await worker.set('lossy', 'drop-probability', 0);
  await eventually(() => (of('keyframe-needed').length > 1 ? undefined : 'it asks once only'));
  const before = await worker.stamps('shut');
  await worker.keyframe('enc');
  const came = await sees('keyframe-came');
  t.ok(came.dropped > 0 && came.waitedMs > 0, `${came.dropped} frames were held back for ${came.waitedMs.toFixed(0)} ms`);
  await eventually(async () => ((await worker.stamps('shut')).read > before.read + 10 ? undefined : 'no pictures after the keyframe'));
  t.equal((await worker.stamps('shut')).corrupt, 0, 'none of them damaged');
  t.comment(`without the reflex: ${(await worker.stamps('open')).corrupt} damaged pictures`);
});

t.test('levels tell a tone from silence, and pictures arrive as JPEG', async (t) => {
  const { worker, sees } = workerRig(t);
  const pictures = reflexed(element('appsink', { sync: false, async: false, drop: true, 'max-buffers': 1 }, 'thumb'), {
    do: 'pictures',
    element: 'thumb',
  });
  await worker.start(
    pipeline([
      chain(tone('t', { volume: 0.5 }), measured('loud'), sink),
      chain(silence('s'), measured('quiet'), sink),
      chain(testPicture({ id: 'p', name: 'Tri Tôn', format: TILE }), element('jpegenc'), pictures),
    ]),
  );
  const loud = await sees('level', (event) => event.element === 'loud');
  t.ok(Math.abs((loud.rms[0] ?? 0) - 20 * Math.log10(0.5 / Math.SQRT2)) < 1, `a sine of half the range: ${loud.rms[0]} dB`);
  t.strictSame((await sees('level', (event) => event.element === 'quiet')).rms, [-100]);
  const { data } = await sees('picture', (event) => event.name === 'thumb');
  const jpeg = Buffer.from(data, 'base64');
  t.strictSame([jpeg.readUInt16BE(0), jpeg.readUInt16BE(jpeg.length - 2)], [0xffd8, 0xffd9], `${jpeg.length} bytes from marker to marker`);
});

t.test('a probe tells when a stream stalls and when it flows again', async (t) => {
  const { worker, events, sees } = workerRig(t);
  await worker.start(
    pipeline([chain(testPicture({ id: 'p', name: 'p', format: TILE }), element('valve', {}, 'valve'), point('out', 200), sink)]),
  );
  await passes(worker, 'out', 5);
  // A slow start has stalled and flowed once already.
  const early = new Set(events);
  await worker.set('valve', 'drop', true);
  const stalled = await sees('stalled', (event) => event.name === 'out' && !early.has(event));
  t.ok(stalled.gapMs >= 200);
  await worker.set('valve', 'drop', false);
  const flowing = await sees('flowing', (event) => event.name === 'out' && !early.has(event));
  t.ok(flowing.gapMs >= stalled.gapMs);
  const { points } = await worker.stats({ reset: true });
  t.ok((points.out?.maxGapMs ?? 0) >= 200);
});

t.test('bytes for a browser leave on a pipe of their own', async (t) => {
  const { worker } = workerRig(t, { fds: 1 });
  const mux = element('mp4mux', { 'fragment-duration': 200, streamable: true, 'fragment-mode': 'dash-or-mss' });
  await worker.start(
    pipeline([
      chain(
        testPicture({ id: 'p', name: 'p', format: TILE }),
        encode(TILE, 150, 15),
        element('h264parse'),
        mux,
        element('fdsink', { fd: 3, sync: false, async: false }),
      ),
    ]),
  );
  const chunks: Buffer[] = [];
  worker.stream(3)?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await eventually(() => (Buffer.concat(chunks).includes('moof') ? undefined : 'no fragment'));
  t.equal(Buffer.concat(chunks).toString('latin1', 4, 8), 'ftyp');
});

t.test('a pipeline that awaits a format does not play before it is told, and not without it', async (t) => {
  const { worker, of, sees } = workerRig(t);
  // A WAV file that somebody is still writing: its format is known when its header is there.
  const file = join(tempFolder(t), 'sound.wav');
  execFileSync('mkfifo', [file]);
  const awaited = reflexed(element('wavparse', {}, 'file'), { do: 'await-format', element: 'file', pad: 'src' });
  const starting = worker.start(pipeline([chain(element('filesrc', { location: file }), awaited, point('out'), sink)]));
  // Opens when the pipeline has opened the other end, in its way to PAUSED.
  const pen = await open(file, 'w');
  t.teardown(() => pen.close());
  // The time in which it would otherwise have begun.
  await pause(300);
  t.strictSame(of('state'), [], 'not yet');
  await pen.write(wav(48_000));
  await starting;
  await sees('state', ({ state }) => state === 'playing');
  await passes(worker, 'out', 5);
  await worker.stop();
  const deaf = pipeline([chain(reflexed(element('udpsrc', { port: 0 }, 'in'), { do: 'await-format', element: 'in', pad: 'src' }), sink)]);
  t.match(await faultOf(worker.start(deaf)), { code: 'program.refused', detail: /awaited/ }, 'an input that never tells is refused');
});

/** A second of silence, 16 bits mono. */
function wav(rate: number): Buffer {
  const bytes = rate * 2;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(bytes, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}
