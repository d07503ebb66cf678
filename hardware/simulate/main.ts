/**
 * `diemcau simulate NAME --pty PATH | --port N [--model M] [--address N] [--password P]`: a device of a room that is not there. One `started`
 * line out, orders in (orders.ts), clean stop on a signal or when whoever holds its stdin goes.
 */
import { createInterface } from 'node:readline';
import { brief, type Fault, FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { whenOwnerGoes } from '../../protocol/node/owner.ts';
import { type WiredName, wired, wiredNames } from '../catalogue.ts';
import { servePty, serveTcp, serveUdp } from '../wire/serve.ts';
import { readArguments } from './arguments.ts';
import { obey } from './orders.ts';

const EX_USAGE = 64;
const EX_CONFIG = 78;
const clock = systemClock();
const print = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

function end(fault: Fault, code: number): never {
  process.stderr.write(`simulate: ${brief(fault)}\n`);
  process.exit(code);
}

const [given = '', ...rest] = process.argv.slice(2);
const name: WiredName =
  wiredNames.find((each) => each === given) ??
  end({ code: 'not-found', what: `device (there are: ${wiredNames.join(', ')})`, id: given }, EX_USAGE);
const driver = wired[name];
const read = readArguments(rest, driver.reach);
if (!read.ok) end(read.fault, EX_CONFIG);
const { where, settings } = read.value;
const simulator = driver.simulator(settings);

async function serve() {
  switch (where.reach) {
    case 'serial':
      return servePty(simulator, where.path, clock, Math.random);
    case 'tcp':
      return serveTcp(simulator, where.port, clock, Math.random);
    case 'udp':
      return serveUdp(simulator, where.port, clock, Math.random);
    default:
      return where satisfies never;
  }
}

try {
  const served = await serve();
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await served.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  whenOwnerGoes(() => void stop());
  createInterface({ input: process.stdin }).on('line', (line) => {
    obey(line, served, simulator).then(print, (error: Error) => print({ event: 'refused', because: error.message }));
  });
  print({ event: 'started', device: name, at: served.at });
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end(error.fault, 1);
}
