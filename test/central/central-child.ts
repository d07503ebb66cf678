/** A central without meetings, as a process of its own so that a test can kill it: store, broker and ingestion over one folder. */

import { startNetwork } from '../../central/network.ts';
import { Store } from '../../central/store/store.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { createLog } from '../../protocol/node/log.ts';
import { loadIdentity } from '../../protocol/node/tls.ts';
import { newBoot } from './network.ts';

const [file = '', identityDir = '', port = '0'] = process.argv.slice(2);
const clock = systemClock();
const log = createLog('central', { level: 'warn' });
const identity = await loadIdentity(identityDir, clock.now());
if (!identity.ok) throw new Error(JSON.stringify(identity.fault));
const store = new Store({ file, log, now: clock.now, onLost: () => process.exit(1) });
await store.start();
const network = await startNetwork({
  store,
  identity: identity.value,
  boot: newBoot(),
  mqtt: { host: '127.0.0.1', port: Number(port) },
  clock,
  log,
});
for (const site of ['site-1', 'site-2', 'site-3'])
  if (!network.registry.site(site)) await network.registry.addSite({ site, name: site, order: null });
process.stdout.write(`${JSON.stringify({ event: 'started', mqttPort: network.port })}\n`);
