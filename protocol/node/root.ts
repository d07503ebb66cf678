/** Where this package lives on disk, the same from source and from dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder that holds our package.json, found upwards from this module. Native programs, web files and clips are addressed from here.
 * @throws Error when there is none: a broken installation.
 */
export function packageRoot(): string {
  const from = dirname(fileURLToPath(import.meta.url));
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json above ${from}`);
  }
}
