/** What a person reads after `npm test` has failed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';

interface Failure {
  readonly path: readonly string[];
  readonly diagnostics: readonly string[];
}
interface Failures {
  readonly failures: (tap: string) => readonly Failure[];
  readonly tell: (found: readonly Failure[]) => string;
}

/** The setup scripts are plain JavaScript, which is not compiled: it is read where it lies. */
const load = async (): Promise<Failures> => await import(pathToFileURL(join(packageRoot(), 'provisioning/setup/failures.mjs')).href);
const report = readFileSync(join(packageRoot(), 'test/fixtures/failed.tap'), 'utf8');

t.test('each failed assertion is told once, with its file, its titles and its diagnostics', async (t) => {
  const { failures } = await load();
  const bad = 'dist/test/edge/bad.test.js';
  t.same(
    failures(report).map(({ path }) => path),
    [
      [bad, 'a speaker is heard', 'through the hub', 'loud enough'],
      [bad, 'teardown leaves nothing'],
      ['dist/test/edge/dead.test.js'],
      ['dist/test/edge/slow.test.js', 'a report is cut off', 'timeout!'],
    ],
    'parents of what failed, skipped tests and lines of a difference are no failures of their own',
  );
  t.same(
    failures(report).map(({ diagnostics }) => diagnostics.at(0)),
    ['compare: ===', undefined, 'exitCode: 139', 'expired: TAP'],
  );
});

t.test('a long diagnosis is cut, and a good run tells nothing', async (t) => {
  const { failures, tell } = await load();
  const long = tell([{ path: ['a.test.js', 'b'], diagnostics: Array.from({ length: 100 }, (_, n) => `line ${n}`) }]).split('\n');
  t.equal(long[0], 'FAILED a.test.js > b');
  t.equal(long.at(-1), '    (70 more lines)');
  t.equal(long.length, 32);
  t.equal(tell(failures('TAP version 14\n1..1\n# Subtest: a.test.js\n    ok 1 - b\n    1..1\nok 1 - a.test.js\n')), '');
});
