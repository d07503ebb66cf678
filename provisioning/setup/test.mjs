// `npm test`: installs what is missing, builds what changed, runs every test (or the files named) and ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, root } from './build.mjs';

ensure({ forTests: true });
const report = join(root, 'build', 'test.tap');
mkdirSync(join(root, 'build'), { recursive: true });
rmSync(report, { force: true });
const named = process.argv.slice(2).map((file) => file.replace(/^test\//, 'dist/test/').replace(/\.ts$/, '.js'));
const tap = spawnSync('node_modules/.bin/tap', ['run', `--output-file=${report}`, ...named], { cwd: root, stdio: ['ignore', 2, 2] });

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

const { passed, failed } = count(readFileSync(report, 'utf8'));
const dead = failed === 0 && (tap.status !== 0 || passed === 0) ? 1 : 0;
console.log(`${passed} passed, ${failed + dead} failed`);
process.exit(failed + dead === 0 ? 0 : 1);
