/** `npm run bench -- demo [SECONDS]`: the whole demo on this machine: cores, frame rate of the mosaic, floor frames lost at all sites. */
import { setTimeout as pause } from 'node:timers/promises';
import { startDemo } from '../support/demo.ts';
import { measureCores } from '../support/processes.ts';
import { lostFrames } from './lost.ts';
import { distribution, print } from './summary.ts';

const seconds = Number(process.argv[2] ?? 60);
const warmUpMs = 10_000;

const demo = await startDemo();
await pause(warmUpMs);
const before = await lostFrames(demo);
const root = demo.process.pid;
if (root === undefined) throw new Error('the demo does not run');
const pidsBefore = JSON.stringify(await demo.pids());
const cores = measureCores(() => [root]);
const fps: number[] = [];
for (let second = 0; second < seconds; second++) {
  await pause(1000);
  fps.push((await demo.meeting()).mosaic.fps);
}
const { total, seconds: measured } = cores.end();
const lost = (await lostFrames(demo)) - before;
const restarted = JSON.stringify(await demo.pids()) !== pidsBefore;
await demo.stop();
const rates = distribution(fps);
print({
  bench: 'demo',
  n: fps.length,
  seconds: Math.round(measured),
  cores: Math.round(total * 1000) / 1000,
  mosaicFps: {
    mean: Math.round((fps.reduce((sum, each) => sum + each, 0) / fps.length) * 100) / 100,
    p50: rates.p50,
    min: Math.min(...fps),
  },
  lostFloorFrames: lost,
  restarted,
});
