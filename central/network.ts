/**
 * The network of nodes put together: store, broker, ingestion, registry, desired states. Decides nothing; it says who hears of what. main.ts
 * starts it before the meetings and stops it after them.
 */
import type { Clock } from '../protocol/clock.ts';
import type { Log } from '../protocol/log.ts';
import type { Identity } from '../protocol/node/tls.ts';
import { Broker } from './broker/broker.ts';
import type { BrokerLimits } from './broker/limits.ts';
import { Devices } from './devices/devices.ts';
import { DesiredStates } from './sites/desired.ts';
import { Registry } from './sites/registry.ts';
import { addAudit } from './store/audit.ts';
import { prune } from './store/prune.ts';
import type { Store } from './store/store.ts';
import { EventLog } from './telemetry/eventlog.ts';
import { Ingest } from './telemetry/ingest.ts';
import { Nodes } from './telemetry/nodes.ts';
import { commonText, offsetText } from './telemetry/offset.ts';
import { Rollups } from './telemetry/rollups.ts';

export interface NetworkOptions {
  /** Started. */
  readonly store: Store;
  readonly identity: Identity;
  /** Random per process start. */
  readonly boot: string;
  readonly mqtt: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<BrokerLimits>;
}

export interface Network {
  readonly broker: Broker;
  readonly registry: Registry;
  readonly devices: Devices;
  readonly nodes: Nodes;
  readonly events: EventLog;
  readonly ingest: Ingest;
  readonly desires: DesiredStates;
  /** The port that nodes connect to. */
  readonly port: number;
  /** Leaves the store open. Idempotent. */
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** @throws FaultError when the port cannot be listened on. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { store, identity, boot, mqtt, clock, log } = options;
  const unstored = (what: string) => (error: unknown) => log.error({ err: error }, `${what} could not be stored`);
  const nodes = new Nodes(clock);
  const registry = new Registry({ db: store.db, clock });
  const devices = new Devices({ db: store.db, clock });
  const rollups = new Rollups({ store, clock, log });
  const events = new EventLog({
    store,
    self: { node: identity.node, boot },
    ack: (node, ofBoot, seq) => {
      broker
        .publish(node, 'ack', { of: { node, boot: ofBoot, seq } })
        .catch((error: Error) => log.debug({ node, because: error.message }, 'an acknowledgement did not leave'));
    },
    clock,
    log,
  });
  const ingest = new Ingest({ nodes, events, rollups, clock, log });
  const broker: Broker = new Broker({
    ...mqtt,
    identity,
    boot,
    admits: registry.admits,
    receive: ingest.receive,
    clock,
    log,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const desires = new DesiredStates({ store, downlink: broker, clock, log });

  const link = (severity: 'info' | 'warning', node: string, what: string, because: string): void =>
    events.note({ kind: 'node', severity, what, because, meeting: null, facts: { node } });
  broker.on('connected', (connection) => {
    nodes.connected(connection);
    registry.seen(connection.node).catch(unstored('the time of a connection'));
    link('info', connection.node, 'connected', `${connection.node} connected from ${connection.address}`);
  });
  broker.on('disconnected', (connection) => {
    if (registry.admits(connection.node, connection.role)) nodes.disconnected(connection);
    registry.seen(connection.node).catch(unstored('the time of a connection'));
    link('warning', connection.node, 'disconnected', connection.because);
  });
  broker.on('refused', ({ node, address, because }) =>
    events.note({
      kind: 'refused',
      severity: 'warning',
      what: 'connection',
      because: because.slice(0, 300),
      meeting: null,
      facts: { node: node ?? '', address },
    }),
  );
  broker.on('violation', ({ node, address, because, topic, count }) => {
    const entry = { at: clock.now(), by: node, from: address, act: 'mqtt', target: topic, outcome: 'refused', detail: { because, count } };
    addAudit(store.db, entry).catch(unstored('an audit entry'));
    events.note({
      kind: 'refused',
      severity: 'error',
      what: 'publication',
      because: because.slice(0, 300),
      meeting: null,
      facts: { node, topic, count },
    });
  });
  nodes.on('clock', (node, aheadMs) =>
    events.note({
      kind: 'health',
      severity: aheadMs === 0 ? 'info' : 'warning',
      what: aheadMs === 0 ? 'clock-right' : 'clock-wrong',
      because: node === null ? commonText(aheadMs) : offsetText(aheadMs),
      meeting: null,
      facts: { what: 'clock', node: node ?? identity.node, aheadMs },
    }),
  );
  ingest.on('reported', (node, body) => {
    desires.reported(node, body);
    if (body.media !== null) registry.sitePaths(node, body.media.paths);
    if (body.address !== null) registry.hubAddress(node, body.address).catch(unstored("a hub's address"));
  });
  registry.on('changed', (node, how) => {
    if (how !== 'removed') return;
    broker.disconnect(node, 'it was taken out of the registry');
    nodes.forget(node);
    desires.forget(node).catch(unstored('the end of a wish'));
  });

  await registry.start();
  await devices.start();
  const { port } = await broker.start();
  await desires.start();
  nodes.start();
  events.start();
  rollups.start();
  let cleanedAt = Number.NEGATIVE_INFINITY;
  const clean = clock.every(MINUTE_MS, 'old history', () => {
    if (clock.mono() - cleanedAt < DAY_MS || !nodes.ourTime) return;
    cleanedAt = clock.mono();
    prune(store.db, clock.now()).catch(unstored('the removal of old history'));
  });
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    clean.cancel();
    nodes.stop();
    // What is still to be said goes over the broker.
    await desires.stop();
    await broker.stop();
    await events.stop();
    await rollups.stop();
  };
  return {
    broker,
    registry,
    devices,
    nodes,
    events,
    ingest,
    desires,
    port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
