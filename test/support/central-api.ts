/** Central's API over a real store, without broker: the network is what the test says it is. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { Board } from '../../central/api/board.ts';
import { Expiry } from '../../central/api/expiry.ts';
import { HubClient } from '../../central/api/hub-client.ts';
import { Recordings } from '../../central/api/recordings.ts';
import type { Route } from '../../central/api/route.ts';
import { routesOf } from '../../central/api/routes.ts';
import { createServer } from '../../central/api/server.ts';
import { Stream } from '../../central/api/stream.ts';
import { Login } from '../../central/auth/login.ts';
import { Passwords } from '../../central/auth/password.ts';
import { ServiceToken } from '../../central/auth/service-token.ts';
import { Sessions } from '../../central/auth/sessions.ts';
import { Users } from '../../central/auth/users.ts';
import { Devices } from '../../central/devices/devices.ts';
import { type DrillStore, Drills } from '../../central/drill/service.ts';
import { Meetings } from '../../central/meetings/service.ts';
import type { Hub, Site, Want } from '../../central/sites/contract.ts';
import type { SiteChange, SiteWish } from '../../central/sites/registry.ts';
import { addAudit, listAudit } from '../../central/store/audit.ts';
import { findDrill, listDrills, saveDrill, sealDrill, unfinishedDrills } from '../../central/store/drills.ts';
import { listLog } from '../../central/store/events.ts';
import { meetingStore } from '../../central/store/meetings.ts';
import { recordingStore } from '../../central/store/recordings.ts';
import { Store } from '../../central/store/store.ts';
import { sessionStore, userStore } from '../../central/store/users.ts';
import type { NodeFacts } from '../../central/telemetry/facts.ts';
import { failed, ok } from '../../protocol/fault.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import type { Act } from '../../protocol/schema/command.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { movableClock } from './clock.ts';
import { usualFormats } from './formats.ts';

export const setupToken = 'one-time-token';
/** Days for which the bench keeps recordings. */
const keepDays = 30;

export interface ApiBench {
  readonly app: FastifyInstance;
  readonly routes: readonly Route[];
  readonly board: Board;
  readonly stream: Stream;
  readonly meetings: Meetings;
  readonly recordings: Recordings;
  readonly expiry: Expiry;
  /** What central said of itself. */
  readonly notes: readonly EventBody[];
  readonly drills: Drills;
  readonly drillStore: DrillStore;
  readonly store: Store;
  readonly clock: ReturnType<typeof movableClock>;
  readonly bearer: { readonly authorization: string };
  /** What the registry holds. */
  readonly sites: Map<string, Site>;
  readonly hubs: Map<string, Hub>;
  readonly facts: Map<string, NodeFacts>;
  /** What each node was told last, and how often anybody was. */
  readonly wants: Map<string, Want>;
  /** Boxes that were asked to restart their media. */
  readonly restarted: string[];
  /** Commands to boxes; all are answered with success. */
  readonly acts: { readonly site: string; readonly act: Act }[];
  call(options: InjectOptions): Promise<LightMyRequestResponse>;
  stop(): Promise<void>;
}

const nobody: Identity = { node: 'central', role: 'central', ca: '', cert: '', key: '' };

/** An intent, by the bench's own right. */
export const post = (bench: ApiBench, url: string, payload?: object) =>
  bench.call({ method: 'POST', url: `/api/v1${url}`, headers: bench.bearer, ...(payload ? { payload } : {}) });

/** A node that is connected and well. */
export const wellFacts = (node: string, mono: number, change: Partial<NodeFacts> = {}): NodeFacts => ({
  node,
  connected: true,
  because: '',
  status: { state: 'online', role: 'edge', version: '1', since: 1, because: 'started' },
  boot: '0123456789abcdef',
  reported: { role: 'edge', rev: 1, satisfied: true, because: 'idle', meetings: [], grants: [], parts: [], address: null, media: null },
  devices: null,
  devicesSeq: 0,
  telemetry: null,
  heardAt: mono,
  lostFrames: 0,
  clockMs: 0,
  aheadMs: 0,
  ...change,
});

export async function apiBench({
  data,
  identity = nobody,
  still = false,
}: {
  readonly data?: string;
  readonly identity?: Identity;
  readonly still?: boolean;
} = {}): Promise<ApiBench> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'diemcau-api-')));
  const clock = movableClock(still);
  const log = silentLog();
  const store = new Store({ file: join(folder, 'central.db'), log, now: clock.now, onLost: () => {} });
  await store.start();
  const acts: ApiBench['acts'] = [];
  const [sites, hubs, facts, wants, restarted] = [
    new Map<string, Site>(),
    new Map<string, Hub>(),
    new Map<string, NodeFacts>(),
    new Map<string, Want>(),
    [] as string[],
  ];
  const registry = {
    sites: () => [...sites.values()].toSorted((a, b) => a.order - b.order),
    hubs: () => [...hubs.values()],
    addSite: async ({ site, name, order, protection = 'warm' }: SiteWish) => {
      if (sites.has(site)) return failed({ code: 'conflict', what: site, reason: 'it exists' });
      const made: Site = { site, name, order: order ?? sites.size, seenAt: null, protection };
      sites.set(site, made);
      return ok(made);
    },
    changeSite: async (site: string, change: SiteChange) => {
      const had = sites.get(site);
      if (had === undefined) return failed({ code: 'not-found', what: 'site', id: site });
      const { name = had.name, order = had.order, protection = had.protection } = change;
      const made: Site = { ...had, name, order, protection };
      sites.set(site, made);
      return ok(made);
    },
    removeSite: async (site: string) => (sites.delete(site) ? ok(null) : failed({ code: 'not-found', what: 'site', id: site })),
    addHub: async ({ hub, name }: { hub: string; name: string }) => {
      if (hubs.has(hub)) return failed({ code: 'conflict', what: hub, reason: 'it exists' });
      const made: Hub = { hub, name, seenAt: null, address: null };
      hubs.set(hub, made);
      return ok(made);
    },
    removeHub: async (hub: string) => (hubs.delete(hub) ? ok(null) : failed({ code: 'not-found', what: 'hub', id: hub })),
  };
  const users = userStore(store.db);
  const sessions = new Sessions({ store: sessionStore(store.db), users, clock });
  const passwords = new Passwords();
  const people = new Users({ store: users, sessions, passwords, clock, setupToken });
  const login = new Login({ store: users, users: people, sessions, passwords, clock });
  const serviceToken = new ServiceToken();
  await serviceToken.write(folder);
  const devices = new Devices({ db: store.db, clock });
  await devices.start();
  const meetings = new Meetings({
    store: meetingStore(store),
    network: {
      site: (id) => {
        const site = sites.get(id);
        return site === undefined ? undefined : { ...site, paths: null };
      },
      devices: devices.of,
      hubs: () => registry.hubs().map(({ hub, address }) => ({ hub, address, online: facts.get(hub)?.connected ?? false })),
    },
    desires: {
      want: async (wishes) => {
        for (const { node, want } of wishes) wants.set(node, want);
        return wishes.map(() => 1);
      },
    },
    formats: usualFormats,
    latencyMs: 40,
    random: randomBytes,
    clock,
    log,
  });
  await meetings.start();
  const history = {
    log: (before: number | null, limit: number) => listLog(store.reader, { before, limit }),
    audit: (before: number | null, limit: number) => listAudit(store.reader, { before, limit }),
    addAudit: (entry: Parameters<typeof addAudit>[1]) => addAudit(store.db, entry),
  };
  const board = new Board({ registry, facts: (node) => facts.get(node), meetings, clock });
  meetings.on('changed', () => board.touch());
  board.start([]);
  const stream = new Stream({ board, boot: randomBytes(8).toString('hex'), clock, log });
  stream.start();
  const client = new HubClient(identity, (hub) => hubs.get(hub)?.address ?? null);
  const kept = recordingStore(store);
  const recordings = new Recordings({ store: kept, hubs: registry, client, keepDays, clock, log });
  const notes: EventBody[] = [];
  const told = { facts: (node: string) => facts.get(node), note: (event: EventBody) => void notes.push(event) };
  const expiry = new Expiry({ store: kept, recordings, ...told, keepDays, clock, log });
  const drillStore: DrillStore = {
    list: (limit) => listDrills(store.reader, limit),
    find: (id) => findDrill(store.db, id),
    unfinished: () => unfinishedDrills(store.reader),
    save: (drill) => saveDrill(store.db, drill),
    seal: (id, sealed) => sealDrill(store.db, id, sealed),
  };
  const drills = new Drills({
    store: drillStore,
    meetings,
    facts: (node) => facts.get(node),
    run: async (site, act) => {
      acts.push({ site, act });
      return { id: '0123456789', outcome: 'done', because: 'taken' };
    },
    pauseBroker: () => undefined,
    nameOf: (node) => (sites.get(node) ?? hubs.get(node))?.name,
    identity,
    random: randomBytes,
    clock,
    log,
  });
  meetings.on('changed', ({ id, state }) => {
    if (state === 'ended') drills.ended(id);
  });
  const routes = routesOf({
    login,
    sessions,
    users: people,
    meetings,
    board,
    stream,
    history,
    network: {
      registry,
      restartMedia: async (site) => {
        restarted.push(site);
      },
    },
    devices: {
      devices,
      registry,
      facts: (node) => facts.get(node),
      run: async (site, act) => {
        acts.push({ site, act });
        return { id: '0123456789', outcome: 'done', because: 'taken', device: { outcome: 'completed', because: 'the device says so' } };
      },
    },
    media: { client, facts: (node) => facts.get(node), recordings, clock, log },
    drills,
    system: { version: '0.0.0', problems: () => [], uptimeS: () => 1, metrics: () => [] },
  });
  const app = await createServer({ routes, sessions, serviceToken, history, trustProxy: false, tls: null, clock, log });

  const bearer = { authorization: `Bearer ${(await readFile(join(folder, 'service-token'), 'utf8')).trim()}` };
  return {
    app,
    routes,
    board,
    stream,
    meetings,
    recordings,
    expiry,
    notes,
    drills,
    drillStore,
    store,
    clock,
    bearer,
    sites,
    hubs,
    facts,
    wants,
    restarted,
    acts,
    call: (options) => app.inject(options),
    stop: async () => {
      stream.stop();
      board.stop();
      client.stop();
      await app.close();
      await drills.stop();
      await store.stop();
      if (data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Puts sites `a`…, all connected, and one hub with an address into the registry. */
export function populate({ sites, hubs, facts, clock }: ApiBench, names: readonly string[]): void {
  for (const [order, site] of names.entries()) {
    sites.set(site, { site, name: `Điểm cầu ${site}`, order, seenAt: 1, protection: 'warm' });
    facts.set(site, wellFacts(site, clock.mono()));
  }
  hubs.set('hub-1', { hub: 'hub-1', name: 'Trung tâm', seenAt: 1, address: { host: '127.0.0.1', port: 9710, paths: [] } });
  facts.set(
    'hub-1',
    wellFacts('hub-1', clock.mono(), {
      reported: {
        role: 'hub',
        rev: 1,
        satisfied: true,
        because: '',
        meetings: [],
        grants: [],
        parts: [],
        address: { host: '127.0.0.1', port: 9710, paths: [] },
        media: null,
      },
    }),
  );
}
