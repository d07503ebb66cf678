/** The devices of a room on real ptys: driven, brought into scenes, found, lost and found again. The devices are simulators; the rest is real. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Cameras } from '../../edge/devices/discover/cameras.ts';
import { againMs, Watch } from '../../edge/devices/discover/watch.ts';
import { Rack } from '../../edge/devices/rack.ts';
import { type WiredName, wired } from '../../hardware/catalogue.ts';
import { serveOnvif } from '../../hardware/onvif/simulator/serve.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { type Served, servePty } from '../../hardware/wire/serve.ts';
import { now, type Simulator } from '../../hardware/wire/simulator.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { asItIs } from '../../protocol/room.ts';
import type { DevicesBody, DeviceWish, FoundDevice } from '../../protocol/schema/devices.ts';
import { movableClock } from '../support/clock.ts';
import { clock } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

/** Some fifteen questions of half a second each, in turns that a busy machine makes longer; and once more when an answer was lost. */
const patient = { withinMs: 90_000 };

/** A short path: a pty's link may have at most 108 letters on some systems. */
async function folder(t: Test): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'diemcau-room-'));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function plugged(
  t: Test,
  driver: WiredName,
  path: string,
  settings: Partial<typeof plainSettings> = {},
): Promise<{ readonly served: Served; readonly simulator: Simulator }> {
  const simulator = wired[driver].simulator({ ...plainSettings, ...settings });
  const served = await servePty(simulator, path, clock, Math.random);
  t.teardown(() => served.stop());
  return { served, simulator };
}

const wishFor = (id: string, driver: WiredName, path: string, more: Partial<DeviceWish> = {}): DeviceWish => ({
  id,
  name: id,
  driver,
  at: { via: 'serial', path, baud: null },
  address: 1,
  username: '',
  password: '',
  model: '',
  scenes: { on: asItIs, off: asItIs },
  ...more,
});

function rackRig(t: Test, found: () => readonly FoundDevice[] = () => []) {
  let told = 0;
  const rack = new Rack({ clock, log: silentLog(), changed: () => void told++, found });
  t.teardown(() => rack.stop());
  const device = (id: string): DevicesBody['devices'][number] | undefined => rack.report().devices.find((each) => each.id === id);
  const ok = (id: string): Promise<void> =>
    eventually(() => (device(id)?.link === 'ok' ? undefined : `${id}: ${device(id)?.link} ${device(id)?.because}`));
  return { rack, device, ok, told: () => told };
}

t.test('a display and a codec are driven, brought into the scenes of the room, and told of', async (t) => {
  const at = await folder(t);
  const [screen, codec] = [join(at, 'screen'), join(at, 'codec')];
  await plugged(t, 'mdc', screen);
  await plugged(t, 'xapi', codec, { model: 'tc7' });
  const { rack, device, ok, told } = rackRig(t);
  const scenes = { on: { ...asItIs, power: true, input: 'HDMI1' }, off: { ...asItIs, power: false } };
  const wishes = [
    wishFor('screen', 'mdc', screen, { scenes }),
    wishFor('codec', 'xapi', codec, { scenes: { on: { ...asItIs, micMuted: false }, off: asItIs } }),
  ];
  await rack.apply(wishes, 'off');
  await ok('screen');
  await ok('codec');
  const reached = (id: string, scene: 'on' | 'off') =>
    eventually(() => {
      const now = device(id)?.scene;
      return now?.scene === scene && now.reached ? undefined : JSON.stringify(now);
    });
  await reached('screen', 'off');
  t.equal(device('screen')?.state.power, 'off');
  await rack.apply(wishes, 'on');
  await reached('screen', 'on');
  await reached('codec', 'on');
  t.match(device('screen')?.state, { power: 'on', input: 'HDMI1' });
  t.match(device('codec'), { kind: 'codec', state: { micMuted: false }, info: { model: /C40/ } });
  t.match(await rack.execute('codec', { do: 'dial', address: '2001', protocol: 'auto', kbps: null }), { outcome: /accepted|completed/ });
  await eventually(() => ((device('codec')?.state.calls?.length ?? 0) > 0 ? undefined : 'no call'));
  t.match(await rack.execute('fax', { do: 'power', on: true }), { outcome: 'rejected', because: /no device fax/ });
  t.match(await rack.execute('screen', { do: 'dial', address: '1', protocol: 'auto', kbps: null }), { outcome: 'rejected' });
  t.ok(told() > 2);
  await rack.apply([], null);
  t.strictSame(rack.report().devices, []);
});

t.test('what a device does not take of its scene is told in its own words, until it takes it', async (t) => {
  const path = join(await folder(t), 'switcher');
  await plugged(t, 'extron', path);
  const { rack, device, ok } = rackRig(t);
  await rack.apply([wishFor('switcher', 'extron', path, { scenes: { on: { ...asItIs, preset: '1' }, off: asItIs } })], 'on');
  await ok('switcher');
  const told = () => device('switcher')?.scene.because ?? '';
  await eventually(() => (told().includes('E11: bad preset') ? undefined : told()));
  // Other news of it must not cover that up.
  t.match(await rack.execute('switcher', { do: 'route', input: '2', output: '3', layer: 'all' }), { outcome: 'completed' });
  t.match(told(), /E11: bad preset/);
  t.match(await rack.execute('switcher', { do: 'presetStore', preset: '1', name: '' }), { outcome: 'completed' });
  await eventually(() => (device('switcher')?.scene.reached ? undefined : told()));
});

t.test('a cable that is pulled is told of, and comes back by itself into its scene', async (t) => {
  const path = join(await folder(t), 'screen');
  const { served, simulator } = await plugged(t, 'lg', path);
  const { rack, device, ok } = rackRig(t);
  await rack.apply([wishFor('screen', 'lg', path, { scenes: { on: { ...asItIs, power: true }, off: asItIs } })], 'on');
  await ok('screen');
  await eventually(() => (device('screen')?.scene.reached ? undefined : JSON.stringify(device('screen')?.scene)));
  await served.vanish();
  await eventually(() => (device('screen')?.link === 'disconnected' ? undefined : `still ${device('screen')?.link}`));
  t.match(device('screen'), { state: { power: null }, scene: { reached: false } }, 'nothing that was seen before counts');
  simulator.restart();
  await served.restore();
  await ok('screen');
  await eventually(() =>
    device('screen')?.state.power === 'on' && device('screen')?.scene.reached ? undefined : JSON.stringify(device('screen')),
  );
});

t.test('a wish that is the same touches nothing, a changed one opens anew, a wrong one is said', async (t) => {
  const path = join(await folder(t), 'screen');
  await plugged(t, 'mdc', path);
  const { rack, device, ok } = rackRig(t);
  const wish = wishFor('screen', 'mdc', path);
  await rack.apply([wish], null);
  await ok('screen');
  const { seen } = device('screen')!;
  await rack.apply([{ ...wish }], null);
  t.equal(device('screen')?.link, 'ok');
  t.ok((device('screen')?.seen ?? 0) >= (seen ?? 0));
  await rack.apply([{ ...wish, name: 'Màn hình' }], null);
  await ok('screen');
  t.equal(device('screen')?.name, 'Màn hình');
  await rack.apply([{ ...wish, at: { via: 'http', host: '127.0.0.1', port: null } }], 'on');
  t.match(device('screen'), { link: 'disconnected', because: /not spoken over HTTP/ });
});

t.test('a new name or place in a scene lets go of nothing; what a person asked for is not worked against', async (t) => {
  const at = await folder(t);
  const [screen, codec] = [join(at, 'screen'), join(at, 'codec')];
  await plugged(t, 'mdc', screen);
  await plugged(t, 'xapi', codec, { model: 'tc7' });
  const { rack, device, ok } = rackRig(t);
  const on = { ...asItIs, power: true, input: 'HDMI1' };
  const show = wishFor('screen', 'mdc', screen, { scenes: { on, off: asItIs } });
  const talk = wishFor('codec', 'xapi', codec, { scenes: { on: { ...asItIs, micMuted: false }, off: asItIs } });
  await rack.apply([show, talk], 'on');
  const reached = (id: string) => eventually(() => (device(id)?.scene.reached ? undefined : JSON.stringify(device(id)?.scene)));
  await Promise.all([ok('screen'), ok('codec')]);
  await Promise.all([reached('screen'), reached('codec')]);
  t.match(await rack.execute('codec', { do: 'micMute', on: true }), { outcome: /accepted|completed/ });
  t.match(await rack.execute('screen', { do: 'input', input: 'DVI' }), { outcome: /accepted|completed/ });
  await eventually(() => (device('codec')?.state.micMuted && device('screen')?.state.input === 'DVI' ? undefined : 'not yet'));
  const renamed = [
    { ...show, name: 'Màn hình' },
    { ...talk, name: 'Máy họp' },
  ];
  await rack.apply(renamed, 'on');
  t.match(device('codec'), { name: 'Máy họp', link: 'ok', state: { micMuted: true }, scene: { scene: 'on', reached: true } });
  t.match(device('screen'), { name: 'Màn hình', link: 'ok', state: { input: 'DVI' }, scene: { scene: 'on', reached: true } });
  // The volume is new in the scene: it is brought about, and with it nothing else.
  await rack.apply([renamed[0]!, { ...talk, scenes: { on: { ...asItIs, micMuted: false, volume: 0.3 }, off: asItIs } }], 'on');
  await eventually(() => (Math.abs((device('codec')?.state.volume ?? 1) - 0.3) < 0.07 ? undefined : 'the old volume'));
  t.equal(device('codec')?.state.micMuted, true, 'the microphone that somebody closed stays closed');
  t.equal(device('screen')?.state.input, 'DVI');
  await rack.apply(renamed, 'off');
  await rack.apply(renamed, 'on');
  await eventually(() => (device('screen')?.state.input === 'HDMI1' ? undefined : 'a new scene begins anew'));
});

t.test('what is plugged in is found and named, what is driven is left alone, what is pulled out is gone', async (t) => {
  const at = await folder(t);
  let news = 0;
  const watch = new Watch({ folders: [at], taken: () => new Set(), changed: () => void news++, clock, log: silentLog() });
  t.teardown(() => watch.stop());
  watch.start();
  const find = (name: string): FoundDevice | undefined =>
    watch.found.find((each) => each.at.via === 'serial' && each.at.path === join(at, name));
  const finds = (name: string): Promise<void> =>
    eventually(() => (find(name) === undefined ? `${name} is not found among ${JSON.stringify(watch.found)}` : undefined), patient);
  const codec = await plugged(t, 'xapi', join(at, 'codec'), { model: 'tc7' });
  await finds('codec');
  t.match(find('codec'), { driver: 'xapi', kind: 'codec', needsLogin: false, info: { make: 'Cisco', model: /C40/ } });
  t.equal((codec.simulator.facts['calls'] as unknown[] | undefined)?.length ?? 0, 0, 'no call was touched');
  await plugged(t, 'polycom', join(at, 'group'), { password: 'geheim' });
  await plugged(t, 'xacli', join(at, 'mxp'));
  await plugged(t, 'visca', join(at, 'camera'));
  await plugged(t, 'mdc', join(at, 'screen'));
  for (const name of ['group', 'mxp', 'camera', 'screen']) await finds(name);
  t.match(find('group'), { driver: 'polycom', needsLogin: true, info: { model: '' } }, 'it tells nothing before a login');
  t.match(find('mxp'), { driver: 'xacli', info: { model: /990 MXP/ } });
  t.match(find('camera'), { driver: 'visca', kind: 'camera' });
  t.match(find('screen'), { driver: 'mdc', kind: 'display' });
  const before = news;
  await codec.served.vanish();
  await eventually(() => (find('codec') === undefined && news > before ? undefined : 'still there'));
  await codec.served.restore();
  await finds('codec');
});

t.test('who speaks without end holds up nobody; a port has one name; what is driven is not asked, under no name', async (t) => {
  const at = await folder(t);
  const heard = { meter: 0, driven: 0 };
  const strange = (name: keyof typeof heard, says: string): Simulator => ({
    opened: () => [],
    closed: () => undefined,
    feed: () => {
      heard[name]++;
      return [];
    },
    happen: () => now(says),
    restart: () => [],
    facts: {},
  });
  const meter = await servePty(strange('meter', '$GPGGA,1\r\n'), join(at, 'meter'), clock, Math.random);
  t.teardown(() => meter.stop());
  const speaking = clock.every(50, 'a meter speaks', () => meter.happen(''));
  t.teardown(() => speaking.cancel());
  const driven = await servePty(strange('driven', ''), join(at, 'driven'), clock, Math.random);
  t.teardown(() => driven.stop());
  symlinkSync(driven.at, join(at, 'alias'));
  const taken = new Set([driven.at, 'tcp:10.0.0.1:23']);
  const watch = new Watch({ folders: [at], taken: () => taken, changed: () => undefined, clock, log: silentLog() });
  t.teardown(() => watch.stop());
  watch.start();
  await eventually(() => (heard.meter > 0 ? undefined : 'the meter is not asked yet'));
  await plugged(t, 'xapi', join(at, 'codec'), { model: 'tc7' });
  symlinkSync(join(at, 'codec'), join(at, 'codec-2'));
  await eventually(() => (watch.found.length > 0 ? undefined : 'the codec is not found'));
  t.match(watch.found, [{ driver: 'xapi', at: { path: join(at, 'codec') } }]);
  t.equal(heard.driven, 0);
  taken.add(join(at, 'codec-2'));
  await eventually(() => (watch.found.length === 0 ? undefined : 'it is driven now, by its other name'));
});

t.test('who answers late is known all the same; who was booting is asked again before long', async (t) => {
  const at = await folder(t);
  const ahead = movableClock(true);
  const watch = new Watch({ folders: [at], taken: () => new Set(), changed: () => undefined, clock: ahead, log: silentLog() });
  t.teardown(() => watch.stop());
  const slow = await plugged(t, 'visca', join(at, 'slow'));
  slow.served.trouble({ delayMs: 800 });
  // It hears nothing until it has been asked what only a camera understands.
  const camera = wired.visca.simulator(plainSettings);
  let booted = false;
  const booting: Simulator = {
    ...camera,
    feed: (bytes) => {
      if (booted) return camera.feed(bytes);
      booted = bytes.includes(0x81);
      return [];
    },
  };
  const served = await servePty(booting, join(at, 'booting'), clock, Math.random);
  t.teardown(() => served.stop());
  watch.start();
  const found = (name: string) => watch.found.find((each) => each.at.via === 'serial' && each.at.path === join(at, name));
  await eventually(() => (found('slow') && booted ? undefined : JSON.stringify([watch.found, booted])), patient);
  t.match(found('slow'), { driver: 'visca', kind: 'camera' });
  t.equal(found('booting'), undefined);
  await eventually(() => {
    ahead.advance(1000);
    return found('booting') ? undefined : JSON.stringify(watch.found);
  }, patient);
  t.match(found('booting'), { driver: 'visca', kind: 'camera' });
  t.strictSame([1, 2, 3, 4, 5, 99].map(againMs), [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

t.test('a port that cannot be opened, or is none, harms nobody', async (t) => {
  const at = await folder(t);
  mkdirSync(join(at, 'a-folder'));
  symlinkSync('/nowhere', join(at, 'dangling'));
  const watch = new Watch({
    folders: [at, join(at, 'missing')],
    taken: () => new Set(),
    changed: () => undefined,
    clock,
    log: silentLog(),
  });
  t.teardown(() => watch.stop());
  watch.start();
  await plugged(t, 'mdc', join(at, 'screen'));
  await eventually(() => (watch.found.length === 1 ? undefined : JSON.stringify(watch.found)));
});

t.test('a network camera is found, asks for its login, is adopted with it, and moves', async (t) => {
  const camera = await serveOnvif({
    clock,
    log: silentLog(),
    name: 'Phòng họp A',
    make: 'Diem Cau',
    model: 'DC-200',
    firmware: '1.0',
    serial: '1',
    username: 'admin',
    password: 'geheim',
    streamUri: 'rtsp://127.0.0.1:8554/main',
    port: 0,
    discovery: { address: '127.0.0.1', port: 0 },
    quirks: {},
  });
  t.teardown(() => camera.stop());
  const { discovery } = camera;
  if (discovery === null) throw new Error('the camera does not answer WS-Discovery');
  let news = 0;
  const cameras = new Cameras({ where: [discovery], changed: () => void news++, clock, log: silentLog() });
  t.teardown(() => cameras.stop());
  cameras.start();
  await eventually(() => (cameras.found.length === 1 ? undefined : JSON.stringify(cameras.found)));
  const [found] = cameras.found;
  t.match(found, { driver: 'onvif', kind: 'camera', needsLogin: true, at: { via: 'http' } });
  t.ok(found!.info.model.length > 0, 'its discovery says the model');
  const { rack, device, ok } = rackRig(t, () => cameras.found);
  const wish = { ...wishFor('camera', 'visca', ''), driver: 'onvif' as const, at: found!.at, username: 'admin' };
  await rack.apply([{ ...wish, password: 'falsch' }], null);
  await eventually(() =>
    device('camera')?.link === 'login-refused' ? undefined : `${device('camera')?.link} ${device('camera')?.because}`,
  );
  await rack.apply([{ ...wish, password: 'geheim' }], null);
  await ok('camera');
  t.ok((device('camera')?.state.streams?.length ?? 0) > 0, 'it tells its streams');
  t.match(await rack.execute('camera', { do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 5000 }), { outcome: /accepted|completed/ });
  t.match(await rack.execute('camera', { do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 5000 }), { outcome: 'completed' });
  await camera.vanish();
  await eventually(() => (cameras.found.length === 0 ? undefined : 'it is still found'), { withinMs: 40_000 });
});
