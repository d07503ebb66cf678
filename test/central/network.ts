/** A broker on loopback with real certificates, and clients of it, for the tests of central. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { Test } from 'tap';
import { Broker, type BrokerOptions } from '../../central/broker/broker.ts';
import type { Role } from '../../protocol/ids.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type Identity, loadIdentity } from '../../protocol/node/tls.ts';
import { type Authority, ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';

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
  const pki = options.pki ?? new Pki(t.testdir({}));
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
    client.once('close', () => resolve('closed'));
    client.publish(topic, payload, options, (error) => {
      if (!error) resolve('taken');
    });
  });
}
