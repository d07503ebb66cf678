/** Central, put together: the store and the network of nodes, the meetings on them, the API on those. Stopped in reverse. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Clock } from '../protocol/clock.ts';
import { FaultError } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import type { Identity } from '../protocol/node/tls.ts';
import { Board } from './api/board.ts';
import type { History } from './api/contract.ts';
import { Expiry } from './api/expiry.ts';
import { HubClient } from './api/hub-client.ts';
import { servePage } from './api/page.ts';
import { Recordings } from './api/recordings.ts';
import { routesOf } from './api/routes.ts';
import { createServer } from './api/server.ts';
import { Stream } from './api/stream.ts';
import { isReadable, type WebTls } from './api/tls.ts';
import { Login } from './auth/login.ts';
import { Passwords } from './auth/password.ts';
import { ServiceToken } from './auth/service-token.ts';
import { Sessions } from './auth/sessions.ts';
import { Users } from './auth/users.ts';
import { formats } from './cascade/formats.ts';
import type { CentralConfig } from './config.ts';
import { type DrillStore, Drills } from './drill/service.ts';
import { Gauges } from './gauges.ts';
import { Meetings } from './meetings/service.ts';
import { startNetwork } from './network.ts';
import { Commands } from './sites/commands.ts';
import { addAudit, listAudit } from './store/audit.ts';
import { findDrill, listDrills, saveDrill, sealDrill, unfinishedDrills } from './store/drills.ts';
import { listLog } from './store/events.ts';
import { meetingStore } from './store/meetings.ts';
import { recordingStore } from './store/recordings.ts';
import { Store } from './store/store.ts';
import { sessionStore, userStore } from './store/users.ts';
import { wire } from './wiring.ts';

export interface CentralParts {
  readonly config: CentralConfig;
  readonly identity: Identity;
  /** Of the page; null: no TLS. */
  readonly tls: WebTls | null;
  /** Folder of the built page. */
  readonly page: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Nothing can be kept any more: the process should end. */
  readonly onLost: (error: Error) => void;
}

export interface Central {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** For the first administrator; null once there is one. */
  readonly setupToken: string | null;
  /** Null: what nothing goes without answers (the store). Else, or by throwing, why not. */
  well(): Promise<string | null>;
  /** What it does, in one line. */
  status(): string;
  stop(): Promise<void>;
}

/** Log entries of the first snapshot. */
const recentLog = 100;

/** @throws FaultError: `conflict` for a port or database in use, `store.broken`. Whatever had been started is stopped again. */
export async function startCentral(parts: CentralParts): Promise<Central> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let each = stops.pop(); each !== undefined; each = stops.pop()) await each();
  };
  try {
    return { ...(await build(parts, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param stops gets what undoes each step, in order. */
async function build(parts: CentralParts, stops: (() => Promise<void> | void)[]): Promise<Omit<Central, 'stop'>> {
  const { config, identity, clock, log, version } = parts;
  const boot = randomBytes(8).toString('hex');
  const running = <T extends { start(): void; stop(): void }>(part: T): T => {
    part.start();
    stops.push(() => part.stop());
    return part;
  };

  const store = new Store({ file: join(config.data, 'central.db'), log, now: clock.now, onLost: parts.onLost });
  await store.start();
  stops.push(() => store.stop());
  const network = await startNetwork({ store, identity, boot, mqtt: config.mqtt, clock, log });
  stops.push(() => network.stop());
  const { registry, nodes, devices } = network;

  const meetings = new Meetings({
    store: meetingStore(store),
    network: {
      site: (id) => {
        const site = registry.site(id);
        return site === undefined ? undefined : { ...site, paths: registry.pathsOf(id) };
      },
      devices: devices.of,
      hubs: () => registry.hubs().map(({ hub, address }) => ({ hub, address, online: nodes.of(hub)?.connected ?? false })),
    },
    desires: network.desires,
    formats: formats(config.media),
    latencyMs: config.media.latencyMs,
    random: randomBytes,
    clock,
    log,
  });
  const history = historyOf(store);
  const board = new Board({ registry, facts: nodes.of, meetings, clock });
  const commands = new Commands({ facts: nodes.of, downlink: network.broker, clock });
  stops.push(() => commands.stop());
  const drills = new Drills({
    store: drillStoreOf(store),
    meetings,
    facts: nodes.of,
    run: (node, act) => commands.run(node, act),
    pauseBroker: (ms) => network.broker.pause(ms),
    nameOf: (node) => (registry.site(node) ?? registry.hub(node))?.name,
    identity,
    random: randomBytes,
    clock,
    log,
  });
  wire({ network, meetings, board, commands, drills, log });
  await meetings.start();
  await drills.start();
  stops.push(() => drills.stop());
  board.start(await history.log(null, recentLog));
  stops.push(() => board.stop());
  const stream = running(new Stream({ board, boot, clock, log }));
  const client = new HubClient(identity, (hub) => registry.hub(hub)?.address ?? null);
  stops.push(() => client.stop());
  const { keepDays } = config.recordings;
  const kept = recordingStore(store);
  const recordings = new Recordings({ store: kept, hubs: registry, client, keepDays, clock, log });
  running(new Expiry({ store: kept, recordings, facts: nodes.of, keepDays, note: (event) => network.events.note(event), clock, log }));
  const gauges = running(new Gauges({ board, stream, network, meetings, certificate: identity.cert, version, clock }));

  const people = userStore(store.db);
  const passwords = new Passwords();
  const setupToken = randomBytes(18).toString('base64url');
  const sessions = new Sessions({ store: sessionStore(store.db), users: people, clock });
  const users = new Users({ store: people, sessions, passwords, clock, setupToken });
  const login = new Login({ store: people, users, sessions, passwords, clock });
  const serviceToken = new ServiceToken();
  const written = await serviceToken.write(config.data);
  if (!written.ok) throw new FaultError(written.fault);

  const routes = routesOf({
    login,
    sessions,
    users,
    meetings,
    board,
    stream,
    history,
    network: { registry, restartMedia: async (site) => commands.send(site, { do: 'restart-media' }) },
    devices: { devices, registry, facts: nodes.of, run: (site, act) => commands.run(site, act) },
    media: { client, facts: nodes.of, recordings, clock, log },
    drills,
    system: { version, problems: gauges.problems, uptimeS: gauges.uptimeS, metrics: gauges.metrics },
  });
  const { trustProxy } = config.http;
  const app = await createServer({ routes, sessions, serviceToken, history, trustProxy, tls: parts.tls, clock, log });
  stops.push(async () => {
    // An open stream would hold the server open.
    stream.stop();
    await app.close();
  });
  if (!(await servePage(app, parts.page))) log.warn({ page: parts.page }, 'there is no page to serve; it was not built');
  const httpPort = await listen(app, config.http);
  if (isReadable(config.http))
    log.warn({ host: config.http.host }, 'passwords cross the network readable: set http.tls, or http.trustProxy behind a proxy with TLS');
  log.info({ httpPort, mqttPort: network.port }, 'central started');
  const well = async (): Promise<null> => {
    await sql`select 1`.execute(store.db);
    return null;
  };
  const status = (): string => {
    const connected = [...board.sites(), ...board.hubs()].filter(({ state }) => state === 'online' || state === 'degraded').length;
    const running = meetings.list().filter(({ state }) => state === 'running').length;
    return `${connected} of ${board.sites().length + board.hubs().length} nodes connected, ${running} meetings running`;
  };
  return { httpPort, mqttPort: network.port, setupToken: (await users.needsSetup()) ? setupToken : null, well, status };
}

const historyOf = (store: Store): History => ({
  log: (before, limit) => listLog(store.reader, { before, limit }),
  audit: (before, limit) => listAudit(store.reader, { before, limit }),
  addAudit: (entry) => addAudit(store.db, entry),
});

const drillStoreOf = (store: Store): DrillStore => ({
  list: (limit) => listDrills(store.reader, limit),
  // By the writer: whoever has just ordered one reads it.
  find: (id) => findDrill(store.db, id),
  unfinished: () => unfinishedDrills(store.reader),
  save: (drill) => saveDrill(store.db, drill),
  seal: (id, sealed) => sealDrill(store.db, id, sealed),
});

/** @throws FaultError naming the port when it is in use. */
async function listen(app: FastifyInstance, { host, port }: { readonly host: string; readonly port: number }): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new FaultError({ code: 'conflict', what: `port ${port}`, reason: 'another program listens there' });
    throw new FaultError({ code: 'unreachable', what: `${host}:${port}`, because: message });
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
