import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import type { HubView, LogEntry, MeetingView, SiteView } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { Desired, type EdgeDesired, type HubDesired } from '../../protocol/schema/desired.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { delivery, topic, type UpKind } from '../../protocol/topic.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { eventually } from '../support/eventually.ts';
import { rootArgs } from '../support/root.ts';

const clock = systemClock();

/** A folder with certificates for central, a hub and two sites. */
async function workshop(t: Test): Promise<{ folder: string; configure(change?: object): Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'diemcau-central-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const ca = await ensureCa(join(folder, 'pki'), clock);
  for (const [node, role] of [
    ['central', 'central'],
    ['hub-1', 'hub'],
    ['a', 'edge'],
    ['b', 'edge'],
  ] as const)
    await issue(ca, join(folder, node), { node, role, hosts: [] }, clock);
  let count = 0;
  return {
    folder,
    configure: async (change = {}) => {
      const file = join(folder, `central-${count++}.json`);
      const base = {
        data: join(folder, 'data'),
        identity: { dir: join(folder, 'central') },
        http: { host: '127.0.0.1', port: 0 },
        mqtt: { host: '127.0.0.1', port: 0 },
      };
      await writeFile(file, JSON.stringify({ ...base, ...change }));
      return file;
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly setupToken: string | null;
}

const spawnCentral = (file: string): ChildProcess =>
  spawn(process.execPath, [...rootArgs('central/main.ts'), '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });

/** Exit code and what it said, of a central that does not start. */
async function failing(file: string): Promise<{ code: number | null; said: string }> {
  const child = spawnCentral(file);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return {
    code,
    said: said
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n')
      .trim(),
  };
}

async function starting(t: Test, file: string): Promise<Started> {
  const child = spawnCentral(file);
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [`{"failed":${JSON.stringify(said)}}`])])) as [
    string,
  ];
  const started = JSON.parse(line) as Omit<Started, 'child'> & { event?: string };
  if (started.event !== 'started') throw new Error(line);
  return { ...started, child };
}

/** A node as the broker sees it: its certificate, its will, its subtree. */
class Node {
  readonly node: string;
  readonly role: 'edge' | 'hub';
  readonly desired: Desired[] = [];
  readonly acks: unknown[] = [];
  readonly commands: { id: string; session: string; act: unknown }[] = [];
  readonly boot = '00112233445566ff';
  #client: mqtt.MqttClient | null = null;
  #seq = 0;

  constructor(node: string, role: 'edge' | 'hub') {
    this.node = node;
    this.role = role;
  }

  async connect(t: Test, folder: string, port: number): Promise<void> {
    const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(folder, this.node, name))));
    const will = { topic: topic(this.node, 'status'), payload: this.#wrap(this.#status('offline')), ...delivery('status') };
    const client = mqtt.connect({
      host: '127.0.0.1',
      port,
      protocol: 'mqtts',
      servername: 'central',
      ca,
      cert,
      key,
      clientId: this.node,
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 50,
      will,
    } as mqtt.IClientOptions);
    this.#client = client;
    t.teardown(() => client.endAsync(true));
    const check = decoder(Desired);
    client.on('message', (at, payload) => {
      if (at === topic(this.node, 'desired')) {
        const desired = check.decode(payload);
        if (!desired.ok) return void t.fail(JSON.stringify(desired.fault));
        this.desired.push(desired.value);
        this.say('reported', this.#reported(desired.value.body.rev));
      } else if (at === topic(this.node, 'ack')) this.acks.push((JSON.parse(payload.toString()) as { body: { of: unknown } }).body.of);
      else if (at === topic(this.node, 'cmd'))
        this.commands.push((JSON.parse(payload.toString()) as { body: Node['commands'][number] }).body);
    });
    client.on('connect', () => {
      this.say('status', this.#status('online'));
      this.say('reported', this.#reported(null));
      client.subscribe(
        (['desired', 'ack', 'cmd'] as const).map((kind) => topic(this.node, kind)),
        { qos: 1 },
      );
    });
    await eventually(() => (client.connected ? undefined : `${this.node} is not connected`));
  }

  say(kind: UpKind, body: object): void {
    const { qos, retain } = delivery(kind);
    this.#client?.publish(topic(this.node, kind), this.#wrap(body), { qos, retain });
  }

  raw(at: string, payload: string): void {
    this.#client?.publish(at, payload, { qos: 1 });
  }

  get want(): EdgeDesired | HubDesired | undefined {
    return this.desired.at(-1)?.body.want;
  }

  #wrap(body: object): Buffer {
    return Buffer.from(JSON.stringify({ v: 1, node: this.node, boot: this.boot, seq: this.#seq++, at: clock.now(), body }));
  }

  #status(state: 'online' | 'offline'): object {
    return { state, role: this.role, version: '1.0', since: clock.now(), because: state === 'online' ? 'started' : 'connection lost' };
  }

  #reported(rev: number | null): ReportedBody {
    const address = this.role === 'hub' ? { host: '127.0.0.1', port: 9710, paths: [] } : null;
    return {
      role: this.role,
      rev,
      satisfied: rev !== null,
      because: 'as wished',
      meetings: [],
      grants: [],
      parts: [],
      address,
      media: null,
    };
  }
}

t.test('what keeps central from starting is one line, and the right exit code', async (t) => {
  const { folder, configure } = await workshop(t);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const rows: readonly [string, string, number, RegExp][] = [
    ['a wrong value', await configure({ http: { port: 'eighty' } }), 78, /^central: config\.invalid: key=http\.port .*$/],
    ['an unknown key', await configure({ colour: 'red' }), 78, /^central: config\.invalid: key=colour /],
    ['no certificate', await configure({ identity: { dir: join(folder, 'nowhere') } }), 78, /identity\.dir .*ca\.pem/],
    [
      'a box’s certificate',
      await configure({ identity: { dir: join(folder, 'a') } }),
      78,
      /key=identity\.dir reason=it is the certificate of edge \S+, not of central/,
    ],
    ['no file', join(folder, 'no-such-file.json'), 78, /no-such-file/],
    [
      'a port in use',
      await configure({ http: { host: '127.0.0.1', port } }),
      1,
      new RegExp(`^central: conflict: what=port ${port} reason=another program listens there$`),
    ],
  ];
  const outcomes = await Promise.all(rows.map(([, file]) => failing(file)));
  for (const [index, [name, , code, said]] of rows.entries()) t.match(outcomes[index], { code, said }, name);
});

t.test('a site that is registered over the API sees the floor given over the API, also after kill -9 of central', async (t) => {
  const { folder, configure } = await workshop(t);
  const ports = { http: { host: '127.0.0.1', port: await freePort() }, mqtt: { host: '127.0.0.1', port: await freePort() } };
  const file = await configure(ports);
  let central = await starting(t, file);
  t.strictSame([central.httpPort, central.mqttPort], [ports.http.port, ports.mqtt.port]);
  t.match(central.setupToken, /^[\w-]{24}$/);
  t.equal((await stat(join(folder, 'data', 'service-token'))).mode & 0o777, 0o600);
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const token = (await readFile(join(folder, 'data', 'service-token'), 'utf8')).trim();
    const answer = await fetch(`http://127.0.0.1:${ports.http.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T;
  };

  await call('POST', '/api/v1/hubs', { hub: 'hub-1', name: 'Trung tâm' });
  for (const site of ['a', 'b']) await call('POST', '/api/v1/sites', { site, name: `Điểm cầu ${site}` });
  const [hub, a, b] = [new Node('hub-1', 'hub'), new Node('a', 'edge'), new Node('b', 'edge')];
  for (const each of [hub, a, b]) await each.connect(t, folder, ports.mqtt.port);
  await eventually(async () =>
    (await call<SiteView[]>('GET', '/api/v1/sites')).every((each) => each.state === 'online') ? undefined : 'the sites are not online',
  );
  await eventually(async () => ((await call<HubView[]>('GET', '/api/v1/hubs'))[0]?.port === 9710 ? undefined : 'the hub has no address'));
  t.match(a.want, { role: 'edge', name: 'Điểm cầu a', plan: null });

  const { id } = await call<MeetingView>('POST', '/api/v1/meetings', { title: 'Họp', sites: ['a', 'b'] });
  await call('POST', `/api/v1/meetings/${id}/start`);
  await eventually(() => ((a.want as EdgeDesired | undefined)?.plan?.meeting === id ? undefined : 'a has no plan'));
  await eventually(() => ((hub.want as HubDesired | undefined)?.plans[0]?.meeting === id ? undefined : 'the hub has no plan'));
  t.equal((a.want as EdgeDesired).keys[0]?.key, (hub.want as HubDesired).keys.find((each) => each.peer === 'a')?.key);
  const speaker = (node: Node): string | undefined => (node.want as EdgeDesired | undefined)?.plan?.grant.slots[0];
  const asked = clock.mono();
  await call('POST', `/api/v1/meetings/${id}/floor`, { site: 'b' });
  await eventually(() => (speaker(a) === 'b' && speaker(b) === 'b' ? undefined : 'the floor has not arrived'), { everyMs: 1 });
  t.comment(`floor: request to both sites ${(clock.mono() - asked).toFixed(1)} ms`);

  await call('POST', '/api/v1/sites/a/restart-media');
  await eventually(() => (a.commands.length === 1 ? undefined : 'no command'));
  t.match(a.commands[0], { session: a.boot, act: { do: 'restart-media' } });
  a.say('event', { kind: 'source', severity: 'warning', what: 'lost', because: 'cable', meeting: id, facts: {} });
  await eventually(async () =>
    (await call<LogEntry[]>('GET', '/api/v1/log')).some((each) => each.kind === 'source' && each.node === 'a')
      ? undefined
      : 'not in the log',
  );

  b.raw(topic('a', 'status'), '{}');
  await eventually(async () =>
    JSON.stringify(await call('GET', '/api/v1/audit')).includes('published for a') ? undefined : 'a foreign publication is not audited',
  );

  const metrics = await call<string>('GET', '/metrics');
  for (const line of ['diemcau_meetings{state="running"} 1', 'diemcau_floor_switches_total 1', 'diemcau_hubs{state="online"} 1'])
    t.ok(metrics.includes(`${line}\n`), line);
  t.ok(
    metrics
      .split('\n')
      .every((line) => line === '' || /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[0-9.e+-]+)$/.test(line)),
    'every line is Prometheus text',
  );

  const before = await call<MeetingView>('GET', `/api/v1/meetings/${id}`);
  central.child.kill('SIGKILL');
  await once(central.child, 'exit');
  const heard = a.desired.length;
  central = await starting(t, file);
  t.not(central.setupToken, null, 'the token is printed until it is used');
  t.match(await call('GET', `/api/v1/meetings/${id}`), { state: 'running', grant: before.grant, startedAt: before.startedAt });
  await eventually(() => (a.desired.length > heard && speaker(a) === 'b' ? undefined : 'a was not told again'));
  t.equal(a.desired.at(-1)?.body.rev, a.desired[heard - 1]?.body.rev, 'the same revision: nothing to do for anybody');
  await call('POST', `/api/v1/meetings/${id}/floor`, { site: 'a' });
  await eventually(() => (speaker(a) === 'a' ? undefined : 'the floor did not move'));
  t.match((a.want as EdgeDesired).plan?.grant, { epoch: 1, n: before.grant.n + 1, previous: 'b' });

  central.child.kill('SIGTERM');
  const [code] = (await once(central.child, 'exit')) as [number | null];
  t.equal(code, 0, 'a clean end');
});
