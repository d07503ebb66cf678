/** Looks for devices that nobody drives yet: on serial ports that appear. Who does not answer is asked again; who is driven, never. */
import { realpath } from 'node:fs/promises';
import { serialPort } from '../../../hardware/wire/serial.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import type { FoundDevice } from '../../../protocol/schema/devices.ts';
import { kindOf } from '../open.ts';
import { identify } from './identify.ts';
import { serialPorts } from './ports.ts';

export interface WatchOptions {
  /** Folders of serial ports, besides the system's. */
  readonly folders: readonly string[];
  /** Ports that are driven. */
  readonly taken: () => ReadonlySet<string>;
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_MS = 2000;
/** Who did not answer may have been booting, a display for seconds, a codec for two minutes; the last wait repeats. */
const AGAIN_MS: readonly number[] = [10_000, 20_000, 40_000, 60_000];

/** How long a port rests that was asked so often in vain, ms. @param times at least 1 */
export const againMs = (times: number): number => AGAIN_MS[Math.min(times, AGAIN_MS.length) - 1] ?? 0;

export class Watch {
  readonly #options: WatchOptions;
  readonly #found = new Map<string, FoundDevice>();
  /** How often each port was asked, and when that began or ended last, monotonic. */
  readonly #asked = new Map<string, { readonly times: number; readonly at: number }>();
  /** Ports that are being asked now. Each has its own device: nobody waits for another. */
  readonly #asking = new Map<string, { readonly ending: AbortController; readonly done: Promise<void> }>();
  /** Ports that are driven, under whatever name. */
  #driven: ReadonlySet<string> = new Set();
  #looking: Promise<void> | null = null;
  #timer: Timer | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get found(): readonly FoundDevice[] {
    return [...this.#found].flatMap(([path, found]) => (this.#driven.has(path) ? [] : [found]));
  }

  start(): void {
    // Not at once: what central wants driven comes a moment after the start, and its line must not be in use.
    this.#timer ??= this.#options.clock.every(LOOK_MS, 'look for devices', () => this.look());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    await this.#looking;
    for (const { ending } of this.#asking.values()) ending.abort();
    await Promise.all([...this.#asking.values()].map(({ done }) => done));
  }

  /** Looks now, unless it is looking. */
  look(): void {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'devices could not be looked for'))
      .finally(() => {
        this.#looking = null;
      });
  }

  async #look(): Promise<void> {
    const { folders, changed, taken } = this.#options;
    const ports = await named(await serialPorts(folders));
    const driven = new Set(await Promise.all([...taken()].map(real)));
    this.#driven = new Set([...ports].flatMap(([path, at]) => (driven.has(at) ? [path] : [])));
    for (const path of [...this.#asked.keys()].filter((each) => !ports.has(each))) {
      this.#asked.delete(path);
      if (this.#found.delete(path)) changed();
    }
    // Whoever is to drive it waits for the line.
    for (const [path, { ending }] of this.#asking) if (this.#driven.has(path)) ending.abort();
    for (const path of ports.keys()) if (this.#due(path)) this.#begin(path);
  }

  #due(path: string): boolean {
    const asked = this.#asked.get(path);
    if (this.#driven.has(path) || this.#asking.has(path)) return false;
    if (asked === undefined) return true;
    return !this.#found.has(path) && this.#options.clock.mono() - asked.at >= againMs(asked.times);
  }

  #begin(path: string): void {
    const ending = new AbortController();
    const done = this.#ask(path, ending.signal)
      .catch((error: unknown) => this.#options.log.error({ err: error, path }, 'a port could not be asked'))
      .finally(() => this.#asking.delete(path))
      .then(() => undefined);
    this.#asking.set(path, { ending, done });
  }

  async #ask(path: string, signal: AbortSignal): Promise<void> {
    const { changed, clock, log } = this.#options;
    const times = (this.#asked.get(path)?.times ?? 0) + 1;
    this.#asked.set(path, { times, at: clock.mono() });
    const identity = await identify((baud) => serialPort({ path, baud }), clock, signal);
    // Pulled out meanwhile: whoever comes next is asked anew.
    if (!this.#asked.has(path)) return;
    // Who speaks without end was listened to for long; it rests from now on.
    this.#asked.set(path, { times, at: clock.mono() });
    if (identity === null) return;
    const { baud, ...who } = identity;
    this.#found.set(path, {
      key: `serial:${path}`.slice(0, 300),
      kind: kindOf(who.driver),
      at: { via: 'serial', path, baud },
      ...who,
      since: clock.now(),
    });
    log.info({ path, ...who }, 'a device was found');
    changed();
  }
}

/** What a name of a port leads to: one port may have many. A name that leads nowhere is itself. */
async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    // Gone since it was listed, or a place on the network.
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return path;
  }
}

/** Each port once, by the first of its names. */
async function named(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const seen = new Set<string>();
  const all = await Promise.all(paths.map(async (path): Promise<readonly [string, string]> => [path, await real(path)]));
  return new Map(all.filter(([, at]) => !seen.has(at) && seen.add(at)));
}
