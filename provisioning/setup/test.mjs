// `npm test`: installs what is missing, builds what changed, runs every test (or the files named) and ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, root } from './build.mjs';

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
/** Whole provinces need the machine for themselves; everything else runs two at a time. */
const runs = [
  { name: 'parts', jobs: 2, files: files.filter((file) => !file.includes('/scenario/')) },
  { name: 'scenarios', jobs: 1, files: files.filter((file) => file.includes('/scenario/')) },
].filter((run) => run.files.length > 0);

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

let passed = 0;
let failed = 0;
for (const { name, jobs, files } of runs) {
  const report = join(folder, `${name}.tap`);
  const tap = spawnSync('node_modules/.bin/tap', ['run', `--jobs=${jobs}`, `--output-file=${report}`, ...files], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  const counted = existsSync(report) ? count(readFileSync(report, 'utf8')) : { passed: 0, failed: 0 };
  passed += counted.passed;
  // A run that failed without a failed test has died: that is a failure too.
  failed += counted.failed + (counted.failed === 0 && (tap.status !== 0 || counted.passed === 0) ? 1 : 0);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
