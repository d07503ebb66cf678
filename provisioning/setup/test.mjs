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

/** Runs files, `jobs` at a time; answers tap's report, and whether tap ended well. */
function run(group, jobs, files) {
  if (files.length === 0) return { text: '', ended: true };
  const report = join(folder, `${group}.tap`);
  const tap = spawnSync('node_modules/.bin/tap', ['run', `--jobs=${jobs}`, `--output-file=${report}`, ...files], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  return { text: existsSync(report) ? readFileSync(report, 'utf8') : '', ended: tap.status === 0 };
}

// Three files at a time on any machine: real media waits more than it computes. Two where something is broken on purpose, because what is starved looks
// broken too. Then one after the other what starts a whole province.
const isScenario = (file) => /\/(scenario\/(demo|drill|faults)|fault\/every-process)/.test(file);
const isFault = (file) => file.includes('/fault/') && !isScenario(file);
const runs = [
  run(
    'parts',
    3,
    files.filter((file) => !isScenario(file) && !isFault(file)),
  ),
  run('faults', 2, files.filter(isFault)),
  run('scenarios', 1, files.filter(isScenario)),
];
const tapText = runs.map(({ text }) => text).join('\n');
const { passed, failed } = count(tapText);
const told = tell(failures(tapText));
if (told !== '') console.error(`\n${told}\n`);
// A run that failed without a failed test has died: that is a failure too.
const dead = failed === 0 && (!runs.every(({ ended }) => ended) || passed === 0) ? 1 : 0;
console.log(`${passed} passed, ${failed + dead} failed`);
process.exit(failed + dead === 0 ? 0 : 1);
