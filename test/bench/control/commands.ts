/** What every make is measured by: a simulator as a process of its own, and commands given one after the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Handle } from '../../../hardware/wire/device.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { packageRoot } from '../../../protocol/node/root.ts';
import type { DeviceAct } from '../../../protocol/schema/device.ts';
import { type Distribution, distribution } from '../summary.ts';

const clock = systemClock();

export interface Measured {
  /** False: the round trip is only what is waited for a refusal. */
  readonly answers: boolean;
  /** From the wish to its outcome. */
  readonly roundTripMs: Distribution;
  /** The round trip without what was waited for the device. */
  readonly overheadMs: Distribution;
}

/** Starts `diemcau simulate NAME …`, which ends with this process. */
export async function startSimulator(
  name: string,
  where: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly started: Readonly<Record<string, unknown>> }> {
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'provisioning', 'cli.js'), 'simulate', name, ...where], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const started = await new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (message.event === 'started') resolve(message);
    });
    child.once('exit', (code) => reject(new Error(`the simulator of ${name} ended with ${code}`)));
  });
  return { process: child, started };
}

/** How a command is watched. */
export interface Watching {
  readonly before: () => Promise<void>;
  /** How long the device was waited for since `before`; `end` is when the command was over. */
  readonly waitedMs: (end: number) => number;
}

/** Gives `rounds` commands. @throws Error when one is not carried out: its time would be none of a command. */
export async function commands(
  device: Handle,
  rounds: number,
  act: (round: number) => DeviceAct,
  { before, waitedMs }: Watching,
): Promise<Omit<Measured, 'answers'>> {
  const roundTrips: number[] = [];
  const overheads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await before();
    const begin = clock.mono();
    const { outcome, because } = await device.execute(act(round));
    const end = clock.mono();
    if (outcome !== 'completed' && outcome !== 'accepted') throw new Error(`${JSON.stringify(act(round))}: ${outcome}: ${because}`);
    roundTrips.push(end - begin);
    overheads.push(end - begin - waitedMs(end));
  }
  return { roundTripMs: distribution(roundTrips), overheadMs: distribution(overheads) };
}
