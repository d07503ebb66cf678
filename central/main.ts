/** The process `diemcau central`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brief, type Fault, FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { exitCodeFor, loadConfig } from '../protocol/node/config.ts';
import { holdFolder } from '../protocol/node/hold.ts';
import { createLog } from '../protocol/node/log.ts';
import { packageRoot } from '../protocol/node/root.ts';
import { loadIdentity } from '../protocol/node/tls.ts';
import { type Central, startCentral } from './central.ts';
import { CentralConfigSchema } from './config.ts';

const stopMs = 2_500;
const clock = systemClock();

/** One clear line; details are in the log. */
function end(fault: Fault): never {
  console.error(`central: ${brief(fault)}`);
  process.exit(exitCodeFor(fault));
}

const loaded = await loadConfig({
  schema: CentralConfigSchema,
  argv: process.argv.slice(2),
  env: process.env,
  overrides: {},
  defaultFile: null,
});
if (!loaded.ok) end(loaded.fault);
const { config, print } = loaded.value;
if (print !== null) {
  console.log(print);
  process.exit(0);
}
const identity = await loadIdentity(config.identity.dir, clock.now());
if (!identity.ok) end(identity.fault);
if (identity.value.role !== 'central')
  end({ code: 'config.invalid', key: 'identity.dir', reason: `it is the certificate of a node that is ${identity.value.role}` });
const hold = holdFolder('data', config.data);
if (!hold.ok) end(hold.fault);
const { release } = hold.value;

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
const log = createLog('central', { level: config.log.level });
let central: Central | null = null;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  clock.after(stopMs, 'forced end', () => process.exit(code));
  await central?.stop();
  release();
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));

try {
  central = await startCentral({
    config,
    identity: identity.value,
    page: join(packageRoot(), 'dist', 'web'),
    version,
    clock,
    log,
    onLost: (error) => {
      log.error({ error }, 'central ends: nothing can be kept any more');
      void stop(1);
    },
  });
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end(error.fault);
}
const { httpPort, mqttPort, setupToken } = central;
console.log(JSON.stringify({ event: 'started', httpPort, mqttPort, setupToken }));
if (setupToken !== null)
  console.error(`central: the first administrator logs in at http://${config.http.host}:${httpPort}/#/setup/${setupToken}`);
