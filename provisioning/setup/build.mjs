// Brings a checkout to a runnable state: npm packages, native programs, compiled TypeScript, the web page. Each step does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './packages.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const stamps = join(root, 'build', 'stamps');

/** Runs a command at the root with its output on stderr; ends this process when it fails. */
export function must(command, args, what) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status === 0) return;
  console.error(`diemcau: ${what} failed (${command} ${args.join(' ')})`);
  process.exit(1);
}

function* files(folder, wanted) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path, wanted);
    else if (wanted.test(entry.name)) yield path;
  }
}

/** A fingerprint of sources: names, sizes and times. Content would be slower and buys nothing on one machine. */
function fingerprint(folders, wanted, extra) {
  const hash = createHash('sha256');
  for (const folder of folders)
    for (const path of files(join(root, folder), wanted)) {
      const { size, mtimeMs } = statSync(path);
      hash.update(`${path}\0${size}\0${mtimeMs}\n`);
    }
  for (const path of extra) hash.update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** Runs `act` unless the stamp `name` already holds `print` and `made` exists. */
function once(name, print, made, act) {
  const stamp = join(stamps, name);
  if (existsSync(join(root, made)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === print) return;
  act();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, print);
}

function npmPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  once(`npm-${process.versions.modules}`, lock, 'node_modules', () => {
    console.error('diemcau: installing npm packages (better-sqlite3 compiles: about two minutes the first time)');
    // Not `npm ci`: it insists on lock entries for the optional binaries of every platform, which a mirror inside a closed network may not hold.
    must('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], 'npm install');
  });
}

/** All there is to do before anything runs. `forTests` adds sanitizer builds and the packages that tests use. */
export function ensure({ forTests }) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major !== 20 || minor < 11) {
    console.error(`diemcau: needs Node 20 (20.11 or later of that line); this is ${process.versions.node}`);
    process.exit(1);
  }
  if (!ensurePackages({ forTests })) process.exit(1);
  npmPackages();
  const native = {
    'hardware/relay/native': ['asan', 'fuzz'],
    'hardware/gstreamer/native': ['asan'],
    'protocol/node/native': ['asan'],
    ...(forTests ? { 'test/support/native': ['asan'] } : {}),
  };
  for (const [part, extra] of Object.entries(native))
    must('make', ['-s', `-j${availableParallelism()}`, '-C', part, 'all', ...(forTests ? extra : [])], `building ${part}`);
  const sources = ['protocol', 'hardware', 'edge', 'central', 'provisioning', 'test'];
  once('tsc', fingerprint(sources, /\.ts$/, ['tsconfig.json', 'package-lock.json']), 'dist/provisioning/cli.js', () =>
    must('node_modules/.bin/tsc', ['-p', '.', '--incremental', '--tsBuildInfoFile', 'build/tsc.tsbuildinfo'], 'compiling TypeScript'),
  );
  once(
    'web',
    fingerprint(['protocol', 'central/noc', 'edge/panel/web'], /\.(tsx?|css|html|svg|json)$/, [
      'provisioning/setup/web.mjs',
      'package-lock.json',
    ]),
    'dist/web/index.html',
    () => must('node', ['provisioning/setup/web.mjs'], 'building the web page'),
  );
}
