/** A network camera's stream for tests, by an independent peer. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from './eventually.ts';

/** Debian's GStreamer RTSP server in a process of its own, with one camera at /camera. `login`: user:password that it wants. */
export async function rtspServer(t: Test, port: number, kind: 'good' | 'garbage' = 'good', login: string | null = null) {
  const child = spawn(
    '/usr/bin/python3',
    [join(packageRoot(), 'test', 'support', 'rtsp-server.py'), String(port), kind, ...(login === null ? [] : [login])],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  t.teardown(() => child.kill('SIGKILL'));
  await eventually(() => (lines.some((line) => line.startsWith('ready')) ? undefined : 'the RTSP server is not ready'));
  const viewers = () => lines.filter((line) => line === 'connected').length;
  return {
    kill: () => child.kill('SIGKILL'),
    viewers,
    /** Waits until so many have connected, whatever their login; the line about it comes later than the pictures. */
    opened: (times = 1) => eventually(() => (viewers() >= times ? undefined : `opened by ${viewers()}`), { withinMs: 40_000 }),
  };
}
