/** The command line of a simulated device. Pure. */
import { parseArgs } from 'node:util';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { type DriverSettings, plainSettings, type Reach } from '../wire/driver.ts';

export interface SimulateArguments {
  readonly where: { readonly reach: 'serial'; readonly path: string } | { readonly reach: 'tcp' | 'udp'; readonly port: number };
  readonly settings: DriverSettings;
}

const options = {
  pty: { type: 'string' },
  port: { type: 'string' },
  address: { type: 'string' },
  model: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
} as const;

/**
 * @param reach how devices of this make are reached; the first network one is taken for `--port`.
 * @returns a Fault `config.invalid` that names the option and what is wrong with it.
 */
export function readArguments(args: readonly string[], reach: readonly Reach[]): Result<SimulateArguments> {
  const wrong = (key: string, reason: string) => failed({ code: 'config.invalid', key, reason });
  let given: { readonly [K in keyof typeof options]?: string };
  try {
    given = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return wrong('command line', (error as Error).message.split('. ')[0] ?? '');
  }
  const { pty, port } = given;
  if ((pty === undefined) === (port === undefined)) return wrong('--pty or --port', 'say one of the two: where it shall be found');
  const address = whole(given.address ?? '1', 255);
  if (address === null) return wrong('--address', `must be a whole number from 0 to 255, not ${JSON.stringify(given.address)}`);
  const settings = {
    ...plainSettings,
    address,
    model: given.model ?? '',
    username: given.username ?? '',
    password: given.password ?? '',
  };
  if (pty !== undefined) {
    if (!reach.includes('serial')) return wrong('--pty', 'devices of this make have no serial line: use --port');
    return ok({ where: { reach: 'serial', path: pty }, settings });
  }
  const number = whole(port ?? '', 65_535);
  if (number === null) return wrong('--port', `must be a whole number from 0 to 65535, not ${JSON.stringify(port)}`);
  const network = reach.find((each) => each !== 'serial');
  if (network === undefined) return wrong('--port', 'devices of this make have a serial line only: use --pty');
  return ok({ where: { reach: network, port: number }, settings });
}

function whole(text: string, max: number): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= max ? Number(text) : null;
}
