/** The one moment at which a child process is over: it has exited and what it last wrote has been read. */
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../clock.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** In words. */
  readonly how: string;
  /** The system's word (`ENOENT`, …) when it could not be started at all. */
  readonly errno: string | null;
}

/** After the exit its last output may still be in the pipes; this long we wait for it. A grandchild may hold a pipe open for ever. */
const DRAIN_MS = 100;

/** Calls `done` once, when `child` is over or could not be started. */
export function onEnd(child: ChildProcess, clock: Clock, done: (ending: Ending) => void): void {
  // A process that could not be started gives `error` without a pid and never `exit`.
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined) done({ code: null, signal: null, how: error.message, errno: error.code ?? 'unknown' });
  });
  child.once('exit', (code, signal) => {
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      drain.cancel();
      done({ code, signal, how: code === null ? `killed by ${signal}` : `exit code ${code}`, errno: null });
    };
    const drain = clock.after(DRAIN_MS, `last output of ${child.pid}`, end);
    const pipes = [child.stdout, child.stderr].filter((pipe) => pipe !== null && !pipe.closed);
    let open = pipes.length;
    for (const pipe of pipes)
      pipe?.once('close', () => {
        open -= 1;
        if (open === 0) end();
      });
    if (open === 0) end();
  });
}
