/** What eight devices cost a site's box: the same agent of a running demo, before and after it drives them. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DevicesView } from '../../../protocol/api.ts';
import { startDemo } from '../../support/demo.ts';
import { eventually } from '../../support/eventually.ts';
import { pssMb } from '../../support/processes.ts';
import { startSimulator } from './commands.ts';

/** One of each shape: talkative codecs, silent heads, displays, a switcher and a network camera. */
const serial = ['xapi', 'polycom', 'visca', 'pelco', 'mdc', 'lg', 'extron'] as const;
/** A site that meets and has no device of its own. */
const site = 'so-tttt';
/** Polls have come round several times, and what was garbage at the start is gone. */
const SETTLE_MS = 30_000;

export interface EdgeMemory {
  readonly devices: number;
  /** Proportional set size of the agent's process in MB; its media programs not counted, they are the same before and after. */
  readonly withoutMb: number;
  readonly withMb: number;
}

const rounded = (mb: number): number => Math.round(mb * 10) / 10;

export async function measureMemory(folder: string): Promise<EdgeMemory> {
  const demo = await startDemo();
  const agent = (await demo.pids())[site];
  if (agent === undefined) throw new Error(`the demo has no process ${site}`);
  await pause(SETTLE_MS);
  const withoutMb = rounded(pssMb(agent));
  const simulators = [];
  const add = (driver: string, at: object, login: object): Promise<unknown> =>
    demo.call('POST', `/sites/${site}/devices`, { id: driver, name: driver, driver, at, address: 1, model: '', ...login });
  const nobody = { username: '', password: '' };
  for (const driver of serial) {
    const path = join(folder, `memory-${driver}`);
    simulators.push((await startSimulator(driver, ['--pty', path])).process);
    await add(driver, { via: 'serial', path, baud: null }, nobody);
  }
  const camera = await startSimulator('onvif', ['--port', '0', '--password', 'secret']);
  simulators.push(camera.process);
  const { hostname, port } = new URL(String(camera.started.url));
  await add('onvif', { via: 'http', host: hostname, port: Number(port) }, { username: 'admin', password: 'secret' });
  await eventually(
    async () => {
      const { devices } = await demo.call<DevicesView>('GET', `/sites/${site}/devices`);
      const missing = devices.filter(({ report }) => report?.link !== 'ok').map(({ wish }) => wish.id);
      return missing.length === 0 && devices.length === serial.length + 1 ? undefined : `not driven: ${missing.join(', ')}`;
    },
    { withinMs: 60_000, everyMs: 200 },
  );
  await pause(SETTLE_MS);
  const withMb = rounded(pssMb(agent));
  for (const simulator of simulators) simulator.kill('SIGTERM');
  await demo.stop();
  return { devices: serial.length + 1, withoutMb, withMb };
}
