/** Cameras that are real inputs and real trouble: an RTSP server that dies and returns, one that sends noise, a file in a loop, a device that is not there. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from '../support/eventually.ts';
import { rtspServer } from '../support/rtsp.ts';
import { clock, type EdgeRig, edge, network, satisfied } from '../support/site.ts';
import { passes, type WorkerRig } from '../support/worker.ts';

const site = 'site-1';

const source = (e: EdgeRig) => e.telemetry()?.source;
const sourceIs = (e: EdgeRig, state: string) =>
  eventually(() => (source(e)?.state === state ? undefined : `source ${JSON.stringify(source(e))}; ${e.logs.slice(-2).join('\n')}`), {
    withinMs: 40_000,
  });
const pictures = async (hub: WorkerRig): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;

async function meeting(t: Test, configOf: (folder: string) => object) {
  const on = await network(t, [site]);
  const config = configOf(on.folder);
  const e = await edge(t, on, site, config);
  const plan = on.plan({ sites: [site], onAir: [site] });
  const hub = await on.hub.watch(t, plan, site);
  await e.desire(1, plan);
  return { on, e, hub };
}

t.test('an RTSP camera reaches the hub; when its server dies a slate takes over, and the picture returns by itself', async (t) => {
  const port = await freePort();
  const server = await rtspServer(t, port);
  const { e, hub } = await meeting(t, () => ({ source: `rtsp://127.0.0.1:${port}/camera` }));
  await passes(hub.worker, 'main', 25);
  await sourceIs(e, 'live');
  await satisfied(e, 1);
  t.match(e.reported(), {
    media: { source: `rtsp://127.0.0.1:${port}/camera` },
    parts: [{ name: 'relay' }, { name: 'picture' }, { name: 'voice' }],
  });
  await hub.worker.stats({ reset: true });

  server.kill();
  const killed = clock.mono();
  await eventually(() => (e.events().some(({ kind, what }) => kind === 'source' && what === 'lost') ? undefined : 'the loss is not told'));
  await passes(hub.worker, 'main', 5, await pictures(hub));
  await sourceIs(e, 'slate');
  t.comment(
    `RTSP server killed: longest gap between pictures at the hub ${(await hub.worker.stats({ reset: true })).points.main?.maxGapMs} ms`,
  );
  const sound = (await hub.worker.stats()).points.audio?.buffers ?? 0;

  const back = await rtspServer(t, port);
  await sourceIs(e, 'live');
  t.comment(
    `picture back ${Math.round(clock.mono() - killed)} ms after the kill, longest gap on the way ${(await hub.worker.stats()).points.main?.maxGapMs} ms`,
  );
  await passes(hub.worker, 'main', 25, await pictures(hub));
  await back.opened();
  t.ok(((await hub.worker.stats()).points.audio?.buffers ?? 0) > sound, 'the voice went on');
  const { points } = await hub.worker.stats();
  t.ok((points.audio?.maxGapMs ?? 9999) < 1000, `the voice had no part in it (longest gap ${points.audio?.maxGapMs} ms)`);
  await eventually(() =>
    e.events().some(({ kind, what }) => kind === 'source' && what === 'returned') ? undefined : 'the return is not told',
  );
  t.equal(e.process.exitCode, null);
});

t.test('a camera that sends noise for H.264 costs the picture, not the site', async (t) => {
  const port = await freePort();
  const server = await rtspServer(t, port, 'garbage');
  const { e, hub } = await meeting(t, () => ({ source: `rtsp://127.0.0.1:${port}/camera` }));
  await passes(hub.worker, 'main', 25);
  await passes(hub.worker, 'audio', 25);
  await server.opened(2);
  await passes(hub.worker, 'main', 25, await pictures(hub));
  // Between two tries there is a moment without any pipeline.
  await sourceIs(e, 'slate');
  server.kill();
  await rtspServer(t, port);
  await sourceIs(e, 'live');
});

t.test('a media file is played in a loop', async (t) => {
  const film = (folder: string): string => {
    const path = join(folder, 'phim.mkv');
    const made =
      'videotestsrc num-buffers=60 pattern=ball ! video/x-raw,width=640,height=480,framerate=30/1 ! x264enc speed-preset=ultrafast key-int-max=30';
    execFileSync('gst-launch-1.0', ['-q', ...made.split(' '), '!', 'h264parse', '!', 'matroskamux', '!', 'filesink', `location=${path}`]);
    return path;
  };
  const { e, hub } = await meeting(t, (folder) => ({ source: film(folder) }));
  // Two seconds of film: a hundred pictures are beyond its first end.
  await passes(hub.worker, 'main', 100);
  await sourceIs(e, 'live');
  t.match(
    e.events().filter(({ kind }) => kind === 'source'),
    [],
    'the seam is no failure',
  );
});

t.test('a camera that is not there is waited for behind a slate', async (t) => {
  const { e, hub } = await meeting(t, () => ({ source: { kind: 'v4l2', device: '/dev/video-absent' } }));
  await passes(hub.worker, 'main', 10);
  await passes(hub.worker, 'audio', 10);
  await sourceIs(e, 'slate');
  // A slate is on the air before the device has been tried; why it stays is known a moment later.
  await eventually(() => (source(e)?.because.includes('video-absent') ? undefined : `source ${JSON.stringify(source(e))}`));
  const told = () => e.events().find(({ kind }) => kind === 'source');
  await eventually(() => (told() === undefined ? 'the loss is not told' : undefined));
  t.match(told(), { what: 'lost', severity: 'warning' });
});
