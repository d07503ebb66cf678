/**
 * A folder of a test's own, gone at its end. Not tap's `testdir`: that one is removed before the teardowns run that were named after it, so
 * under the feet of processes that still write there; and a second one in the same test is the same folder, emptied.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A text is a file, a tree a folder. */
interface Tree {
  readonly [name: string]: string | Tree;
}

function plant(folder: string, tree: Tree): void {
  for (const [name, what] of Object.entries(tree)) {
    const path = join(folder, name);
    if (typeof what === 'string') writeFileSync(path, what);
    else {
      mkdirSync(path);
      plant(path, what);
    }
  }
}

/** Name it before what writes there: teardowns run backwards, and the folder is the last to go. */
export function tempFolder(t: Pick<Test, 'teardown'>, tree: Tree = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'diemcau-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  plant(folder, tree);
  return folder;
}
