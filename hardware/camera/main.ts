/** `diemcau simulate camera --clip FILE [--port N] [--orders N]`: a network camera that can be killed, frozen, blinded. One `started` line out, clean stop on a signal. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { brief, type Fault, FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { createLog } from '../../protocol/node/log.ts';
import { whenOwnerGoes } from '../../protocol/node/owner.ts';
import { rise } from '../../protocol/node/rank.ts';
import { blackClip } from './black.ts';
import { parseClip } from './clip.ts';
import { type Order, takeOrders } from './orders.ts';
import { CameraServer } from './server.ts';

const STOP_MS = 2500;
/** sysexits.h. Written here, because the reader of configurations costs more time at the start than all the rest. */
const EX_CONFIG = 78;
const clock = systemClock();
const log = createLog('camera', { level: 'info' });

/** One clear line; details are in the log. */
function end(fault: Fault): never {
  console.error(`camera: ${brief(fault)}`);
  process.exit(fault.code === 'config.invalid' ? EX_CONFIG : 1);
}
const wrong = (key: string, reason: string): never => end({ code: 'config.invalid', key, reason });

interface Arguments {
  readonly clip: string;
  readonly port: number;
  /** Null: it takes none. */
  readonly orders: number | null;
}

function readArguments(): Arguments {
  const given = ((): { readonly clip?: string; readonly port?: string; readonly orders?: string } => {
    try {
      return parseArgs({ options: { clip: { type: 'string' }, port: { type: 'string' }, orders: { type: 'string' } } }).values;
    } catch (error) {
      return wrong('command line', (error as Error).message.split('. ')[0] ?? '');
    }
  })();
  const clip = given.clip ?? wrong('--clip', 'name an H.264 byte-stream file');
  return { clip, port: portOf('--port', given.port ?? '0'), orders: given.orders === undefined ? null : portOf('--orders', given.orders) };
}

function portOf(key: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) wrong(key, `must be a whole number from 0 to 65535, not ${JSON.stringify(text)}`);
  return Number(text);
}

const { clip: path, port, orders: ordersPort } = readArguments();
const bytes = await readFile(path).catch((error: Error) => wrong('--clip', error.message));
const clip = parseClip(bytes);
if (!clip.ok) wrong('--clip', clip.fault.code === 'input.invalid' ? clip.fault.reason : brief(clip.fault));
else await run();

async function run(): Promise<void> {
  if (!clip.ok) return;
  // Loopback only: it asks nobody for a password.
  const server = new CameraServer({ clip: clip.value, host: '127.0.0.1', port, clock, log });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    clock.after(STOP_MS, 'forced end', () => process.exit(0));
    await server.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  whenOwnerGoes(() => void stop());
  const { width, height, rate } = clip.value;
  const film = clip.value;
  const obey = async (order: Order): Promise<void> => {
    server.show(order === 'freeze' ? 'frozen' : order === 'live' ? 'live' : await blackClip(film, clock, log));
  };
  try {
    const url = await server.start();
    const orders = ordersPort === null ? null : (await takeOrders(ordersPort, obey)).port;
    const because = rise('hardware');
    if (because !== null) log.debug({ because }, 'no priority');
    console.log(JSON.stringify({ event: 'started', url, orders, width, height, fps: rate.num / rate.den }));
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    end(error.fault);
  }
}
