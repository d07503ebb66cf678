/** The end at which systemd would listen: a datagram socket of the test's own, and what has been said to it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { eventually } from './eventually.ts';
import { tempFolder } from './temp-folder.ts';

export interface NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly address: string;
  /** In the order in which it came. */
  readonly said: readonly string[];
  /** How often `line` has been said. */
  readonly count: (line: string) => number;
  /** What STATUS was last. */
  readonly status: () => string;
}

/** Listens until the end of the test, at a path or at an abstract name. */
export async function notifySocket(t: Test, { abstract = false }: { readonly abstract?: boolean } = {}): Promise<NotifySocket> {
  const name = abstract ? `diemcau-test-${randomBytes(8).toString('hex')}` : join(tempFolder(t), 'notify');
  const child = spawn('socat', ['-u', `${abstract ? 'ABSTRACT' : 'UNIX'}-RECV:${name}`, '-'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  await eventually(() => (readFileSync('/proc/net/unix', 'utf8').includes(name) ? undefined : 'nobody listens yet'));
  return {
    address: abstract ? `@${name}` : name,
    said,
    count: (line) => said.filter((each) => each === line).length,
    status: () => said.findLast((each) => each.startsWith('STATUS='))?.slice('STATUS='.length) ?? '',
  };
}
