/** A broker on loopback with real certificates, and clients of it, for the tests of central. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { Test } from 'tap';
import { Broker, type BrokerOptions } from '../../central/broker/broker.ts';
import type { BrokerEvents } from '../../central/broker/contract.ts';
import { type Network, startNetwork } from '../../central/network.ts';
import { Store } from '../../central/store/store.ts';
import type { Role } from '../../protocol/ids.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type Identity, loadIdentity } from '../../protocol/node/tls.ts';
import { type Authority, ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { at } from './messages.ts';

export const newBoot = (): string => randomBytes(8).toString('hex');

/** One owner's certificates, made as they are asked for. */
export class Pki {
  readonly #folder: string;
  readonly #clock = systemClock();
  #authority: Promise<Authority> | null = null;
  readonly #made = new Map<string, Promise<Identity>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  folder(node: string, role: Role): string {
    return join(this.#folder, `${role}-${node}`);
  }

  /** A certificate that was issued at another time than now: expired, or not yet valid. Not kept. */
  async issuedAt(node: string, role: Role, now: number): Promise<Identity> {
    this.#authority ??= ensureCa(join(this.#folder, 'ca'), { now: () => Math.min(now, this.#clock.now()) });
    const dir = join(this.#folder, `${role}-${node}-at-${now}`);
    await issue(await this.#authority, dir, { node, role, hosts: [] }, { now: () => now });
    const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((file) => readFile(join(dir, file), 'utf8')));
    return { node, role, ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
  }

  identity(node: string, role: Role): Promise<Identity> {
    const key = `${role} ${node}`;
    const known = this.#made.get(key);
    if (known) return known;
    const made = this.#make(node, role);
    this.#made.set(key, made);
    return made;
  }

  async #make(node: string, role: Role): Promise<Identity> {
    this.#authority ??= ensureCa(join(this.#folder, 'ca'), this.#clock);
    const dir = this.folder(node, role);
    await issue(await this.#authority, dir, { node, role, hosts: [] }, this.#clock);
    const loaded = await loadIdentity(dir, this.#clock.now());
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.fault));
    return loaded.value;
  }
}

export interface Running {
  readonly broker: Broker;
  readonly port: number;
  readonly pki: Pki;
}

/** Starts a broker that lets everybody of its authority in and takes everything, unless told otherwise. */
export async function startBroker(t: Test, options: Partial<BrokerOptions> & { readonly pki?: Pki } = {}): Promise<Running> {
  const pki = options.pki ?? new Pki(tempFolder(t));
  const broker = new Broker({
    host: '127.0.0.1',
    port: 0,
    identity: await pki.identity('central', 'central'),
    boot: newBoot(),
    admits: () => true,
    receive: () => 'take',
    clock: systemClock(),
    log: silentLog(),
    ...options,
  });
  const { port } = await broker.start();
  t.teardown(() => broker.stop());
  return { broker, port, pki };
}

/** A client's connection, or why there is none. The test ends it. */
export async function enter(
  t: Test,
  port: number,
  identity: Identity,
  options: Partial<IClientOptions> = {},
): Promise<MqttClient | string> {
  const { ca, cert, key, node } = identity;
  const client = connect({
    host: '127.0.0.1',
    port,
    protocol: 'mqtts',
    servername: 'central',
    ca,
    cert,
    key,
    clientId: node,
    clean: true,
    keepalive: 30,
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  });
  t.teardown(() => client.endAsync(true));
  let because = '';
  client.on('error', (error) => {
    because ||= error.message;
  });
  return new Promise((resolve) => {
    client.once('connect', () => resolve(client));
    client.once('close', () => resolve(because || 'closed'));
  });
}

/** A client that is connected. */
export async function joined(t: Test, port: number, identity: Identity, options: Partial<IClientOptions> = {}): Promise<MqttClient> {
  const client = await enter(t, port, identity, options);
  if (typeof client === 'string') throw new Error(`${identity.node} was not let in: ${client}`);
  return client;
}

/** Publishes and tells whether the broker took it or ended the connection. */
export function say(
  client: MqttClient,
  topic: string,
  payload: string | Buffer,
  options: IClientPublishOptions = { qos: 1 },
): Promise<'taken' | 'closed'> {
  return new Promise((resolve) => {
    const closed = (): void => resolve('closed');
    client.once('close', closed);
    client.publish(topic, payload, options, (error) => {
      if (error) return;
      client.off('close', closed);
      resolve('taken');
    });
  });
}

export const up = (node: string, kind: string): string => `dc/v1/${node}/up/${kind}`;
export const down = (node: string, kind: string): string => `dc/v1/${node}/down/${kind}`;

/** Everything the broker told, in order. */
export function listen({
  broker,
}: Running): { readonly name: keyof BrokerEvents; readonly node: string | null; readonly because: string }[] {
  const told: { name: keyof BrokerEvents; node: string | null; because: string }[] = [];
  broker.on('connected', ({ node }) => told.push({ name: 'connected', node, because: '' }));
  broker.on('disconnected', ({ node, because }) => told.push({ name: 'disconnected', node, because }));
  broker.on('refused', ({ node, because }) => told.push({ name: 'refused', node, because }));
  broker.on('violation', ({ node, because }) => told.push({ name: 'violation', node, because }));
  return told;
}

/** A database of its own. */
export async function openStore(t: Test, file = join(tempFolder(t), 'central.db')): Promise<Store> {
  const store = new Store({ file, log: silentLog(), now: () => at, onLost: (error) => t.fail(error.message) });
  await store.start();
  t.teardown(() => store.stop());
  return store;
}

/** Store, broker and ingestion as central runs them, with two sites and a hub in the registry. */
export async function network(
  t: Test,
  { log = silentLog(), pki = new Pki(tempFolder(t)) } = {},
): Promise<Network & { readonly store: Store; readonly pki: Pki }> {
  const store = await openStore(t, join(pki.folder('db', 'central'), '..', 'central.db'));
  const running = await startNetwork({
    store,
    identity: await pki.identity('central', 'central'),
    boot: newBoot(),
    mqtt: { host: '127.0.0.1', port: 0 },
    clock: systemClock(),
    log,
  });
  t.teardown(() => running.stop());
  for (const site of ['site-1', 'site-2']) await running.registry.addSite({ site, name: site, order: null });
  await running.registry.addHub({ hub: 'hub-1', name: 'Hub' });
  return { ...running, store, pki };
}
