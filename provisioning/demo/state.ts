/** What a running demo tells `diemcau fault` and the curious: process ids by name, in a file that disappears with the demo. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DemoState {
  /** The demo's own process. */
  readonly demo: number;
  readonly url: string;
  readonly pids: Readonly<Record<string, number>>;
  /** Names of the processes that are sites' cameras, by site. */
  readonly cameras: Readonly<Record<string, string>>;
  /** The same of the cameras that stand by. */
  readonly backups: Readonly<Record<string, string>>;
  /** Ports of loopback on which cameras take orders, by process. */
  readonly orders: Readonly<Record<string, number>>;
}

const file = (data: string): string => join(data, 'state.json');

export function writeState(data: string, state: DemoState): void {
  writeFileSync(`${file(data)}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file(data)}.new`, file(data));
}

export const removeState = (data: string): void => rmSync(file(data), { force: true });

/** The state of a demo that runs now, or undefined. A file left by a killed demo names a process that is gone. */
export function runningDemo(data: string): DemoState | undefined {
  let state: DemoState;
  try {
    state = JSON.parse(readFileSync(file(data), 'utf8')) as DemoState;
    process.kill(state.demo, 0);
  } catch {
    return undefined;
  }
  return state;
}
