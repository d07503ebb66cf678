// The one build step of the pages: central/noc/web -> dist/web, edge/panel/web -> dist/panel, names with a hash of the content, compressed ahead (.gz, .br).
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const icon = join(root, 'central/noc/web/icon.svg');
const template = join(root, 'protocol/web/index.html');

const hashed = (name, bytes) => {
  const extension = extname(name);
  const hash = createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, 'x').slice(0, 10);
  return `assets/${name.slice(0, -extension.length)}-${hash}${extension}`;
};

const gzip = (bytes) => gzipSync(bytes, { level: 9 });
const brotli = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

async function bundle(source, entry) {
  const made = await build({
    entryPoints: [join(source, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // Chrome and Edge of the last three years.
    target: ['chrome109', 'firefox115', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
    tsconfig: join(source, 'tsconfig.json'),
  });
  return Buffer.from(made.outputFiles[0].contents);
}

/** Builds the operators' page. Returns bytes of each file: plain, gzip and brotli. */
export const buildWeb = ({ outdir = join(root, 'dist/web') } = {}) => buildPage('central/noc/web', 'style/index.css', outdir);

/** Builds the page of the chair's panel. */
export const buildPanel = ({ outdir = join(root, 'dist/panel') } = {}) => buildPage('edge/panel/web', 'panel.css', outdir);

/** Builds a page into `outdir`, which is emptied first. */
async function buildPage(folder, sheet, outdir) {
  const source = join(root, folder);
  const script = await bundle(source, 'main.tsx');
  const style = await bundle(source, sheet);
  const image = readFileSync(icon);
  const names = { script: hashed('page.js', script), style: hashed('page.css', style), icon: hashed('icon.svg', image) };
  const html = readFileSync(template, 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => `/${names[name]}`);
  const files = { 'index.html': Buffer.from(html), [names.script]: script, [names.style]: style, [names.icon]: image };
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(join(outdir, 'assets'), { recursive: true });
  return Object.entries(files).map(([name, bytes]) => {
    const [gz, br] = [gzip(bytes), brotli(bytes)];
    writeFileSync(join(outdir, name), bytes);
    writeFileSync(join(outdir, `${name}.gz`), gz);
    writeFileSync(join(outdir, `${name}.br`), br);
    return { name, bytes: bytes.length, gzip: gz.length, brotli: br.length };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [folder, files] of [
    ['web', await buildWeb()],
    ['panel', await buildPanel()],
  ])
    for (const { name, bytes, gzip: gz, brotli: br } of files)
      console.error(`diemcau: dist/${folder}/${name} ${bytes} bytes, ${gz} gzip, ${br} brotli`);
