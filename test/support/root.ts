/** One of the project's processes as its users start it: a configuration file in, a `started` line out, logs kept. Gone at teardown. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from './eventually.ts';

export type Root = 'central/main.ts' | 'central/hub/main.ts' | 'edge/main.ts';

export interface RootProcess {
  readonly child: ChildProcess;
  /** Lines of stderr. */
  readonly logs: readonly string[];
  /** Its first line on stdout, null until then. */
  readonly started: () => Readonly<Record<string, unknown>> | null;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGTERM, and its end. */
  readonly stop: () => Promise<number | null>;
}

/** Arguments of node that run a program of the tree: compiled when the tests are, else from its source. */
export const rootArgs = (program: string): readonly string[] =>
  import.meta.url.endsWith('.js')
    ? ['--enable-source-maps', join(packageRoot(), 'dist', program.replace(/\.ts$/, '.js'))]
    : ['--import', 'tsx', join(packageRoot(), program)];

/** Starts a root with `config`, which is written to `folder`; `env` is added to ours. */
export function startRoot(t: Test, root: Root, config: unknown, folder: string, env: Readonly<Record<string, string>> = {}): RootProcess {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${root.replaceAll('/', '-')}.json`);
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [...rootArgs(root), '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const logs: string[] = [];
  let line: Readonly<Record<string, unknown>> | null = null;
  createInterface({ input: child.stdout }).on('line', (text) => {
    line ??= JSON.parse(text) as Readonly<Record<string, unknown>>;
  });
  createInterface({ input: child.stderr }).on('line', (text) => logs.push(text));
  // 'close', not 'exit': then its last words have been read.
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  t.teardown(stop);
  return { child, logs, started: () => line, ended, stop };
}

/** Waits for the `started` line. */
export async function up(root: RootProcess): Promise<Readonly<Record<string, unknown>>> {
  await eventually(
    () => (root.started() !== null || root.child.exitCode !== null ? undefined : `not started: ${root.logs.slice(-3).join('\n')}`),
    { withinMs: 60_000 },
  );
  const line = root.started();
  if (line === null) throw new Error(`it ended with ${root.child.exitCode}: ${root.logs.join('\n')}`);
  return line;
}
