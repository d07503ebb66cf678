/**
 * A whole network of real processes on machines of their own: central, hubs, sites with two WAN paths each, over links that can be made bad.
 *
 *   const lab = await startLab(t, { hubs: ['hub-1', 'hub-2'], sites: { 'site-a': {}, 'site-b': { display: 'headless', stamps: true } } });
 *   const meeting = await lab.meet({ floor: 'site-a' });
 *   await lab.path('site-a', 'wan1').cut();
 *   await lab.powerCut('hub-1');
 *
 * Needs root, and dist/. Everything is gone at teardown, and after a test that was killed, when the next lab is made.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { LogEntry, MeetingView, SiteView } from '../../protocol/api.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { eventually } from './eventually.ts';
import { grainyFilm } from './film.ts';
import { type ConfigPlace, centralConfig, dataOf, type Extra, edgeConfig, hubConfig, identityOf, labPorts } from './lab-config.ts';
import { type LabMachine, type LabNetwork, makeNetwork, type Path, type Wan } from './lab-network.ts';
import { type Command, type LabNode, makeNode } from './lab-node.ts';
import { wallClock } from './shift.ts';
import { tempFolder } from './temp-folder.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';
import { makeWatch, type Watch } from './watch.ts';

export interface LabOptions {
  /** Names of the hubs; `hub-1` alone when absent. */
  readonly hubs?: readonly string[];
  /** By name, each with what its configuration has besides (`source`, `display`, `stamps`, …). */
  readonly sites: Readonly<Record<string, Extra>>;
  /** Of every chance on every link. */
  readonly seed?: number;
  /** What the configurations of central and of every hub have besides. */
  readonly central?: Extra;
  readonly hub?: Extra;
  /** How certificates are made; by the code behind `diemcau provision issue` when absent. */
  readonly certify?: (ca: string, out: string, node: string, role: Command, hosts: readonly string[]) => Promise<void>;
  /** The build of the links that finds its own mistakes. */
  readonly sanitized?: boolean;
  /** Nodes whose wall clock can be set wrong. */
  readonly clocks?: readonly string[];
  /** Sites without a `source` of their own play a film that takes the whole planned rate, as a camera does; see film.ts. */
  readonly film?: boolean;
  /** False: everything is made and registered at need by the test itself; only central runs. */
  readonly start?: boolean;
}

export interface MeetOptions {
  readonly title?: string;
  /** All when absent. */
  readonly sites?: readonly string[];
  /** Who gets the floor; nobody when absent. */
  readonly floor?: string;
  /** What the request has besides (`hub`, protection, …). */
  readonly body?: Extra;
}

export interface Lab {
  readonly folder: string;
  readonly seed: number;
  machine(name: string): LabMachine;
  path(site: string, wan: Wan): Path;
  /** Nothing goes between these two any more, and neither notices. Returns what ends it. */
  sever(one: string, other: string): () => void;
  node(name: string): LabNode;
  readonly nodes: readonly LabNode[];
  /** What a site says of the media that reaches it. */
  watch(site: string): Watch;
  /** What the stamp readers of a site with `stamps` and a decoding display have read, a line a second; counters only grow. */
  stamps(site: string): readonly StampLine[];
  /** Central's API, as a local tool of its machine. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Central's log, the newest first: events of all nodes. */
  events(limit?: number): Promise<readonly LogEntry[]>;
  /** Central's page for a browser, on 127.0.0.1. */
  page(): Promise<string>;
  /** A door to a port of a machine, as its own loopback sees it: a site's panel, metrics. It outlives a power cut. */
  door(name: string, port: number): Promise<Tunnel>;
  /** Creates and starts a meeting, and waits until every site sees and is seen. Returns its id. */
  meet(options?: MeetOptions): Promise<string>;
  /** Why a meeting is not whole yet; undefined when every site is seen and the floor is everywhere. */
  notWhole(meeting: string): Promise<string | undefined>;
  /** A node of `clocks`: its wall clock is ahead by so much from now on (behind: negative). */
  setClock(name: string, aheadMs: number): void;
  /** Silence first, then nothing runs any more: nobody gets a farewell from its kernel. */
  powerCut(name: string): void;
  /** The machine boots: joined again, its node started. */
  powerOn(name: string): Promise<void>;
}

export interface StampLine {
  /** CLOCK_MONOTONIC in ms. */
  readonly at: number;
  readonly floor: StampCounts;
  readonly mosaic: StampCounts;
}
export interface StampCounts {
  readonly samplesMs: readonly number[];
  readonly read: number;
  readonly corrupt: number;
  readonly lost: number;
  readonly maxGapMs: number;
}

const patience = { withinMs: 120_000, everyMs: 250 } as const;

async function certifyAll(place: ConfigPlace, network: LabNetwork, nodes: readonly [string, Command][], certify: LabOptions['certify']) {
  const clock = systemClock();
  const ca = join(place.folder, 'ca');
  const authority = certify === undefined ? await ensureCa(ca, clock) : null;
  for (const [node, role] of nodes) {
    const hosts = Object.values(network.machine(node).addresses);
    if (certify !== undefined) await certify(ca, identityOf(place, node), node, role, hosts);
    else if (authority !== null) await issue(authority, identityOf(place, node), { node, role, hosts }, clock);
  }
}

/** Builds and starts it. Nothing is left when it fails. */
export async function startLab(t: Pick<Test, 'teardown'>, options: LabOptions): Promise<Lab> {
  const { hubs = ['hub-1'], sites, seed = 1, sanitized = false, clocks = [], start = true, film = false } = options;
  const folder = tempFolder(t);
  const network = await makeNetwork({ servers: ['central', ...hubs], sites: Object.keys(sites), seed, sanitized });
  t.teardown(() => network.stop());
  const place: ConfigPlace = { folder, central: network.machine('central') };
  const usual: Extra = film ? { source: grainyFilm(folder) } : {};
  const watches = new Map(Object.keys(sites).map((site) => [site, makeWatch()]));
  const roles: [string, Command][] = [
    ['central', 'central'],
    ...hubs.map((name): [string, Command] => [name, 'hub']),
    ...Object.keys(sites).map((name): [string, Command] => [name, 'edge']),
  ];
  await certifyAll(place, network, roles, options.certify);
  const config = (name: string, role: Command): object => {
    const machine = network.machine(name);
    if (role === 'central') return centralConfig(place, options.central ?? {});
    return role === 'hub' ? hubConfig(place, machine, options.hub ?? {}) : edgeConfig(place, machine, { ...usual, ...sites[name] });
  };
  const wallClocks = new Map(clocks.map((name) => [name, wallClock(join(folder, 'clocks'), name)]));
  const nodes = roles.map(([name, command]) => {
    const [heard, env] = [watches.get(name)?.hear, wallClocks.get(name)?.env];
    const rest = { ...(heard === undefined ? {} : { heard }), ...(env === undefined ? {} : { env }) };
    return makeNode({ machine: network.machine(name), command, config: config(name, command), data: dataOf(place, name), ...rest });
  });
  const find = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new RangeError(`no ${what} in this lab`);
    return found;
  };
  const node = (name: string): LabNode =>
    find(
      nodes.find((each) => each.name === name),
      name,
    );
  const tunnels = new Map<string, Tunnel>();
  t.teardown(() => {
    for (const tunnel of tunnels.values()) tunnel.close();
  });
  const door = async (name: string, port: number): Promise<Tunnel> => {
    const key = `${name}-${port}`;
    const tunnel = tunnels.get(key) ?? (await openTunnel(network.machine(name).space, join(folder, `${key}.sock`), port));
    tunnels.set(key, tunnel);
    return tunnel;
  };
  await node('central').start();
  // Read each time: central writes a new one when it starts.
  const tokenNow = async (): Promise<string> => (await readFile(join(node('central').data, 'service-token'), 'utf8')).trim();
  const api = await door('central', labPorts.http);
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    api.call<T>(method, `/api/v1${path}`, { body, token: await tokenNow() });
  const notWhole = async (id: string): Promise<string | undefined> => {
    const [meeting, all] = await Promise.all([call<MeetingView>('GET', `/meetings/${id}`), call<readonly SiteView[]>('GET', '/sites')]);
    const wrong = meeting.sites.flatMap(({ site }) => {
      const each = all.find((view) => view.site === site);
      return each?.state === 'online' && each.tile === 'live' ? [] : [`${site} ${each?.state} ${each?.tile} ${each?.because}`];
    });
    if (wrong.length > 0) return wrong.join(', ');
    if (meeting.mosaic.state !== 'running') return `mosaic ${meeting.mosaic.state}`;
    const { switched, viewers } = meeting.floor;
    return meeting.grant.slots.length === 0 || (viewers > 0 && switched === viewers) ? undefined : `floor at ${switched} of ${viewers}`;
  };
  const lab: Lab = {
    folder,
    seed,
    machine: network.machine,
    path: network.path,
    sever: network.sever,
    node,
    nodes,
    watch: (site) => find(watches.get(site), site),
    stamps: (site) => readStamps(join(node(site).data, 'stamps.jsonl')),
    call,
    events: (limit = 200) => call('GET', `/log?limit=${limit}`),
    page: async () => `http://127.0.0.1:${await api.publish()}`,
    door,
    notWhole,
    async meet({ title = 'Họp thử', sites: invited = Object.keys(sites), floor, body = {} } = {}) {
      await eventually(
        async () =>
          (await call<{ state: string }[]>('GET', '/hubs')).every(({ state }) => state === 'online') ? undefined : 'a hub is missing',
        patience,
      );
      const { id } = await call<MeetingView>('POST', '/meetings', { title, sites: invited, hub: hubs[0], ...body });
      await call('POST', `/meetings/${id}/start`);
      if (floor !== undefined) await call('POST', `/meetings/${id}/floor`, { site: floor });
      await eventually(() => notWhole(id), patience);
      return id;
    },
    setClock: (name, aheadMs) => find(wallClocks.get(name), `clock of ${name}`).set(aheadMs),
    powerCut(name) {
      const machine = network.machine(name);
      machine.isolate();
      machine.space.kill(new Set([...tunnels.values()].map(({ pid }) => pid)));
    },
    async powerOn(name) {
      network.machine(name).join();
      await node(name).start();
    },
  };
  if (!start) return lab;
  for (const hub of hubs) await call('POST', '/hubs', { hub, name: hub });
  for (const site of Object.keys(sites)) await call('POST', '/sites', { site, name: site });
  await Promise.all(nodes.filter(({ running }) => !running).map((each) => each.start()));
  return lab;
}

function readStamps(file: string): readonly StampLine[] {
  if (!existsSync(file)) return []; // nothing decodes yet
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as StampLine] : []));
}
