// `npm test`: installs what is missing, builds what changed, runs every test (or the files named), tells on stderr what failed and why, and
// ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, root } from './build.mjs';
import { failures, tell } from './failures.mjs';

ensure({ forTests: true });
const folder = join(root, 'build', 'tap');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const asked = process.argv.slice(2).map((file) => file.replace(/^(\.\/)?test\//, 'dist/test/').replace(/\.ts$/, '.js'));
// From the sources, not from what earlier builds left in dist.
const all = readdirSync(join(root, 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `dist/test/${file.replace(/\.ts$/, '.js')}`)
  .toSorted();
const files = asked.length > 0 ? asked : all;
/**
 * One file at a time: most of them start real media on both cores, and what they judge (a gap, a take-over, a picture that stands) is the
 * machine's doing when five others do the same. Scenarios come last: they stand on everything else.
 */
const inOrder = files.toSorted((a, b) => Number(a.includes('/scenario/')) - Number(b.includes('/scenario/')));

/** Counts the named tests of each file (the second level of the TAP stream), and files that failed without one. */
function count(text) {
  let passed = 0;
  let failed = 0;
  let failedHere = 0;
  for (const line of text.split('\n')) {
    if (/^ {4}ok \d/.test(line)) passed++;
    else if (/^ {4}not ok \d/.test(line)) {
      failed++;
      failedHere++;
    } else if (/^(not )?ok \d/.test(line)) {
      if (line.startsWith('not') && failedHere === 0) failed++;
      failedHere = 0;
    }
  }
  return { passed, failed };
}

const report = join(folder, 'test.tap');
const tap = spawnSync('node_modules/.bin/tap', ['run', '--jobs=1', `--output-file=${report}`, ...inOrder], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
const tapText = existsSync(report) ? readFileSync(report, 'utf8') : '';
const { passed, failed } = count(tapText);
const told = tell(failures(tapText));
if (told !== '') console.error(`\n${told}\n`);
// A run that failed without a failed test has died: that is a failure too.
const dead = failed === 0 && (tap.status !== 0 || passed === 0) ? 1 : 0;
console.log(`${passed} passed, ${failed + dead} failed`);
process.exit(failed + dead === 0 ? 0 : 1);
