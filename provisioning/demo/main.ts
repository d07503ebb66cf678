/** `diemcau demo`: a province on one machine. Starts central, two hubs and the sites, opens a meeting by itself, prints `ready`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DevicesView, HubView, MeetingView, PanelView, SiteView } from '../../protocol/api.ts';
import { sleep } from '../../protocol/clock.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { type CentralApi, centralApi } from './api.ts';
import { type ClipFiles, makeClips } from './clips.ts';
import { centralConfig, edgeConfig, hubConfig, type SiteSource } from './configs.ts';
import { type DemoPorts, hotSites, hubs } from './hubs.ts';
import { issueIdentities } from './identities.ts';
import { Keeper } from './keeper.ts';
import { networkConfig, networkName } from './network.ts';
import { demoOptions } from './options.ts';
import { freePort, isFree } from './ports.ts';
import { province } from './province.ts';
import { codecId, portsFolder, roomsConfig, roomsName, wishesOf } from './rooms.ts';
import { removeState, runningDemo, writeState } from './state.ts';

const title = 'Họp giao ban trực tuyến tỉnh An Giang';
const clock = systemClock();
const options = demoOptions(process.env, process.argv.slice(2));
const sites = province(options.sites);
const url = `http://127.0.0.1:${options.port}`;
/** The simulated cameras' processes, of the first site. */
const cameraName = 'camera';
const backupName = 'camera-b';
/** A killed camera stays away for so long that everybody can see the slate. */
const cameraRestMs = 5000;
const firstSite = sites[0]?.site ?? '';
const cameras = options.camera === null ? { [firstSite]: cameraName } : {};
const backups = { [firstSite]: backupName };
const orders: Record<string, number> = {};
/** Whom the first site's codec calls. */
const callAct: DeviceAct = { do: 'dial', address: '7001', protocol: 'sip', kbps: 1920 };

/** One clear line, not a stack: the visitor can act on it. */
function giveUp(because: string): never {
  console.error(`diemcau: ${because}`);
  process.exit(1);
}

if (!(await isFree(options.port)))
  giveUp(
    `port ${options.port} is in use${runningDemo(options.data) === undefined ? '' : ' by a demo that runs already'}; stop it, or choose another: DIEMCAU_PORT=8081 npm start`,
  );
if (runningDemo(options.data) !== undefined)
  giveUp(`a demo runs already on ${options.data}; choose another folder: DIEMCAU_DATA=… npm start`);

mkdirSync(join(options.data, 'logs'), { recursive: true });
mkdirSync(join(options.data, 'config'), { recursive: true });
const ports: DemoPorts = {
  http: options.port,
  mqtt: await freePort(),
  panel: await freePort(),
  hubs: [await freePort(), await freePort()],
};
const keeper = new Keeper(clock, join(options.data, 'logs'), () =>
  writeState(options.data, { demo: process.pid, url, pids: keeper.pids(), cameras, backups, orders }),
);

let stopping = false;
async function stop(code: number): Promise<never> {
  if (!stopping) {
    stopping = true;
    await keeper.stop();
    removeState(options.data);
    process.exit(code);
  }
  return new Promise(() => {});
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));
// `npm start` holds a channel to us, so that nothing is left behind when it is killed.
process.once('disconnect', () => void stop(0));

/** Starts `node dist/ROOT --config FILE` under the keeper. */
function start(name: string, root: string, config: object): Promise<Record<string, unknown>> {
  const file = join(options.data, 'config', `${name}.json`);
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return keeper.start({ name, args: [join(packageRoot(), 'dist', root), '--config', file] });
}

/** Starts a simulated camera on ports that it keeps over restarts; returns its URL. */
async function startCamera(name: string, clip: string): Promise<string> {
  const root = join(packageRoot(), 'dist', 'provisioning', 'cli.js');
  orders[name] = await freePort();
  const args = [root, 'simulate', 'camera', '--clip', clip, '--port', String(await freePort()), '--orders', String(orders[name])];
  const started = await keeper.start({ name, args, restMs: cameraRestMs });
  return String(started['url']);
}

/** Starts what stands in the rooms. */
function startRooms(): Promise<Record<string, unknown>> {
  // Also those in which nothing stands yet: something may be plugged in.
  for (const { site } of sites) mkdirSync(portsFolder(options.data, site), { recursive: true });
  const file = join(options.data, 'config', `${roomsName}.json`);
  const config = roomsConfig(
    options.data,
    sites.map(({ site }) => site),
  );
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  const root = join(packageRoot(), 'dist', 'provisioning', 'cli.js');
  return keeper.start({ name: roomsName, args: [root, 'simulate', 'rooms', '--config', file] });
}

/** Starts what lies between the first site and the hubs. */
function startNetwork(): Promise<Record<string, unknown>> {
  const file = join(options.data, 'config', `${networkName}.json`);
  writeFileSync(file, `${JSON.stringify(networkConfig(options.data, ports), null, 2)}\n`, { mode: 0o600 });
  const root = join(packageRoot(), 'dist', 'provisioning', 'cli.js');
  return keeper.start({ name: networkName, args: [root, 'simulate', 'network', '--config', file] });
}

/** The first site looks through a camera, the others play their clip. */
async function sourceOf(clip: ClipFiles, index: number): Promise<SiteSource> {
  if (index > 0) return { kind: 'clip', main: clip.main, tile: clip.tile };
  return options.camera ?? (await startCamera(cameraName, clip.main));
}

/** The demo's meeting: the one that runs since the last start, or a new one. The first site has the floor, the second is prepared. */
async function openMeeting(api: CentralApi): Promise<string> {
  const wanted = sites.map((each) => each.site);
  for (const meeting of await api.call<MeetingView[]>('GET', '/meetings')) {
    if (meeting.state !== 'running') continue;
    if (meeting.sites.map((each) => each.site).join() === wanted.join()) return meeting.id;
    await api.call('POST', `/meetings/${meeting.id}/end`);
  }
  const { id } = await api.call<MeetingView>('POST', '/meetings', { title, sites: wanted, hub: hubs[0].hub });
  await api.call('POST', `/meetings/${id}/start`);
  await api.call('POST', `/meetings/${id}/floor`, { site: wanted[0] });
  if (wanted[1] !== undefined) await api.call('POST', `/meetings/${id}/next`, { site: wanted[1] });
  return id;
}

/** Asks until nothing is missing; says once in ten seconds what still is. */
async function until(missing: () => Promise<string | null>): Promise<void> {
  const sayEveryMs = 10_000;
  for (let said = clock.mono(); ; ) {
    const what = await missing();
    if (what === null) return;
    if (clock.mono() - said > sayEveryMs) {
      said = clock.mono();
      console.error(`waiting: ${what}`);
    }
    await sleep(clock, 250, 'ask again');
  }
}

/** A meeting is placed on hubs that are connected and have said where they are; central may still know the port of the last start. */
async function hubMissing(api: CentralApi): Promise<string | null> {
  const known = await api.call<HubView[]>('GET', '/hubs');
  const missing = hubs.flatMap(({ hub: id }, index) => {
    const hub = known.find((each) => each.hub === id);
    const connected = hub?.state === 'online' || hub?.state === 'degraded';
    return connected && hub.port === ports.hubs[index] ? [] : [`${id} ${hub?.state} at ${hub?.host}:${hub?.port} (${hub?.because})`];
  });
  return missing.length === 0 ? null : missing.join(', ');
}

/** Every site is online and the mosaic runs with all of them live. */
async function pictureMissing(api: CentralApi, meeting: string): Promise<string | null> {
  const [view, all] = await Promise.all([api.call<MeetingView>('GET', `/meetings/${meeting}`), api.call<SiteView[]>('GET', '/sites')]);
  const missing = all.filter((each) => sites.some(({ site }) => site === each.site) && !(each.state === 'online' && each.tile === 'live'));
  if (view.mosaic.state === 'running' && missing.length === 0) return null;
  return `mosaic ${view.mosaic.state}; ${missing.map((each) => `${each.site} ${each.state} (${each.because})`).join(', ')}`;
}

/** The first site's codec calls somebody as soon as it answers. Nothing waits for it: the demo is whole without. */
function joinCall(api: CentralApi): void {
  const missing = async (): Promise<string | null> => {
    const { devices } = await api.call<DevicesView>('GET', `/sites/${firstSite}/devices`);
    const codec = devices.find(({ wish }) => wish.id === codecId)?.report;
    if (codec?.link !== 'ok' || codec.state.calls === null) return `the codec of ${firstSite} does not answer yet`;
    if (codec.state.calls.length === 0) await api.call('POST', `/sites/${firstSite}/devices/${codecId}/act`, callAct);
    return null;
  };
  until(missing).catch((error: Error) => console.error(`diemcau: the codec of ${firstSite} is in no call: ${error.message}`));
}

try {
  await issueIdentities(options, sites);
  const clips = await makeClips(options, sites);
  const sources = await Promise.all(clips.map(sourceOf));
  // The tile's clip: a small picture costs next to nothing to keep open, and shows who has taken over.
  const spare = clips[0] === undefined ? null : await startCamera(backupName, clips[0].tile);
  const { setupToken } = await start('central', 'central/main.js', centralConfig(options, ports));
  if (typeof setupToken === 'string') console.log(`first login (once): ${url}/#/setup/${setupToken}`);
  const api = await centralApi(join(options.data, 'central'), ports.http);
  for (const each of hubs) await api.ensure('/hubs', each);
  for (const [order, each] of sites.entries())
    await api.ensure('/sites', { ...each, order, protection: order < hotSites ? 'hot' : 'warm' });
  await Promise.all([startRooms(), startNetwork()]);
  for (const { site } of sites) for (const wish of wishesOf(options.data, site)) await api.ensure(`/sites/${site}/devices`, wish);
  // The first site's camera stands for what its box captures from its codec, so that a call which ends has a picture to lose.
  await api.call('PATCH', `/sites/${firstSite}/devices/${codecId}`, { source: options.camera === null });
  await Promise.all(hubs.map((each, index) => start(each.hub, 'central/hub/main.js', hubConfig(options, ports, each, index))));
  await Promise.all(
    sites.map((each, index) =>
      start(each.site, 'edge/main.js', edgeConfig(options, ports, each, index, sources[index] ?? 'pattern', index === 0 ? spare : null)),
    ),
  );
  await until(() => hubMissing(api));
  const meeting = await openMeeting(api);
  if (options.camera === null) joinCall(api);
  await until(() => pictureMissing(api, meeting));
  const { pin } = await api.call<PanelView>('GET', `/meetings/${meeting}/panel`);
  console.log(`the chair's panel: http://127.0.0.1:${ports.panel} PIN ${pin}`);
  console.log(`ready ${url}`);
} catch (error) {
  if (stopping) await stop(0);
  console.error(`diemcau: ${error instanceof Error ? error.message : String(error)}`);
  await stop(1);
}
