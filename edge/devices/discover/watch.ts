/** Looks for devices that nobody drives yet: on serial ports that appear. Asks each once, never one that is driven. */
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
/** Who did not answer may have been booting; codecs need two minutes. */
const AGAIN_MS = 60_000;

export class Watch {
  readonly #options: WatchOptions;
  readonly #found = new Map<string, FoundDevice>();
  /** When each port was asked last, monotonic. */
  readonly #asked = new Map<string, number>();
  #ending = new AbortController();
  #looking: Promise<void> | null = null;
  #timer: Timer | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get found(): readonly FoundDevice[] {
    return [...this.#found.values()];
  }

  start(): void {
    this.#ending = new AbortController();
    // Not at once: what central wants driven comes a moment after the start, and its line must not be in use.
    this.#timer ??= this.#options.clock.every(LOOK_MS, 'look for devices', () => this.look());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#ending.abort();
    await this.#looking;
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
    const { folders, changed } = this.#options;
    const ports = new Set(await serialPorts(folders));
    for (const path of [...this.#asked.keys()].filter((each) => !ports.has(each))) {
      this.#asked.delete(path);
      if (this.#found.delete(path)) changed();
    }
    const due = [...ports].filter((path) => this.#due(path));
    // Each line has its own device: nobody waits for another.
    await Promise.all(due.map((path) => this.#ask(path)));
  }

  #due(path: string): boolean {
    const { taken, clock } = this.#options;
    const askedAt = this.#asked.get(path);
    return !taken().has(path) && (askedAt === undefined || (!this.#found.has(path) && clock.mono() - askedAt >= AGAIN_MS));
  }

  async #ask(path: string): Promise<void> {
    const { changed, clock, log } = this.#options;
    this.#asked.set(path, clock.mono());
    const identity = await identify((baud) => serialPort({ path, baud }), clock, this.#ending.signal);
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
