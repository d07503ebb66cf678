/** A simulated device as a process of its own, the line that leads to it, and what it is told to do. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type WiredName, wired } from '../../../hardware/catalogue.ts';
import type { Port } from '../../../hardware/wire/port.ts';
import { serialPort } from '../../../hardware/wire/serial.ts';
import { tcpPort } from '../../../hardware/wire/tcp.ts';
import { udpPort } from '../../../hardware/wire/udp.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { startSimulator } from './commands.ts';

export interface Simulated {
  readonly process: ChildProcess;
  readonly port: Port;
  /** Resolves when it has done so. */
  readonly order: (line: string) => Promise<void>;
}

/** On a pty in `folder`, or on a socket where the make has no serial line. */
export async function simulate(name: WiredName, folder: string): Promise<Simulated> {
  const driver = wired[name];
  const serial = driver.reach.includes('serial');
  const { process: child, started } = await startSimulator(name, serial ? ['--pty', join(folder, name)] : ['--port', '0']);
  const at = String(started.at);
  const [host = '', port = ''] = at.split(':');
  const done: (() => void)[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', () => done.shift()?.());
  const network = driver.reach[0] === 'udp' ? udpPort(host, Number(port)) : tcpPort(host, Number(port), systemClock());
  return {
    process: child,
    port: serial ? serialPort({ path: at, baud: driver.bauds[0] }) : network,
    order: (line) =>
      new Promise((resolve) => {
        done.push(resolve);
        child.stdin?.write(`${line}\n`);
      }),
  };
}
