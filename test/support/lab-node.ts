/** One of the project's processes on a machine of a lab, from dist as its users run it: can be killed and started again, its words are kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../protocol/node/root.ts';
import type { LabMachine } from './lab-network.ts';
import { named } from './processes.ts';

export type Command = 'central' | 'hub' | 'edge';
export const cli = join(packageRoot(), 'dist', 'provisioning', 'cli.js');

export interface LabNode {
  readonly name: string;
  readonly machine: LabMachine;
  /** Of the process itself. @throws Error while it does not run. */
  readonly pid: number;
  readonly running: boolean;
  /** Every line of its log since the beginning of the lab, over all its lives. */
  readonly logs: readonly string[];
  /** The folder of everything that it remembers. */
  readonly data: string;
  /** Starts it, and waits for its `started` line. @throws Error with its last words when it ends before. */
  start(): Promise<void>;
  /** Sends a signal to the process itself, not to its children. Resolves when it has ended (at once for a signal that ends nothing). */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and its end. */
  stop(): Promise<void>;
  /** Ids of the programs below it with this name: `relay`, `worker`. */
  programs(name: string): readonly number[];
}

export interface NodeOptions {
  readonly machine: LabMachine;
  readonly command: Command;
  readonly config: object;
  readonly data: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A line of its log. */
  readonly heard?: (line: string) => void;
}

const endings: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSEGV', 'SIGABRT'];

/** A node that does not run yet. */
export function makeNode({ machine, command, config, data, env = {}, heard = () => {} }: NodeOptions): LabNode {
  const { name } = machine;
  const logs: string[] = [];
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  const runs = (): ChildProcess | null => (child !== null && child.exitCode === null && child.signalCode === null ? child : null);
  const start = async (): Promise<void> => {
    if (runs() !== null) throw new Error(`${name} runs already`);
    const file = join(data, '..', `${name}.json`);
    await mkdir(data, { recursive: true });
    await writeFile(file, JSON.stringify(config, null, 2));
    // `ip netns exec` becomes the program: its id is the program's.
    const born = machine.spawn(process.execPath, ['--enable-source-maps', cli, command, '--config', file], { env });
    child = born;
    ended = once(born, 'close');
    const from = logs.length;
    createInterface({ input: born.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      logs.push(line);
      heard(line);
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: born.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        if (line.includes('"started"')) resolve();
      });
      born.once('close', (code, signal) =>
        reject(new Error(`${name} ended with ${code ?? signal}:\n${logs.slice(from).slice(-20).join('\n')}`)),
      );
    });
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const living = runs();
    if (living === null) return;
    living.kill(signal);
    if (endings.includes(signal)) await ended;
  };
  const pid = (): number => {
    const id = runs()?.pid;
    if (id === undefined) throw new Error(`${name} does not run`);
    return id;
  };
  return {
    name,
    machine,
    data,
    logs,
    get pid() {
      return pid();
    },
    get running() {
      return runs() !== null;
    },
    start,
    kill,
    stop: () => kill('SIGTERM'),
    programs: (program) => named(pid(), program),
  };
}

/** Certificates for a node by the technician's command, as the README tells. */
export async function issueByCommand(ca: string, out: string, node: string, role: Command, hosts: readonly string[]): Promise<void> {
  const names = hosts.flatMap((host) => ['--host', host]);
  const args = [cli, 'provision', 'issue', '--ca', ca, '--node', node, '--role', role, ...names, '--out', out];
  const [code] = await once(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
  if (code !== 0) throw new Error(`no certificate for ${node}: diemcau provision ended with ${code}`);
}
