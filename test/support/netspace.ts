/**
 * Network namespaces of a test: named after the process that owns them, gone with everything that runs in them when it is done, and swept away by
 * the next one when it could not be (killed). Needs root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Space {
  /** Of the namespace, for `ip netns exec`. */
  readonly id: string;
  /** Starts a program inside. Its standard input is closed unless `input` is `pipe`. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program inside to its end and returns what it printed. */
  run(command: string, args: readonly string[], input?: string): string;
  /** `ip` commands, one a line, in one go. */
  ip(lines: readonly string[]): void;
  /** Everything that runs inside. */
  pids(): readonly number[];
  /** SIGKILL to everything inside except `spared`, until nothing is left that could start another. */
  kill(spared?: ReadonlySet<number>): void;
}

export interface SpawnOptions {
  readonly input?: 'ignore' | 'pipe';
  readonly env?: Readonly<Record<string, string>>;
}

export interface Spaces {
  add(name: string): Space;
  /** Ends every process inside and removes the namespaces. */
  remove(): void;
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

/** The start time of a process in clock ticks, which tells it from a later one with the same id; null when it is gone. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null; // it has ended
  }
}

function kill(id: string, spared: ReadonlySet<number>): void {
  const inside = (): number[] =>
    ip('netns', 'pids', id)
      .split('\n')
      .filter(Boolean)
      .map(Number)
      .filter((pid) => !spared.has(pid) && !/\) [ZX] /.test(statOf(pid)));
  // First all stand still, then they die: nobody sees another die and acts on it.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of inside()) send(pid, signal);
  for (let left = inside(); left.length > 0; left = inside()) for (const pid of left) send(pid, 'SIGKILL');
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ') X '; // it has ended
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function drop(id: string): void {
  kill(id, new Set());
  ip('netns', 'del', id);
}

const list = (): readonly string[] =>
  ip('netns', 'list')
    .split('\n')
    .flatMap((line) => line.split(' ')[0] || []);

/** Removes the namespaces of owners that are gone. */
function sweep(): void {
  for (const id of list()) {
    const [, pid, start] = /^dc-(\d+)-(\d+)-[0-9a-f]{6}-/.exec(id) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    try {
      drop(id);
    } catch (error) {
      if (list().includes(id)) throw error; // else another sweeper was faster
    }
  }
}

/** An empty set of namespaces; call `remove` at teardown. */
export function makeSpaces(): Spaces {
  sweep();
  const prefix = `dc-${process.pid}-${startOf(process.pid)}-${randomBytes(3).toString('hex')}`;
  const made: string[] = [];
  const remove = (): void => {
    process.off('exit', remove);
    for (const id of made.splice(0)) drop(id);
  };
  process.once('exit', remove);
  return {
    remove,
    add(name) {
      const id = `${prefix}-${name}`;
      ip('netns', 'add', id);
      made.push(id);
      // No IPv6: its neighbour discovery and router solicitations would be traffic that nobody asked for.
      const quiet = 'for each in all default; do echo 1 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; done';
      ip('netns', 'exec', id, 'sh', '-c', quiet);
      ip('-n', id, 'link', 'set', 'lo', 'up');
      const inside = (command: string, args: readonly string[]): string[] => ['netns', 'exec', id, command, ...args];
      return {
        id,
        spawn: (command, args, { input = 'ignore', env = {} } = {}) =>
          spawn('ip', inside(command, args), { stdio: [input, 'pipe', 'pipe'], env: { ...process.env, ...env } }),
        run: (command, args, input) =>
          execFileSync('ip', inside(command, args), { encoding: 'utf8', ...(input === undefined ? {} : { input }) }),
        ip: (lines) => {
          execFileSync('ip', ['-n', id, '-batch', '-'], { input: `${lines.join('\n')}\n` });
        },
        pids: () => ip('netns', 'pids', id).split('\n').filter(Boolean).map(Number),
        kill: (spared = new Set()) => kill(id, spared),
      };
    },
  };
}
