/**
 * `npm run bench -- failover [--class NAME] [--n N]`: every part that can fail is broken for real, N times (20), in a network of real processes with two
 * WANs; what the viewers saw of it, and what stock tools make of the same fault in the same run. Fails when a goal is missed. Needs root.
 */
import { parseArgs } from 'node:util';
import { figures, goals, measures, missed } from './failover/classes.ts';
import type { ClassResult } from './failover/round.ts';
import { print } from './summary.ts';

const { values } = parseArgs({ options: { class: { type: 'string' }, n: { type: 'string', default: '20' } } });
const n = Number(values.n);
const wanted = values.class;
const known = [...measures.flatMap(({ names }) => names), ...Object.keys(figures)];
if (!(n >= 1) || (wanted !== undefined && !known.includes(wanted))) {
  console.error(`usage: npm run bench -- failover [--class NAME] [--n N], where NAME is one of: ${known.join(', ')}`);
  process.exit(2);
}
const say = (text: string): void => console.error(text);

const classes: Record<string, ClassResult> = {};
const failed: Record<string, string> = {};
for (const { names, measure } of measures) {
  if (wanted !== undefined && !names.includes(wanted)) continue;
  try {
    const results = await measure(n, say);
    for (const [name, result] of Object.entries(results)) if (wanted === undefined || wanted === name) classes[name] = result;
  } catch (error) {
    // One class must not cost the figures of the others; it is told, and the exit code with it.
    console.error(error);
    for (const name of names) failed[name] = (error as Error).message.slice(0, 300);
  }
}
const more: Record<string, unknown> = {};
for (const [name, { measure, byDefault }] of Object.entries(figures)) {
  if (wanted === undefined ? !byDefault : wanted !== name) continue;
  try {
    more[name] = await measure(say);
  } catch (error) {
    console.error(error);
    failed[name] = (error as Error).message.slice(0, 300);
  }
}
const measured = Object.fromEntries(Object.entries(goals).filter(([name]) => name in classes));
const short = missed(classes, more);
for (const each of short) console.error(each);
print({ bench: 'failover', n, classes, goals: measured, missed: short, ...more, ...(Object.keys(failed).length === 0 ? {} : { failed }) });
process.exit(Object.keys(failed).length === 0 && short.length === 0 ? 0 : 1);
