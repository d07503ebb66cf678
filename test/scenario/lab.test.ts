/** The test bench with real processes: paths and power fail, and what sees it sees it. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { alive } from '../support/processes.ts';

t.test('a cut path, a power cut and a return are seen by the API and by the site itself', async (t) => {
  const lab = await startLab(t, { sites: { 'site-a': { stamps: true }, 'site-b': { display: 'headless', stamps: true } } });
  const meeting = await lab.meet({ floor: 'site-a' });
  const watch = lab.watch('site-b');
  watch.begin();
  await eventually(() => (watch.seen.floorFrames > 50 ? undefined : `${watch.seen.floorFrames} frames of the floor`), { withinMs: 60_000 });
  t.ok(watch.seen.mixPackets > 0);
  const read = (): number => lab.stamps('site-b').at(-1)?.floor.read ?? 0;
  await eventually(() => (read() > 50 ? undefined : `${read()} pictures with a stamp`), { withinMs: 60_000 });
  await lab.path('site-b', 'wan1').cut();
  await eventually(async () => ((await lab.notWhole(meeting))?.includes('site-b') ? undefined : 'nobody has noticed'), {
    withinMs: 60_000,
  });
  await lab.path('site-b', 'wan1').heal();
  await eventually(() => lab.notWhole(meeting), { withinMs: 90_000 });
  const relays = lab.node('hub-1').programs('relay');
  t.equal(relays.length, 1);
  lab.powerCut('hub-1');
  t.strictSame(lab.machine('hub-1').space.pids(), []);
  await eventually(() => (lab.node('hub-1').running || relays.some(alive) ? 'still there' : undefined));
  await eventually(async () => ((await lab.notWhole(meeting)) === undefined ? 'nobody has noticed' : undefined), { withinMs: 60_000 });
  await lab.powerOn('hub-1');
  await eventually(() => lab.notWhole(meeting), { withinMs: 90_000 });
  t.ok((await lab.events()).some(({ node, kind }) => node === 'site-b' && kind === 'link'));
});
