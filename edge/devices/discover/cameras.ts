/** Looks for network cameras that nobody drives yet: by multicast on the room's networks, or where the configuration says. */
import { discover, foundDevice } from '../../../hardware/onvif/discovery.ts';
import { type Clock, sleep } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import type { FoundDevice } from '../../../protocol/schema/devices.ts';

export interface CamerasOptions {
  /** `multicast`, or `host:port` of an answerer of WS-Discovery; empty: nobody is asked. */
  readonly where: readonly string[];
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers are waited for so long; then a pause, so that a camera that is plugged in shows up within ten seconds. */
const WAIT_MS = 2000;
const PAUSE_MS = 4000;
/** Answers get lost: a camera is gone when it has not answered so many times. */
const MISSES = 3;

interface Sight {
  readonly found: FoundDevice;
  readonly missed: number;
}

export class Cameras {
  readonly #options: CamerasOptions;
  #sights: ReadonlyMap<string, Sight> = new Map();
  #ending = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: CamerasOptions) {
    this.#options = options;
  }

  get found(): readonly FoundDevice[] {
    return [...this.#sights.values()].map(({ found }) => found);
  }

  start(): void {
    if (this.#options.where.length === 0) return;
    this.#ending = new AbortController();
    this.#looking = this.#look(this.#ending.signal);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#looking;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { where, clock, log } = this.#options;
    while (!signal.aborted) {
      const rounds = where.map((place) =>
        discover({ clock, log, target: targetOf(place), waitMs: WAIT_MS, signal, onFound: () => undefined }).catch((error: unknown) => {
          // A network that goes away in the middle, a place that cannot be asked: the others are, and it is tried again.
          log.error({ err: error, place }, 'cameras could not be looked for');
          return [];
        }),
      );
      const seen = (await Promise.all(rounds)).flat();
      if (signal.aborted) return;
      this.#take(seen.map((camera) => foundDevice(camera, clock.now())));
      await sleep(clock, PAUSE_MS, 'cameras are looked for again', signal);
    }
  }

  #take(seen: readonly FoundDevice[]): void {
    const before = this.#sights;
    const fresh = seen.map((found): [string, Sight] => [
      found.key,
      { found: { ...found, since: before.get(found.key)?.found.since ?? found.since }, missed: 0 },
    ]);
    const kept = [...before].flatMap(([key, { found, missed }]): [string, Sight][] =>
      missed + 1 < MISSES ? [[key, { found, missed: missed + 1 }]] : [],
    );
    this.#sights = new Map([...kept, ...fresh]);
    const text = (sights: ReadonlyMap<string, Sight>): string => JSON.stringify([...sights.values()].map(({ found }) => found));
    if (text(before) !== text(this.#sights)) this.#options.changed();
  }
}

function targetOf(place: string): { readonly host: string; readonly port: number } | null {
  const [, host, port] = /^(.+):(\d+)$/.exec(place) ?? [];
  return host === undefined ? null : { host, port: Number(port) };
}
