/** The process `diemcau central`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { join } from 'node:path';
import { FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { loadConfig } from '../protocol/node/config.ts';
import { begin, end, stopOnSignal } from '../protocol/node/process.ts';
import { packageRoot } from '../protocol/node/root.ts';
import { takeSystemd, Watchdog } from '../protocol/node/watchdog.ts';
import { pageUrl, webTls } from './api/tls.ts';
import { type Central, startCentral } from './central.ts';
import { CentralConfigSchema } from './config.ts';

const clock = systemClock();
const loaded = await loadConfig({ schema: CentralConfigSchema, argv: process.argv.slice(2) });
const { config, identity, log, version, release } = await begin('central', loaded, clock);
const tls = await webTls(config.http);
if (!tls.ok) end('central', tls.fault);
let central: Central | null = null;
const watchdog = new Watchdog({
  systemd: takeSystemd(process.env, process.pid),
  clock,
  log,
  well: async () => (await central?.well()) ?? null,
  status: () => central?.status() ?? 'starting',
});
const stop = stopOnSignal(clock, async () => {
  watchdog.stop();
  await central?.stop();
  release();
});

try {
  central = await startCentral({
    config,
    identity,
    tls: tls.value,
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
  end('central', error.fault);
}
watchdog.start();
const { httpPort, mqttPort, setupToken } = central;
console.log(JSON.stringify({ event: 'started', httpPort, mqttPort, setupToken }));
if (setupToken !== null)
  console.error(`central: the first administrator logs in at ${pageUrl(config.http, httpPort)}/#/setup/${setupToken}`);
