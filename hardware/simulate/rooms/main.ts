/**
 * `diemcau simulate rooms --config FILE`: the devices of many rooms in one process, each on a pty of its own. One `started` line when all are there;
 * orders, on stdin and on its socket, begin with the pty they are for: `PATH happen incoming 2001`. `PATH vanish for SECONDS` puts the cable back.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type Static, Type } from 'typebox';
import type { Timer } from '../../../protocol/clock.ts';
import { brief, type Fault, FaultError } from '../../../protocol/fault.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { loadConfig } from '../../../protocol/node/config.ts';
import { whenOwnerGoes } from '../../../protocol/node/owner.ts';
import { type WiredName, wired, wiredNames } from '../../catalogue.ts';
import { plainSettings } from '../../wire/driver.ts';
import { servePty } from '../../wire/serve.ts';
import { timed } from '../network/trouble.ts';
import { obey } from '../orders.ts';
import { takeOrders } from '../socket.ts';

const closed = { additionalProperties: false } as const;
const Config = Type.Object(
  {
    devices: Type.Array(
      Type.Object(
        {
          driver: Type.Enum([...wiredNames]),
          pty: Type.String({ minLength: 1, maxLength: 4096 }),
          model: Type.String({ maxLength: 80, default: '' }),
          password: Type.String({ maxLength: 128, default: '' }),
          address: Type.Integer({ minimum: 0, maximum: 255, default: 1 }),
        },
        closed,
      ),
      { maxItems: 100 },
    ),
    /** Where orders are taken besides stdin. */
    socket: Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()], { default: null }),
  },
  closed,
);

const EX_CONFIG = 78;
const clock = systemClock();
const print = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

function end(fault: Fault, code: number): never {
  process.stderr.write(`simulate rooms: ${brief(fault)}\n`);
  process.exit(code);
}

const loaded = await loadConfig({ schema: Config, argv: process.argv.slice(2) });
if (!loaded.ok) end(loaded.fault, EX_CONFIG);
const { devices, socket }: Static<typeof Config> = loaded.value.config;

async function serve({ driver, pty, ...settings }: Static<typeof Config>['devices'][number]) {
  const simulator = wired[driver as WiredName].simulator({ ...plainSettings, ...settings });
  await mkdir(dirname(pty), { recursive: true });
  // Left by a process that was killed.
  await rm(pty, { force: true });
  return [pty, { simulator, served: await servePty(simulator, pty, clock, Math.random) }] as const;
}

try {
  const rooms = new Map(await Promise.all(devices.map(serve)));
  const ends = new Map<string, Timer>();
  const order = async (line: string): Promise<object> => {
    const [path = '', said = ''] = line.trim().split(/\s+(.*)/s);
    const device = rooms.get(path);
    if (device === undefined) throw new Error(`there is no device at ${path}`);
    const { order, forMs } = timed(said);
    if (forMs !== null && order !== 'vanish') throw new Error(`${order} does not end by itself; vanish does`);
    if (order === 'vanish' || order === 'restore') ends.get(path)?.cancel();
    const done = await obey(order, device.served, device.simulator);
    // Whoever gave the order may be gone by then.
    if (forMs !== null)
      ends.set(
        path,
        clock.after(forMs, `${path} is back`, () => void device.served.restore()),
      );
    return done;
  };
  const noMore = socket === null ? () => undefined : await takeOrders(socket, order);
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    noMore();
    for (const end of ends.values()) end.cancel();
    await Promise.all([...rooms.values()].map(({ served }) => served.stop()));
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  whenOwnerGoes(() => void stop());
  createInterface({ input: process.stdin }).on('line', (line) => {
    order(line).then(print, (error: Error) => print({ event: 'refused', because: error.message }));
  });
  print({ event: 'started', devices: rooms.size });
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end(error.fault, 1);
}
