/**
 * `npm run soak -- demo [MINUTES]`: the whole demo for thirty minutes with the floor going round. Memory may not grow by more than a tenth
 * after the first five minutes, nothing may restart, no floor frame may be lost.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry } from '../../protocol/api.ts';
import { print } from '../bench/summary.ts';
import { startDemo } from '../support/demo.ts';
import { measureCores, pssMb, tree } from '../support/processes.ts';

const minutes = Number(process.argv[2] ?? 30);
const settleMinutes = Math.min(5, minutes / 3);
const sampleMs = 10_000;
/** Mean of this many samples is compared, because a garbage collector breathes. */
const window = 12;

const demo = await startDemo();
const root = demo.process.pid ?? 0;
const memory = (): number =>
  tree(root).reduce((sum, { pid }) => {
    try {
      return sum + pssMb(pid);
    } catch {
      return sum; // it ended between the listing and the reading
    }
  }, 0);
/** Newest first, page by page: half an hour of floor changes is longer than one answer. */
async function wholeLog(): Promise<readonly LogEntry[]> {
  const all: LogEntry[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const page = await demo.call<LogEntry[]>('GET', `/log?limit=1000${before === undefined ? '' : `&before=${before}`}`);
    if (page.length === 0) return all;
    all.push(...page);
  }
}
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

const sites = (await demo.sites()).map((each) => each.site);
const begin = performance.now();
const samples: number[] = [];
const cores = measureCores(() => [root]);
const pidsBefore = JSON.stringify(await demo.pids());
const elapsedMinutes = (): number => (performance.now() - begin) / 60_000;
for (let round = 0; elapsedMinutes() < minutes; round++) {
  await pause(sampleMs);
  const { id } = await demo.meeting();
  // Every other round somebody else speaks, prepared a sample before: as a chair would do it. The demo begins with the first site.
  const speaker = sites[(Math.floor(round / 2) + 1) % sites.length] ?? null;
  await demo.call('POST', `/meetings/${id}/${round % 2 === 0 ? 'next' : 'floor'}`, { site: speaker });
  samples.push(memory());
  if (round % 6 === 0) console.error(`${elapsedMinutes().toFixed(1)} min: ${samples.at(-1)?.toFixed(0)} MB`);
}
const used = cores.end();
const settled = samples.slice(Math.floor((settleMinutes * 60_000) / sampleMs));
const early = mean(settled.slice(0, window));
const late = mean(settled.slice(-window));
const restarts = (await wholeLog()).filter((each) => each.kind === 'process' && each.severity !== 'info');
const lost = (await demo.sites()).reduce((sum, each) => sum + (each.lostFrames ?? 0), 0);
const samePids = JSON.stringify(await demo.pids()) === pidsBefore;
await demo.stop();
const growth = (late - early) / early;
const good = growth <= 0.1 && restarts.length === 0 && samePids && lost === 0;
for (const each of restarts) console.error(`${each.node}: ${each.what} because ${each.because}`);
print({
  bench: 'soak-demo',
  n: 1,
  minutes,
  samples: samples.length,
  earlyMb: Math.round(early),
  lateMb: Math.round(late),
  growth: Number(growth.toFixed(4)),
  restarts: restarts.length,
  sameProcesses: samePids,
  lostFloorFrames: lost,
  cores: Number(used.total.toFixed(2)),
  good,
});
process.exit(good ? 0 : 1);
