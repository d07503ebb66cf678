/** A camera dies: the other one takes over, then the slate; each comes back by itself, in the same pipeline. Real cameras, killed; the real edge process. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { site, smallPlan } from '../support/room-camera.ts';
import { movingClip, simulatedCamera } from '../support/simulated-camera.ts';
import { childPid, edge, network, satisfied } from '../support/site.ts';
import { onAir, sourceEvents, switches, twoCameras } from '../support/switches.ts';
import { passes } from '../support/worker.ts';

t.setTimeout(160_000);

t.test('camera, backup camera, slate, and back', async (t) => {
  const { a, b, e, hub, pictures } = await twoCameras(t);
  await passes(hub.worker, 'main', 25, await pictures());
  await eventually(() => {
    const { standby } = e.telemetry()?.source ?? {};
    return standby?.length === 1 && standby[0]?.ready === true && standby[0].name === b.url
      ? undefined
      : `standby ${JSON.stringify(standby)}`;
  });
  t.notMatch(JSON.stringify(sourceEvents(e)), /started/, 'what opens first is no news');
  const [picture, told] = [childPid(e, 'worker', 0), switches(e)];
  await hub.worker.stats({ reset: true });

  a.kill();
  t.match(await told.next('backup'), {
    what: 'backup',
    severity: 'warning',
    because: /^camera (ended|stalled)/,
    facts: { from: 'camera' },
  });
  await onAir(e, 1, /^backup camera is on the air: /);
  await passes(hub.worker, 'main', 25, await pictures());
  b.kill();
  t.match(await told.next('slate'), { what: 'lost', because: /^backup camera (ended|stalled)/, facts: { from: 'backup' } });
  await onAir(e, null);
  await passes(hub.worker, 'main', 25, await pictures());
  await b.start();
  t.match(await told.next('backup'), { what: 'backup', facts: { from: 'slate' } });
  await passes(hub.worker, 'main', 25, await pictures());
  await a.start();
  t.match(await told.next('camera'), { what: 'returned', severity: 'info', because: /^camera returned/, facts: { from: 'backup' } });
  await onAir(e, 0);
  // The backup dies while it stands by: nobody is told, for nobody sees it.
  const before = sourceEvents(e).length;
  b.kill();
  await passes(hub.worker, 'main', 50, await pictures());
  t.notMatch(JSON.stringify(sourceEvents(e).slice(before)), /backup/);
  t.equal(childPid(e, 'worker', 0), picture, 'all of it in one process');
  t.match(
    e.events().filter(({ kind }) => kind === 'process'),
    [],
    'and nothing of it crashed',
  );
  const { main } = (await hub.worker.stats()).points;
  t.comment(`switches: ${told.told()}`);
  t.comment(`longest time without a picture at the hub: ${main?.maxGapMs} ms`);
});

t.test('a camera that was never there leaves the air to its backup', async (t) => {
  const on = await network(t, [site]);
  const b = await simulatedCamera(t, movingClip(on.folder));
  const e = await edge(t, on, site, { source: { kind: 'v4l2', device: '/dev/video-absent' }, backup: b.url });
  const plan = smallPlan(on);
  await e.desire(1, plan);
  await onAir(e, 1);
  await satisfied(e, 1);
  t.match(await switches(e).next('backup'), { what: 'backup', because: /video-absent|backup camera started/ });
});
