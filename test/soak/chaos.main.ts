/** `npm run soak -- chaos [MINUTES] [SEED]`: random faults every 5 to 15 seconds for ten minutes, and what must hold throughout. */
import { print } from '../bench/summary.ts';
import { chaos } from '../support/chaos/chaos.ts';
import { startDemo } from '../support/demo.ts';

const minutes = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 1_000_000));
/** Two hubs may not act on different grants for longer. */
const agreeMs = 2000;

const demo = await startDemo({ sites: 6 });
const begin = performance.now();
const say = (line: string): void => console.error(`${((performance.now() - begin) / 1000).toFixed(0)} s: ${line}`);
const report = await chaos(demo, { seed, forMs: minutes * 60_000, listener: 'long-xuyen', say });
await demo.stop();
const good = report.violations.length === 0 && report.longestDisagreementMs <= agreeMs;
for (const each of report.violations) console.error(each);
print({ bench: 'soak-chaos', n: report.faults.length, minutes, ...report, good });
process.exit(good ? 0 : 1);
