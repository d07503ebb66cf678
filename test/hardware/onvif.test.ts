/** ONVIF cameras: one that others wrote, ones in literal words for what was measured of the library, and our own simulator with its quirks. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import t, { type Test } from 'tap';
import type { Alarm } from '../../hardware/onvif/alarms.ts';
import { OnvifDevice, type OnvifOptions } from '../../hardware/onvif/device.ts';
import { discover } from '../../hardware/onvif/discovery.ts';
import type { OnvifOptions as Simulated } from '../../hardware/onvif/simulator/camera.ts';
import { type ServedOnvif, serveOnvif } from '../../hardware/onvif/simulator/serve.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { clock } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';
import { cannedCamera, literalCamera, notAuthorized, notSupported, soap } from '../support/onvif-peer.ts';

const log = silentLog();

interface Driven {
  readonly device: OnvifDevice;
  readonly alarms: readonly Alarm[];
  readonly link: (link: string) => Promise<void>;
}

async function driven(t: Test, port: number, options: Partial<OnvifOptions> = {}, link = 'ok'): Promise<Driven> {
  const settings = { host: '127.0.0.1', port, secure: false, username: 'admin', password: 'secret', path: '' };
  const device = new OnvifDevice({ name: 'camera under test', clock, log, pollMs: 200, ...settings, ...options });
  const alarms: Alarm[] = [];
  device.alarms.on('alarm', (alarm) => alarms.push(alarm));
  t.teardown(() => device.stop());
  device.start();
  const is = (wanted: string) =>
    eventually(() => (device.standing.link === wanted ? undefined : `${device.standing.link}: ${device.standing.because}`));
  await is(link);
  return { device, alarms, link: is };
}

async function simulated(t: Test, options: Partial<Simulated> = {}): Promise<{ readonly camera: ServedOnvif; readonly port: number }> {
  const camera = await serveOnvif({
    clock,
    log,
    name: 'Phòng họp A',
    make: 'Diem Cau',
    model: 'DC-200',
    firmware: '1.0',
    serial: '000123456789012345678901',
    username: 'admin',
    password: 'secret',
    streamUri: 'rtsp://192.168.1.108:8554/main',
    port: 0,
    discovery: null,
    quirks: {},
    ...options,
  });
  t.teardown(() => camera.stop());
  return { camera, port: Number(new URL(camera.url).port) };
}

t.test('a camera that others wrote: found, known, moved, its presets and events', async (t) => {
  const peer = await cannedCamera(t);
  const found = await discover({ clock, log, target: { host: '127.0.0.1', port: peer.discovery }, waitMs: 1500, onFound: () => {} });
  t.equal(found.length, 1, 'six questions, one camera');
  const { device, alarms } = await driven(t, peer.port);
  t.not(device.info.make, '');
  t.match(device.state.streams?.[0], { uri: 'rtsp://127.0.0.1/h264main', encoding: 'H264', width: 1920, height: 1080 });
  t.ok(device.state.presets?.some(({ id }) => id === 'P003'));
  t.not(device.state.position, null);
  t.equal((await device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 100 })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'position', pan: 0, tilt: 0, zoom: 1 })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'presetRecall', preset: 'P003' })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'presetStore', preset: 'x', name: 'Bục' })).outcome, 'completed');
  t.type((await device.imaging())?.brightness, 'number');
  await eventually(() => (alarms.some(({ kind, active }) => kind === 'motion' && active) ? undefined : 'no motion yet'));
});

t.test('a camera says what is wrong with its picture; a scene that we have changed ourselves is no tampering', async (t) => {
  const { camera, port } = await simulated(t);
  const { device, alarms } = await driven(t, port);
  const says = (trouble: OnvifDevice['pictureTrouble']) =>
    eventually(() => (device.pictureTrouble === trouble ? undefined : `it says ${device.pictureTrouble}`));
  const news = (count: number) => eventually(() => (alarms.length >= count ? undefined : JSON.stringify(alarms)));
  t.equal(device.pictureTrouble, null);
  camera.happen('tamper on');
  await says('tampered with');
  camera.happen('signal-loss on');
  await says('signal lost');
  camera.happen('signal-loss off');
  await says('tampered with');
  camera.happen('tamper off');
  await says(null);
  await news(4);
  const preset = device.state.presets?.[1]?.id ?? '';
  t.match(await device.execute({ do: 'presetRecall', preset }), { outcome: 'accepted' });
  camera.happen('tamper on');
  await news(5);
  t.equal(device.pictureTrouble, null);
  camera.happen('signal-loss on');
  await says('signal lost');
  await camera.vanish();
  await says(null);
});

t.test('a camera that answers everything to a wrong password, but not who it is', async (t) => {
  const { port, asked } = await literalCamera(t, (question) => {
    if (question === 'GetDeviceInformation') return notAuthorized;
    return soap(`<x:${question}Response/>`);
  });
  const { device } = await driven(t, port, {}, 'login-refused');
  t.strictSame(device.capabilities, []);
  t.match(device.standing.because, /Sender not Authorized/);
  t.notMatch(device.standing.because, /secret/);
  t.ok(asked.filter((each) => each === 'GetDeviceInformation').length < 3, 'not knocked into a lock-out');
});

const TIME =
  '<S:GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>3</Second></Time><Date><Year>2026</Year><Month>1</Month><Day>1</Day></Date></UTCDateTime></SystemDateAndTime></S:GetSystemDateAndTimeResponse>';
const INFO =
  '<GetDeviceInformationResponse><Manufacturer>Literal</Manufacturer><Model>1.0</Model><FirmwareVersion>2.10</FirmwareVersion><SerialNumber>00123456789012345678901234567890</SerialNumber></GetDeviceInformationResponse>';
const service = (namespace: string): string =>
  `<Service><Namespace>${namespace}</Namespace><XAddr>http://0.0.0.0/onvif/x</XAddr></Service>`;

t.test('one service, no profile that fits, numbers that are texts: where the library hangs or lies', async (t) => {
  const { port } = await literalCamera(t, (question) => {
    if (question === 'GetSystemDateAndTime') return soap(TIME);
    if (question === 'GetDeviceInformation') return soap(INFO);
    if (question === 'GetServices')
      return soap(`<GetServicesResponse>${service('http://www.onvif.org/ver10/media/wsdl')}</GetServicesResponse>`);
    if (question === 'GetProfiles')
      return soap('<GetProfilesResponse><Profiles token="0"><Name>no encoder</Name></Profiles></GetProfilesResponse>');
    return notSupported;
  });
  const { device } = await driven(t, port);
  t.strictSame(device.info, { make: 'Literal', model: '1.0', firmware: '2.10', serial: '00123456789012345678901234567890' });
  t.strictSame(device.state.streams, []);
  t.strictSame(
    device.capabilities.map(({ id }) => id),
    ['reboot'],
  );
});

t.test('silence, web pages and half answers are no camera, and are tried again', async (t) => {
  let mode: 'page' | 'half' | 'well' = 'page';
  const { port, asked } = await literalCamera(t, (question) => {
    if (mode === 'page') return { status: 503, body: '<html><body>starting</body></html>' };
    if (mode === 'half') return { body: '<Envelope><Body><GetSystem' };
    if (question === 'GetSystemDateAndTime') return soap(TIME);
    if (question === 'GetDeviceInformation') return soap(INFO);
    return question === 'GetServices' ? soap('<GetServicesResponse/>') : notSupported;
  });
  const { device, link } = await driven(t, port, {}, 'disconnected');
  mode = 'half';
  const before = asked.length;
  await eventually(() => (asked.length > before + 1 ? undefined : 'not tried again'));
  t.not(device.standing.link, 'ok');
  mode = 'well';
  await link('ok');
  mode = 'page';
  await link('disconnected');
});

t.test('an answer without end is cut off', async (t) => {
  let written = 0;
  const server = createServer((_request, response) => {
    const more = (): void => {
      for (let room = true; room && !response.destroyed; written += 60_000) room = response.write('<a>'.repeat(20_000));
    };
    response.on('drain', more);
    more();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { device } = await driven(t, (server.address() as AddressInfo).port, {}, 'disconnected');
  t.match(device.standing.because, /without end/);
  await device.stop();
  t.ok(written > 2_000_000 && written < 50_000_000, `${written} bytes were taken`);
});

t.test('over TLS, with a certificate that nobody knows', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'diemcau-onvif-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await issue(await ensureCa(folder, clock), join(folder, 'camera'), { node: 'camera', role: 'edge', hosts: [] }, clock);
  const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, 'camera', name))));
  const { camera, port } = await simulated(t);
  const server = createTlsServer({ key, cert }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    pipeline(socket, inner, socket, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { device } = await driven(t, (server.address() as AddressInfo).port, { secure: true });
  t.equal((await device.execute({ do: 'presetRecall', preset: device.state.presets?.[0]?.id ?? '' })).outcome, 'accepted');
  camera.happen('signal-loss on');
  await eventually(() => (device.state.complaints.length === 1 ? undefined : 'no complaint'));
});

t.test('names of people and users are text, never XML', async (t) => {
  const bodies: string[] = [];
  const { port } = await literalCamera(t, (question, request) => {
    bodies.push(request);
    if (question === 'GetSystemDateAndTime') return soap(TIME);
    return question === 'GetDeviceInformation' ? soap(INFO) : soap(`<${question}Response/>`);
  });
  await driven(t, port, { username: 'a<b>&"c', password: 'mật khẩu' });
  t.ok(bodies.some((body) => body.includes('<Username>a&lt;b&gt;&amp;&quot;c</Username>')));
});

t.test('our own simulator by the book: both profiles, head, imaging, events; lost and back', async (t) => {
  const { camera, port } = await simulated(t);
  const { device, alarms, link } = await driven(t, port);
  t.strictSame(device.info, { make: 'Diem Cau', model: 'DC-200', firmware: '1.0', serial: '000123456789012345678901' });
  t.ok(
    device.state.streams?.some(({ encoding }) => encoding === 'H265'),
    'as Media2 alone tells',
  );
  for (const { uri } of device.state.streams ?? []) t.match(uri, /^(rtsp|http):\/\/127\.0\.0\.1[:/]/);
  t.ok(device.state.presets?.some(({ name }) => name === 'Chủ toạ'));
  t.equal((await device.execute({ do: 'move', pan: 1, tilt: 0, zoom: 0, limitMs: 300 })).outcome, 'accepted');
  await eventually(() => (camera.facts.moving === false ? undefined : 'still moving'));
  t.equal((await device.execute({ do: 'presetStore', preset: 'new', name: 'Bàn <1> & "2"' })).outcome, 'completed');
  t.ok(device.state.presets?.some(({ name }) => name === 'Bàn <1> & "2"'));
  t.equal((await device.setImaging({ brightness: 0 })).outcome, 'completed');
  t.equal((await device.imaging())?.brightness, 0);
  camera.happen('signal-loss on');
  await eventually(() => (device.state.complaints.length === 1 ? undefined : 'no complaint'));
  t.ok(alarms.some(({ kind, active }) => kind === 'signal' && active));
  camera.happen('signal-loss off');
  await eventually(() => (device.state.complaints.length === 0 ? undefined : 'still complains'));
  camera.quirk({ ptzTimeout: false });
  await device.execute({ do: 'move', pan: 1, tilt: 0, zoom: 0, limitMs: 10_000 });
  await camera.vanish();
  t.equal(camera.facts.moving, true);
  await link('disconnected');
  t.equal(device.state.streams, null, 'nothing is known of what is gone');
  await camera.restore();
  await link('ok');
  await eventually(() => (camera.facts.moving === false ? undefined : 'moves on'));
});

t.test('cameras as they are', async (t) => {
  const table: readonly (readonly [string, Simulated['quirks']])[] = [
    ['clock hours off', { clockSkewMs: 5 * 3_600_000 }],
    ['local time as UTC', { localTimeAsUtc: true }],
    ['only WS-Security', { login: 'wsse', refusedStatus: 400 }],
    ['only HTTP digest', { login: 'digest' }],
    ['HTTP digest with SHA-256', { login: 'digest', algorithms: ['SHA-256'] }],
    ['addresses of another network', { addresses: 'internal' }],
    ['addresses of nobody', { addresses: 'zero' }],
    ['addresses without a host', { addresses: 'no-host', subscriptionAddress: 'no-host' }],
    ['subscriptions by number', { subscriptionAddress: 'needs-id' }],
    ['Media2 that is broken', { media2: 'broken' }],
    ['no Media2', { media2: 'absent' }],
    ['presets of one name', { presets: 'duplicate-names' }],
    ['presets with numbers', { presets: 'numeric-tokens' }],
    ['a head that turns and zooms apart', { ptzApart: true, ptzTimeout: false }],
    ['no position', { ptzPosition: false }],
  ];
  for (const [name, quirks] of table) {
    const { camera, port } = await simulated(t, { quirks });
    const { device } = await driven(t, port);
    t.ok(
      device.state.streams?.some(({ encoding }) => encoding === 'H264'),
      `${name}: a stream`,
    );
    t.ok((device.state.presets?.length ?? 0) >= 3, `${name}: presets`);
    t.equal((await device.execute({ do: 'move', pan: 0.2, tilt: 0, zoom: 0.2, limitMs: 200 })).outcome, 'accepted', `${name}: moves`);
    await eventually(() => (camera.facts.moving === false ? undefined : `${name}: still moves`));
    camera.happen('tamper on');
    await eventually(() => (device.state.complaints.length > 0 ? undefined : `${name}: no complaint`));
    await device.stop();
  }
});

t.test('a clock that jumps after all went well, and a password that is wrong', async (t) => {
  const { camera, port } = await simulated(t, { quirks: { login: 'wsse' } });
  const { device } = await driven(t, port, { pollMs: 60_000 });
  camera.quirk({ clockSkewMs: -7_200_000 });
  // The clock was read long enough ago to be doubted.
  await eventually(async () => {
    const { outcome } = await device.execute({ do: 'presetRecall', preset: device.state.presets?.[0]?.id ?? '' });
    return outcome === 'accepted' ? undefined : outcome;
  });
  t.equal(device.standing.link, 'ok');
  const wrong = await driven(t, port, { password: 'wrong' }, 'login-refused');
  t.notMatch(wrong.device.standing.because, /wrong/);
});

t.test('cameras are found with what they tell, nonsense is not, and one that wants a login is found all the same', async (t) => {
  const answerer = createSocket('udp4');
  answerer.bind(0, '127.0.0.1');
  await once(answerer, 'listening');
  t.teardown(() => answerer.close());
  const open = await simulated(t, { password: '' });
  const closed = await simulated(t);
  const match = (id: string, address: string): string =>
    `<E><ProbeMatches><ProbeMatch><EndpointReference><Address>${id}</Address></EndpointReference><Scopes>onvif://www.onvif.org/name/A</Scopes><XAddrs>http://169.254.1.1/onvif/device_service ${address}</XAddrs></ProbeMatch></ProbeMatches></E>`;
  answerer.on('message', (_question, { port, address }) => {
    for (const said of [
      'lollipop',
      '',
      '<a',
      match('urn:uuid:1', open.camera.url),
      match('urn:uuid:1', open.camera.url),
      match('urn:uuid:2', closed.camera.url),
    ])
      answerer.send(said, port, address);
  });
  const seen: string[] = [];
  const target = { host: '127.0.0.1', port: (answerer.address() as AddressInfo).port };
  const found = await discover({ clock, log, target, waitMs: 800, onFound: ({ id }) => seen.push(id) });
  t.strictSame([...seen].sort(), ['urn:uuid:1', 'urn:uuid:2']);
  t.match(
    found.find(({ id }) => id === 'urn:uuid:1'),
    { wantsLogin: false, info: { make: 'Diem Cau' }, name: 'A', host: '127.0.0.1' },
  );
  t.match(
    found.find(({ id }) => id === 'urn:uuid:2'),
    { wantsLogin: true, info: null },
  );
});
