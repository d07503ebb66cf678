/** The pieces that pipelines are made of, each on a real worker and on real loopback sockets. */
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { type ClipFiles, makeClips } from '../../hardware/gstreamer/clip/clip.ts';
import { sampleVoice, voiceOf } from '../../hardware/gstreamer/clip/voice.ts';
import { h264Decode, h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { leaky, MAIN, normalise, rawVideo, slate, TILE, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { rtpAudioIn, rtpAudioOut, rtpVideoIn, rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { measured, normaliseSound, opusDecode, opusEncode, tone } from '../../hardware/gstreamer/parts/sound.ts';
import { clipOpus, clipSound, clipVideo } from '../../hardware/gstreamer/parts/sources.ts';
import { chain, element, padOf, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { beginsIdr, freeUdpPort, listener, ntpMs, parseRtp, timestampSteps } from '../support/rtp-wire.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { counted, passes, sink, workerRig, x264 } from '../support/worker.ts';

let clips: readonly ClipFiles[] = [];
t.before(async () => {
  const folder = tempFolder(t);
  clips = await makeClips({ clock: systemClock(), log: silentLog(), folder }, [
    { name: 'Xã Mỹ Đức "A" \\ 100 %', n: 2 },
    { name: 'Châu Đốc', n: 3 },
  ]);
});
const clip = (n: number): ClipFiles => clips[n] as ClipFiles;

t.test('clips are made once, and differ by site', async (t) => {
  const times = (): readonly number[] => Object.values(clip(0)).map((path) => statSync(path).mtimeMs);
  const before = times();
  const again = await makeClips({ clock: systemClock(), log: silentLog(), folder: dirname(clip(0).main) }, [
    { name: 'Xã Mỹ Đức "A" \\ 100 %', n: 2 },
  ]);
  t.strictSame(again, [clip(0)]);
  t.strictSame(times(), before);
  t.strictSame(readdirSync(dirname(clip(0).main)).length, 8, 'two sites of four files, and nothing half made');
  t.notOk(readFileSync(clip(0).main).equals(readFileSync(clip(1).main)));
  const samples = sampleVoice(voiceOf(2));
  const speaking = samples.filter((sample) => sample !== 0).length / samples.length;
  t.ok(speaking > 0.25 && speaking < 0.4, `a voice speaks for ${(speaking * 100).toFixed(0)} % of the time`);
  t.equal(samples.at(-1), 0, 'and ends in a pause, so that it loops without a click');
});

t.test('video and audio leave as RTP with the SSRC, payload type and wall-clock capture time that were asked for', async (t) => {
  const video = await listener(t);
  const audio = await listener(t);
  const { worker } = workerRig(t);
  const picture = testPicture({ id: 'p', name: 'Xã Mỹ Đức', format: TILE });
  await worker.start(
    pipeline([
      chain(
        picture,
        h264Encode({ id: 'enc', encoder: x264, format: { ...TILE, kbps: 150, gop: 15 } }),
        rtpVideoOut({ id: 'v', port: video.port, ssrc: 0xdeadbeef, seqnumOffset: 65_530 }),
      ),
      chain(tone('t'), opusEncode({ id: 'o' }), rtpAudioOut({ id: 'a', port: audio.port, ssrc: 42, pt: 112, timestampOffset: 1000 })),
    ]),
  );
  await eventually(() =>
    video.packets.length >= 40 && audio.packets.length >= 60 ? undefined : `${video.packets.length}, ${audio.packets.length}`,
  );
  const packets = video.packets.map(parseRtp);
  t.ok(packets.every(({ ssrc, pt }) => ssrc === 0xdeadbeef && pt === 96));
  t.ok(
    video.packets.every(({ length }) => length <= 1200),
    'no packet is larger than 1200 bytes',
  );
  t.ok(
    packets.every(({ seq }, i) => seq === ((packets[0]?.seq ?? 0) + i) % 65_536),
    'sequence numbers are continuous across 65535',
  );
  t.equal(packets[0]?.seq, 65_530);
  const stamped = packets.filter(({ extensions }) => extensions.has(1));
  const frames = new Set(packets.map(({ timestamp }) => timestamp)).size;
  t.ok(new Set(stamped.map(({ timestamp }) => timestamp)).size >= frames - 1, `each of ${frames} frames carries its capture time`);
  const ages = stamped.map(({ extensions }) => Date.now() - ntpMs(extensions.get(1) ?? Buffer.alloc(8)));
  t.ok(
    ages.every((age) => age > -50 && age < 30_000),
    `capture times are wall-clock times (the last is ${ages.at(-1)?.toFixed(1)} ms old)`,
  );
  const sound = audio.packets.map(parseRtp);
  t.ok(sound.every(({ ssrc, pt, extensions }) => ssrc === 42 && pt === 112 && extensions.has(1)));
  const first = sound[0]?.timestamp ?? 0;
  t.ok(first >= 1000 && first < 49_000, `timestamps begin at 1000 plus the running time: ${first}`);
  t.ok(
    timestampSteps(sound)
      .slice(1)
      .every((step) => step === 960),
    '20 ms apart, but for the first, which holds what the encoder looks ahead',
  );
});

t.test('each packet of a voice says how loud it is', async (t) => {
  // A sine of volume 0.3 has 10.5 dB of headroom and is 3 dB below its peak: 13.5 dB below overload. 10 ms is how a sound card delivers.
  const cases = [
    { volume: 0.3, frameMs: 20, buffer: 480, db: 13 },
    { volume: 0.003, frameMs: 40, buffer: 1920, db: 53 },
    { volume: 0, frameMs: 20, buffer: 960, db: 127 },
  ] as const;
  const { worker } = workerRig(t);
  const ports = await Promise.all(cases.map(() => listener(t)));
  await worker.start(
    pipeline(
      cases.map(({ volume, frameMs, buffer }, i) =>
        chain(
          element('audiotestsrc', { 'is-live': true, wave: 'sine', volume, samplesperbuffer: buffer }),
          normaliseSound(),
          opusEncode({ id: `o${i}`, frameMs, level: true }),
          rtpAudioOut({ id: `a${i}`, port: ports[i]!.port, ssrc: 16 * i, level: true }),
        ),
      ),
    ),
  );
  await eventually(() => (ports.every(({ packets }) => packets.length >= 30) ? undefined : 'not all send'));
  for (const [i, { db, volume, frameMs }] of cases.entries()) {
    const levels = ports[i]!.packets.map((bytes) => parseRtp(bytes).extensions.get(2)).map((data) =>
      data === undefined ? null : data[0]! & 127,
    );
    t.ok(
      levels.every((level) => level !== null && Math.abs(level - db) <= 1),
      `volume ${volume}, ${frameMs} ms: ${levels.slice(0, 12)}`,
    );
  }
});

t.test('RTP in is decoded, and garbage on the port stops nothing', async (t) => {
  const [videoPort, audioPort] = [await freeUdpPort(), await freeUdpPort()];
  const sender = workerRig(t).worker;
  const { worker, sees, of, downs } = workerRig(t);
  const gate = reflexed(element('identity', {}, 'gate'), { do: 'drop-until-keyframe', element: 'gate', pad: 'src', name: 'gate' });
  await worker.start(
    pipeline([
      chain(rtpVideoIn({ id: 'v', port: videoPort, jitterMs: null }), gate, h264Decode('d1'), counted('pictures')),
      chain(rtpAudioIn({ id: 'a', port: audioPort, ssrc: 2, jitterMs: 40 }), opusDecode('d2'), measured('level'), counted('sound')),
    ]),
  );
  const noise = createSocket('udp4');
  t.teardown(() => noise.close());
  const garbage = (): void => {
    for (const port of [videoPort, audioPort])
      for (let i = 0; i < 200; i++) {
        // Half of it begins like the RTP that is expected.
        const packet = Buffer.from(Array.from({ length: 1 + ((i * 37) % 1400) }, (_, k) => (k * 31 + i * 7) % 256));
        if (i % 2 === 0 && packet.length > 2) packet.set([0x80, port === videoPort ? 96 : 111]);
        noise.send(packet, port, '127.0.0.1');
      }
  };
  garbage();
  const video = reflexed(element('identity', {}, 'tap'), { do: 'probe', element: 'tap', pad: 'src', name: 'tap' });
  await sender.start(
    pipeline([
      chain(clipVideo({ id: 'main', path: clip(0).main }), video, rtpVideoOut({ id: 'v', port: videoPort, ssrc: 1 })),
      chain(tone('t'), opusEncode({ id: 'o' }), rtpAudioOut({ id: 'a', port: audioPort, ssrc: 2 })),
    ]),
  );
  await passes(worker, 'pictures', 10);
  await sees('level', ({ rms }) => (rms[0] ?? -100) > -30);
  const [pictures, sound] = [await passes(worker, 'pictures', 1), await passes(worker, 'sound', 1)];
  garbage();
  await passes(worker, 'pictures', 30, pictures);
  await passes(worker, 'sound', 50, sound);
  t.equal(downs.length, 0, 'the process is the first one');
  t.strictSame(of('error'), [], 'and so is the pipeline');
  t.match((await worker.stats()).refused, { v: /^[1-9]/, a: /^[1-9]/ }, 'what was refused is counted');
});

t.test('a port belongs to one worker: a second one is refused, and does not take its packets away', async (t) => {
  const first = workerRig(t).worker;
  const second = workerRig(t).worker;
  const listening = (port: number) => pipeline([chain(rtpAudioIn({ id: 'a', port, jitterMs: null }), sink)]);
  await first.start(listening(0));
  const port = Number(await first.get('a-udp', 'port'));
  t.match(await faultOf(second.start(listening(port))), { code: 'program.refused' });
});

t.test('a clip is sent in real time without being encoded, runs on across its seam, and jumps to an IDR when asked', async (t) => {
  const { port, packets } = await listener(t);
  const { worker } = workerRig(t);
  const begin = reflexed(element('identity', {}, 'tap'), { do: 'probe', element: 'tap', pad: 'src', name: 'clip' });
  const tee = element('tee', {}, 'tee');
  await worker.start(
    pipeline([
      chain(clipVideo({ id: 'main', path: clip(0).main, offsetMs: 8600 }), begin, tee),
      chain(padOf('tee'), element('queue'), rtpVideoOut({ id: 'v', port, ssrc: 1 })),
      chain(padOf('tee'), element('queue'), h264Decode('d3'), counted('pictures')),
    ]),
  );
  const started = performance.now();
  // 8.6 s into a 10 s clip: the seam comes after 1.4 s.
  await passes(worker, 'clip', 75);
  const seconds = (performance.now() - started) / 1000;
  const { points } = await worker.stats();
  const made = points.clip?.buffers ?? 0;
  t.ok(made / 25 <= seconds + 0.5, `in real time: ${made} frames in ${seconds.toFixed(2)} s`);
  await passes(worker, 'pictures', made - 5);

  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const before = packets.length;
    await worker.keyframe('main');
    await eventually(() => (packets.slice(before).map(parseRtp).some(beginsIdr) ? undefined : 'no IDR'));
    const since = packets.slice(before).map(parseRtp);
    waits.push(new Set(since.slice(0, since.findIndex(beginsIdr)).map(({ timestamp }) => timestamp)).size);
    // Requests fall into different places of the group of ten.
    await passes(worker, 'clip', 4 + i, (await worker.stats()).points.clip?.buffers);
  }
  t.comment(`an IDR came ${waits.join(', ')} frames after it was asked for`);
  // The clip has one in ten frames: whatever comes sooner was jumped to.
  const starts = packets.map(parseRtp).filter(beginsIdr);
  const between = timestampSteps(starts).map((step) => step / 3600);
  t.ok(between.filter((frames) => frames < 10).length >= 4, `frames from IDR to IDR: ${between.join(', ')}`);
  const steps = timestampSteps(packets.map(parseRtp));
  t.ok(
    steps.every((step) => step === 3600),
    `${steps.length} frames 40 ms apart, seam and jumps included`,
  );
  await eventually(async () => {
    const { clip, pictures } = (await worker.stats()).points;
    return clip && pictures && clip.buffers - pictures.buffers < 5 ? undefined : 'the decoder stays behind';
  });
});

t.test('prepared and synthetic voices speak and pause', async (t) => {
  const { port, packets } = await listener(t);
  const { worker, of, sees } = workerRig(t);
  await worker.start(
    pipeline([
      chain(clipOpus({ id: 'voice', path: clip(0).voice, offsetMs: 2500 }), element('tee', {}, 'tee')),
      chain(padOf('tee'), element('queue'), rtpAudioOut({ id: 'a', port, ssrc: 3 })),
      chain(padOf('tee'), element('queue'), opusDecode('d4'), measured('opus'), sink),
      chain(
        clipSound({ id: 'wav', path: clip(0).voiceWav, offsetMs: 2500 }),
        opusEncode({ id: 'o', frameMs: 40 }),
        opusDecode('d5'),
        measured('pcm'),
        sink,
      ),
    ]),
  );
  for (const element of ['opus', 'pcm']) {
    await sees('level', (event) => event.element === element && (event.rms[0] ?? -100) > -30);
    await sees('level', (event) => event.element === element && (event.rms[0] ?? 0) < -80);
  }
  t.ok(
    of('level').every(({ peak }) => (peak[0] ?? 0) < -3),
    'nothing is clipped',
  );
  t.ok(
    timestampSteps(packets.map(parseRtp))
      .slice(1)
      .every((step) => step === 1920),
    '40 ms a packet',
  );
});

t.test('a slate costs next to nothing and any picture becomes the format that is wanted', async (t) => {
  const { worker } = workerRig(t);
  await worker.start(
    pipeline([
      chain(slate({ id: 's', name: 'Chưa có hình', format: MAIN }), leaky('s-q'), counted('slate')),
      chain(
        testPicture({ id: 'p', name: 'Châu Đốc', format: { width: 400, height: 400, fps: 10 } }),
        normalise(TILE),
        rawVideo(TILE),
        counted('picture'),
      ),
    ]),
  );
  await passes(worker, 'slate', 30);
  await passes(worker, 'picture', 15);
  t.match(await worker.get('s-name', 'text'), 'Chưa có hình');
});
