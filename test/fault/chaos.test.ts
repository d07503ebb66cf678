/** Two minutes in which anything may die at any moment, with a seed that is told: what must hold, holds. */
import t from 'tap';
import { chaos } from '../support/chaos/chaos.ts';
import { startDemo } from '../support/demo.ts';

t.setTimeout(900_000);

t.test('whatever dies, the meeting goes on, hubs agree, no event is lost and nobody hears himself', async (t) => {
  const demo = await startDemo({ sites: 4 });
  t.teardown(() => demo.stop());
  const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000));
  const report = await chaos(demo, { seed, forMs: 120_000, listener: 'long-xuyen', say: (line) => t.comment(line) });
  t.comment(
    `${report.faults.length} faults, ${report.floorChanges} floor changes, hubs disagreed for at most ${report.longestDisagreementMs} ms`,
  );
  t.strictSame(report.violations, []);
});
