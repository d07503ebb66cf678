/** Looks at the threads of a process: /proc, read synchronously, because it answers in microseconds and the thread pool may be busy. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Look, parseThread, type ThreadLook } from './starved.ts';

/** The threads of `pid` at `at` (monotonic ms); null when there is no such process or no /proc. */
export function lookAtThreads(pid: number, at: number): Look | null {
  const threads = new Map<number, ThreadLook>();
  for (const id of list(`/proc/${pid}/task`)) {
    const stat = read(`/proc/${pid}/task/${id}/stat`);
    const thread = stat === null ? null : parseThread(stat, read(`/proc/${pid}/task/${id}/schedstat`));
    if (thread !== null) threads.set(id, thread);
  }
  return threads.size === 0 ? null : { at, threads };
}

/** Ends with the process or thread, or is not there at all (a kernel without schedstat). */
const absent = new Set(['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR']);

function list(folder: string): readonly number[] {
  try {
    return readdirSync(folder).map(Number);
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
