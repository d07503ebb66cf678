/** The end of whoever started this process: it takes its helpers with it, even when it is killed and can say nothing. */
import { fstatSync } from 'node:fs';

/**
 * Calls `gone` when the pipe at stdin ends. An owner that keeps one open (the demo does) is noticed the moment it dies; a terminal or
 * /dev/null says nothing of that kind, so a process that a person or systemd started is left alone.
 */
export function whenOwnerGoes(gone: () => void): void {
  const stdin = fstatSync(0);
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('end', gone).resume();
}
