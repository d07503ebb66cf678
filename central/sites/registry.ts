/** The sites and hubs that belong to the network. Nobody else may connect. Kept in memory, written before it counts. */
import { EventEmitter } from 'node:events';
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Role } from '../../protocol/ids.ts';
import type { Protection } from '../../protocol/schema/plan.ts';
import { serial } from '../serial.ts';
import { insertHub, insertSite, listHubs, listSites, nodeSeen, removeHub, removeSite, setHubAddress, updateSite } from '../store/sites.ts';
import type { Db } from '../store/store.ts';
import type { Hub, Site } from './contract.ts';
import { compareNames, compareSites } from './order.ts';

export interface RegistryEvents {
  /** A site or hub was added, changed or removed; a hub's address is a change. */
  changed: [node: string, how: 'added' | 'changed' | 'removed'];
}

export interface SiteWish {
  readonly site: string;
  readonly name: string;
  /** Null: at the end. */
  readonly order: number | null;
  readonly protection?: Protection | undefined;
}

export interface SiteChange {
  readonly name?: string | undefined;
  readonly order?: number | undefined;
  readonly protection?: Protection | undefined;
}

/** Room between places, for putting a site between two others. */
const PLACE_STEP = 10;

export class Registry extends EventEmitter<RegistryEvents> {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #sites = new Map<string, Site>();
  readonly #hubs = new Map<string, Hub>();
  readonly #paths = new Map<string, readonly string[]>();
  readonly #inTurn = serial();

  constructor(parts: { readonly db: Db; readonly clock: Clock }) {
    super();
    this.#db = parts.db;
    this.#clock = parts.clock;
  }

  async start(): Promise<void> {
    for (const site of await listSites(this.#db)) this.#sites.set(site.site, site);
    for (const hub of await listHubs(this.#db)) this.#hubs.set(hub.hub, hub);
  }

  /** In their order. */
  sites(): readonly Site[] {
    return [...this.#sites.values()].toSorted(compareSites);
  }

  site(site: string): Site | undefined {
    return this.#sites.get(site);
  }

  hubs(): readonly Hub[] {
    return [...this.#hubs.values()].toSorted((a, b) => compareNames(a.name, b.name) || (a.hub < b.hub ? -1 : 1));
  }

  hub(hub: string): Hub | undefined {
    return this.#hubs.get(hub);
  }

  /** Whether a node may connect in this role. */
  readonly admits = (node: string, role: Role): boolean =>
    role === 'edge' ? this.#sites.has(node) : role === 'hub' && this.#hubs.has(node);

  /** Without an order the site goes to the end. */
  addSite(wish: SiteWish): Promise<Result<Site>> {
    return this.#inTurn(async () => {
      const last = Math.max(0, ...[...this.#sites.values()].map((each) => each.order));
      const { site: id, name, protection = 'warm' } = wish;
      const site: Site = { site: id, name, order: wish.order ?? last + PLACE_STEP, seenAt: null, protection };
      if (this.#taken(site.site) || !(await insertSite(this.#db, site, this.#clock.now()))) return exists('site', site.site);
      this.#sites.set(site.site, site);
      this.emit('changed', site.site, 'added');
      return ok(site);
    });
  }

  changeSite(id: string, change: SiteChange): Promise<Result<Site>> {
    return this.#inTurn(async () => {
      const before = this.#sites.get(id);
      if (!before) return failed({ code: 'not-found', what: 'site', id });
      const { name = before.name, order = before.order, protection = before.protection } = change;
      const site: Site = { ...before, name, order, protection };
      await updateSite(this.#db, id, site);
      this.#sites.set(id, { ...site, seenAt: this.#sites.get(id)?.seenAt ?? null });
      this.emit('changed', id, 'changed');
      return ok(site);
    });
  }

  removeSite(id: string): Promise<Result<null>> {
    return this.#inTurn(async () => {
      if (!this.#sites.has(id)) return failed({ code: 'not-found', what: 'site', id });
      await removeSite(this.#db, id);
      this.#sites.delete(id);
      this.emit('changed', id, 'removed');
      return ok(null);
    });
  }

  addHub({ hub: id, name }: { readonly hub: string; readonly name: string }): Promise<Result<Hub>> {
    return this.#inTurn(async () => {
      const hub: Hub = { hub: id, name, seenAt: null, address: null };
      if (this.#taken(id) || !(await insertHub(this.#db, hub, this.#clock.now()))) return exists('hub', id);
      this.#hubs.set(id, hub);
      this.emit('changed', id, 'added');
      return ok(hub);
    });
  }

  removeHub(id: string): Promise<Result<null>> {
    return this.#inTurn(async () => {
      if (!this.#hubs.has(id)) return failed({ code: 'not-found', what: 'hub', id });
      await removeHub(this.#db, id);
      this.#hubs.delete(id);
      this.emit('changed', id, 'removed');
      return ok(null);
    });
  }

  /** A hub says where it listens. */
  hubAddress(id: string, address: NonNullable<Hub['address']>): Promise<void> {
    return this.#inTurn(async () => {
      const hub = this.#hubs.get(id);
      if (!hub || JSON.stringify(hub.address) === JSON.stringify(address)) return;
      await setHubAddress(this.#db, id, address);
      this.#hubs.set(id, { ...hub, address });
      this.emit('changed', id, 'changed');
    });
  }

  /** A box says which WAN links it has. Known until the next start: it says so again. */
  sitePaths(id: string, paths: readonly string[]): void {
    if (!this.#sites.has(id) || JSON.stringify(this.#paths.get(id)) === JSON.stringify(paths)) return;
    this.#paths.set(id, paths);
    this.emit('changed', id, 'changed');
  }

  /** The WAN links of a box, the best first; null: it has not said. */
  pathsOf(id: string): readonly string[] | null {
    return this.#paths.get(id) ?? null;
  }

  /** A node is or was connected just now. */
  seen(node: string): Promise<void> {
    return this.#inTurn(async () => {
      const at = this.#clock.now();
      const [site, hub] = [this.#sites.get(node), this.#hubs.get(node)];
      if (site) this.#sites.set(node, { ...site, seenAt: at });
      if (hub) this.#hubs.set(node, { ...hub, seenAt: at });
      if (site || hub) await nodeSeen(this.#db, { role: site ? 'edge' : 'hub', node }, at);
    });
  }

  /** One name means one node, whatever its role. */
  #taken(id: string): boolean {
    return id === 'central' || this.#sites.has(id) || this.#hubs.has(id);
  }
}

const exists = (what: string, id: string): Result<never> => failed({ code: 'conflict', what, reason: `${id} is in use` });
