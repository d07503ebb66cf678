// `npm run bench -- NAME` and `npm run soak -- NAME`: builds, then runs a measuring program of test/bench or test/soak.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, root } from './build.mjs';

const [kind, name, ...rest] = process.argv.slice(2);
const folder = join(root, 'test', kind);
const names = existsSync(folder) ? readdirSync(folder).flatMap((file) => /^([a-z-]+)\.main\.ts$/.exec(file)?.[1] ?? []) : [];
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run ${kind} -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
ensure({ forTests: true });
const done = spawnSync(process.execPath, ['--enable-source-maps', `dist/test/${kind}/${name}.main.js`, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
