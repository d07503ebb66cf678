/** The process `diemcau central`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brief, type Fault, FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { EX_CONFIG, exitCodeFor, loadConfig } from '../protocol/node/config.ts';
import { createLog } from '../protocol/node/log.ts';
import { packageRoot } from '../protocol/node/root.ts';
import { loadIdentity } from '../protocol/node/tls.ts';
import { Central } from './central.ts';
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
  end({ code: 'config.invalid', key: 'identity.dir', reason: `it is the certificate of a ${identity.value.role}` });
try {
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
} catch (error) {
  end({ code: 'config.invalid', key: 'data', reason: (error as Error).message });
}

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
const log = createLog('central', { level: config.log.level });
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  clock.after(stopMs, 'forced end', () => process.exit(code));
  await central.stop();
  process.exit(code);
}

const central = new Central({
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
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));

try {
  const started = await central.start();
  console.log(JSON.stringify({ event: 'started', ...started }));
  if (started.setupToken !== null)
    console.error(
      `central: the first administrator logs in at http://${config.http.host}:${started.httpPort}/#/setup/${started.setupToken}`,
    );
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  console.error(`central: ${brief(error.fault)}`);
  await stop(error.fault.code === 'config.invalid' ? EX_CONFIG : 1);
}
