import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import type { MqttClient } from 'mqtt';
import t, { type Test } from 'tap';
import type { Identity } from '../../protocol/node/tls.ts';
import { eventually } from '../support/eventually.ts';
import { rootArgs } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { enter, Pki } from './network.ts';

const eventBody = { kind: 'process', severity: 'info', what: 'started', because: 'asked', meeting: null } as const;

/** A node that keeps its events until they are acknowledged, and sends them again on every connection. */
class Sender {
  readonly acked: number[] = [];
  readonly #open = new Map<number, string>();
  #client: MqttClient | null = null;

  constructor(node: string, count: number) {
    for (let seq = 0; seq < count; seq++)
      this.#open.set(
        seq,
        JSON.stringify({ v: 1, node, boot: 'aaaaaaaaaaaaaaaa', seq, at: 1_700_000_000_000, body: { ...eventBody, facts: { n: seq } } }),
      );
  }

  get left(): number {
    return this.#open.size;
  }

  /** Connects, as often as it takes, and sends what is not acknowledged, at most 100 at a time. */
  async connect(t: Test, port: number, identity: Identity): Promise<void> {
    let client = await enter(t, port, identity);
    while (typeof client === 'string') client = await enter(t, port, identity);
    this.#client = client;
    const { node } = identity;
    client.on('error', () => {});
    client.on('message', (_topic, payload) => {
      const { seq } = (JSON.parse(payload.toString()) as { body: { of: { seq: number } } }).body.of;
      this.acked.push(seq);
      for (const each of [...this.#open.keys()]) if (each <= seq) this.#open.delete(each);
    });
    await new Promise<void>((resolve) => client.subscribe(`dc/v1/${node}/down/ack`, { qos: 1 }, () => resolve()));
    void this.#send(client, `dc/v1/${node}/up/event`);
  }

  async #send(client: MqttClient, topic: string): Promise<void> {
    const sent = new Set<number>();
    while (client.connected && this.#client === client && this.left > 0) {
      const next = [...this.#open].slice(0, 100).filter(([seq]) => !sent.has(seq));
      for (const [seq, text] of next) {
        sent.add(seq);
        client.publish(topic, text, { qos: 1 }, () => {});
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

t.test('central is killed again and again: no acknowledged event is lost, none is stored twice', async (t) => {
  const folder = tempFolder(t);
  const pki = new Pki(join(folder, 'pki'));
  const file = join(folder, 'central.db');
  await pki.identity('central', 'central');
  const names = ['site-1', 'site-2', 'site-3'];
  const count = 900;
  const senders = new Map(names.map((node) => [node, new Sender(node, count)]));
  const start = async (port: number): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
    const args = [...rootArgs('test/central/central-child.ts'), file, pki.folder('central', 'central'), String(port)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`central ended with ${code}`)));
    });
    return { child, port: (JSON.parse(line) as { mqttPort: number }).mqttPort };
  };
  const stored = (node: string): readonly number[] => {
    const db = new Database(file, { readonly: true });
    const rows = db.prepare('select seq from events where node = ? order by seq').all(node) as { seq: number }[];
    db.close();
    return rows.map((each) => each.seq);
  };
  let { child, port } = await start(0);
  for (let round = 1; ; round++) {
    const before = new Map([...senders].map(([node, { left }]) => [node, left]));
    for (const [node, sender] of senders) await sender.connect(t, port, await pki.identity(node, 'edge'));
    const done = (): boolean => [...senders.values()].every((each) => each.left === 0);
    // Killed three times in the middle of it; then it may finish, and is killed once more.
    const enough = (node: string, left: number): boolean => left === 0 || (round <= 3 && left < (before.get(node) ?? 0));
    await eventually(() => ([...senders].every(([node, { left }]) => enough(node, left)) ? undefined : 'not far enough to be killed'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const [node, { acked }] of senders) {
      const rows = stored(node);
      const promised = Math.max(-1, ...acked);
      if (rows.length <= promised || rows.some((seq, index) => index <= promised && seq !== index))
        t.fail(`${node}: ${promised} was acknowledged, ${rows.length} are stored`);
    }
    if (done()) break;
    t.comment(`killed after ${[...senders.values()].map(({ acked }) => acked.at(-1) ?? -1).join(', ')}`);
    ({ child, port } = await start(port));
  }
  for (const node of names)
    t.strictSame(
      stored(node),
      Array.from({ length: count }, (_, seq) => seq),
      `${node}: all of them, each once`,
    );
});
