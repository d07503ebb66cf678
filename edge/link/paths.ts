/** The WAN links of this box: how a socket is made to leave over one of them. */
import { networkInterfaces } from 'node:os';

/** As configured. With an interface, its present address is used, whatever that is; with an address only, the system's routes decide. */
export interface WanLink {
  readonly name: string;
  readonly interface?: string;
  readonly address?: string;
}

/** What the relay is told of it. */
export interface Leaving {
  readonly device?: string;
  readonly bind?: string;
}

export class Paths {
  readonly #links: ReadonlyMap<string, WanLink>;

  constructor(links: readonly WanLink[]) {
    this.#links = new Map(links.map((each) => [each.name, each]));
  }

  get names(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** How the relay leaves over it; a path that is not configured here leaves as the system likes. */
  leaving(path: string | null): Leaving {
    const link = this.#find(path);
    return { ...(link?.interface ? { device: link.interface } : {}), ...(link?.address ? { bind: link.address } : {}) };
  }

  /** Our own address on it now, for sockets that cannot be bound to an interface; undefined: the system's choice. */
  addressOn(path: string | null): string | undefined {
    const link = this.#find(path);
    if (link?.address !== undefined || link?.interface === undefined) return link?.address;
    return networkInterfaces()[link.interface]?.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  }

  #find(path: string | null): WanLink | undefined {
    return path === null ? undefined : this.#links.get(path);
  }
}
