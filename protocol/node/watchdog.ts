/**
 * The last tier: systemd watches this process, as this process watches its programs. It is told when we are ready, what we do, and, at half
 * of its patience, that we live; that only while the event loop turns and what the process is for works, so that one that is half dead is
 * started again. Without NOTIFY_SOCKET nothing of it happens. Protocol: sd_notify(3), sd_watchdog_enabled(3).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Part } from '../schema/reported.ts';
import { onEnd } from './ending.ts';
import { packageRoot } from './root.ts';

/** What systemd asks of this process. */
export interface Systemd {
  readonly socket: string;
  /** Its patience in ms; null: it does not watch. */
  readonly watchdogMs: number | null;
}

/** Takes systemd's variables out of `env`: programs that we start shall not speak in our name. Null: nobody listens. */
export function takeSystemd(env: Record<string, string | undefined>, pid: number): Systemd | null {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (socket === undefined || socket === '') return null;
  const ms = Number(usec ?? 0) / 1000;
  const ours = watched === undefined || Number(watched) === pid;
  return { socket, watchdogMs: ours && Number.isFinite(ms) && ms > 0 ? ms : null };
}

/** What a process does and which of its parts do not, in one line. */
export function sentence(doing: string, parts: readonly Part[]): string {
  const failed = parts.filter(({ state }) => state === 'failed').map(({ name, because }) => `${name} (${because})`);
  const starting = parts.filter(({ state }) => state === 'starting').map(({ name }) => name);
  return [
    doing,
    ...(failed.length > 0 ? [`failed: ${failed.join(', ')}`] : []),
    ...(starting.length > 0 ? [`starting: ${starting.join(', ')}`] : []),
  ].join('; ');
}

/** Why a node that lives from its relay is useless, null when it is not: the relay was given up, or is away for longer than `patienceMs`. */
export function relayWell(clock: Clock, patienceMs: number, parts: () => readonly Part[]): () => string | null {
  let since: number | null = null;
  return () => {
    const relay = parts().find(({ name }) => name === 'relay');
    if (relay?.state === 'running') {
      since = null;
      return null;
    }
    since ??= clock.mono();
    const awayMs = Math.round(clock.mono() - since);
    if (relay?.state === 'failed') return `the relay was given up: ${relay.because}`;
    return awayMs > patienceMs ? `the relay is away for ${awayMs} ms` : null;
  };
}

export interface WatchdogOptions {
  readonly systemd: Systemd | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked before each sign of life: null when the process does what it is for, else why not. While the answer is awaited there is no sign. */
  readonly well: () => string | null | Promise<string | null>;
  /** What the process does, in one line. */
  readonly status: () => string;
}

const STATUS_MS = 1000;
const AGAIN_MS = 1000;

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #log: Log;
  readonly #timers = new Set<Timer>();
  #helper: ChildProcess | null = null;
  #running = false;
  #asking = false;
  #status = '';
  #trouble: string | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'watchdog' });
  }

  /** Says that the process is ready, and from then on what it does and that it lives. */
  start(): void {
    const { systemd, clock } = this.#options;
    if (systemd === null || this.#running) return;
    this.#running = true;
    this.#open(systemd.socket);
    this.#timers.add(clock.every(STATUS_MS, 'status for systemd', () => this.#tellStatus()));
    if (systemd.watchdogMs === null) return;
    void this.#beat();
    this.#timers.add(clock.every(systemd.watchdogMs / 2, 'sign of life for systemd', () => void this.#beat()));
  }

  /** Says that the process ends. Idempotent; the helper goes with the process. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    for (const timer of this.#timers) timer.cancel();
    this.#say('STOPPING=1');
    this.#helper?.stdin?.end();
  }

  /** The process between us and the socket, null when there is none: for tests, which kill it. */
  get helperPid(): number | null {
    return this.#helper?.pid ?? null;
  }

  #open(socket: string): void {
    const { clock } = this.#options;
    const child = spawn(join(packageRoot(), 'build', 'native', 'notify'), [], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { NOTIFY_SOCKET: socket },
    });
    this.#helper = child;
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString()}`.slice(-500);
    });
    child.stdin.on('error', (error) => this.#log.debug({ because: error.message }, 'helper does not listen'));
    onEnd(child, clock, ({ how }) => {
      if (this.#helper === child) this.#helper = null;
      if (!this.#running) return;
      this.#log.warn({ because: words.trim() || how }, 'the helper that speaks to systemd ended and is started again');
      const again = clock.after(AGAIN_MS, 'helper for systemd', () => {
        this.#timers.delete(again);
        this.#open(socket);
      });
      this.#timers.add(again);
    });
    // A new helper says it again: the old one may have died with it.
    this.#say('READY=1');
    this.#status = '';
    this.#tellStatus();
  }

  #say(line: string): void {
    this.#helper?.stdin?.write(`${line}\n`);
  }

  #tellStatus(): void {
    const { status } = this.#options;
    const text = (this.#trouble === null ? status() : `not well, waiting to be started again: ${this.#trouble}`)
      .replaceAll('\n', ' ')
      .slice(0, 500);
    if (text === this.#status || this.#helper === null) return;
    this.#status = text;
    this.#say(`STATUS=${text}`);
  }

  async #beat(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const trouble = await this.#ask();
    this.#asking = false;
    if (!this.#running) return;
    if (trouble !== null && this.#trouble === null) this.#log.error({ because: trouble }, 'not well: no sign of life to systemd');
    if (trouble === null && this.#trouble !== null) this.#log.info({}, 'well again');
    this.#trouble = trouble;
    if (trouble === null) this.#say('WATCHDOG=1');
  }

  async #ask(): Promise<string | null> {
    try {
      return await this.#options.well();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
