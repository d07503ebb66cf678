/** `kill -9` of the process that makes a site's picture: it is back with a keyframe, as another incarnation, and no other site has seen anything. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { movingClip, simulatedCamera } from '../support/simulated-camera.ts';
import { childPid, edge, network, satisfied } from '../support/site.ts';
import { onAir, switches } from '../support/switches.ts';
import { passes } from '../support/worker.ts';

t.setTimeout(160_000);
const [one, two] = ['site-1', 'site-2'] as const;

t.test('a media worker that is killed comes back by itself', async (t) => {
  const on = await network(t, [one, two]);
  const a = await simulatedCamera(t, movingClip(on.folder));
  const plan = on.plan({ sites: [one, two], onAir: [one], main: { width: 640, height: 360, fps: 25, kbps: 500 } });
  const hurt = await edge(t, on, one, { source: a.url });
  const whole = await edge(t, on, two, {});
  const [atHub, other] = [await on.hub.watch(t, plan, one), await on.hub.watch(t, plan, two)];
  await hurt.desire(1, plan);
  await whole.desire(1, plan);
  await satisfied(hurt, 1);
  await onAir(hurt, 0);
  await passes(atHub.worker, 'main', 25);
  await passes(other.worker, 'tile', 25);
  const base = plan.sites.find(({ site }) => site === one)?.streams.main.ssrc ?? 0;
  const streams = async () => (await on.hub.relay.stats()).streams;
  /** Of the site's main, as the hub receives it. */
  const seen = async (): Promise<number> => (await streams()).find(({ ssrc }) => ssrc === base)?.incarnation ?? -1;
  const before = await seen();
  const bystander = childPid(whole, 'worker', 0);
  await other.worker.stats({ reset: true });
  await atHub.worker.stats({ reset: true });
  const first = (await atHub.worker.stats()).points.main;

  const victim = childPid(hurt, 'worker', 0);
  process.kill(victim, 'SIGKILL');
  const returned = () => hurt.events().find(({ kind, what }) => kind === 'process' && what === 'returned');
  await eventually(() => (returned() === undefined ? 'its return is not told' : undefined));
  await passes(atHub.worker, 'main', 25, first?.buffers ?? 0);
  t.not(childPid(hurt, 'worker', 0), victim);
  t.match(
    hurt.events().filter(({ kind, facts }) => kind === 'process' && facts.program === 'picture'),
    [
      { what: 'crashed', severity: 'warning' },
      { what: 'returned', severity: 'info' },
    ],
  );
  await eventually(async () => {
    const now = await seen();
    return now === before ? `the incarnation is still ${now}` : undefined;
  });
  await onAir(hurt, 0);
  t.comment(`the picture was back after ${returned()?.facts.outageMs} ms as the box measured it`);
  t.comment(`longest time without a picture at the hub: ${(await atHub.worker.stats()).points.main?.maxGapMs} ms`);
  t.comment(`sources: ${switches(hurt).told() || 'nothing told'}`);

  await passes(other.worker, 'tile', 15, (await other.worker.stats()).points.tile?.buffers);
  t.equal(childPid(whole, 'worker', 0), bystander, 'the other site goes on with the worker it had');
  t.match(
    whole.events().filter(({ kind, severity }) => severity !== 'info' && (kind === 'process' || kind === 'source')),
    [],
  );
  const tile = plan.sites.find(({ site }) => site === two)?.streams.tile.ssrc ?? 0;
  t.comment(`packets of the other site lost: ${(await streams()).find(({ ssrc }) => ssrc === tile)?.lost}`);
});
