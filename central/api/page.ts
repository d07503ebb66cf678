/** Serves the built page: hashed files for ever, index.html never from a cache, compressed files where the build left them. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const yearS = 31_536_000;
/** name-HASH.ext or name.HASH.ext, as the bundler names what it makes. */
const hashed = /[-.][A-Za-z0-9_]{8,}\.[a-z0-9]+(\.(gz|br))?$/;

/** @returns false when there is nothing to serve: the page was not built. */
export async function servePage(app: FastifyInstance, folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'index.html'))) return false;
  await app.register(files, {
    root: folder,
    prefix: '/',
    wildcard: true,
    preCompressed: true,
    cacheControl: false,
    dotfiles: 'ignore',
    setHeaders: (reply, path) => {
      reply.header('cache-control', hashed.test(basename(path)) ? `public, max-age=${yearS}, immutable` : 'no-cache');
    },
  });
  return true;
}
