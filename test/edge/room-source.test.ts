/** What is shown while a camera of the room is away, and what is told of a picture that comes through a codec. Devices are simulators; the rest is real. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { wired } from '../../hardware/catalogue.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { servePty } from '../../hardware/wire/serve.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from '../support/eventually.ts';
import { comesFrom, onvifCamera, site, smallPlan, sourceIs, wishFor } from '../support/room-camera.ts';
import { rtspServer } from '../support/rtsp.ts';
import { clock, edge, network, satisfied } from '../support/site.ts';
import { passes } from '../support/worker.ts';

t.test('a camera that is away leaves the configured source, or a slate where there is none, and is taken when it is there', async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  const server = await rtspServer(t, port);
  const camera = await onvifCamera(t, port);
  await camera.vanish();
  const e = await edge(t, on, site, {});
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  await e.desire(1, plan, [wishFor(camera.url, true)]);
  await comesFrom(e, /^slate$/);
  await sourceIs(e, 'slate', /Camera bàn chủ toạ is not there/);
  await passes(hub.worker, 'main', 10);
  await eventually(() => {
    const { satisfied: whole, because } = e.reported() ?? {};
    return whole === false && because?.includes('Camera bàn chủ toạ is not there') ? undefined : `reported ${whole}: ${because}`;
  });

  await camera.restore();
  await comesFrom(e, /^rtsp:/);
  await sourceIs(e, 'live');
  await satisfied(e, 1);
  server.kill();
  await camera.vanish();
  await comesFrom(e, /^slate$/);
  const back = await rtspServer(t, port);
  await camera.restore();
  await comesFrom(e, /^rtsp:/);
  await sourceIs(e, 'live');
  await back.opened();
});

t.test('a box that sends clips takes a camera too, and goes back to its clips', async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  await rtspServer(t, port);
  const camera = await onvifCamera(t, port);
  const clip = (name: string, height: number): string => {
    const path = join(on.folder, `${name}.h264`);
    const made = `videotestsrc num-buffers=50 ! video/x-raw,width=${(height * 16) / 9},height=${height},framerate=25/1 ! x264enc speed-preset=ultrafast key-int-max=25 ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au`;
    execFileSync('gst-launch-1.0', ['-q', ...made.split(' '), '!', 'filesink', `location=${path}`]);
    return path;
  };
  const e = await edge(t, on, site, { source: { kind: 'clip', main: clip('main', 360), tile: clip('tile', 180) }, encoder: 'x264enc' });
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  const pictures = async (): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;
  await e.desire(1, plan, [wishFor(camera.url)]);
  await passes(hub.worker, 'main', 10);
  await comesFrom(e, /^clip /);
  await e.desire(2, plan, [wishFor(camera.url, true)]);
  await comesFrom(e, /^rtsp:/);
  await sourceIs(e, 'live', /^delivers$/);
  await satisfied(e, 2);
  await passes(hub.worker, 'main', 10, await pictures());
  await e.desire(3, plan);
  await comesFrom(e, /^clip /);
  await sourceIs(e, 'live', /^made here$/);
  await passes(hub.worker, 'main', 10, await pictures());
  await satisfied(e, 3);
});

t.test("a codec's picture comes through the capture of the box, and it is told which of the two is wrong", async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  // In place of the capture device, which this machine has not.
  const server = await rtspServer(t, port);
  const at = await mkdtemp(join(tmpdir(), 'diemcau-room-'));
  t.teardown(() => rm(at, { recursive: true, force: true }));
  const path = join(at, 'codec');
  const simulator = wired.xapi.simulator({ ...plainSettings, model: 'tc7' });
  const served = await servePty(simulator, path, clock, Math.random);
  t.teardown(() => served.stop());
  const e = await edge(t, on, site, { source: `rtsp://127.0.0.1:${port}/camera` });
  const plan = smallPlan(on);
  const codec: DeviceWish = {
    ...wishFor(`http://127.0.0.1:${port}`, true),
    id: 'codec',
    name: 'C40',
    driver: 'xapi',
    username: '',
    password: '',
  };
  await e.desire(1, plan, [{ ...codec, at: { via: 'serial', path, baud: null } }]);
  await sourceIs(e, 'live', /^delivers$/);
  await satisfied(e, 1);
  await served.vanish();
  await sourceIs(e, 'live', /^picture runs, line to C40 lost: /);
  server.kill();
  await sourceIs(e, 'slate', /^no picture, and line to C40 lost: /);
  simulator.restart();
  await served.restore();
  await sourceIs(e, 'slate', /^no picture, though C40 answers: /);
  await rtspServer(t, port);
  await sourceIs(e, 'live', /^delivers$/);
});
