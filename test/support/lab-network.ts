/**
 * The network of a lab: two WANs, each a switch of its own, on which every site hangs by a link that can be made bad, and every server by a
 * port that can be closed; servers share a LAN besides. All of it in namespaces.
 *
 *   server: lan 10.80.0.N   wan1 10.81.0.N   wan2 10.82.0.N      central is N = 1, others follow from 11
 *   site:                   wan1 10.81.1.N   wan2 10.82.1.N      from 1
 *
 * A socket bound to an interface or to its address leaves through that WAN. What is bound to nothing goes to a WAN address through that WAN, and to
 * a LAN address of a server through the preferred one: wan1 unless a test says otherwise.
 * Neighbours are known beforehand: a path that loses everything is silent, as behind a router, and not "host unreachable".
 */
import { type Impair, type Impairment, impairBinary, type LinkStats, perfect, startImpair, type Way } from './impair.ts';
import type { Machine } from './netns.ts';
import { makeSpaces, type Space } from './netspace.ts';

export const wans = ['wan1', 'wan2'] as const;
export type Wan = (typeof wans)[number];
const networks = ['lan', ...wans] as const;
type Network = (typeof networks)[number];
const second: Readonly<Record<Network, number>> = { lan: 80, wan1: 81, wan2: 82 };

/** A machine of the lab. */
export interface LabMachine extends Machine {
  /** By interface; `address` is the one by which others reach it while all is well. */
  readonly addresses: Readonly<Partial<Record<Network, string>>>;
  /** No frame comes or goes any more; its interfaces do not notice. */
  isolate(): void;
  join(): void;
  /** What leaves for a LAN address of a server without being bound goes this way. Sites only. */
  prefer(wan: Wan): void;
}

/** The link of one site to one WAN. */
export interface Path {
  readonly site: string;
  readonly wan: Wan;
  /** What is not named stays as it is. */
  set(impairment: Impairment, way?: Way | 'both'): Promise<void>;
  /** Silence in the way named; everything that is under way is lost. */
  cut(way?: Way | 'both'): Promise<void>;
  /** Ends a cut; delay, loss and rate stay. */
  heal(way?: Way | 'both'): Promise<void>;
  /** As it was in the beginning: nothing happens to frames. */
  perfect(): Promise<void>;
  /** A rate for whole Ethernet frames; null takes it away. A frame that would wait longer than `queueMs` is lost. */
  narrow(kbps: number | null, options?: { readonly queueMs?: number; readonly way?: Way | 'both' }): Promise<void>;
  /** The cable: the site's interface loses its carrier, which a cut does not do. */
  unplug(): void;
  plug(): void;
  stats(): Promise<LinkStats>;
  clear(): Promise<void>;
}

export interface LabNetwork {
  machine(name: string): LabMachine;
  /** Nothing goes between these two any more, by any network, and neither notices: as where routing fails. Returns what ends it. */
  sever(one: string, other: string): () => void;
  path(site: string, wan: Wan): Path;
  readonly paths: readonly Path[];
  /** Ends every process on the machines and removes them. @throws Error when an impairment had died or a sanitizer complained. */
  stop(): Promise<void>;
}

interface Port {
  /** In the core's namespace. */
  readonly name: string;
  readonly network: Network;
  readonly address: string;
  readonly mac: string;
}

interface Place {
  readonly machine: LabMachine;
  readonly ports: readonly Port[];
}

const addressOf = (network: Network, third: number, last: number): string => `10.${second[network]}.${third}.${last}`;
const macOf = (address: string): string =>
  ['02', '00', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
/**
 * Frames are for one receiver, whose port the switch knows: nothing is flooded, so that a link counts what its site sends and receives and
 * nothing else.
 */
function plugIn(core: Space, ports: readonly Port[]): void {
  core.ip(
    ports.flatMap(({ name, network }) => [
      `link set ${name} master ${network} up`,
      `link set ${name} type bridge_slave flood off learning off`,
    ]),
  );
  // Replace: a frame may have come before learning was off.
  core.run('bridge', ['-batch', '-'], ports.map(({ name, mac }) => `fdb replace ${mac} dev ${name} master static\n`).join(''));
}

const isolation = (core: Space, ports: readonly Port[]): Pick<LabMachine, 'isolate' | 'join'> => ({
  isolate: () => core.ip(ports.map(({ name }) => `link set ${name} nomaster`)),
  join: () => plugIn(core, ports),
});

/** One veth per network from the machine into the core, where its end is called `inCore`. */
function attach(core: Space, space: Space, ports: readonly Port[], inCore: (port: Port) => string): void {
  space.ip(
    ports.flatMap((port) => [
      `link add ${port.network} address ${port.mac} type veth peer name ${inCore(port)} netns ${core.id}`,
      `addr add ${port.address}/16 dev ${port.network}`,
      `link set ${port.network} up`,
    ]),
  );
  // Loose: an answer may come by the other WAN. Strict about ARP, so that no interface speaks for another's address.
  const settings = ['rp_filter=2', 'arp_ignore=1', 'arp_announce=2'].map((each) => `net.ipv4.conf.all.${each}`);
  space.run('sysctl', ['-qw', ...settings]);
  space.run(impairBinary(false), ['plain', ...ports.map(({ network }) => network)]);
}

function makeServer(core: Space, spaces: { add(name: string): Space }, name: string, last: number): Place {
  const space = spaces.add(name);
  const ports = networks.map((network): Port => {
    const address = addressOf(network, 0, last);
    return { name: `h${last}-${network}`, network, address, mac: macOf(address) };
  });
  attach(core, space, ports, ({ name }) => name);
  plugIn(core, ports);
  const addresses = Object.fromEntries(ports.map(({ network, address }) => [network, address]));
  const { spawn, run } = space;
  const prefer = (): never => {
    throw new TypeError(`${name} is no site`);
  };
  return { machine: { name, address: addressOf('lan', 0, last), addresses, space, spawn, run, prefer, ...isolation(core, ports) }, ports };
}

function makeSite(core: Space, spaces: { add(name: string): Space }, name: string, last: number, servers: readonly Place[]): Place {
  const space = spaces.add(name);
  const ports = wans.map((wan): Port => {
    const address = addressOf(wan, 1, last);
    return { name: `s${last}-${wan}-c`, network: wan, address, mac: macOf(address) };
  });
  attach(core, space, ports, ({ network }) => `s${last}-${network}-a`);
  core.ip(
    ports.flatMap((port) => [
      `link add s${last}-${port.network}-b type veth peer name ${port.name}`,
      `link set s${last}-${port.network}-a up`,
      `link set s${last}-${port.network}-b up`,
    ]),
  );
  plugIn(core, ports);
  const routes = (wan: Wan, rest: string): string[] =>
    servers.map(({ machine }) => `route add ${machine.addresses.lan}/32 via ${machine.addresses[wan]} dev ${wan} ${rest}`);
  space.ip(
    ports.flatMap(({ network, address }) => {
      const wan = network as Wan;
      const table = second[wan];
      return [
        ...routes(wan, `metric ${table}`),
        `rule add from ${address} lookup ${table}`,
        `route add 10.${table}.0.0/16 dev ${wan} src ${address} table ${table}`,
        ...routes(wan, `src ${address} table ${table}`),
      ];
    }),
  );
  let preferred: Wan | null = null;
  const prefer = (wan: Wan): void => {
    const before = preferred;
    if (before === wan) return;
    const better = (which: Wan): string[] => routes(which, 'metric 10');
    if (before !== null) space.ip(better(before).map((each) => each.replace('route add', 'route del')));
    space.ip(better(wan));
    preferred = wan;
  };
  const addresses = Object.fromEntries(ports.map(({ network, address }) => [network, address]));
  const { spawn, run } = space;
  return { machine: { name, address: addressOf('wan1', 1, last), addresses, space, spawn, run, prefer, ...isolation(core, ports) }, ports };
}

/** Where the switch has no port: what is sent there is lost. */
const nowhere = '02:00:00:00:00:00';

/** How `places` are known to a machine, unless another hardware address is given. */
const known = (ports: readonly Port[], places: readonly Place[], mac?: string): string[] =>
  ports.flatMap(({ network }) =>
    places
      .flatMap((place) => place.ports)
      .filter((port) => port.network === network)
      .map(({ address, mac: real }) => `neigh replace ${address} lladdr ${mac ?? real} dev ${network} nud permanent`),
  );

/** Everybody knows everybody's hardware address. */
function introduce(places: readonly Place[]): void {
  for (const place of places) {
    const others = places.filter((other) => other !== place);
    place.machine.space.ip(known(place.ports, others));
  }
}

function pathOf(core: Space, impair: Impair, site: string, last: number, wan: Wan): Path {
  const outside = `s${last}-${wan}-a`;
  return {
    site,
    wan,
    set: (impairment, way = 'both') => impair.set(way, impairment),
    cut: (way = 'both') => impair.set(way, { cut: true }),
    heal: (way = 'both') => impair.set(way, { cut: false }),
    perfect: () => impair.set('both', perfect),
    narrow: (kbps, { queueMs = 200, way = 'both' } = {}) => impair.set(way, { kbps: kbps ?? 0, queueMs }),
    unplug: () => core.ip([`link set ${outside} down`]),
    plug: () => core.ip([`link set ${outside} up`]),
    stats: impair.stats,
    clear: impair.clear,
  };
}

export interface NetworkOptions {
  /** In the order of their addresses; the first is central. */
  readonly servers: readonly string[];
  readonly sites: readonly string[];
  /** Of every chance on every link. */
  readonly seed: number;
  /** The build of `impair` that finds its own mistakes, and is slower. */
  readonly sanitized?: boolean;
}

/** Builds it. Nothing is left behind when it fails. */
export async function makeNetwork({ servers, sites, seed, sanitized = false }: NetworkOptions): Promise<LabNetwork> {
  if (sites.length > 250 || servers.length > 200) throw new RangeError('addresses for 250 sites and 200 servers');
  const spaces = makeSpaces();
  const impairs: Impair[] = [];
  try {
    const core = spaces.add('core');
    core.ip(networks.flatMap((network) => [`link add ${network} type bridge mcast_snooping 0`, `link set ${network} up`]));
    const there = servers.map((name, index) => makeServer(core, spaces, name, index === 0 ? 1 : 10 + index));
    const away = sites.map((name, index) => makeSite(core, spaces, name, index + 1, there));
    introduce([...there, ...away]);
    const paths: Path[] = [];
    for (const [index, site] of sites.entries())
      for (const [number, wan] of wans.entries()) {
        const [from, to] = [`s${index + 1}-${wan}-a`, `s${index + 1}-${wan}-b`];
        const impair = await startImpair(core, { seed: seed * 1000 + 2 * index + number, from, to, sanitized });
        impairs.push(impair);
        paths.push(pathOf(core, impair, site, index + 1, wan));
      }
    const place = (name: string): Place => {
      const found = [...there, ...away].find(({ machine }) => machine.name === name);
      if (found === undefined) throw new RangeError(`no machine ${name}`);
      return found;
    };
    return {
      paths,
      machine: (name) => place(name).machine,
      sever(one, other) {
        const pairs = [
          [place(one), place(other)],
          [place(other), place(one)],
        ] as const;
        for (const [from, to] of pairs) from.machine.space.ip(known(from.ports, [to], nowhere));
        return () => {
          for (const [from, to] of pairs) from.machine.space.ip(known(from.ports, [to]));
        };
      },
      path(site, wan) {
        const found = paths.find((each) => each.site === site && each.wan === wan);
        if (found === undefined) throw new RangeError(`no path ${wan} at ${site}`);
        return found;
      },
      async stop() {
        try {
          for (const impair of impairs) await impair.stop();
        } finally {
          spaces.remove();
        }
      },
    };
  } catch (error) {
    spaces.remove();
    throw error;
  }
}
