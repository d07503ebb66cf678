/** All devices of the room: those that central wants driven are driven, and nothing else is touched. Knows no broker and no meeting. */
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { ActResult, DeviceAct } from '../../protocol/schema/device.ts';
import type { DevicesBody, DeviceWish, FoundDevice, RoomScene } from '../../protocol/schema/devices.ts';
import type { DeviceLook } from './look.ts';
import { bounded } from './report.ts';
import { Station } from './station.ts';

export interface RackOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is reported has changed. */
  readonly changed: () => void;
  /** What the box has found by itself. */
  readonly found: () => readonly FoundDevice[];
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
/** Well below what a person who turns a camera notices. */
const GATHER_MS = 100;

export class Rack {
  readonly #options: RackOptions;
  #soon: Timer | null = null;
  #stations: ReadonlyMap<string, Station> = new Map();
  #scene: RoomScene = null;
  /** Changes are carried out one after another: a line must be let go before it is opened anew. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: RackOptions) {
    this.#options = options;
  }

  /**
   * Drives these devices, in this scene; resolves when lines that are no longer wanted were let go. A device whose wish is the same, or that is
   * only called or placed otherwise, is not let go. Never rejects: one change that fails on a bug must not stop the next.
   */
  apply(wishes: readonly DeviceWish[], scene: RoomScene): Promise<void> {
    this.#changing = this.#changing
      .then(() => this.#apply(wishes, scene))
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'devices could not be changed'));
    return this.#changing;
  }

  async #apply(wishes: readonly DeviceWish[], scene: RoomScene): Promise<void> {
    this.#scene = scene;
    const wanted = new Map(wishes.map((wish) => [wish.id, wish]));
    const kept = new Map([...this.#stations].filter(([id, { wish }]) => sameDevice(wanted.get(id), wish)));
    const gone = [...this.#stations].filter(([id]) => !kept.has(id));
    this.#stations = kept;
    await Promise.all(gone.map(([, station]) => station.stop()));
    const { clock, log } = this.#options;
    const next = new Map<string, Station>();
    for (const [id, wish] of wanted) {
      const station = kept.get(id) ?? new Station({ wish, clock, log, changed: () => this.#changed() });
      next.set(id, station);
      station.start();
      station.placed(wish, this.#scene);
    }
    this.#stations = next;
    this.#changed();
  }

  /** A camera on the move tells its place all the time: what changes together is told together. */
  #changed(): void {
    this.#soon ??= this.#options.clock.after(GATHER_MS, 'devices have changed', () => {
      this.#soon = null;
      this.#options.changed();
    });
  }

  /** Stops what moves and lets go of everything. Idempotent. */
  async stop(): Promise<void> {
    await this.#changing;
    this.#soon?.cancel();
    const all = [...this.#stations.values()];
    this.#stations = new Map();
    await Promise.all(all.map((station) => station.stop()));
  }

  async execute(device: string, act: DeviceAct): Promise<ActResult> {
    const station = this.#stations.get(device);
    return (await station?.execute(act)) ?? { outcome: 'rejected', because: `there is no device ${device} here` };
  }

  /** In the order of the wishes. */
  report(): DevicesBody {
    return bounded(
      [...this.#stations.values()].map((station) => station.report()),
      this.#options.found(),
    );
  }

  /** A device as it stands now; null: there is none of that id. */
  look(device: string): DeviceLook | null {
    return this.#stations.get(device)?.look() ?? null;
  }

  /** Where something is driven already: nobody else may open it. */
  taken(): ReadonlySet<string> {
    return new Set([...this.#stations.values()].map(({ wish }) => placeOf(wish.at)));
  }
}

/** The same thing on the same line: what it is called and how it shall stand does not matter. */
const sameDevice = (a: DeviceWish | undefined, b: DeviceWish): boolean => a !== undefined && hardwareOf(a) === hardwareOf(b);
const hardwareOf = ({ name, scenes, ...rest }: DeviceWish): string => JSON.stringify(rest);

/** The line a device hangs on, or the place where it answers, for comparison. */
export const placeOf = (at: DeviceWish['at']): string =>
  at.via === 'serial'
    ? at.path
    : `${at.via}:${at.host}:${at.port ?? (at.via === 'http' ? (at.secure === true ? HTTPS_PORT : HTTP_PORT) : '')}`;
