/** What the boxes shall drive in their rooms: adopted by people, kept, and part of each site's desired state. Nothing here knows a make. */
import { EventEmitter } from 'node:events';
import type { Clock } from '../../protocol/clock.ts';
import { type Fault, failed, ok, type Result } from '../../protocol/fault.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import { serial } from '../serial.ts';
import { listDevices, removeDevice, saveDevice } from '../store/devices.ts';
import type { Db } from '../store/store.ts';

/** What a box drives at most; more fits no room. */
export const MAX_DEVICES = 32;

/** A site has one picture: a fault that names the field and who gives it already, if `wish` would be a second one. */
function sourceTaken(all: readonly DeviceWish[], wish: DeviceWish): Result<never> | null {
  const other = wish.source === true ? all.find(({ id, source }) => id !== wish.id && source === true) : undefined;
  return other === undefined
    ? null
    : failed({ code: 'input.invalid', path: '/source', reason: `the site's picture comes from ${other.name} (${other.id}) already` });
}

export interface DevicesEvents {
  changed: [site: string];
}

export class Devices extends EventEmitter<DevicesEvents> {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #sites = new Map<string, readonly DeviceWish[]>();
  readonly #inTurn = serial();

  constructor(parts: { readonly db: Db; readonly clock: Clock }) {
    super();
    this.#db = parts.db;
    this.#clock = parts.clock;
  }

  async start(): Promise<void> {
    for (const { site, wish } of await listDevices(this.#db)) this.#sites.set(site, [...this.of(site), wish]);
  }

  /** With their passwords: for the box alone. */
  readonly of = (site: string): readonly DeviceWish[] => this.#sites.get(site) ?? [];

  /** The site is gone, and its devices with it (the database has removed them already). */
  forget(site: string): void {
    this.#sites.delete(site);
  }

  add(site: string, wish: DeviceWish): Promise<Result<DeviceWish>> {
    return this.#inTurn(async () => {
      const known = this.of(site);
      if (known.some(({ id }) => id === wish.id)) return failed({ code: 'conflict', what: 'device', reason: `${wish.id} is in use` });
      if (known.length >= MAX_DEVICES) return failed({ code: 'exhausted', what: `devices of ${site}`, because: `${MAX_DEVICES} at most` });
      const clash = clashWith(known, wish);
      if (clash !== null) return failed(clash);
      return sourceTaken(known, wish) ?? this.#keep(site, [...known, wish], wish);
    });
  }

  /** @param change what is absent stays as it is; but a password is not sent to another place than the one that it was given for. */
  change(site: string, id: string, change: Partial<DeviceWish>): Promise<Result<DeviceWish>> {
    return this.#inTurn(async () => {
      const before = this.of(site).find((each) => each.id === id);
      if (before === undefined) return failed({ code: 'not-found', what: 'device', id });
      const wish = { ...before, ...change, id };
      if (before.password !== '' && change.password === undefined && wherever(wish) !== wherever(before))
        return failed({ code: 'input.invalid', path: '/password', reason: 'give it again for a device at another place' });
      const clash = clashWith(this.of(site), wish);
      if (clash !== null) return failed(clash);
      const all = this.of(site).map((each) => (each.id === id ? wish : each));
      return sourceTaken(all, wish) ?? this.#keep(site, all, wish);
    });
  }

  remove(site: string, id: string): Promise<Result<null>> {
    return this.#inTurn(async () => {
      if (!this.of(site).some((each) => each.id === id)) return failed({ code: 'not-found', what: 'device', id });
      await removeDevice(this.#db, site, id);
      this.#sites.set(
        site,
        this.of(site).filter((each) => each.id !== id),
      );
      this.emit('changed', site);
      return ok(null);
    });
  }

  async #keep(site: string, wishes: readonly DeviceWish[], wish: DeviceWish): Promise<Result<DeviceWish>> {
    await saveDevice(this.#db, { site, wish }, this.#clock.now());
    this.#sites.set(site, wishes);
    this.emit('changed', site);
    return ok(wish);
  }
}

/** To whom a password is told. */
const wherever = ({ at, driver }: DeviceWish): string =>
  JSON.stringify([driver, at.via === 'serial' ? [at.via, at.path] : [at.via, at.host, at.port]]);

/** A serial line has one user; at one place of a network each number is one device. */
const lineOf = ({ at, address }: DeviceWish): string =>
  at.via === 'serial' ? at.path : JSON.stringify([at.via, at.host.toLowerCase(), at.port, address]);

/** Two that drive the same thing take it from each other. */
function clashWith(known: readonly DeviceWish[], wish: DeviceWish): Fault | null {
  const other = known.find((each) => each.id !== wish.id && lineOf(each) === lineOf(wish));
  return other === undefined ? null : { code: 'conflict', what: 'device', reason: `${other.id} is driven there` };
}
