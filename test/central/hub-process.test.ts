/** The real hub process: configuration, broker over mutual TLS, a plan published as central would, death and return, and its control channel. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import t from 'tap';
import { maxLineBytes } from '../../central/hub/control/channel.ts';
import { decoder } from '../../protocol/decode.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { clientTls, type Identity } from '../../protocol/node/tls.ts';
import { RecordingManifest } from '../../protocol/recording.ts';
import { controlProtocol } from '../../protocol/schema/control.ts';
import { Event } from '../../protocol/schema/event.ts';
import { Reported, Status } from '../../protocol/schema/reported.ts';
import { type HubTelemetry, Telemetry } from '../../protocol/schema/telemetry.ts';
import { topic, type UpKind } from '../../protocol/topic.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { hubRig, identities, site, smallMain } from '../support/hub.ts';
import { desired, hubDesired, plan as makePlan } from '../support/plan.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.setTimeout(180_000);
const run = promisify(execFile);
type Tap = Parameters<typeof hubRig>[0];

interface Process {
  readonly child: ChildProcess;
  readonly logs: string[];
  readonly started: () => Readonly<Record<string, unknown>> | null;
  readonly ended: Promise<number | null>;
}

/** @param before a module that it begins with. */
function start(t: Tap, config: unknown, folder: string, before: string | null = null): Process {
  const file = join(folder, 'hub.json');
  writeFileSync(file, JSON.stringify(config));
  // From source under tsx, from dist as it is.
  const root = import.meta.url.endsWith('.ts')
    ? ['--import', 'tsx', join(packageRoot(), 'central/hub/main.ts')]
    : [join(packageRoot(), 'dist/central/hub/main.js')];
  const first = before === null ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  const child = spawn(process.execPath, [...first, ...root, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const logs: string[] = [];
  let line: Readonly<Record<string, unknown>> | null = null;
  createInterface({ input: child.stdout }).on('line', (text) => {
    line = JSON.parse(text) as Readonly<Record<string, unknown>>;
  });
  createInterface({ input: child.stderr }).on('line', (text) => logs.push(text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { child, logs, started: () => line, ended };
}

const up = (hub: Process): Promise<void> =>
  eventually(() => (hub.started() === null ? `not started: ${hub.logs.slice(-3).join('\n')}` : undefined));

t.test('a wrong configuration names the key and exits 78', async (t) => {
  const folder = tempFolder(t);
  const identity = await identities(folder);
  await identity('hub-1', 'hub');
  await identity('site-1', 'edge');
  const good = {
    node: 'hub-1',
    data: join(folder, 'data'),
    identity: { dir: join(folder, 'identity', 'hub-1') },
    central: [{ host: '127.0.0.1', port: 1 }],
    advertise: { host: '127.0.0.1' },
    recordings: { dir: join(folder, 'recordings') },
  };
  const cases: readonly [string, object][] = [
    ['node', { ...good, node: 'Not A Node' }],
    ['central.0.port', { ...good, central: [{ host: 'x', port: 0 }] }],
    ['(the whole file)', { ...good, recordings: undefined }],
    ['frames', { ...good, frames: 25 }],
    ['identity.dir', { ...good, identity: { dir: join(folder, 'nowhere') } }],
    ['identity.dir', { ...good, identity: { dir: join(folder, 'identity', 'site-1') } }],
    ['data', { ...good, data: join(folder, 'identity', 'hub-1', 'cert.pem', 'below-a-file') }],
    [
      'recordings.dir',
      {
        ...good,
        data: join(folder, 'other'),
        listen: { host: '127.0.0.1', port: 0 },
        recordings: { dir: join(folder, 'identity', 'hub-1', 'cert.pem', 'below-a-file') },
      },
    ],
  ];
  await Promise.all(
    cases.map(async ([key, config], index) => {
      const place = join(folder, `case-${index}`);
      mkdirSync(place);
      const hub = start(t, config, place);
      t.equal(await hub.ended, 78, key);
      t.ok(
        hub.logs.some((line) => line.includes(`key=${key}`)),
        `${key}: ${hub.logs.join(' ')}`,
      );
    }),
  );
});

t.test('it starts while the folder of recordings hangs, and a call that ends much later makes it', async (t) => {
  const folder = tempFolder(t);
  await (await identities(folder))('hub-1', 'hub');
  const recordings = join(folder, 'recordings');
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Whoever opens a pipe to which nobody writes waits in the system, as for a server that is away.
  const hangs = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { mkdirSync } = fs;
    const { mkdir, open } = fs.promises;
    const ours = (path) => path === ${JSON.stringify(recordings)};
    fs.mkdirSync = (path, ...rest) => {
      if (ours(path)) fs.closeSync(fs.openSync(${JSON.stringify(pipe)}, 'r'));
      return mkdirSync(path, ...rest);
    };
    fs.promises.mkdir = async (path, ...rest) => {
      if (ours(path)) await (await open(${JSON.stringify(pipe)}, 'r')).close();
      return mkdir(path, ...rest);
    };
    syncBuiltinESMExports();`;
  const config = {
    node: 'hub-1',
    data: join(folder, 'data'),
    identity: { dir: join(folder, 'identity', 'hub-1') },
    central: [{ host: '127.0.0.1', port: 1 }],
    listen: { host: '127.0.0.1', port: 0 },
    advertise: { host: '127.0.0.1' },
    recordings: { dir: recordings },
  };
  const hub = start(t, config, folder, hangs);
  const writers: number[] = [];
  const answer = (): void => void writers.push(openSync(pipe, 'r+'));
  t.teardown(() => {
    answer();
    writers.forEach(closeSync);
  });
  await up(hub);
  await t.rejects(stat(recordings), { code: 'ENOENT' }, 'it still hangs');
  answer();
  await eventually(async () => ((await stat(recordings).catch(() => null)) === null ? 'no folder' : undefined));
  t.equal((await stat(recordings)).mode & 0o777, 0o700, 'recordings are for the hub alone');
  hub.child.kill('SIGTERM');
  t.equal(await hub.ended, 0);
});

t.test('a hub between broker and sites', async (t) => {
  const whole = t;
  const folder = tempFolder(t);
  const identity = await identities(folder);
  const broker = new TestBroker({ identity: await identity('central', 'central') });
  await broker.start();
  t.teardown(() => broker.kill());
  await identity('hub-1', 'hub');
  const port = await freePort();
  const config = {
    node: 'hub-1',
    data: join(folder, 'data'),
    identity: { dir: join(folder, 'identity', 'hub-1') },
    central: [{ host: '127.0.0.1', port: broker.port }],
    listen: { host: '127.0.0.1', port },
    advertise: { host: '127.0.0.1' },
    recordings: { dir: join(folder, 'recordings'), minFreeMb: 0 },
    log: { level: 'info' },
  };
  const schemas = { status: Status, reported: Reported, telemetry: Telemetry, event: Event } as const;
  const said = (kind: keyof typeof schemas & UpKind): readonly { readonly body: unknown; readonly boot: string; readonly seq: number }[] =>
    broker.texts(topic('hub-1', kind)).map((text) => {
      const checked = decoder(schemas[kind]).decode(Buffer.from(text));
      if (!checked.ok) throw new Error(`${kind}: ${JSON.stringify(checked.fault)} in ${text}`);
      return checked.value;
    });
  const reported = (): Reported['body'] | undefined => said('reported').at(-1)?.body as Reported['body'] | undefined;
  const satisfies = (rev: number): Promise<void> =>
    eventually(() => (reported()?.rev === rev && reported()?.satisfied ? undefined : JSON.stringify(reported())));
  const meeting = makePlan({ sites: 2, hubs: [{ hub: 'hub-1', port }], main: smallMain, onAir: ['site-1'], recording: 'r-abcdefgh' });
  const desire = (rev: number, ...plans: Parameters<typeof hubDesired>[0]): Promise<void> =>
    broker.publish(topic('hub-1', 'desired'), JSON.stringify(desired('hub-1', rev, hubDesired(plans))), { retain: true });

  let hub = start(t, config, folder);
  await up(hub);

  await t.test('it says where it is before it is asked for anything', async (t) => {
    await eventually(() => (reported() === undefined ? 'no report' : undefined));
    t.match(reported(), { role: 'hub', rev: null, satisfied: false, address: { host: '127.0.0.1', port } });
    t.match(said('status').at(-1)?.body, { state: 'online', role: 'hub' });
  });

  let stopSite = async (): Promise<void> => {};
  const rig = { node: 'hub-1', port, identity };
  await t.test('a plan becomes a meeting, and the last second is told every second', async (t) => {
    await broker.publish(topic('hub-1', 'desired'), '{"garbage":', {});
    await desire(3, meeting);
    const one = await site(whole, rig, meeting, 'site-1', { stamp: 1, hz: 500, main: true });
    stopSite = one.stop;
    await satisfies(3);
    t.strictSame(reported()?.meetings, [meeting.meeting]);
    await eventually(() => {
      const body = said('telemetry').at(-1)?.body as HubTelemetry | undefined;
      const first = body?.meetings[0];
      if (!first?.sites[0]?.speaking || first.sites[0].tile !== 'live' || first.mosaic.fps < 10 || (body?.host.cores ?? 0) <= 0)
        return JSON.stringify(body);
      return (first.recording?.bytes ?? 0) > 20_000 ? undefined : JSON.stringify(first.recording);
    });
    await desire(2);
    await desire(3, meeting);
    await eventually(() => (hub.logs.some((line) => line.includes('stale')) ? undefined : 'the stale wish was not refused'));
    t.equal(reported()?.rev, 3);
    const told = new Set(['process started', 'link connected', 'tile live', 'recording started', 'refused message']);
    // Events have their own way to the broker: one may come after the second that shows what it tells.
    await eventually(() => {
      const events = new Set(said('event').map(({ body }) => `${(body as Event['body']).kind} ${(body as Event['body']).what}`));
      const missing = [...told].filter((each) => !events.has(each));
      return missing.length === 0 ? undefined : `not told: ${missing.join(', ')}`;
    });
    // Nobody acknowledges here, so they are said again after a while.
    const numbers = [...new Set(said('event').map(({ seq }) => seq))];
    t.strictSame(
      numbers,
      numbers.map((_, index) => index),
      'no number is missing',
    );
    const { mode } = await stat(join(folder, 'data', 'desired.json'));
    t.equal(mode & 0o777, 0o600, 'keys are readable by the hub alone');
  });

  await t.test('a command is done once, for this start, in time', async (t) => {
    const { boot } = said('reported').at(-1)!;
    const command = (id: string, session: string, expires: number, act: object): Promise<void> =>
      broker.publish(
        topic('hub-1', 'cmd'),
        JSON.stringify({ v: 1, node: 'hub-1', boot, seq: 0, at: Date.now(), body: { id, session, expires, act } }),
      );
    const act = { do: 'delete-recording', recording: 'r-abcdefgh' };
    await command('00000001', boot, Date.now() + 60_000, act);
    await command('00000002', 'f'.repeat(16), Date.now() + 60_000, act);
    await command('00000003', boot, Date.now() - 1, act);
    await command('00000004', boot, Date.now() + 60_000, { do: 'restart-media' });
    const results = (): Readonly<Record<string, string>> =>
      Object.fromEntries(
        broker
          .texts(topic('hub-1', 'result'))
          .map((text) => (JSON.parse(text) as { body: { id: string; outcome: string } }).body)
          .map(({ id, outcome }) => [id, outcome]),
      );
    await eventually(() => (Object.keys(results()).length === 4 ? undefined : JSON.stringify(results())));
    t.strictSame(
      results(),
      { '00000001': 'failed', '00000002': 'refused', '00000003': 'refused', '00000004': 'refused' },
      'a recording that is written stays',
    );
  });

  await t.test('killed, it leaves a readable recording; without a broker it goes on with the meeting', async (t) => {
    const recordedMs = (): number =>
      Date.now() -
      ((said('event').find(({ body }) => (body as Event['body']).kind === 'recording') as { at: number } | undefined)?.at ?? Date.now());
    await eventually(() => (recordedMs() > 3000 ? undefined : 'it has only begun to record'));
    hub.child.kill('SIGKILL');
    const lived = recordedMs() / 1000;
    await hub.ended;
    await broker.kill();
    const written = join(folder, 'recordings', 'r-abcdefgh');
    const seconds = async (file: string, type: 'v' | 'a'): Promise<number> => {
      const probe = ['-v', 'error', '-select_streams', type, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', join(written, file)];
      const times = (await run('ffprobe', probe)).stdout.trim().split('\n').map(Number.parseFloat);
      return times.length < 2 ? 0 : Math.max(...times) - Math.min(...times);
    };
    // On a busy machine the sound may come or go, and a new file with it.
    const files = (await readdir(written)).filter((name) => name.endsWith('.mkv'));
    for (const type of ['v', 'a'] as const) {
      const all = await Promise.all(files.map((file) => seconds(file, type)));
      const sum = all.reduce((total, each) => total + each, 0);
      t.ok(sum > (type === 'v' ? lived - 1 : 0), `${type}: ${sum.toFixed(2)} s of ${lived.toFixed(2)} s are readable in ${files.length}`);
    }
    await stopSite();
    hub = start(t, config, folder);
    await up(hub);
    await site(t, rig, meeting, 'site-1', { stamp: 2, hz: 500, main: true });
    await eventually(async () => {
      const files = (await readdir(join(folder, 'recordings', 'r-abcdefgh'))).filter((name) => name.endsWith('.mkv'));
      const text = await readFile(join(folder, 'recordings', 'r-abcdefgh', 'manifest.json'), 'utf8');
      const manifest = decoder(RecordingManifest).decode(Buffer.from(text));
      const segments = manifest.ok ? manifest.value.segments : [];
      return files.length >= 2 && segments.length >= 2 && segments[0]?.endedAt !== null
        ? undefined
        : `${files.join(' ')} ${JSON.stringify(segments)}`;
    });
    hub.child.kill('SIGTERM');
    t.equal(await hub.ended, 0, 'and ends politely when asked');
  });
});

interface Talk {
  readonly socket: TLSSocket;
  readonly heard: () => string;
  readonly over: () => boolean;
  readonly say: (...lines: readonly (object | string)[]) => void;
}

async function talk(t: Tap, port: number, identity: Identity, protocol = controlProtocol): Promise<Talk> {
  const socket = connect({ ...clientTls(identity, 'hub-1'), host: '127.0.0.1', port, ALPNProtocols: [protocol] });
  t.teardown(() => socket.destroy());
  let [heard, over] = ['', false];
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    over = true;
  });
  await new Promise<void>((resolve) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => resolve());
  });
  const say: Talk['say'] = (...lines) =>
    void socket.write(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return { socket, heard: () => heard, over: () => over, say };
}

t.test('the control channel', async (t) => {
  const hub = await hubRig(t);
  const edge = await hub.identity('site-1', 'edge');
  const hello = { type: 'hello', boot: '0'.repeat(16), path: null };
  const hears = (of: Talk, text: string): Promise<void> =>
    eventually(() => (of.heard().includes(text) ? undefined : `heard: ${of.heard()}`));
  const ends = (of: Talk): Promise<void> => eventually(() => (of.over() ? undefined : `still open, heard ${of.heard()}`));

  await t.test('a hello first, then pings', async () => {
    const line = await talk(t, hub.port, edge);
    line.say({ type: 'ping', at: 1 });
    await hears(line, 'hello has to come first');
    line.say(hello, { type: 'ping', at: 7 });
    await hears(line, '{"type":"pong","at":7}');
  });
  await t.test('nonsense is refused by name, and who goes on with it is let go', async () => {
    const line = await talk(t, hub.port, edge);
    line.say(hello, { type: 'ping', at: 'x' }, { type: 'dance' }, '{"type":', 'x'.repeat(maxLineBytes + 1));
    await hears(line, '"type":"refused"');
    await hears(line, `${maxLineBytes} bytes`);
    line.say(...Array.from({ length: 20 }, () => '[]'));
    await ends(line);
  });
  await t.test('who talks too much is stopped', async () => {
    const line = await talk(t, hub.port, edge);
    line.say(hello, ...Array.from({ length: 400 }, (_, at) => ({ type: 'ping', at })));
    await hears(line, 'messages a second');
    await ends(line);
  });
  await t.test(
    'a newer connection of the same edge over the same path replaces the older; over another path it stands beside it',
    async () => {
      const older = await talk(t, hub.port, edge);
      older.say(hello);
      const newer = await talk(t, hub.port, edge);
      newer.say(hello, { type: 'ping', at: 3 });
      await hears(newer, 'pong');
      await ends(older);
      const other = await talk(t, hub.port, edge);
      other.say({ ...hello, path: 'wan2' }, { type: 'ping', at: 4 });
      await hears(other, 'pong');
      newer.say({ type: 'ping', at: 5 });
      await hears(newer, '{"type":"pong","at":5}');
    },
  );
  await t.test('only edges may speak it, and nobody without our authority', async (t) => {
    await ends(await talk(t, hub.port, await hub.identity('central', 'central')));
    await ends(await talk(t, hub.port, edge, 'http/1.1'));
    const stranger = await (await identities(tempFolder(t)))('site-1', 'edge');
    await ends(await talk(t, hub.port, { ...stranger, ca: edge.ca }));
  });
  await t.test('a request for a stream that is not in the plan asks nobody', async (t) => {
    const plan = hub.plan({ sites: 2 });
    hub.want(plan);
    await eventually(() => (hub.hub.meetings.length === 1 ? undefined : 'no meeting'));
    const [one, two] = [await talk(t, hub.port, edge), await talk(t, hub.port, await hub.identity('site-2', 'edge'))];
    two.say(hello);
    one.say(
      hello,
      { type: 'need-keyframe', meeting: plan.meeting, ssrc: 12_345 },
      { type: 'need-keyframe', meeting: 'm-unknown1', ssrc: plan.sites[1]!.streams.main.ssrc },
    );
    one.say({ type: 'need-keyframe', meeting: plan.meeting, ssrc: plan.sites[1]!.streams.main.ssrc + 3 });
    await hears(two, '"kind":"main"');
    t.equal(two.heard().split('"kind":"main"').length, 2, 'once');
  });
});
