/** Processes and what they have started, as the system knows them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All that run now. */
function all(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** What `pid` has started itself. */
export const children = (pid: number): readonly Process[] => all().filter(({ parent }) => parent === pid);

/** `pid` and all that hang on it, in one look. */
export function tree(pid: number): readonly number[] {
  const now = all();
  const below = (root: number): readonly number[] =>
    now.filter(({ parent }) => parent === root).flatMap((each) => [each.pid, ...below(each.pid)]);
  return [pid, ...below(pid)];
}

/** Whether it has a file below `folder` open. */
export function holds(pid: number, folder: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => openedAs(pid, fd)?.startsWith(`${folder}/`) === true);
  } catch {
    return false; // it ended while we looked
  }
}

function openedAs(pid: number, fd: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return null; // it was closed while we looked
  }
}

/** SIGKILL to all of them, one after the other without a pause; one that has ended meanwhile is as dead as was wanted. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
