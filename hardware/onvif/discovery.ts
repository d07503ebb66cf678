/**
 * Looks for ONVIF cameras on the networks of this box: WS-Discovery by multicast, and one question to each that answers, who it is. A camera
 * that wants a login is found all the same. Our own datagrams: the library's end the process on malformed answers.
 */
import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { type Clock, sleep } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { DeviceInfo } from '../../protocol/schema/device.ts';
import type { FoundDevice } from '../../protocol/schema/devices.ts';
import { deviceInformation } from './answers.ts';
import { ask } from './call.ts';
import { openCam } from './library.ts';
import { type Match, matches, probe, type Way, way } from './probe.ts';

/** A camera that answered. */
export interface FoundCamera extends Way {
  /** Its own name for ever, or host and port where it gives none. */
  readonly id: string;
  readonly name: string;
  readonly hardware: string;
  readonly location: string;
  readonly profiles: readonly string[];
  /** What it told without a login; null: it did not. */
  readonly info: DeviceInfo | null;
  /** Null: it did not answer the question at all. */
  readonly wantsLogin: boolean | null;
}

export interface DiscoverOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Null: multicast on each interface. A host and port: only there. */
  readonly target: { readonly host: string; readonly port: number } | null;
  /** How long answers are waited for. */
  readonly waitMs: number;
  /** Ends it early; what was found until then is the result. */
  readonly signal?: AbortSignal;
  /** Called once for each camera, when it is known what it tells. */
  readonly onFound: (camera: FoundCamera) => void;
}

const MULTICAST = { host: '239.255.255.250', port: 3702 } as const;
/** Datagrams get lost: each question is asked three times. */
const ASKED_AT_MS = [0, 250, 1000] as const;
const FOUND_MAX = 200;
const WHO_MS = 3000;

/** @returns all cameras, when the time is over and everyone was asked who it is. */
export async function discover({ clock, log, target, waitMs, signal, onFound }: DiscoverOptions): Promise<readonly FoundCamera[]> {
  const known = new Set<string>();
  const asking: Promise<FoundCamera>[] = [];
  const heard = (datagram: Uint8Array, from: string): void => {
    for (const match of matches(datagram)) {
      const at = way(match, from);
      if (at === null) continue;
      const id = match.id === '' ? `${at.host}:${at.port}` : match.id;
      if (known.has(id) || known.size >= FOUND_MAX) continue;
      known.add(id);
      asking.push(
        introduced(id, match, at, clock, signal).then((camera) => {
          onFound(camera);
          return camera;
        }),
      );
    }
  };
  const locals = target === null ? localAddresses() : [null];
  const sockets = await Promise.all(locals.map((local) => open(local, heard, log)));
  const questions = (['transmitter', 'device'] as const).map((of) => probe(randomUUID(), of));
  const to = target ?? MULTICAST;
  const timers = ASKED_AT_MS.filter((at) => at < waitMs).map((at) =>
    clock.after(at, 'looking for cameras', () => {
      for (const socket of sockets) for (const question of questions) send(socket, question, to, log);
    }),
  );
  await sleep(clock, waitMs, 'waiting for cameras', signal);
  for (const timer of timers) timer.cancel();
  for (const socket of sockets) socket?.close();
  return Promise.all(asking);
}

/** Of this machine, one for each interface; multicast goes out of each by itself. */
function localAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

/** Null when this interface cannot be used now; the others can. */
function open(local: string | null, heard: (datagram: Uint8Array, from: string) => void, log: Log): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const failed = (error: Error): void => {
      log.warn({ local, because: error.message }, 'cannot look for cameras here');
      socket.close();
      resolve(null);
    };
    socket.once('error', failed);
    socket.on('message', (datagram, { address }) => heard(datagram, address));
    const ready = (): void => {
      try {
        if (local !== null) socket.setMulticastInterface(local);
      } catch (error) {
        // The interface has gone since it was listed.
        failed(error as Error);
        return;
      }
      socket.off('error', failed);
      socket.on('error', (error) => log.warn({ local, because: error.message }, 'a discovery socket complained'));
      resolve(socket);
    };
    if (local === null) socket.bind(0, ready);
    else socket.bind(0, local, ready);
  });
}

function send(
  socket: Socket | null,
  question: Uint8Array,
  { host, port }: { readonly host: string; readonly port: number },
  log: Log,
): void {
  socket?.send(question, port, host, (error) => {
    if (error !== null) log.debug({ host, because: error.message }, 'a question to cameras was not sent');
  });
}

/** Asks who it is, as nobody in particular. */
async function introduced(
  id: string,
  { name, hardware, location, profiles }: Match,
  at: Way,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<FoundCamera> {
  const found = { ...at, id, name, hardware, location, profiles };
  const { cam, close } = openCam({ ...at, username: '', password: '' }, WHO_MS);
  signal?.addEventListener('abort', close, { once: true });
  try {
    const { answer } = await ask(cam, 'getDeviceInformation', [], { device: id, clock, limitMs: WHO_MS });
    return { ...found, info: deviceInformation(answer), wantsLogin: false };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { ...found, info: null, wantsLogin: error.fault.code === 'device.login' ? true : null };
  } finally {
    signal?.removeEventListener('abort', close);
    close();
  }
}

/** As a box reports it. A camera that says nothing without a login is called what its discovery says. */
export const foundDevice = (
  { id, host, port, secure, path, name, hardware, info, wantsLogin }: FoundCamera,
  since: number,
): FoundDevice => ({
  key: `onvif:${id}`.slice(0, 300),
  kind: 'camera',
  driver: 'onvif',
  at: { via: 'http', host, port, secure, ...(/^\/[\x21-\x7e]{0,199}$/.test(path) ? { path } : {}) },
  address: 1,
  info: info ?? { make: '', model: (hardware === '' ? name : hardware).slice(0, 200), firmware: '', serial: '' },
  needsLogin: wantsLogin !== false,
  since,
});
