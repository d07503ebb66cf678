/** A line that is pulled in the middle of a command, and comes back: when the agent has told, and when it drives the device again. */
import { setTimeout as pause } from 'node:timers/promises';
import { type WiredName, wired } from '../../../hardware/catalogue.ts';
import { WiredDevice } from '../../../hardware/wire/device.ts';
import { plainSettings } from '../../../hardware/wire/driver.ts';
import type { Port } from '../../../hardware/wire/port.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { silentLog } from '../../../protocol/node/log.ts';
import type { DeviceAct } from '../../../protocol/schema/device.ts';
import { eventually } from '../../support/eventually.ts';
import { type Distribution, distribution } from '../summary.ts';
import { simulate } from './simulated.ts';

const clock = systemClock();
const AWAY_MS = 3000;

export interface Loss {
  /** From the system's word that the line has ended to the command's fault and the device's new standing. Null: it never said so. */
  readonly faultMs: Distribution | null;
  /** From the return of the line to the device being driven again. */
  readonly backMs: Distribution;
}

/** A make over UDP is pulled too: the system tells when the next datagram is turned away. */
export async function measureLoss(name: WiredName, folder: string, rounds: number, act: (round: number) => DeviceAct): Promise<Loss> {
  const driver = wired[name];
  const { process: child, port, order } = await simulate(name, folder);
  let endedAt: number | null = null;
  const watched: Port = {
    name: port.name,
    open: ({ data, ended }) =>
      port.open({
        data,
        ended(because) {
          endedAt = clock.mono();
          ended(because);
        },
      }),
  };
  const device = new WiredDevice({
    name,
    port: watched,
    protocol: () => driver.protocol(plainSettings),
    manners: driver.manners,
    clock,
    log: silentLog(),
  });
  let changed = 0;
  device.on('changed', () => {
    changed = clock.mono();
  });
  device.start();
  const ok = (): Promise<void> => eventually(() => (device.standing.link === 'ok' ? undefined : device.standing.because), { everyMs: 5 });
  const gone = (): Promise<void> =>
    eventually(() => (device.standing.link === 'ok' ? 'it still says that all is well' : undefined), { everyMs: 5, withinMs: 40_000 });
  await ok();
  const faults: number[] = [];
  const backs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await order('trouble drop 1');
    endedAt = null;
    const doing = device.execute(act(round)).then(() => clock.mono());
    await order('vanish');
    const [settled] = await Promise.all([doing, gone()]);
    if (endedAt !== null) faults.push(Math.max(0, Math.max(settled, changed) - endedAt));
    await order('trouble drop 0');
    // Long enough for the agent to have slowed down its tries.
    await pause(AWAY_MS * (1 + round / rounds));
    await order('restore');
    const restored = clock.mono();
    await ok();
    backs.push(clock.mono() - restored);
  }
  await device.stop();
  child.kill('SIGTERM');
  return { faultMs: faults.length === 0 ? null : distribution(faults), backMs: distribution(backs) };
}
