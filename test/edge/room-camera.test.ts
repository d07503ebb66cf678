/** A camera of the room as the site's picture: its stream, its login, its own opinion of its picture. The camera is a simulator; the rest is real. */
import t from 'tap';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from '../support/eventually.ts';
import { comesFrom, onvifCamera, password, site, smallPlan, sourceIs, told, wishFor } from '../support/room-camera.ts';
import { rtspServer } from '../support/rtsp.ts';
import { edge, network, satisfied } from '../support/site.ts';
import { passes } from '../support/worker.ts';

t.test('a camera of the room becomes the picture, and what happens to it is told and passes', async (t) => {
  const on = await network(t, [site]);
  const port = await freePort();
  const server = await rtspServer(t, port, 'good', `admin:${password}`);
  const camera = await onvifCamera(t, port);
  const e = await edge(t, on, site, {});
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  const pictures = async (): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;
  await e.desire(1, plan, [wishFor(camera.url)]);
  await comesFrom(e, /^pattern$/);
  await passes(hub.worker, 'main', 5);
  await satisfied(e, 1);

  await e.desire(2, plan, [wishFor(camera.url, true)]);
  await comesFrom(e, new RegExp(`^rtsp://127.0.0.1:${port}/camera$`));
  // The pattern was live too.
  await sourceIs(e, 'live', /delivers/);
  await satisfied(e, 2);
  await server.opened();
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
