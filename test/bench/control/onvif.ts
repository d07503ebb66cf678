/** The same for an ONVIF camera: what is waited for there are answers to HTTP requests. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { OnvifDevice } from '../../../hardware/onvif/device.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { silentLog } from '../../../protocol/node/log.ts';
import { eventually } from '../../support/eventually.ts';
import { commands, type Measured, startSimulator } from './commands.ts';

const clock = systemClock();

/** Recalls presets, as its login is checked with each request. */
export async function measureOnvif(rounds: number): Promise<Measured> {
  const login = { username: 'admin', password: 'secret' };
  const { process: child, started } = await startSimulator('onvif', ['--port', '0', '--password', login.password]);
  const { hostname, port } = new URL(String(started.url));
  // The subscription to events stays open all the time: only what begins and ends within a command belongs to it.
  const open = new Map<ClientRequest, number>();
  let waited = 0;
  const begun = (message: unknown): void => void open.set((message as { request: ClientRequest }).request, clock.mono());
  const answered = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    response.once('end', () => {
      const since = open.get(request);
      if (since !== undefined) waited += clock.mono() - since;
      open.delete(request);
    });
  };
  const device = new OnvifDevice({
    ...login,
    name: 'onvif',
    host: hostname,
    port: Number(port),
    secure: false,
    path: '',
    pollMs: 600_000,
    clock,
    log: silentLog(),
  });
  device.start();
  await eventually(() => (device.standing.link === 'ok' ? undefined : `onvif: ${device.standing.because}`));
  const presets = device.state.presets ?? [];
  subscribe('http.client.request.start', begun);
  subscribe('http.client.response.finish', answered);
  const figures = await commands(device, rounds, (round) => ({ do: 'presetRecall', preset: presets[round % presets.length]?.id ?? '' }), {
    async before() {
      open.clear();
      waited = 0;
    },
    waitedMs: () => waited,
  });
  unsubscribe('http.client.request.start', begun);
  unsubscribe('http.client.response.finish', answered);
  await device.stop();
  child.kill('SIGTERM');
  return { answers: true, ...figures };
}
