/** What processes cost: CPU time, memory, children. Read from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** The program's file, without its folder; empty for a process that has ended. Not the kernel's name for it: libsrt changes that for moments. */
  readonly name: string;
  /** CPU time used by the process itself, in seconds. */
  readonly cpuSeconds: number;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const rest = text.slice(end + 2).split(' ');
    return {
      pid,
      parent: Number(rest[1]),
      name: basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? ''),
      cpuSeconds: (Number(rest[11]) + Number(rest[12])) / ticksPerSecond,
    };
  } catch {
    return undefined; // it ended between the listing and the reading
  }
}

/** All processes below `root`, and `root` itself. */
export function tree(root: number): readonly Stat[] {
  const all = readdirSync('/proc').flatMap((name) => {
    const each = /^\d+$/.test(name) ? stat(Number(name)) : undefined;
    return each === undefined ? [] : [each];
  });
  const found = new Set([root]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const each of all) if (found.has(each.parent)) found.add(each.pid);
  }
  return all.filter((each) => found.has(each.pid));
}

/** Children of `root`, at any depth, that run the program `name`. */
export const named = (root: number, name: string): readonly number[] =>
  tree(root).flatMap((each) => (each.name === name && each.pid !== root ? [each.pid] : []));

/** Whether `pid` still runs; a process that has ended and was not yet collected does not. */
export function alive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Proportional set size in MB: shared pages counted once over all sharers. */
export function pssMb(pid: number): number {
  const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(line ?? 0) / 1024;
}

/** CPU used between now and `end()`, in cores, by process id. Processes that came or went in between count what is known of them. */
export function measureCores(pids: () => readonly number[]): {
  end(): { readonly seconds: number; readonly total: number; readonly byPid: ReadonlyMap<number, number> };
} {
  const read = (): Map<number, number> =>
    new Map(
      pids()
        .flatMap((pid) => tree(pid))
        .map((each) => [each.pid, each.cpuSeconds]),
    );
  const before = read();
  const started = performance.now();
  return {
    end() {
      const seconds = (performance.now() - started) / 1000;
      const byPid = new Map([...read()].map(([pid, cpu]) => [pid, (cpu - (before.get(pid) ?? 0)) / seconds]));
      return { seconds, total: [...byPid.values()].reduce((sum, each) => sum + each, 0), byPid };
    },
  };
}
