/** The simulated ONVIF camera as people start it: found, driven as a wish of a site, talked to by a program of others, and gone with its owner. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { Value } from 'typebox/value';
import { openDevice } from '../../edge/devices/open.ts';
import { discover, foundDevice } from '../../hardware/onvif/discovery.ts';
import { readArguments } from '../../hardware/onvif/simulator/arguments.ts';
import { serveOnvif } from '../../hardware/onvif/simulator/serve.ts';
import type { Handle } from '../../hardware/wire/device.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type DeviceWish, FoundDevice } from '../../protocol/schema/devices.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { clock, faultCode } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';
import { makeLan } from '../support/netns.ts';
import { rootArgs } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const log = silentLog();

interface Run {
  readonly order: (line: string) => void;
  /** All it said so far, a message each. */
  readonly said: readonly Readonly<Record<string, unknown>>[];
  readonly ended: Promise<number | null>;
  /** Whoever started it goes. */
  readonly leave: () => void;
}

async function run(t: Test, args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [...rootArgs('provisioning/simulate/main.ts'), 'onvif', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: Readonly<Record<string, unknown>>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as Readonly<Record<string, unknown>>));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(() => child.kill('SIGKILL'));
  await eventually(() => (said.length > 0 || child.exitCode !== null ? undefined : 'not started'), { withinMs: 60_000 });
  return { order: (line) => child.stdin.write(`${line}\n`), said, ended, leave: () => child.stdin.end() };
}

const as = { power: null, input: null, preset: null, micMuted: null, volume: null, layout: null };
const wish = (at: DeviceWish['at'], password = 'mật khẩu'): DeviceWish => ({
  ...{ id: 'camera', name: 'Camera', driver: 'onvif', at, address: 1, username: 'admin', password, model: '' },
  scenes: { on: as, off: as },
});

async function driven(t: Test, at: DeviceWish['at']): Promise<Handle> {
  const opened = openDevice(wish(at), clock, log);
  if (!opened.ok) throw new Error(opened.fault.code);
  const { handle } = opened.value;
  t.teardown(() => handle.stop());
  handle.start();
  await linked(handle, 'ok');
  return handle;
}

const linked = (handle: Handle, link: string): Promise<void> =>
  eventually(() => (handle.standing.link === link ? undefined : `${handle.standing.link}: ${handle.standing.because}`));

t.test('started by name it is found, driven as a site wishes, tells what happens, and goes with its owner', async (t) => {
  const stream = 'rtsp://127.0.0.1:8554/room';
  const simulator = await run(t, ['--port', '0', '--discovery', '0', '--name', 'Phòng họp', '--password', 'mật khẩu', '--stream', stream]);
  const [started] = simulator.said;
  t.match(started, { event: 'started', device: 'onvif', url: /^http:\/\/127\.0\.0\.1:\d+\/onvif\/device_service$/ });
  const [host = '', port] = String(started?.discovery).split(':');
  const target = { host, port: Number(port) };
  const found = await discover({ clock, log, target, waitMs: 600, onFound: () => {} });
  t.match(found, [{ name: 'Phòng họp', hardware: 'DC-200', wantsLogin: true, profiles: ['Streaming', 'T'] }]);
  const [device] = found.map((camera) => foundDevice(camera, clock.now()));
  if (device === undefined) throw new Error('nothing found');
  t.ok(Value.Check(FoundDevice, device));
  t.match(device, { key: /^onvif:urn:uuid:/, driver: 'onvif', needsLogin: true, info: { model: 'DC-200' } });
  const handle = await driven(t, device.at);
  t.match(handle.state.streams, [{ uri: stream }]);
  simulator.order('happen signal-loss on');
  await eventually(() => (handle.state.complaints.length === 1 ? undefined : 'no complaint'));
  simulator.order('vanish');
  await linked(handle, 'disconnected');
  simulator.order('restore');
  await linked(handle, 'ok');
  await eventually(() => (handle.state.complaints.length === 1 ? undefined : 'what stands was not told again'));
  simulator.order('dance');
  await eventually(() => (simulator.said.some(({ event }) => event === 'refused') ? undefined : 'not refused'));
  simulator.leave();
  t.equal(await simulator.ended, 0);
});

t.test('a wish that does not fit, and a command line that does not', async (t) => {
  const serial = openDevice(wish({ via: 'serial', path: '/dev/ttyS0', baud: null }), clock, log);
  t.match(serial, { ok: false, fault: { code: 'input.invalid', path: '/at' } });
  t.match(openDevice(wish({ via: 'http', host: '10.0.0.7', port: null }), clock, log), { ok: true, value: { kind: 'camera' } });
  const table: readonly (readonly [string, string])[] = [
    ['', '--port'],
    ['--port x', '--port'],
    ['--port 65536', '--port'],
    ['--port 1 --discovery -1', '--discovery'],
    ['--port 1 --sing', 'command line'],
  ];
  for (const [line, key] of table)
    t.match(readArguments(line.split(' ').filter(Boolean)), { ok: false, fault: { code: 'config.invalid' } }, `${line}: ${key}`);
});

t.test('a port that is taken is told; looking for cameras ends when it is no longer wanted', async (t) => {
  const read = readArguments(['--port', '0', '--discovery', '0']);
  if (!read.ok) throw new Error('not read');
  const camera = await serveOnvif({ ...read.value, clock, log, quirks: {} });
  t.teardown(() => camera.stop());
  const port = Number(new URL(camera.url).port);
  t.equal(await faultCode(serveOnvif({ ...read.value, port, clock, log, quirks: {} })), 'conflict');
  const ending = new AbortController();
  const target = { host: '127.0.0.1', port: Number(camera.discovery?.split(':')[1]) };
  const found = await discover({ clock, log, target, waitMs: 3_600_000, signal: ending.signal, onFound: () => ending.abort() });
  t.match(found, [{ wantsLogin: false, info: { make: 'Diem Cau', model: 'DC-200' } }]);
});

t.test('a camera behind HTTPS, on a port of its own, with a certificate that nobody knows and its service elsewhere', async (t) => {
  const read = readArguments(['--port', '0', '--password', 'mật khẩu']);
  if (!read.ok) throw new Error('not read');
  const camera = await serveOnvif({ ...read.value, clock, log, quirks: {} });
  t.teardown(() => camera.stop());
  const dir = tempFolder(t);
  const authority = await ensureCa(join(dir, 'ca'), clock);
  await issue(authority, join(dir, 'camera'), { node: 'camera', role: 'edge', hosts: ['127.0.0.1'] }, clock);
  const [key, cert] = ['key.pem', 'cert.pem'].map((file) => readFileSync(join(dir, 'camera', file)));
  const asked: string[] = [];
  const front = createServer({ key, cert }, (request, response) => {
    asked.push(request.url ?? '');
    const path = (request.url ?? '').replace('/secure/', '/onvif/');
    const onward = httpRequest(new URL(path, camera.url), { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.teardown(() => front.close());
  const { port } = front.address() as AddressInfo;
  const handle = await driven(t, { via: 'http', host: '127.0.0.1', port, secure: true, path: '/secure/device_service' });
  t.match(await handle.execute({ do: 'presetRecall', preset: 'none' }), { outcome: 'rejected' }, 'it answers');
  t.ok(asked.includes('/secure/device_service'));
});

t.test('a move is stopped by its limit, by a word, and by leaving; a camera that was restarted or asked to is known again', async (t) => {
  const read = readArguments(['--port', '0', '--password', 'mật khẩu']);
  if (!read.ok) throw new Error('not read');
  const camera = await serveOnvif({ ...read.value, clock, log, quirks: { ptzTimeout: false, boot: { ms: 700, as: '503' } } });
  t.teardown(() => camera.stop());
  const at = { via: 'http' as const, host: '127.0.0.1', port: Number(new URL(camera.url).port) };
  const handle = await driven(t, at);
  const moving = (wanted: boolean) => eventually(() => (camera.facts.moving === wanted ? undefined : `moving is not ${wanted}`));
  const move = (pan: number, limitMs: number) => handle.execute({ do: 'move', pan, tilt: 0, zoom: 0, limitMs });
  t.match(await move(-0.3, 300), { outcome: 'accepted' });
  await moving(true);
  await moving(false);
  await move(0.3, 10_000);
  await moving(true);
  t.match(await move(0, 50), { outcome: 'completed' });
  t.equal(camera.facts.moving, false);
  t.match(await handle.execute({ do: 'presetRecall', preset: 'nowhere' }), { outcome: 'rejected' });
  t.match(await handle.execute({ do: 'volume', level: 1 }), { outcome: 'rejected' });
  // Back within a second it may not have been missed; what it was told to do before it is not done by itself, and its events come again.
  await camera.restart();
  await eventually(async () => {
    const { outcome, because } = await handle.execute({ do: 'presetRecall', preset: 'Preset_1' });
    return outcome === 'accepted' ? undefined : because;
  });
  camera.happen('tamper on');
  await eventually(() => (handle.state.complaints.length === 1 ? undefined : 'no complaint'));
  t.match(await handle.execute({ do: 'reboot' }), { outcome: 'accepted' });
  await eventually(() => (handle.standing.link === 'ok' ? 'not lost yet' : undefined));
  await linked(handle, 'ok');
  t.equal(camera.facts.starts, 3);
  await move(0.3, 10_000);
  await moving(true);
  await handle.stop();
  await moving(false);
});

const UTIL = '/usr/bin/onvif-util';
const missing =
  process.getuid?.() !== 0 ? 'needs root for network namespaces' : existsSync(UTIL) ? false : `needs ${UTIL} of Debian's onvif-tools`;

/** Looks on all networks of the machine that it runs on. */
const LOOKS = `
  const [, discovery, clock, log] = process.argv;
  const { discover, foundDevice } = await import(discovery);
  const [{ systemClock }, { silentLog }] = await Promise.all([import(clock), import(log)]);
  const found = await discover({ clock: systemClock(), log: silentLog(), target: null, waitMs: 1500, onFound: () => {} });
  console.log(JSON.stringify(found.map((camera) => foundDevice(camera, 0))));
`;
const compiled = import.meta.url.endsWith('.js');
const moduleOf = (path: string): string => new URL(`../../${path}.${compiled ? 'js' : 'ts'}`, import.meta.url).pathname;

t.test(
  'on a network it is found by us and by a program of others, which logs in, and reads and sets what it knows',
  { skip: missing },
  async (t) => {
    const lan = makeLan(['camera', 'viewer']);
    t.teardown(() => lan.remove());
    const [camera, viewer] = [lan.machine('camera'), lan.machine('viewer')];
    for (const machine of [camera, viewer]) machine.run('ip', ['route', 'add', '239.0.0.0/8', 'dev', 'eth0']);
    const where = ['--host', camera.address, '--port', '80', '--discovery', '3702', '--name', 'Room', '--password', 'secret'];
    const simulator = camera.spawn(process.execPath, [...rootArgs('provisioning/simulate/main.ts'), 'onvif', ...where]);
    if (simulator.stdout === null) throw new Error('no pipe');
    await once(simulator.stdout, 'data');
    const ask = (orders: string, password = 'secret'): string => {
      const command = `timeout -s KILL 60 ${UTIL} -u admin -p ${password} ${camera.address} 2>&1 || true`;
      return viewer.run('sh', ['-c', command], `${orders}\nquit\n`);
    };
    t.match(viewer.run('timeout', ['-s', 'KILL', '60', UTIL, '-a']), /Found 1 cameras\n10\.77\.0\.1 .*Room/);
    const looking = [...(compiled ? [] : ['--import', 'tsx']), '--input-type=module', '--eval', LOOKS];
    const modules = ['hardware/onvif/discovery', 'protocol/node/clock', 'protocol/node/log'].map(moduleOf);
    t.match(JSON.parse(viewer.run(process.execPath, [...looking, ...modules])), [
      { at: { via: 'http', host: camera.address, port: 80 }, needsLogin: true },
    ]);
    // It makes the same nonce twice now and then, which a camera by the book refuses: then it is asked again.
    const says = (orders: string, pattern: RegExp) =>
      eventually(() => {
        const said = ask(orders);
        return pattern.test(said) ? undefined : said;
      });
    await says('get rtsp', /rtsp:\/\/10\.77\.0\.1:8554\/main/);
    await says('get profiles', /Profile_1[\s\S]*Profile_2/);
    await says('get video', /1920 x 1080[\s\S]*Frame Rate: 25/);
    await says('set brightness 30\nget imaging', /Brightness: 30\s/);
    t.match(ask('get rtsp', 'wrong'), /NotAuthorized/);
  },
);
