/** The mosaic with its real worker: what is said to it while that starts. */
import t from 'tap';
import { labelTextId } from '../../central/hub/mosaic/pipeline.ts';
import { Mosaic } from '../../central/hub/mosaic/service.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { plan as makePlan } from '../support/plan.ts';
import { listener } from '../support/rtp-wire.ts';

t.test('a plan that comes while a mosaic that begins is being told the one before is what it shows', async (t) => {
  const { port } = await listener(t);
  const plan = makePlan();
  const [hub] = plan.hubs;
  if (hub === undefined) throw new Error('no hub in the plan');
  const named = (name: string): Plan => ({ ...plan, sites: plan.sites.map((site, index) => (index === 0 ? { ...site, name } : site)) });
  const mosaic = new Mosaic({
    clock: systemClock(),
    log: silentLog(),
    note: () => {},
    relayPort: port,
    incarnation: 0,
    plan,
    hub,
    expects: () => true,
  });
  t.teardown(() => mosaic.stop());
  const started = mosaic.start();
  // Another one in every turn, so that the last comes between the moment the settings are made and the moment the worker has taken them.
  let plans = 0;
  while (mosaic.part().state !== 'running') {
    plans += 1;
    mosaic.apply(named(`plan ${plans}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await started;
  await eventually(async () => {
    const shown = await mosaic.worker.get(labelTextId(0), 'text');
    return shown === `plan ${plans}` ? undefined : `after ${plans} plans the mosaic shows ${shown}`;
  });
});
