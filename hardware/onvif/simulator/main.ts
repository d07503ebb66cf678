/**
 * `diemcau simulate onvif --port N [--discovery PORT] [--username U --password P] [--stream URI]`: an ONVIF camera that is not there. One
 * `started` line out; orders in, a line each: `happen signal-loss on`, `vanish`, `restore`, `restart`, `facts`. Clean stop on a signal or when
 * whoever holds its stdin goes.
 */
import { createInterface } from 'node:readline';
import { brief, type Fault, FaultError } from '../../../protocol/fault.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { silentLog } from '../../../protocol/node/log.ts';
import { whenOwnerGoes } from '../../../protocol/node/owner.ts';
import { readArguments } from './arguments.ts';
import { type ServedOnvif, serveOnvif } from './serve.ts';

const EX_CONFIG = 78;
const print = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

function end(fault: Fault, code: number): never {
  process.stderr.write(`simulate onvif: ${brief(fault)}\n`);
  process.exit(code);
}

/** Carries out one line; answers what is to be printed. @throws Error that says what is understood. */
async function obey(line: string, served: ServedOnvif): Promise<object> {
  const [order = '', ...rest] = line.trim().split(/\s+/);
  switch (order) {
    case 'happen':
      served.happen(rest.join(' '));
      return { event: 'happened', what: rest.join(' ') };
    case 'vanish':
      await served.vanish();
      return { event: 'vanished' };
    case 'restore':
      await served.restore();
      return { event: 'restored', url: served.url };
    case 'restart':
      await served.restart();
      return { event: 'restarted', url: served.url };
    case 'facts':
      return { event: 'facts', facts: served.facts };
    default:
      throw new Error(`${order || 'an empty line'} is no order; there are: happen WHAT on|off, vanish, restore, restart, facts`);
  }
}

const read = readArguments(process.argv.slice(2));
if (!read.ok) end(read.fault, EX_CONFIG);
try {
  const served = await serveOnvif({ ...read.value, clock: systemClock(), log: silentLog(), quirks: {} });
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
    obey(line, served).then(print, (error: Error) => print({ event: 'refused', because: error.message }));
  });
  print({ event: 'started', device: 'onvif', url: served.url, discovery: served.discovery });
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end(error.fault, 1);
}
