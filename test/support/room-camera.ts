/** A camera of the room that is a site's picture: an ONVIF simulator whose stream an independent RTSP server serves, and what is waited for. */
import type { Test } from 'tap';
import { serveOnvif } from '../../hardware/onvif/simulator/serve.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { asItIs } from '../../protocol/room.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import { eventually } from './eventually.ts';
import { clock, type EdgeRig, type Network } from './site.ts';

export const site = 'site-1';
export const password = 'geheim-42';

/** An ONVIF camera whose stream is served by the RTSP server on `rtspPort`. Its address holds the password, as some makes have it. */
export async function onvifCamera(t: Test, rtspPort: number) {
  const camera = await serveOnvif({
    clock,
    log: silentLog(),
    name: 'Camera',
    make: 'Diem Cau',
    model: 'DC-200',
    firmware: '1.0',
    serial: '1',
    username: 'admin',
    password,
    streamUri: `rtsp://127.0.0.1:${rtspPort}/camera?password=${password}`,
    port: 0,
    discovery: null,
    quirks: {},
  });
  t.teardown(() => camera.stop());
  return camera;
}

export const wishFor = (url: string, source?: boolean): DeviceWish => ({
  id: 'camera',
  name: 'Camera bàn chủ toạ',
  driver: 'onvif',
  at: { via: 'http', host: '127.0.0.1', port: Number(new URL(url).port) },
  address: 1,
  username: 'admin',
  password,
  model: '',
  scenes: { on: asItIs, off: asItIs },
  ...(source === undefined ? {} : { source }),
});

export const source = (e: EdgeRig) => e.telemetry()?.source;
export const sourceIs = (e: EdgeRig, state: string, because = /.*/) =>
  eventually(
    () => {
      const now = source(e);
      return now?.state === state && because.test(now.because)
        ? undefined
        : `source ${JSON.stringify(now)}; ${e.logs.slice(-3).join('\n')}`;
    },
    { withinMs: 60_000 },
  );
export const comesFrom = (e: EdgeRig, what: RegExp) =>
  eventually(() => (what.test(e.reported()?.media?.source ?? '') ? undefined : `it comes from ${e.reported()?.media?.source}`), {
    withinMs: 40_000,
  });
export const told = (e: EdgeRig, what: string, because: RegExp) =>
  eventually(() => {
    const events = e.events().filter(({ kind }) => kind === 'source');
    return events.some((each) => each.what === what && because.test(each.because)) ? undefined : JSON.stringify(events);
  });

/** A meeting of one site with a small picture: what is tried is where it comes from, not how much a machine encodes. */
export const smallPlan = (on: Network) => on.plan({ sites: [site], onAir: [site], main: { width: 640, height: 360, fps: 25, kbps: 500 } });
