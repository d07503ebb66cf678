/**
 * `npm run bench -- control [N]`: for each make, how long a command takes over a pty (or the socket of a make that has no serial line), and how
 * much of that is the agent's: the time in which it was neither writing to the line nor waiting for the device's last byte. The simulators
 * are processes of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type WiredName, wired, wiredNames } from '../../hardware/catalogue.ts';
import { WiredDevice } from '../../hardware/wire/device.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import type { Port } from '../../hardware/wire/port.ts';
import { serialPort } from '../../hardware/wire/serial.ts';
import { tcpPort } from '../../hardware/wire/tcp.ts';
import { udpPort } from '../../hardware/wire/udp.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { eventually } from '../support/eventually.ts';
import { type Distribution, distribution, print } from './summary.ts';

const rounds = Number(process.argv[2] ?? 100);
const clock = systemClock();
const folder = await mkdtemp(join(tmpdir(), 'diemcau-control-'));

/** Quick ones: what is measured is the way, not the device. Alternating, so that each is really sent. */
const acts: { readonly [Name in WiredName]: (round: number) => DeviceAct } = {
  visca: (round) => ({ do: 'presetRecall', preset: String(round % 2) }),
  'visca-ip': (round) => ({ do: 'presetRecall', preset: String(round % 2) }),
  pelco: (round) => ({ do: 'presetRecall', preset: String(1 + (round % 2)) }),
  xapi: (round) => ({ do: 'micMute', on: round % 2 === 0 }),
  polycom: (round) => ({ do: 'micMute', on: round % 2 === 0 }),
  xacli: (round) => (round % 2 === 0 ? { do: 'dial', address: '2001', protocol: 'auto', kbps: 768 } : { do: 'hangup', call: null }),
  pjlink: (round) => ({ do: 'blank', on: round % 2 === 0 }),
  mdc: (round) => ({ do: 'volume', level: round % 2 === 0 ? 0.2 : 0.4 }),
  lg: (round) => ({ do: 'volume', level: round % 2 === 0 ? 0.2 : 0.4 }),
  extron: (round) => ({ do: 'route', input: String(1 + (round % 2)), output: '3', layer: 'all' }),
};

interface Watch {
  /** When the line was last written to, and last heard from. */
  wroteAt: number;
  heardAt: number;
  /** Time between writing and the last byte heard after it, summed over a command. */
  waitedMs: number;
}

/** The same port, watched. */
function watched(port: Port, watch: Watch): Port {
  return {
    name: port.name,
    open: async ({ data, ended }) => {
      const line = await port.open({
        data(bytes) {
          watch.heardAt = clock.mono();
          if (watch.wroteAt > 0) watch.waitedMs += watch.heardAt - watch.wroteAt;
          watch.wroteAt = watch.heardAt;
          data(bytes);
        },
        ended,
      });
      return {
        write: async (bytes) => {
          watch.wroteAt = clock.mono();
          await line.write(bytes);
        },
        close: () => line.close(),
      };
    },
  };
}

async function simulate(name: WiredName): Promise<{ readonly process: ChildProcess; readonly port: Port }> {
  const driver = wired[name];
  const serial = driver.reach.includes('serial');
  const where = serial ? ['--pty', join(folder, name)] : ['--port', '0'];
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'provisioning', 'cli.js'), 'simulate', name, ...where], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const at = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { readonly event: string; readonly at: string };
      if (message.event === 'started') resolve(message.at);
    });
    child.once('exit', (code) => reject(new Error(`the simulator of ${name} ended with ${code}`)));
  });
  if (serial) return { process: child, port: serialPort({ path: at, baud: driver.bauds[0] }) };
  const [host = '', port = ''] = at.split(':');
  return {
    process: child,
    port: driver.reach[0] === 'udp' ? udpPort(host, Number(port)) : tcpPort(host, Number(port), clock),
  };
}

async function measure(name: WiredName): Promise<{ readonly roundTripMs: Distribution; readonly overheadMs: Distribution }> {
  const driver = wired[name];
  const { process: child, port } = await simulate(name);
  const watch: Watch = { wroteAt: 0, heardAt: 0, waitedMs: 0 };
  const device = new WiredDevice({
    name,
    port: watched(port, watch),
    protocol: () => driver.protocol(plainSettings),
    manners: driver.manners,
    clock,
    log: silentLog(),
  });
  device.start();
  await eventually(() => (device.standing.link === 'ok' ? undefined : `${name}: ${device.standing.because}`));
  const roundTrips: number[] = [];
  const overheads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // The pause that the device wants between two commands is the device's.
    if (driver.manners.gapMs > 0)
      await new Promise<void>((resolve) => clock.after(driver.manners.gapMs + 5, 'the device breathes', resolve));
    watch.waitedMs = 0;
    watch.wroteAt = 0;
    const begin = clock.mono();
    const { outcome, because } = await device.execute(acts[name](round));
    const took = clock.mono() - begin;
    if (outcome !== 'completed' && outcome !== 'accepted') throw new Error(`${name}: ${outcome}: ${because}`);
    roundTrips.push(took);
    overheads.push(took - watch.waitedMs);
  }
  await device.stop();
  child.kill('SIGTERM');
  return { roundTripMs: distribution(roundTrips), overheadMs: distribution(overheads) };
}

const drivers: Record<string, Awaited<ReturnType<typeof measure>>> = {};
try {
  for (const name of wiredNames) drivers[name] = await measure(name);
} finally {
  await rm(folder, { recursive: true, force: true });
}
print({ bench: 'control', n: rounds, drivers });
process.exit(0);
