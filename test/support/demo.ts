/** A whole demo (central, hub, sites as separate processes) for tests and benchmarks, and its API as a local tool sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MeetingView, SiteView } from '../../protocol/api.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { freePort } from '../../provisioning/demo/ports.ts';

export interface Demo {
  readonly url: string;
  readonly data: string;
  /** The one-time token for the first administrator. */
  readonly setupToken: string;
  readonly process: ChildProcess;
  /** Process ids by name: central, hub-1, and each site. */
  pids(): Promise<Record<string, number>>;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  meeting(): Promise<MeetingView>;
  sites(): Promise<readonly SiteView[]>;
  stop(): Promise<void>;
}

/** What a live network sends, for figures that others are compared with. */
export const fullRate = { DIEMCAU_KBPS: '1500' } as const;

export interface DemoOptions {
  readonly sites?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Reuse this folder instead of a temporary one. */
  readonly data?: string;
}

/** Starts `diemcau demo` on a free port and waits for its `ready` line. */
export async function startDemo({ sites = 13, env = {}, flags = [], data }: DemoOptions = {}): Promise<Demo> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'diemcau-')));
  const port = await freePort();
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/provisioning/cli.js', 'demo', ...flags], {
    cwd: packageRoot(),
    env: { ...process.env, DIEMCAU_PORT: String(port), DIEMCAU_SITES: String(sites), DIEMCAU_DATA: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test or benchmark that fails must not leave fifty processes behind.
  process.once('exit', () => child.kill('SIGTERM'));
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  let setupToken = '';
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      setupToken = /#\/setup\/(\S+)/.exec(line)?.[1] ?? setupToken;
      const ready = /^ready (\S+)$/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once('exit', (code) => reject(new Error(`the demo exited with ${code}:\n${said.slice(-30).join('\n')}`)));
  });
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    // Read each time: central writes a new one when it starts.
    const token = (await readFile(join(folder, 'central', 'service-token'), 'utf8')).trim();
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  return {
    url,
    data: folder,
    setupToken,
    process: child,
    pids: async () => (JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as { pids: Record<string, number> }).pids,
    call,
    meeting: async () => {
      const running = (await call<readonly MeetingView[]>('GET', '/meetings')).find((each) => each.state === 'running');
      if (running === undefined) throw new Error('no meeting is running');
      return running;
    },
    sites: () => call('GET', '/sites'),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await exited;
      }
      if (data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
