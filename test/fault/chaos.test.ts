/** Two minutes in which anything may die, hang or be cut off at any moment, with a seed that is told: what must hold, holds. */
import t from 'tap';
import { chaos, lookedEnough } from '../support/chaos/chaos.ts';
import { startDemo } from '../support/demo.ts';

t.setTimeout(900_000);
/** A guard against for ever. How long it takes on a machine that has time is measured by the soak. */
const ENDS_MS = 60_000;

t.test('whatever dies, the meeting goes on: one highest grant, no event lost or doubled, nobody hears himself', async (t) => {
  const demo = await startDemo({ sites: 4, flags: ['--stamps'] });
  t.teardown(() => demo.stop());
  const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000));
  const report = await chaos(demo, { seed, forMs: 120_000, viewer: 'long-xuyen', say: (line) => t.comment(line) });
  const { given, disagreedMs, behindMs, darkMs, floorDarkMs, looked, violations } = report;
  t.comment(JSON.stringify({ given, disagreedMs, behindMs, darkMs, floorDarkMs, looked }));
  t.strictSame(violations, []);
  for (const [what, ms] of Object.entries({ disagreedMs, behindMs, darkMs, floorDarkMs })) t.ok(ms < ENDS_MS, `${what}: ${ms}`);
  t.ok(lookedEnough(report), 'something was broken, both have ruled, and somebody has looked and listened');
});
