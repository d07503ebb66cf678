/**
 * What goes before what on a busy machine, where the system grants it: units do (`LimitNICE`), and root has the right. In order of how soon its
 * lateness is noticed. The relay (-11) asks for itself.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { isMainThread } from 'node:worker_threads';

/** Nice values. */
export const niceOf = {
  /** What stands for hardware and networks, which have processors of their own. */
  hardware: -10,
  /** Noticed after 100 ms, and little work. */
  sound: -10,
  /** The process that decides, on a box or a hub: a few per cent of a core. With ten boxes turning to it at once a hub without it took 330 ms to hear them all. */
  control: -7,
  /** Pictures that everybody sees: a site's camera, a hub's mosaic. */
  picture: -5,
  /** What is made for one room's screens, for pages and for the disk. */
  rest: 0,
} as const;

export type Rank = keyof typeof niceOf;

/**
 * Sets this process: the threads that it has (files are read and written by others than the one that decides), and all that it starts from now
 * on, threads and processes, unless they set themselves. In a worker thread it sets that one alone. Null, or why it is not allowed: then all
 * stays as it is.
 */
export function rise(rank: Rank): string | null {
  try {
    setPriority(niceOf[rank]);
    if (isMainThread) for (const thread of readdirSync('/proc/self/task')) setThread(Number(thread), niceOf[rank]);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Linux takes the number of a thread where others take that of a process. One that has just ended needs nothing. */
function setThread(thread: number, nice: number): void {
  try {
    setPriority(thread, nice);
  } catch (error) {
    if ((error as { readonly info?: NodeJS.ErrnoException }).info?.code !== 'ESRCH') throw error;
  }
}
