/** `npm run soak -- chaos [MINUTES] [SEED]`: random faults every 5 to 15 seconds for ten minutes, and what must hold throughout. */
import { print } from '../bench/summary.ts';
import { chaos, lookedEnough } from '../support/chaos/chaos.ts';
import { startDemo } from '../support/demo.ts';

const minutes = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 1_000_000));
/** Two hubs may not act on different grants for longer; a box not on less than the highest; nobody's screen without a new picture. */
const most = { disagreedMs: 2000, behindMs: 5000, darkMs: 10_000, floorDarkMs: 15_000 } as const;

const demo = await startDemo({ sites: 6, flags: ['--stamps'] });
const begin = performance.now();
const say = (line: string): void => console.error(`${((performance.now() - begin) / 1000).toFixed(0)} s: ${line}`);
const report = await chaos(demo, { seed, forMs: minutes * 60_000, viewer: 'long-xuyen', say });
await demo.stop();
const { faults, violations } = report;
const good =
  violations.length === 0 && Object.entries(most).every(([what, ms]) => report[what as keyof typeof most] <= ms) && lookedEnough(report);
for (const each of violations) console.error(each);
print({ bench: 'soak-chaos', n: faults.length, minutes, ...report, most, good });
process.exit(good ? 0 : 1);
