/** `diemcau fault NAME …`: breaks one part of a running demo, really, so that anyone can watch what the page says. Without a name it lists what there is. */
import { resolve } from 'node:path';
import { packageRoot } from '../../protocol/node/root.ts';
import { runningDemo } from '../demo/state.ts';
import { Refused } from './kind.ts';
import { kinds } from './kinds.ts';

const EX_USAGE = 64;

const usage = (): string => {
  const rows = Object.entries(kinds).map(([name, { takes, about }]) => [`${name} ${takes}`.trim(), about] as const);
  const width = Math.max(...rows.map(([how]) => how.length));
  return `usage: diemcau fault NAME …\n${rows.map(([how, about]) => `  ${how.padEnd(width)}  ${about}`).join('\n')}`;
};

const [name = '', ...args] = process.argv.slice(2);
const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
if (kind === undefined) {
  console.error(usage());
  process.exit(EX_USAGE);
}
const data = resolve(process.env['DIEMCAU_DATA'] ?? resolve(packageRoot(), 'data', 'demo'));
const state = runningDemo(data);
if (state === undefined) {
  console.error(`diemcau fault: no demo runs on ${data}`);
  process.exit(1);
}
try {
  const { did, look } = await kind.run({ state, data }, args);
  console.log(`${did}\nlook at: ${look}`);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`diemcau fault: ${error.message}`);
  process.exit(1);
}
