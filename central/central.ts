/** Central, put together: store, broker, telemetry, registry, meetings, API. Constructed whole, started from the inside out, stopped in reverse. */
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock, Timer } from '../protocol/clock.ts';
import { FaultError } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import type { Identity } from '../protocol/node/tls.ts';
import type { Act } from '../protocol/schema/command.ts';
import { Board } from './api/board.ts';
import { HubClient } from './api/hub-client.ts';
import { servePage } from './api/page.ts';
import { Recordings } from './api/recordings.ts';
import { routesOf } from './api/routes.ts';
import { createServer } from './api/server.ts';
import { Stream } from './api/stream.ts';
import { Login } from './auth/login.ts';
import { Passwords } from './auth/password.ts';
import { ServiceToken } from './auth/service-token.ts';
import { Sessions } from './auth/sessions.ts';
import { Users } from './auth/users.ts';
import { Broker } from './broker/broker.ts';
import { formats } from './cascade/formats.ts';
import type { CentralConfig } from './config.ts';
import { Gauges } from './gauges.ts';
import { Meetings } from './meetings/service.ts';
import { DesiredStates } from './sites/desired.ts';
import { Registry } from './sites/registry.ts';
import { addAudit, listAudit } from './store/audit.ts';
import { listLog } from './store/events.ts';
import { meetingStore } from './store/meetings.ts';
import { prune } from './store/prune.ts';
import { findRecording, listRecordings, markDeleted, saveManifest } from './store/recordings.ts';
import { Store } from './store/store.ts';
import { sessionStore, userStore } from './store/users.ts';
import { EventLog } from './telemetry/eventlog.ts';
import { Ingest } from './telemetry/ingest.ts';
import { Nodes } from './telemetry/nodes.ts';
import { Rollups } from './telemetry/rollups.ts';
import { wire } from './wiring.ts';

export interface CentralParts {
  readonly config: CentralConfig;
  readonly identity: Identity;
  /** Folder of the built page. */
  readonly page: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Nothing can be kept any more: the process should end. */
  readonly onLost: (error: Error) => void;
}

export interface Started {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** For the first administrator; null once there is one. */
  readonly setupToken: string | null;
}

const commandMs = 10_000;
const pruneMs = 6 * 3_600_000;
/** Log entries of the first snapshot. */
const recentLog = 100;

export class Central {
  readonly #parts: CentralParts;
  readonly #boot = randomBytes(8).toString('hex');
  readonly #setupToken = randomBytes(18).toString('base64url');
  readonly #serviceToken = new ServiceToken();
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #nodes: Nodes;
  readonly #events: EventLog;
  readonly #rollups: Rollups;
  readonly #broker: Broker;
  readonly #desired: DesiredStates;
  readonly #meetings: Meetings;
  readonly #board: Board;
  readonly #stream: Stream;
  readonly #client: HubClient;
  readonly #recordings: Recordings;
  readonly #gauges: Gauges;
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #login: Login;
  readonly #history;
  #app: FastifyInstance | null = null;
  #pruning: Timer | null = null;

  constructor(parts: CentralParts) {
    this.#parts = parts;
    const { config, identity, clock, log, version } = parts;
    const boot = this.#boot;
    const store = new Store({ file: join(config.data, 'central.db'), log, now: clock.now, onLost: parts.onLost });
    this.#store = store;
    this.#registry = new Registry({ db: store.db, clock });
    this.#nodes = new Nodes(clock);
    this.#events = new EventLog({
      store,
      self: { node: identity.node, boot },
      ack: (node, of, seq) => this.#send(node, 'ack', { of: { node, boot: of, seq } }),
      clock,
      log,
    });
    this.#rollups = new Rollups({ store, clock, log });
    const ingest = new Ingest({ nodes: this.#nodes, events: this.#events, rollups: this.#rollups, clock, log });
    this.#broker = new Broker({ ...config.mqtt, identity, boot, admits: this.#registry.admits, receive: ingest.receive, clock, log });
    this.#desired = new DesiredStates({ store, downlink: this.#broker, clock, log });
    this.#meetings = new Meetings({
      store: meetingStore(store),
      network: {
        site: (site) => this.#registry.site(site),
        hubs: () => this.#registry.hubs().map(({ hub, address }) => ({ hub, address, online: this.#nodes.of(hub)?.connected ?? false })),
      },
      desires: this.#desired,
      formats: formats(config.media.audioFrameMs),
      latencyMs: config.media.latencyMs,
      random: randomBytes,
      clock,
      log,
    });
    this.#board = new Board({ registry: this.#registry, facts: this.#nodes.of, meetings: this.#meetings, clock });
    this.#stream = new Stream({ board: this.#board, boot, clock, log });
    this.#client = new HubClient(identity, (hub) => this.#registry.hub(hub)?.address ?? null);
    this.#recordings = new Recordings({
      store: {
        list: (limit) => listRecordings(store.reader, limit),
        find: (id) => findRecording(store.reader, id),
        save: (recording) => saveManifest(store.db, recording),
        markDeleted: (id, at) => markDeleted(store.db, id, at),
      },
      hubs: this.#registry,
      client: this.#client,
      keepDays: config.recordings.keepDays,
      clock,
      log,
    });
    const users = userStore(store.db);
    const passwords = new Passwords();
    this.#sessions = new Sessions({ store: sessionStore(store.db), users, clock });
    this.#users = new Users({ store: users, sessions: this.#sessions, passwords, clock, setupToken: this.#setupToken });
    this.#login = new Login({ store: users, users: this.#users, sessions: this.#sessions, passwords, clock });
    this.#history = {
      log: (before: number | null, limit: number) => listLog(store.reader, { before, limit }),
      audit: (before: number | null, limit: number) => listAudit(store.reader, { before, limit }),
      addAudit: (entry: Parameters<typeof addAudit>[1]) => addAudit(store.db, entry),
    };
    this.#gauges = new Gauges({
      board: this.#board,
      stream: this.#stream,
      broker: this.#broker,
      meetings: this.#meetings,
      events: this.#events,
      ingest,
      certificate: identity.cert,
      version,
      clock,
    });
    const { broker, registry, nodes, events, desired, meetings, board, history } = {
      broker: this.#broker,
      registry: this.#registry,
      nodes: this.#nodes,
      events: this.#events,
      desired: this.#desired,
      meetings: this.#meetings,
      board: this.#board,
      history: this.#history,
    };
    wire({ broker, registry, nodes, events, ingest, desired, meetings, board, history, clock, log });
  }

  /** @throws FaultError: `conflict` for a port or database in use, `store.broken`. What was started must be stopped by the caller. */
  async start(): Promise<Started> {
    const { config, clock, log } = this.#parts;
    await this.#store.start();
    await this.#registry.start();
    this.#events.start();
    this.#nodes.start();
    this.#rollups.start();
    const { port: mqttPort } = await this.#broker.start();
    await this.#desired.start();
    await this.#meetings.start();
    this.#board.start(await this.#history.log(null, recentLog));
    this.#stream.start();
    this.#recordings.start();
    this.#gauges.start();
    this.#prune();
    this.#pruning = clock.every(pruneMs, 'prune', () => this.#prune());
    const written = await this.#serviceToken.write(config.data);
    if (!written.ok) throw new FaultError(written.fault);
    const httpPort = await this.#listen();
    const setupToken = (await this.#users.needsSetup()) ? this.#setupToken : null;
    log.info({ httpPort, mqttPort }, 'central started');
    return { httpPort, mqttPort, setupToken };
  }

  /** Idempotent; also after a start that failed half-way. */
  async stop(): Promise<void> {
    this.#pruning?.cancel();
    this.#stream.stop();
    this.#board.stop();
    this.#recordings.stop();
    this.#gauges.stop();
    await this.#app?.close();
    this.#client.stop();
    await this.#broker.stop();
    this.#nodes.stop();
    await this.#rollups.stop();
    await this.#events.stop();
    await this.#store.stop();
  }

  async #listen(): Promise<number> {
    const { config, clock, log, page, version } = this.#parts;
    const routes = routesOf({
      login: this.#login,
      sessions: this.#sessions,
      users: this.#users,
      meetings: this.#meetings,
      board: this.#board,
      stream: this.#stream,
      history: this.#history,
      network: { registry: this.#registry, restartMedia: (site) => this.#command(site, { do: 'restart-media' }) },
      media: { client: this.#client, recordings: this.#recordings, clock, log },
      system: { version, problems: this.#gauges.problems, uptimeS: this.#gauges.uptimeS, metrics: this.#gauges.metrics },
    });
    const { host, port, trustProxy } = config.http;
    const app = await createServer({
      routes,
      sessions: this.#sessions,
      serviceToken: this.#serviceToken,
      history: this.#history,
      trustProxy,
      clock,
      log,
    });
    this.#app = app;
    if (!(await servePage(app, page))) log.warn({ page }, 'there is no page to serve; it was not built');
    try {
      await app.listen({ host, port });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const inUse = code === 'EADDRINUSE';
      throw new FaultError(
        inUse
          ? { code: 'conflict', what: `port ${port}`, reason: 'another program listens there' }
          : { code: 'unreachable', what: `${host}:${port}`, because: message },
      );
    }
    const address = app.server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** An act done once, by the process of the node that runs now. @throws FaultError unreachable */
  async #command(node: string, act: Act): Promise<void> {
    const facts = this.#nodes.of(node);
    if (!facts?.connected || facts.boot === null)
      throw new FaultError({ code: 'unreachable', what: node, because: facts?.because || 'it is not connected' });
    await this.#broker.publish(node, 'cmd', { id: randomUUID(), session: facts.boot, expires: this.#parts.clock.now() + commandMs, act });
  }

  /** Says something that is said again when it is lost. */
  #send(node: string, kind: 'ack', body: object): void {
    this.#broker.publish(node, kind, body).catch((error: unknown) => this.#parts.log.debug({ error, node, kind }, 'could not be said'));
  }

  #prune(): void {
    prune(this.#store.db, this.#parts.clock.now()).catch((error: unknown) =>
      this.#parts.log.error({ error }, 'could not remove old history'),
    );
  }
}
