/**
 * `npm run bench -- floor [N]`: from the request in the API to the first picture of the new speaker at the last of all sites; prepared (from the queue) and cold.
 * SRT 40 ms, loopback. Damaged pictures are counted by their stamps at the site that decodes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry } from '../../protocol/api.ts';
import { fullRate, startDemo } from '../support/demo.ts';
import { counted, stampLines } from './stamps.ts';
import { followLog } from './stream.ts';
import { distribution, print } from './summary.ts';

const rounds = Number(process.argv[2] ?? 30);
/** As long as a chair takes to announce the next speaker. */
const announceMs = 2500;
const decodingSite = 'long-xuyen';

/** CLOCK_MONOTONIC in ms: the same clock that the sites report. */
const mono = (): number => Number(process.hrtime.bigint()) / 1e6;

const demo = await startDemo({ flags: ['--stamps'], env: fullRate, ...(process.argv[3] === undefined ? {} : { data: process.argv[3] }) });
const all = (await demo.sites()).map((each) => each.site);
const waiting = new Map<string, (entry: LogEntry) => void>();
const log = await followLog(demo, (entry) => {
  if (entry.kind === 'floor' && typeof entry.facts['mono'] === 'number')
    waiting.get(`${entry.node} ${String(entry.facts['grantN'])}`)?.(entry);
});

/** Gives the floor and waits until every site but the speaker has told of its first picture. Returns the time of the last one. */
async function give(site: string): Promise<number> {
  const { id, grant } = await demo.meeting();
  const n = grant.n + 1;
  const viewers = all.filter((each) => each !== site);
  const shown = viewers.map(
    (viewer) => new Promise<number>((resolve) => waiting.set(`${viewer} ${n}`, (entry) => resolve(Number(entry.facts['mono'])))),
  );
  const asked = mono();
  await demo.call('POST', `/meetings/${id}/floor`, { site });
  const late = pause(30_000, 'late' as const, { ref: false });
  const first = await Promise.race([Promise.all(shown), late]);
  waiting.clear();
  if (first === 'late') throw new Error(`not every site told of the picture of ${site} within 30 s`);
  return Math.max(...first) - asked;
}

await pause(announceMs);
const prepared: number[] = [];
const cold: number[] = [];
for (let round = 0; round < rounds; round++) {
  const next = all[(2 * round + 3) % all.length] ?? '';
  const { id } = await demo.meeting();
  await demo.call('POST', `/meetings/${id}/next`, { site: next });
  await pause(announceMs);
  prepared.push(await give(next));
  const unprepared = all[(2 * round + 8) % all.length] ?? '';
  await pause(announceMs);
  cold.push(await give(unprepared));
  console.error(`${round + 1}/${rounds}: prepared ${prepared.at(-1)?.toFixed(0)} ms, cold ${cold.at(-1)?.toFixed(0)} ms`);
}
const lines = stampLines(demo, decodingSite);
const corrupt = counted(lines.map(({ floor }) => floor.corrupt));
const read = counted(lines.map(({ floor }) => floor.read));
log.close();
await demo.stop();
if (read === 0) throw new Error('no stamp was read: the count of damaged pictures would mean nothing');
print({
  bench: 'floor',
  n: rounds,
  switchMs: distribution(prepared),
  coldMs: distribution(cold),
  corruptFrames: corrupt,
  framesRead: read,
});
