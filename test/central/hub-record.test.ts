/** Recording and preview of a real meeting: files that play whatever dies, pictures for browsers, and the HTTP that central uses. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { WebSocket } from 'ws';
import { PreviewNote } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { clientTls, type Identity } from '../../protocol/node/tls.ts';
import { RecordingManifest } from '../../protocol/recording.ts';
import { eventually } from '../support/eventually.ts';
import { type HubRig, hubRig, site } from '../support/hub.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.setTimeout(180_000);
const run = promisify(execFile);
const manifests = decoder(RecordingManifest);
const recording = 'r-abcdefgh';

interface Probe {
  readonly video: number;
  readonly audio: number;
  readonly width: number;
  readonly seconds: number;
}

/** What ffprobe, which knows nothing of us, can read of a file. */
async function probe(path: string): Promise<Probe> {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-count_packets',
    '-show_entries',
    'stream=codec_type,width,nb_read_packets:packet=pts_time',
    '-of',
    'json',
    path,
  ]);
  const { streams, packets } = JSON.parse(stdout) as {
    readonly streams: readonly { readonly codec_type: string; readonly width?: number; readonly nb_read_packets: string }[];
    readonly packets: readonly { readonly pts_time?: string }[];
  };
  const of = (type: string) => streams.find((stream) => stream.codec_type === type);
  const times = packets.map(({ pts_time: time }) => Number(time)).filter(Number.isFinite);
  const count = (type: string): number => Number(of(type)?.nb_read_packets ?? 0);
  return {
    video: count('video'),
    audio: count('audio'),
    width: of('video')?.width ?? 0,
    seconds: Math.max(0, ...times) - Math.min(0, ...times),
  };
}

/** Every picture of a file decodes; times are judged in the file's own unit, not rounded to a frame rate that a live picture has not. */
const decodes = async (path: string): Promise<string> =>
  (await run('ffmpeg', ['-v', 'error', '-i', path, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-'])).stderr;

const manifestOf = async (on: HubRig): Promise<RecordingManifest | null> => {
  const text = await readFile(join(on.recordings, recording, 'manifest.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const result = manifests.check(JSON.parse(text));
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};

const segments = (on: HubRig, want: number): Promise<void> =>
  eventually(async () => {
    const now = (await manifestOf(on))?.segments ?? [];
    const closed = now.slice(0, -1).every(({ endedAt }) => endedAt !== null);
    return now.length === want && closed ? undefined : `${now.length} segments of ${want}, all but the last closed: ${closed}`;
  });

const grows = (on: HubRig, by = 12_000): Promise<void> => {
  let from = -1;
  return eventually(() => {
    const bytes = on.hub.meeting('m-abcdefgh')?.recorder?.bytes ?? 0;
    if (from < 0) from = bytes;
    return bytes > from + by ? undefined : `${bytes - from} bytes were written`;
  });
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

const ask = (on: HubRig, identity: Identity, path: string, { method = 'GET', headers = {} } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { ...clientTls(identity, 'hub-1'), host: '127.0.0.1', port: on.port, path, method, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, type: String(answer.headers['content-type']), body: Buffer.concat(chunks) }),
        );
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end();
  });

t.test('a recorded meeting', async (t) => {
  let freeBytes = 1e12;
  const hub = await hubRig(t, { freeBytes: () => freeBytes, ...{} });
  const quiet = hub.plan({ sites: 2 });
  const wish = { id: recording, because: 'biên bản', by: 'chair' };
  const recorded = { ...quiet, recording: wish };
  const speaks = (n: number, who: string, previous: string | null = null) => ({
    ...recorded,
    grant: { ...quiet.grant, n, slots: [who], previous },
  });
  await hub.desire(quiet);
  await site(t, hub, quiet, 'site-1', { stamp: 1, hz: 500, main: true, colour: 0x802020 });
  await site(t, hub, quiet, 'site-2', { stamp: 2, hz: 1200, main: true, colour: 0x208020 });
  const central = await hub.identity('central', 'central');

  await t.test('a segment for the mosaic and for each speaker, no time missing between them', async (t) => {
    await hub.desire(recorded);
    await segments(hub, 1);
    await grows(hub);
    await hub.desire(speaks(1, 'site-1'));
    await segments(hub, 2);
    await grows(hub);
    await hub.desire(speaks(2, 'site-2', 'site-1'));
    await segments(hub, 3);
    await grows(hub);
    const manifest = await manifestOf(hub);
    t.strictSame(
      manifest?.segments.map(({ site: who }) => who),
      [null, 'site-1', 'site-2'],
    );
    for (const [index, { startedAt }] of manifest!.segments.slice(1).entries())
      t.ok(startedAt <= (manifest!.segments[index]!.endedAt ?? 0), 'the one before ends after the next has begun');
    for (const { file } of manifest!.segments.slice(0, 2)) {
      const found = await probe(join(hub.recordings, recording, file));
      t.ok(found.video > 5 && found.audio > 5, `${file}: ${JSON.stringify(found)}`);
    }
  });

  await t.test('a killed recorder leaves a readable file and is replaced', async (t) => {
    const { recorder } = hub.hub.meeting(quiet.meeting)!;
    recorder!.worker!.kill('SIGKILL');
    await segments(hub, 4);
    const cut = (await manifestOf(hub))!.segments[2]!;
    const found = await probe(join(hub.recordings, recording, cut.file));
    t.ok(found.video > 5 && found.audio > 5);
    const lived = (cut.endedAt! - cut.startedAt) / 1000;
    t.comment(`${found.seconds.toFixed(2)} s readable of ${lived.toFixed(2)} s`);
    t.ok(found.seconds > lived - 1, 'at most a second is missing');
    t.ok(hub.notes.some(({ kind, what }) => kind === 'recording' && what === 'cut'));
  });

  await t.test('a full disk stops the recording, not the meeting', async (t) => {
    freeBytes = -1;
    await eventually(() => (hub.hub.report.because.includes('MB are free') ? undefined : hub.hub.report.because));
    t.ok(hub.notes.some(({ kind, what, severity }) => kind === 'health' && what === 'disk-full' && severity === 'error'));
    const { meetings } = await hub.hub.telemetry(0);
    t.equal(meetings[0]?.recording?.state, 'failed');
    t.equal(meetings[0]?.mosaic.state, 'running');
    freeBytes = 1e12;
    await segments(hub, 5);
  });

  await t.test('the end closes the files', async (t) => {
    await hub.desire(quiet);
    await eventually(async () => ((await manifestOf(hub))?.endedAt ? undefined : 'not ended'));
    const manifest = (await manifestOf(hub))!;
    t.ok(manifest.segments.every(({ endedAt, bytes }) => endedAt !== null && bytes > 0));
    const last = manifest.segments.at(-1)!;
    t.equal(await decodes(join(hub.recordings, recording, last.file)), '');
  });

  await t.test('central lists, reads, plays and deletes', async (t) => {
    const list = JSON.parse((await ask(hub, central, '/v1/recordings')).body.toString()) as readonly {
      readonly recording: string;
      readonly bytes: number;
    }[];
    t.match(list, [{ recording }]);
    const files = (await readdir(join(hub.recordings, recording))).filter((name) => name.endsWith('.mkv'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(hub.recordings, recording, name))).size));
    t.equal(
      list[0]!.bytes,
      sizes.reduce((sum, size) => sum + size, 0),
      'as many bytes as lie on the disk',
    );
    const whole = await ask(hub, central, `/v1/recordings/${recording}/0001.mkv`);
    t.strictSame([whole.status, whole.type], [200, 'video/x-matroska']);
    const part = await ask(hub, central, `/v1/recordings/${recording}/0001.mkv`, { headers: { range: 'bytes=10-19' } });
    t.strictSame([part.status, part.body.compare(whole.body.subarray(10, 20))], [206, 0]);
    const played = await ask(hub, central, `/v1/recordings/${recording}/0001.mkv/play`);
    t.equal(played.type, 'video/mp4');
    const file = join(tempFolder(t), 'played.mp4');
    await writeFile(file, played.body);
    const [original, copy] = [await probe(join(hub.recordings, recording, '0001.mkv')), await probe(file)];
    t.equal(copy.video, original.video, 'every picture');
    t.ok(copy.audio > 0 && copy.width === 640);
    for (const [method, path, status] of [
      ['GET', `/v1/recordings/${recording}/9999.mkv`, 404],
      ['GET', `/v1/recordings/${recording}/..%2f..%2fx`, 404],
      ['GET', '/v1/recordings/r-nothere2/0000.mkv', 404],
      ['POST', '/v1/recordings', 404],
      ['GET', `/v1/meetings/${quiet.meeting}/thumbs/site-9.jpg`, 404],
      ['GET', `/v1/meetings/${quiet.meeting}/thumbs/site-1.jpg`, 200],
      ['DELETE', `/v1/recordings/${recording}`, 204],
      ['DELETE', `/v1/recordings/${recording}`, 404],
    ] as const)
      t.equal((await ask(hub, central, path, { method })).status, status, `${method} ${path}`);
  });
});

interface Watcher {
  readonly notes: PreviewNote[];
  /** What a browser would append, anew after each initialisation segment. */
  readonly movies: Buffer[][];
  readonly socket: WebSocket;
}

async function watcher(t: Parameters<typeof hubRig>[0], on: HubRig, identity: Identity, path: string): Promise<Watcher> {
  const socket = new WebSocket(`wss://127.0.0.1:${on.port}${path}`, { ...clientTls(identity, 'hub-1') });
  t.teardown(() => socket.terminate());
  const [notes, movies]: [PreviewNote[], Buffer[][]] = [[], []];
  const check = decoder(PreviewNote);
  socket.on('message', (data: Buffer, binary) => {
    if (binary) return void movies.at(-1)?.push(data);
    const note = check.decode(data);
    if (!note.ok) throw new Error(JSON.stringify(note.fault));
    notes.push(note.value);
    if (note.value.type === 'init') movies.push([]);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { notes, movies, socket };
}

const arrives = ({ movies }: Watcher, movie: number, pieces: number): Promise<void> =>
  eventually(() => ((movies[movie]?.length ?? 0) >= pieces ? undefined : `${movies[movie]?.length ?? 0} pieces of movie ${movie}`));

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

t.test('pictures for browsers', async (t) => {
  const hub = await hubRig(t);
  const plan = hub.plan({ sites: 2, onAir: ['site-1'] });
  await hub.desire(plan);
  await site(t, hub, plan, 'site-1', { stamp: 1, hz: 500, main: true, colour: 0x802020 });
  await site(t, hub, plan, 'site-2', { stamp: 2, hz: 1200, main: true, colour: 0x208020 });
  const central = await hub.identity('central', 'central');
  const path = (view: string): string => `/v1/meetings/${plan.meeting}/preview/${view}`;

  await t.test('the program follows the floor with a new initialisation segment', async (t) => {
    const program = await watcher(t, hub, central, path('program'));
    await arrives(program, 0, 12);
    await hub.desire({ ...plan, grant: { ...plan.grant, n: 2, slots: ['site-2'], previous: 'site-1' } });
    await arrives(program, 1, 12);
    const inits = program.notes.filter((note) => note.type === 'init');
    t.strictSame(
      inits.map((note) => note.site),
      ['site-1', 'site-2'],
    );
    t.match(inits[0]?.mime, /^video\/mp4; codecs="avc1\.42[0-9A-F]{4}, mp4a\.40\.2"$/);
    for (const [index, movie] of program.movies.entries()) {
      const file = join(tempFolder(t), `${index}.mp4`);
      await writeFile(file, Buffer.concat(movie));
      const found = await probe(file);
      t.ok(found.width === 640 && found.video > 5, JSON.stringify(found));
      t.equal(await decodes(file), '', 'begins with an IDR and decodes whole');
    }
    await hub.desire({ ...plan, grant: { ...plan.grant, n: 3, slots: [] } });
    await eventually(() => (program.notes.at(-1)?.type === 'waiting' ? undefined : 'nobody speaks, and the viewer is not told'));
  });

  await t.test('viewers of the mosaic share one muxer; a late one begins at a keyframe; nobody watching, nothing runs', async (t) => {
    const first = await watcher(t, hub, central, path('mosaic'));
    // Longer than a hub is silent about what is missing.
    await arrives(first, 0, 30);
    t.notOk(
      first.notes.slice(first.notes.findIndex(({ type }) => type === 'init')).some(({ type }) => type === 'waiting'),
      'who sees the picture is not told to wait for it',
    );
    const late = await watcher(t, hub, central, path('mosaic'));
    await arrives(late, 0, 8);
    const preview = hub.hub.meeting(plan.meeting)!.preview('mosaic')!;
    t.strictSame([preview.viewers, preview.pids.length], [2, 1]);
    const file = join(tempFolder(t), 'late.mp4');
    await writeFile(file, Buffer.concat(late.movies[0]!));
    t.equal(await decodes(file), '');
    for (const { socket } of [first, late]) socket.close();
    await eventually(() => (preview.pids.length === 0 ? undefined : 'the muxer still runs'));
  });

  await t.test(
    'a single site: its tile as it comes, begun by the first viewer, ended by the last, and its death costs nothing else',
    async (t) => {
      const { singles } = hub.hub.meeting(plan.meeting)!;
      const only = await watcher(t, hub, central, path('site/site-2'));
      await arrives(only, 0, 12);
      const { width, height } = plan.sites[1]!.streams.tile.format;
      t.match(only.notes.find((note) => note.type === 'init')?.mime, /^video\/mp4; codecs="avc1\.42[0-9A-F]{4}"$/, 'no sound');
      t.match(
        only.notes.findLast((note) => note.type === 'init'),
        { site: 'site-2' },
      );
      const file = join(tempFolder(t), 'single.mp4');
      await writeFile(file, Buffer.concat(only.movies[0]!));
      const found = await probe(file);
      t.strictSame([found.width, found.audio], [width, 0], `${width} by ${height}, picture only`);
      t.equal(await decodes(file), '', 'begins with an IDR and decodes whole');

      const second = await watcher(t, hub, central, path('site/site-2'));
      await arrives(second, 0, 4);
      t.strictSame([singles.sites, singles.pids.length], [['site-2'], 1], 'two viewers share one muxer');
      const [pid] = singles.pids;
      const program = await watcher(t, hub, central, path('mosaic'));
      await arrives(program, 0, 4);
      const mosaic = hub.hub.meeting(plan.meeting)!.preview('mosaic')!;
      const others = [...mosaic.pids];
      process.kill(pid!, 'SIGKILL');
      await arrives(only, 1, 4);
      t.not(singles.pids[0], pid, 'a new process');
      t.strictSame(mosaic.pids, others, 'the mosaic has its old one');
      t.equal(program.movies.length, 1, 'and its viewer noticed nothing');
      for (const { socket } of [only, second, program]) socket.close();
      await eventually(() => (singles.sites.length === 0 ? undefined : `${singles.sites} are still there`));
      await eventually(() => (exists(pid!) ? 'the killed one is still there' : undefined));
    },
  );

  await t.test('only central may look', async (t) => {
    const edge = await hub.identity('site-1', 'edge');
    await t.rejects(ask(hub, edge, '/v1/recordings'));
    await t.rejects(watcher(t, hub, edge, path('mosaic')));
    for (const strange of ['site/site-9', 'site', 'mosaic/site-1', 'site/site-1/x', 'site/..%2f'])
      await t.rejects(watcher(t, hub, central, path(strange)), /404/, strange);
    await t.rejects(watcher(t, hub, central, '/v1/meetings/m-unknown1/preview/mosaic'), /404/);
    await t.rejects(watcher(t, hub, central, '/v1/meetings/m-unknown1/preview/site/site-1'), /404/);
  });
});
