/** The command line of a simulated ONVIF camera. Pure. */
import { parseArgs } from 'node:util';
import { failed, ok, type Result } from '../../../protocol/fault.ts';
import { LOOPBACK, type OnvifOptions } from './camera.ts';

export type SimulatedCamera = Omit<OnvifOptions, 'clock' | 'log' | 'quirks'>;

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  discovery: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  name: { type: 'string' },
  model: { type: 'string' },
  serial: { type: 'string' },
  stream: { type: 'string' },
} as const;

/** @returns a Fault `config.invalid` that names the option and what is wrong with it. */
export function readArguments(args: readonly string[]): Result<SimulatedCamera> {
  const wrong = (key: string, reason: string) => failed({ code: 'config.invalid', key, reason });
  let given: { readonly [K in keyof typeof options]?: string };
  try {
    given = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return wrong('command line', (error as Error).message.split('. ')[0] ?? '');
  }
  const { host = LOOPBACK, username = 'admin', password = '', name = 'Camera', model = 'DC-200', serial = '1', stream } = given;
  if (given.port === undefined) return wrong('--port', 'say where it shall be found; 0 takes a free one');
  const port = portOf(given.port);
  if (port === null) return wrong('--port', `must be a whole number from 0 to 65535, not ${JSON.stringify(given.port)}`);
  const discovery = given.discovery === undefined ? null : portOf(given.discovery);
  if (given.discovery !== undefined && discovery === null)
    return wrong('--discovery', `must be a whole number from 0 to 65535, not ${JSON.stringify(given.discovery)}`);
  return ok({
    ...{ port, host, username, password, name, model, serial },
    make: 'Diem Cau',
    firmware: '1.0',
    streamUri: stream ?? `rtsp://${host}:8554/main`,
    discovery: discovery === null ? null : { address: host, port: discovery },
  });
}

function portOf(text: string): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}
