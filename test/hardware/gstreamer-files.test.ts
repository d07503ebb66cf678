/** Files in and out, and the mixing matrix: looped media, recordings that survive a kill, N-1 sound. On a real worker. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type ClipFiles, makeClips } from '../../hardware/gstreamer/clip/clip.ts';
import { h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { TILE } from '../../hardware/gstreamer/parts/picture.ts';
import { rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { measured, opusDecode, opusEncode, rawAudio, silence, tone } from '../../hardware/gstreamer/parts/sound.ts';
import { clipVideo, fileSource, rtspSource, v4l2Source } from '../../hardware/gstreamer/parts/sources.ts';
import { chain, element, filter, padOf, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { render } from '../../hardware/gstreamer/render.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { listener, parseRtp, timestampSteps } from '../support/rtp-wire.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { counted, passes, sanitized, sink, workerRig, x264 } from '../support/worker.ts';

let clips: readonly ClipFiles[] = [];
t.before(async () => {
  const folder = tempFolder(t);
  clips = await makeClips({ clock: systemClock(), log: silentLog(), folder }, [{ name: 'Châu Đốc', n: 3 }]);
});
const clip = (n: number): ClipFiles => clips[n] as ClipFiles;

t.test('any media file plays in a loop with timestamps that run on', async (t) => {
  const folder = tempFolder(t);
  for (const [name, mux] of [
    ['mkv', 'matroska'],
    ['mp4', 'mp4'],
  ] as const) {
    const path = join(folder, `Phim "ngắn" 1.${name}`);
    const make = [
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=640x360:r=25:d=1',
      '-f',
      'lavfi',
      '-i',
      'sine=d=1',
      '-c:v',
      'libx264',
      '-c:a',
      'aac',
      '-f',
      mux,
      path,
    ];
    execFileSync('ffmpeg', ['-v', 'error', ...make]);
    const { worker, of, sees } = workerRig(t);
    const port = await listener(t);
    const encoded = h264Encode({ id: 'enc', encoder: x264, format: { ...TILE, kbps: 200, gop: 15 } });
    const video = chain(
      reflexed(element('identity', {}, 'seen'), { do: 'probe', element: 'seen', pad: 'src', name: 'video' }),
      encoded,
      rtpVideoOut({ id: 'v', port: port.port, ssrc: 1 }),
    );
    await worker.start(pipeline(fileSource({ id: 'file', path, format: TILE, video, audio: chain(measured('level'), counted('audio')) })));
    await sees('looped', ({ loops }) => loops >= 3);
    await passes(worker, 'video', 15, (await worker.stats()).points.video?.buffers);
    t.strictSame(of('error'), [], name);
    t.strictSame(of('eos'), [], name);
    const steps = timestampSteps(port.packets.map(parseRtp));
    t.ok(
      steps.length >= 45 && steps.every((step) => Math.abs(step - 6000) <= 1),
      `${name}: ${steps.length} frames, 1/15 s apart over the seams: ${[...new Set(steps)]}`,
    );
  }
});

t.test('a matrix mixes N channels for N listeners and is changed at run time', async (t) => {
  const { worker, sees, events } = workerRig(t);
  const matrix = (rows: readonly (readonly number[])[]): string =>
    `< ${rows.map((row) => `< ${row.map((gain) => `(double)${gain.toFixed(3)}`).join(', ')} >`).join(', ')} >`;
  const others = [
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
  ];
  const names = ['a', 'b', 'c'];
  const inputs = names.map((name, i) =>
    chain(
      i === 0 ? tone(name) : silence(name),
      rawAudio(1, 'S16LE'),
      element('audioconvert'),
      rawAudio(1, 'F32LE'),
      element('queue'),
      padOf('il', `sink_${i}`),
    ),
  );
  const outputs = names.map((name, i) =>
    chain(
      padOf('de', `src_${i}`),
      element('queue'),
      element('audioconvert'),
      opusEncode({ id: `o${name}`, complexity: 0 }),
      opusDecode(`d${name}`),
      measured(`out-${name}`),
      sink,
    ),
  );
  const mix = element('audiomixmatrix', { 'in-channels': 3, 'out-channels': 3, matrix: matrix(others), 'channel-mask': 0 }, 'matrix');
  await worker.start(
    pipeline([
      ...inputs,
      chain(
        element('audiointerleave', { latency: 20_000_000, 'output-buffer-duration': 20_000_000 }, 'il'),
        filter('audio/x-raw', { format: 'F32LE' }),
        mix,
        element('deinterleave', {}, 'de'),
      ),
      ...outputs,
    ]),
  );
  const hears = (name: string, yes: boolean): Promise<unknown> =>
    sees('level', ({ element, rms }) => element === `out-${name}` && (yes ? (rms[0] ?? -100) > -30 : (rms[0] ?? 0) < -60));
  await hears('b', true);
  await hears('c', true);
  await hears('a', false);
  t.notOk(
    events.some((event) => event.event === 'level' && event.element === 'out-a' && (event.rms[0] ?? -100) > -60),
    'who speaks does not hear itself',
  );
  events.length = 0;
  await worker.set(
    'matrix',
    'matrix',
    matrix([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]),
  );
  await hears('a', true);
  await hears('b', false);
});

t.test('a recording is readable after the worker was killed, and closed properly when there is time', async (t) => {
  const folder = tempFolder(t);
  const recorder = (path: string): ReturnType<typeof pipeline> => {
    const mux = element('matroskamux', { 'min-cluster-duration': 500_000_000, 'offset-to-zero': true }, 'mux');
    return pipeline(
      [
        chain(
          clipVideo({ id: 'main', path: clip(0).main }),
          element('h264parse'),
          reflexed(element('queue', {}, 'q'), { do: 'probe', element: 'q', pad: 'src', name: 'in' }),
          padOf('mux'),
        ),
        chain(tone('t'), opusEncode({ id: 'o' }), element('queue'), padOf('mux')),
        chain(mux, element('filesink', { location: path, async: false })),
      ],
      { finalise: true },
    );
  };
  const probe = (path: string): { frames: number; duration: number } => {
    const out = execFileSync('ffprobe', [
      '-v',
      'error',
      '-count_packets',
      '-select_streams',
      'v',
      '-show_entries',
      'stream=nb_read_packets:format=duration',
      '-of',
      'json',
      path,
    ]);
    const { streams, format } = JSON.parse(out.toString());
    return { frames: Number(streams[0].nb_read_packets), duration: Number(format.duration) };
  };
  const killed = join(folder, 'killed.mkv');
  const first = workerRig(t).worker;
  await first.start(recorder(killed));
  const written = await passes(first, 'in', 60);
  first.kill('SIGKILL');
  await eventually(() => (probe(killed).frames > 0 ? undefined : 'nothing in the file'));
  await first.stop();
  const { frames } = probe(killed);
  t.ok(frames >= written - 25, `${frames} of ${written} frames are in the file`);

  // The bare process: Program would start it again and record over the file.
  const ends: readonly (readonly [string, (child: ChildProcess) => unknown])[] = [
    ['end of stdin', (child) => child.stdin?.end()],
    ['SIGTERM', (child) => child.kill('SIGTERM')],
    ['quit', (child) => child.stdin?.write('{"do":"quit"}\n')],
  ];
  for (const [name, end] of ends) {
    const path = join(folder, `${name}.mkv`);
    const { binary, env } = sanitized(t);
    const child = spawn(binary, { stdio: ['pipe', 'ignore', 'ignore'], env: { ...process.env, ...env } });
    t.teardown(() => child.kill('SIGKILL'));
    child.stdin.write(`${JSON.stringify({ do: 'start', launch: render(recorder(path)), finalise: true })}\n`);
    await eventually(() => (existsSync(path) && statSync(path).size > 100_000 ? undefined : 'the file does not grow'));
    const exit = once(child, 'exit');
    const begin = performance.now();
    end(child);
    t.strictSame(await exit, [0, null], name);
    t.comment(`${name}: gone after ${(performance.now() - begin).toFixed(0)} ms`);
    t.ok(probe(path).duration > 0.3, `${name}: the file has its duration written`);
  }
});

t.test('an RTSP camera is a source, and its end is told', async (t) => {
  const camera = spawn('/usr/bin/python3', [join(packageRoot(), 'test/support/rtsp-server.py'), '0', 'good'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => camera.kill('SIGKILL'));
  let said = '';
  camera.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await eventually(() => (/ready \d+/.test(said) ? undefined : 'no camera'));
  const { worker, events, sees } = workerRig(t);
  const url = `rtsp://127.0.0.1:${/ready (\d+)/.exec(said)?.[1]}/camera`;
  const stalled = reflexed(element('identity', {}, 'cam'), { do: 'probe', element: 'cam', pad: 'src', name: 'cam', stalledMs: 500 });
  await worker.start(pipeline([chain(rtspSource({ id: 'c', url, format: TILE }), stalled, sink)]));
  await passes(worker, 'cam', 20);
  camera.kill('SIGKILL');
  await sees('stalled', ({ gapMs }) => gapMs >= 500);
  await eventually(() => (events.some(({ event }) => event === 'error' || event === 'eos') ? undefined : 'neither error nor end'));
});

t.test('a device that is not there is refused with its name', async (t) => {
  const { worker } = workerRig(t);
  const start = worker.start(pipeline([chain(v4l2Source({ id: 'v', device: '/dev/video-none', format: TILE, ask: 'mjpeg' }), sink)]));
  t.match(await faultOf(start), { error: 'start.failed', detail: /v-v4l2: .*\/dev\/video-none/s });
});
