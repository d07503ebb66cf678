/** The built page of the panel, read once: a handful of small files that must be there even when the disk is not. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly bytes: Buffer;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** All files below `folder` by their path in the address; `/` is index.html. Empty when the page was not built. */
export async function pageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  let names: readonly string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return files;
    throw error;
  }
  for (const name of names) {
    const type = types[extname(name)];
    if (type !== undefined) files.set(name === 'index.html' ? '/' : `/${name}`, { bytes: await readFile(join(folder, name)), type });
  }
  return files;
}
