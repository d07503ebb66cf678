/** Figure `falseSwitches`: nothing fails, but others use 90 % of the processors. Whatever switches then has switched for nothing. */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import type { LogEntry } from '../../../protocol/api.ts';
import { chronicle, protect, seconds } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { withLab } from './round.ts';

const sites = ['site-a', 'site-b', 'site-c'] as const;
const [speaker] = sites;
const MINUTES = 30;
const kinds: readonly string[] = ['source', 'hub', 'link', 'process'];

/** Nine tenths of one processor, in pieces as short as a scheduler's. */
const busy =
  'for(;;){const t=performance.now();while(performance.now()-t<90);Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,10)}';

export async function falseSwitches(say: (text: string) => void, minutes = MINUTES): Promise<unknown> {
  return withLab({ hubs: ['hub-1', 'hub-2'], sites: Object.fromEntries(sites.map((site) => [site, {}])) }, async (lab) => {
    await protect(lab, sites, 'hot');
    await lab.meet({ floor: speaker });
    await seconds(lab, speaker, 10);
    const load = cpus().map(() => spawn(process.execPath, ['-e', busy], { stdio: 'ignore' }));
    try {
      const from = await chronicle(lab);
      for (const site of sites) lab.watch(site).begin();
      const found: LogEntry[] = [];
      let last = 0;
      const gaps: number[] = [];
      for (let minute = 0; minute < minutes; minute++) {
        await seconds(lab, speaker, 60);
        // The log is read each minute: it shows a limited number of entries.
        const fresh = (await from.entries()).filter(({ id, kind, severity }) => id > last && kinds.includes(kind) && severity !== 'info');
        last = Math.max(last, ...fresh.map(({ id }) => id));
        found.push(...fresh);
        gaps.push(...sites.slice(1).map((site) => lab.watch(site).seen.floorMaxGapMs));
        say(
          `falseSwitches ${minute + 1}/${minutes} min: ${found.length}: ${fresh.map(({ node, what, because }) => `${node} ${what} (${because})`).join(', ')}`,
        );
      }
      const lostFrames = sites.slice(1).reduce((sum, site) => sum + lab.watch(site).seen.floorLost, 0);
      const of = (kind: string): number => found.filter((each) => each.kind === kind).length;
      return {
        minutes,
        switches: found.length,
        ...Object.fromEntries(kinds.map((kind) => [kind, of(kind)])),
        lostFrames,
        gapMs: distribution(gaps),
      };
    } finally {
      for (const each of load) each.kill('SIGKILL');
    }
  });
}
