/**
 * `npm run bench -- control [N] [PULLS]`: for each make, how long a command takes over a pty (or the socket of a make that has no serial line), and how
 * much of that is the agent's: the time in which it was neither writing to the line nor waiting for the device's next byte. The simulators
 * are processes of their own. A make that answers nothing has no round trip: what is waited for there is a refusal that may come. Then each
 * line is pulled in the middle of a command. Last, the memory of a box that drives eight devices.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WiredName, wired, wiredNames } from '../../hardware/catalogue.ts';
import { WiredDevice } from '../../hardware/wire/device.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import type { Port } from '../../hardware/wire/port.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { eventually } from '../support/eventually.ts';
import { commands, type Measured } from './control/commands.ts';
import { type Loss, measureLoss } from './control/loss.ts';
import { type EdgeMemory, measureMemory } from './control/memory.ts';
import { measureOnvif } from './control/onvif.ts';
import { simulate } from './control/simulated.ts';
import { print } from './summary.ts';

const rounds = Number(process.argv[2] ?? 100);
/** How often each line is pulled. */
const pulls = Number(process.argv[3] ?? 10);
const clock = systemClock();
/** So long after the last byte nothing more comes by itself. */
const QUIET_MS = 40;
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

/** What went over the line, as the agent sees it. */
interface Watch {
  wroteAt: number;
  heardAt: number;
  /** Since when the device has been waited for; null: nothing is waited for. */
  since: number | null;
  /** How long it was waited for, in ms, summed over a command. */
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
          if (watch.since !== null) {
            watch.waitedMs += watch.heardAt - watch.since;
            // Its answer may come in pieces.
            watch.since = watch.heardAt;
          }
          data(bytes);
        },
        ended,
      });
      return {
        write: async (bytes) => {
          watch.wroteAt = clock.mono();
          watch.since = watch.wroteAt;
          await line.write(bytes);
        },
        close: () => line.close(),
      };
    },
  };
}

async function measure(name: WiredName): Promise<Measured> {
  const driver = wired[name];
  const { process: child, port } = await simulate(name, folder);
  const watch: Watch = { wroteAt: 0, heardAt: 0, since: null, waitedMs: 0 };
  const device = new WiredDevice({
    name,
    port: watched(port, watch),
    protocol: () => driver.protocol(plainSettings),
    // What is asked in between is no part of a command.
    manners: { ...driver.manners, pollMs: 600_000 },
    clock,
    log: silentLog(),
  });
  device.start();
  await eventually(() => (device.standing.link === 'ok' ? undefined : `${name}: ${device.standing.because}`));
  /** What the driver asks of its own accord is over, and so is the pause that the device wants between two commands: both are the device's. */
  const quiet = (): Promise<void> =>
    eventually(() => (clock.mono() - Math.max(watch.wroteAt, watch.heardAt) > driver.manners.gapMs + QUIET_MS ? undefined : 'busy'), {
      everyMs: 5,
    });
  let answers = true;
  const figures = await commands(device, rounds, acts[name], {
    async before() {
      await quiet();
      Object.assign(watch, { since: null, waitedMs: 0 });
    },
    waitedMs(end) {
      answers = watch.heardAt > watch.wroteAt;
      return answers ? watch.waitedMs : end - watch.wroteAt;
    },
  });
  await device.stop();
  child.kill('SIGTERM');
  return { answers, ...figures };
}

const drivers: Record<string, Measured> = {};
const losses: Record<string, Loss> = {};
let edge: EdgeMemory;
try {
  for (const name of wiredNames) drivers[name] = await measure(name);
  for (const name of wiredNames) losses[name] = await measureLoss(name, folder, pulls, acts[name]);
  drivers.onvif = await measureOnvif(rounds);
  edge = await measureMemory(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const [name, { answers, roundTripMs: trip, overheadMs: own }] of Object.entries(drivers)) {
  const whole = answers ? `${trip.p50} / ${trip.p95}` : 'answers nothing';
  process.stderr.write(`${name.padEnd(10)} round trip p50/p95 ms: ${whole.padEnd(16)} agent's overhead: ${own.p50} / ${own.p95}\n`);
}
for (const [name, { faultMs, backMs }] of Object.entries(losses)) {
  const fault = faultMs === null ? 'no word from the system' : `${faultMs.p50} / ${faultMs.max}`;
  process.stderr.write(
    `${name.padEnd(10)} pulled: fault after ms p50/max: ${fault}; driven again after its return: ${backMs.p50} / ${backMs.max}\n`,
  );
}
process.stderr.write(`memory of an edge: ${edge.withoutMb} MB without devices, ${edge.withMb} MB with ${edge.devices}\n`);
print({ bench: 'control', n: rounds, drivers, pulls, losses, edge });
process.exit(0);
