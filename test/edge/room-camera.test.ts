/** A camera of the room as the site's picture: its stream, its login, its own opinion of its picture, and what is shown without it. The rest is real. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { wired } from '../../hardware/catalogue.ts';
import { serveOnvif } from '../../hardware/onvif/simulator/serve.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { servePty } from '../../hardware/wire/serve.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { asItIs } from '../../protocol/room.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { rtspServer } from '../support/rtsp.ts';
import { clock, type EdgeRig, edge, network, satisfied } from '../support/site.ts';
import { passes } from '../support/worker.ts';

const site = 'site-1';
const password = 'geheim-42';

/** An ONVIF camera whose stream is served by the RTSP server on `rtspPort`. Its address holds the password, as some makes have it. */
async function onvifCamera(t: Test, rtspPort: number) {
  const camera = await serveOnvif({
    clock,
    log: silentLog(),
    name: 'Camera',
    make: 'Diem Cau',
    model: 'DC-200',
    firmware: '1.0',
    serial: '1',
    username: 'admin',
    password,
    streamUri: `rtsp://127.0.0.1:${rtspPort}/camera?password=${password}`,
    port: 0,
    discovery: null,
    quirks: {},
  });
  t.teardown(() => camera.stop());
  return camera;
}

const wishFor = (url: string, source?: boolean): DeviceWish => ({
  id: 'camera',
  name: 'Camera bàn chủ toạ',
  driver: 'onvif',
  at: { via: 'http', host: '127.0.0.1', port: Number(new URL(url).port) },
  address: 1,
  username: 'admin',
  password,
  model: '',
  scenes: { on: asItIs, off: asItIs },
  ...(source === undefined ? {} : { source }),
});

const source = (e: EdgeRig) => e.telemetry()?.source;
const sourceIs = (e: EdgeRig, state: string, because = /.*/) =>
  eventually(
    () => {
      const now = source(e);
      return now?.state === state && because.test(now.because)
        ? undefined
        : `source ${JSON.stringify(now)}; ${e.logs.slice(-3).join('\n')}`;
    },
    { withinMs: 60_000 },
  );
const comesFrom = (e: EdgeRig, what: RegExp) =>
  eventually(() => (what.test(e.reported()?.media?.source ?? '') ? undefined : `it comes from ${e.reported()?.media?.source}`), {
    withinMs: 40_000,
  });
const told = (e: EdgeRig, what: string, because: RegExp) =>
  eventually(() => {
    const events = e.events().filter(({ kind }) => kind === 'source');
    return events.some((each) => each.what === what && because.test(each.because)) ? undefined : JSON.stringify(events);
  });

t.test('a camera of the room becomes the picture, and what happens to it is told and passes', async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  const server = await rtspServer(t, port, 'good', `admin:${password}`);
  const camera = await onvifCamera(t, port);
  const e = await edge(t, on, site, {});
  const plan = on.plan({ sites: [site], onAir: [site] });
  const hub = await on.hub.watch(t, plan, site);
  const pictures = async (): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;
  await e.desire(1, plan, [wishFor(camera.url)]);
  await comesFrom(e, /^pattern$/);
  await passes(hub.worker, 'main', 5);
  await satisfied(e, 1);

  await e.desire(2, plan, [wishFor(camera.url, true)]);
  await comesFrom(e, new RegExp(`^rtsp://127.0.0.1:${port}/camera$`));
  await sourceIs(e, 'live');
  await satisfied(e, 2);
  t.ok(server.viewers() >= 1, 'the RTSP server has let it in with the login of the camera');
  await passes(hub.worker, 'main', 25, await pictures());
  await passes(hub.worker, 'audio', 25, (await hub.worker.stats()).points.audio?.buffers ?? 0);

  camera.happen('signal-loss on');
  await sourceIs(e, 'slate', /Camera bàn chủ toạ says: signal lost/);
  await told(e, 'lost', /says: signal lost/);
  await passes(hub.worker, 'main', 5, await pictures());
  const before = server.viewers();
  camera.happen('signal-loss off');
  await sourceIs(e, 'live');
  await told(e, 'returned', /camera/);
  // It stays open behind the slate; a machine with too much to do may lose it all the same.
  t.comment(`the camera was opened ${server.viewers() - before} times for it`);
  camera.happen('dark on');
  camera.happen('tamper on');
  await sourceIs(e, 'slate', /says: tampered with/);
  camera.happen('tamper off');
  await sourceIs(e, 'live');
  // A dark room is a complaint, and a picture.
  const complaints = () => e.devices()?.devices[0]?.state.complaints.join() ?? '';
  await eventually(() => (complaints().includes('ImageTooDark') ? undefined : `it complains of ${complaints()}`));

  server.kill();
  await sourceIs(e, 'slate');
  await passes(hub.worker, 'main', 5, await pictures());
  await rtspServer(t, port, 'good', `admin:${password}`);
  await sourceIs(e, 'live');
  await passes(hub.worker, 'main', 25, await pictures());

  await camera.vanish();
  await eventually(() => (e.devices()?.devices[0]?.link === 'ok' ? 'the camera still answers' : undefined), { withinMs: 40_000 });
  await passes(hub.worker, 'main', 25, await pictures());
  // Its picture is what counts.
  await sourceIs(e, 'live', /picture runs, line to Camera bàn chủ toạ lost/);
  await comesFrom(e, /^rtsp:/);
  await camera.restore();
  await sourceIs(e, 'live', /delivers/);

  await e.desire(3, plan, [wishFor(camera.url, false)]);
  await comesFrom(e, /^pattern$/);
  await sourceIs(e, 'live', /made here/);
  await passes(hub.worker, 'main', 10, await pictures());
  await satisfied(e, 3);
  const said = JSON.stringify([e.devices(), e.events(), e.reported(), e.telemetry()]);
  t.notMatch(said, password);
  t.notMatch(e.logs.join('\n'), password);
  t.match(e.devices()?.devices[0]?.state.streams?.[0]?.uri, /password=\*\*\*/);
});

t.test('a camera that is away leaves the configured source, or a slate where there is none, and is taken when it is there', async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  const server = await rtspServer(t, port);
  const camera = await onvifCamera(t, port);
  await camera.vanish();
  const e = await edge(t, on, site, {});
  const plan = on.plan({ sites: [site], onAir: [site] });
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
  t.ok(back.viewers() >= 1);
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
  const plan = on.plan({ sites: [site], onAir: [site] });
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
