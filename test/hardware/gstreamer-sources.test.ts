/** Sources that fail without pulling others down, and pictures that are none: cells, judges and the watchdog that listens to both. On a real worker. */
import t, { type Test } from 'tap';
import { leaky, rawVideo, slate, TILE } from '../../hardware/gstreamer/parts/picture.ts';
import { type Cell, type Chain, chain, element, padOf, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import type { Judge, Watchdog } from '../../hardware/gstreamer/reflexes.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { counted, passes, type WorkerRig, workerRig } from '../support/worker.ts';

/** Far above what a busy machine and the sanitizers make a healthy source late. */
const watchdog: Watchdog = { do: 'watchdog', selector: 'selector', sources: ['sink_0', 'sink_1', 'sink_2'], thresholdMs: 600, holdMs: 500 };
const judge = (pad: string, more: Partial<Judge> = {}): Judge => ({ do: 'judge', element: 'selector', pad, ...more });

/** Two places for cells and a slate, with one count behind all. */
async function stage(t: Test, ...judges: readonly Judge[]): Promise<WorkerRig> {
  const rig = workerRig(t);
  const place = (name: string, pad: string): Chain => chain(leaky(name), padOf('selector', pad));
  await rig.worker.start(
    pipeline(
      [
        place('a-in', 'sink_0'),
        place('b-in', 'sink_1'),
        chain(slate({ id: 's', name: 'Chưa có hình', format: TILE }), leaky('s-q'), padOf('selector', 'sink_2')),
        chain(element('input-selector', { 'sync-streams': false }, 'selector'), rawVideo(TILE), counted('out')),
      ],
      { reflexes: [watchdog, ...judges] },
    ),
  );
  await passes(rig.worker, 'out', 5);
  return rig;
}

/** A camera of moving noise; `errorAfter` pictures it fails. */
const camera = (name: string, { errorAfter = -1, pictures = -1 } = {}): Cell => ({
  name,
  into: `${name}-in`,
  chains: [
    chain(
      element('videotestsrc', { 'is-live': true, pattern: 'snow', 'num-buffers': pictures }, `${name}-src`),
      element('videobalance', {}, `${name}-look`),
      rawVideo(TILE),
      element('identity', { 'error-after': errorAfter }, `${name}-trip`),
      leaky(`${name}-last`),
    ),
  ],
});

const shows = (rig: WorkerRig, pad: string) =>
  eventually(async () => {
    const now = await rig.worker.get('selector', 'active-pad');
    return now === pad ? undefined : `${String(now)} is shown`;
  });

t.test('a source that fails ends alone, and can be opened again in the same pipeline', async (t) => {
  const rig = await stage(t);
  const { worker, of, sees } = rig;
  await shows(rig, 'sink_2');
  await worker.open(camera('b'));
  await shows(rig, 'sink_1');
  await worker.open(camera('a', { errorAfter: 40 }));
  await shows(rig, 'sink_0');
  t.match(await faultOf(worker.open(camera('a'))), { code: 'program.refused', error: 'cell.busy' });
  t.match(await sees('cell', ({ name, state }) => name === 'a' && state === 'failed'), { element: 'a-trip', because: /Failed after/ });
  const lost = await sees('source', ({ from }) => from === 'sink_0');
  t.match(lost, { pad: 'sink_1', because: /ended|stalled/ });
  t.comment(`a failing source: no picture for ${lost.gapMs.toFixed(0)} ms`);
  await sees('cell', ({ name, state }) => name === 'a' && state === 'shut');
  await worker.open(camera('a', { pictures: 60 }));
  await sees('source', ({ pad, because }) => pad === 'sink_0' && because === 'returned');
  t.match(await sees('cell', ({ name, because }) => name === 'a' && /stream has ended/.test(because)), { state: 'failed' });
  await shows(rig, 'sink_1');
  t.equal(await worker.shut('b'), true);
  await shows(rig, 'sink_2');
  await sees('cell', ({ name, state }) => name === 'b' && state === 'shut');
  t.equal(await worker.shut('b'), false, 'it is shut');
  t.equal(await worker.shut('never'), false);
  t.strictSame(of('error'), [], 'the pipeline itself never failed');
  t.strictSame(of('eos'), []);
  await passes(worker, 'out', 20, (await worker.stats()).points.out?.buffers);
});

t.test('a source that cannot be opened fails alone, and one that makes no sense is refused', async (t) => {
  const rig = await stage(t);
  const { worker, of, sees } = rig;
  const absent = chain(element('v4l2src', { device: '/dev/video-absent' }, 'a-v4l2'), leaky('a-last'));
  await worker.open({ name: 'a', into: 'a-in', chains: [absent] });
  t.match(await sees('cell', ({ name, state }) => name === 'a' && state === 'failed'), { element: 'a-v4l2' });
  await sees('cell', ({ name, state }) => name === 'a' && state === 'shut');
  const bad: readonly (readonly [Cell, object])[] = [
    [{ ...camera('a'), into: 'nowhere' }, { error: 'element.unknown' }],
    [{ ...camera('a'), name: 'other' }, { error: 'launch.invalid' }],
    [{ ...camera('a'), chains: [chain(element('nosuchelement'), leaky('a-last'))] }, { error: 'launch.invalid' }],
  ];
  for (const [cell, refusal] of bad) t.match(await faultOf(worker.open(cell)), refusal);
  await worker.open(camera('a'));
  await shows(rig, 'sink_0');
  t.match(await faultOf(worker.open({ ...camera('b'), into: 'a-in' })), { error: 'cell.busy' });
  t.strictSame(of('error'), []);
});

t.test('a picture that is frozen or black loses the air; noise in a still or dark one keeps it', async (t) => {
  const rig = await stage(t, judge('sink_0'), judge('sink_1'));
  const { worker, of, sees } = rig;
  await worker.open(camera('b'));
  await shows(rig, 'sink_1');
  await worker.open(camera('a'));
  await shows(rig, 'sink_0');
  for (const [verdict, pattern] of [
    ['frozen', 'smpte75'],
    ['black', 'black'],
  ] as const) {
    await worker.set('a-src', 'pattern', pattern);
    const lost = await sees('source', ({ from, because }) => from === 'sink_0' && because === verdict);
    t.equal(lost.pad, 'sink_1');
    t.ok(lost.ageMs >= 1000, 'not at the first sight');
    t.comment(`${verdict}: the picture had stood for ${lost.ageMs.toFixed(0)} ms, the switch cost ${lost.gapMs.toFixed(0)} ms`);
    t.match(of('judged').at(-1), { name: 'sink_0', verdict });
    const returns = of('source').filter(({ pad }) => pad === 'sink_0').length;
    await worker.set('a-src', 'pattern', 'snow');
    await eventually(() => (of('source').filter(({ pad }) => pad === 'sink_0').length > returns ? undefined : 'it does not return'));
    t.match(of('source').at(-1), { pad: 'sink_0', because: 'returned' });
  }
  const before = of('judged').length;
  // A dark room: hardly above black, with a sensor's noise. Then bars, with noise in a corner.
  await worker.set('a-look', 'contrast', 0.03);
  await passes(worker, 'out', 90, (await worker.stats()).points.out?.buffers);
  await worker.set('a-look', 'contrast', 1);
  await worker.set('a-src', 'pattern', 'smpte');
  await passes(worker, 'out', 90, (await worker.stats()).points.out?.buffers);
  t.equal(of('judged').length, before, JSON.stringify(of('judged').slice(before)));
  await shows(rig, 'sink_0');
  // What may stand still is not judged for it; black it is.
  await worker.attach(judge('sink_0', { frozen: false }));
  await worker.set('a-src', 'pattern', 'smpte75');
  await passes(worker, 'out', 90, (await worker.stats()).points.out?.buffers);
  t.equal(of('judged').length, before);
  await worker.set('a-src', 'pattern', 'black');
  await sees('judged', (event) => of('judged').indexOf(event) >= before && event.verdict === 'black');
  await shows(rig, 'sink_1');
});

t.test('another order of the sources is in force at once, and nobody has to prove himself again for it', async (t) => {
  const rig = await stage(t);
  const { worker, of } = rig;
  await worker.open(camera('a'));
  await worker.open(camera('b'));
  await shows(rig, 'sink_0');
  await passes(worker, 'out', 10, (await worker.stats()).points.out?.buffers);
  const before = of('source').length;
  await worker.attach({ ...watchdog, sources: ['sink_1', 'sink_2', 'sink_0'] });
  await eventually(() => (of('source').length === before + 1 ? undefined : 'nothing has changed'));
  await worker.attach(watchdog);
  await eventually(() => (of('source').length === before + 2 ? undefined : JSON.stringify(of('source').slice(before))));
  t.match(of('source').slice(before), [
    { pad: 'sink_1', from: 'sink_0' },
    { pad: 'sink_0', from: 'sink_1' },
  ]);
});
