/**
 * `npm run bench -- hub`: what a hub costs that serves thirteen sites: floor, mosaic, audio, fan-out, all at once; and a full MCU of the same elements
 * as baseline, measured in the same run. Senders replay clips and are not counted.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fullRate, startDemo } from '../support/demo.ts';
import { measureCores, named, pssMb, tree } from '../support/processes.ts';
import { lostFrames } from './lost.ts';
import { mcuAudio, mcuVideo } from './mcu.ts';
import { distribution, median, print } from './summary.ts';

const rounds = Number(process.argv[2] ?? 5);
const roundMs = 12_000;
const warmUpMs = 8000;
const clipSeconds = 10;
const mosaicFps = 15;

// Ours, because the MCU reads the clips when the demo has ended.
const folder = await mkdtemp(join(tmpdir(), 'diemcau-mcu-'));
const demo = await startDemo({ data: join(folder, 'demo'), env: fullRate });
const sites = (await demo.sites()).map((each) => each.site);
const hub = Object.entries(await demo.pids()).find(([name]) => name.startsWith('hub'))?.[1];
if (hub === undefined) throw new Error('the demo has no hub');
await pause(warmUpMs);
const before = await lostFrames(demo);
const total: number[] = [];
const native: number[] = [];
const video: number[] = [];
const pss: number[] = [];
for (let round = 0; round < rounds; round++) {
  const cores = measureCores(() => [hub]);
  await pause(roundMs);
  const { byPid, total: all } = cores.end();
  const natives = [...named(hub, 'relay'), ...named(hub, 'worker')];
  total.push(all);
  native.push(natives.reduce((sum, pid) => sum + (byPid.get(pid) ?? 0), 0));
  video.push(mosaicCores(hub, byPid));
  pss.push(natives.reduce((sum, pid) => sum + pssMb(pid), 0));
}
const lost = (await lostFrames(demo)) - before;
await demo.stop();

/** The mosaic's worker is the one that costs most: it decodes thirteen tiles and encodes a picture. */
function mosaicCores(root: number, byPid: ReadonlyMap<number, number>): number {
  return Math.max(...tree(root).flatMap(({ pid, name }) => (name === 'worker' ? [byPid.get(pid) ?? 0] : [])));
}

const made = join(demo.data, 'clips');
const clips = (await readdir(made)).filter((file) => file.endsWith('-main.h264')).map((file) => join(made, file));
if (clips.length !== sites.length) throw new Error(`the demo made ${clips.length} clips for ${sites.length} sites`);
const mcuVideoRuns = Array.from({ length: 3 }, () => mcuVideo(clips, clipSeconds, mosaicFps));
const mcuAudioRuns = Array.from({ length: 3 }, () => mcuAudio(folder, sites.length, clipSeconds));
await rm(folder, { recursive: true, force: true });
if (demo.process.exitCode === null) throw new Error('the demo did not end');

const [mcuVideoCores, mcuAudioCores] = [
  median(mcuVideoRuns.map((each) => each * 1000)) / 1000,
  median(mcuAudioRuns.map((each) => each * 1000)) / 1000,
];
const cores = median(native.map((each) => each * 1000)) / 1000;
const videoCores = median(video.map((each) => each * 1000)) / 1000;
print({
  bench: 'hub',
  n: rounds,
  sites: sites.length,
  cores,
  coresWithNode: median(total.map((each) => each * 1000)) / 1000,
  videoCores,
  mcuCores: mcuVideoCores + mcuAudioCores,
  mcuVideoCores,
  ratio: cores / (mcuVideoCores + mcuAudioCores),
  videoRatio: videoCores / mcuVideoCores,
  lostFrames: lost,
  workersPssMb: distribution(pss).max,
});
