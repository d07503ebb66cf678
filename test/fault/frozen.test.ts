/** A camera that goes on delivering one picture, or black, is as dead as one that stops. Real cameras that are told to; the real edge process. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { site, smallPlan } from '../support/room-camera.ts';
import { movingClip, simulatedCamera } from '../support/simulated-camera.ts';
import { edge, network } from '../support/site.ts';
import { onAir, sourceEvents, switches, twoCameras } from '../support/switches.ts';
import { passes } from '../support/worker.ts';

t.setTimeout(160_000);

t.test('a frozen and a black camera lose the air to the backup, and get it back when they move again', async (t) => {
  const { a, b, e, hub, pictures } = await twoCameras(t);
  const told = switches(e);
  for (const [order, verdict] of [
    ['freeze', 'frozen'],
    ['black', 'black'],
  ] as const) {
    await a.order(order);
    const lost = await told.next('backup', new RegExp(verdict));
    t.match(lost, { what: 'backup', because: `camera ${verdict}`, facts: { from: 'camera' } });
    await onAir(e, 1, new RegExp(`^backup camera is on the air: its picture is ${verdict}$`));
    await passes(hub.worker, 'main', 25, await pictures());
    await a.order('live');
    t.match(await told.next('camera'), { what: 'returned' });
    await onAir(e, 0);
  }
  // Frozen while it stands by: when it is needed it is not taken.
  await b.order('freeze');
  await eventually(
    () => (e.telemetry()?.source.standby?.some(({ ready }) => !ready) ? undefined : `stands by: ${JSON.stringify(e.telemetry()?.source)}`),
    { withinMs: 60_000 },
  );
  await a.order('black');
  t.match(await told.next('slate', /black/), { what: 'lost', because: 'camera black' });
  await onAir(e, null);
  await b.order('live');
  t.match(await told.next('backup'), { facts: { from: 'slate' } });
  t.comment(`switches: ${told.told()}`);
});

t.test('what may rightly stand still keeps the air', async (t) => {
  const on = await network(t, [site]);
  const a = await simulatedCamera(t, movingClip(on.folder));
  const e = await edge(t, on, site, { source: { kind: 'rtsp', url: a.url, frozen: false } });
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  await e.desire(1, plan);
  await onAir(e, 0);
  await a.order('freeze');
  await passes(hub.worker, 'main', 100, (await hub.worker.stats()).points.main?.buffers);
  // A machine with too much to do may be late with pictures; nobody says that they stand still.
  t.notMatch(JSON.stringify(sourceEvents(e)), /frozen/);
});
