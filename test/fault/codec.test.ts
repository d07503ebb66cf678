/**
 * The codec that a site's picture comes from hangs up, falls silent or goes to sleep: the backup camera takes the air though the capture goes on
 * delivering, the far end is called again, and the picture returns by rule or by a person. Simulated codecs on ptys; everything else is real.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type WiredName, wired } from '../../hardware/catalogue.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { type Served, servePty } from '../../hardware/wire/serve.ts';
import type { Act, CommandResult } from '../../protocol/schema/command.ts';
import type { CodecPicture, DeviceWish, DrivenDevice } from '../../protocol/schema/devices.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Status } from '../../protocol/schema/reported.ts';
import { topic } from '../../protocol/topic.ts';
import { eventually } from '../support/eventually.ts';
import { testBoot } from '../support/plan.ts';
import { site, smallPlan, wishFor } from '../support/room-camera.ts';
import { movingClip, simulatedCamera } from '../support/simulated-camera.ts';
import { clock, type EdgeRig, edge, network, satisfied } from '../support/site.ts';
import { onAir, sourceEvents, switches } from '../support/switches.ts';
import { passes } from '../support/worker.ts';

t.setTimeout(160_000);
const patient = { withinMs: 60_000 };

interface Rig {
  readonly e: EdgeRig;
  readonly served: Served;
  readonly facts: () => Readonly<Record<string, unknown>>;
  readonly command: (act: Act) => Promise<void>;
  readonly codec: () => DrivenDevice | undefined;
  /** Pictures that the hub has got of `main`. */
  readonly pictures: () => Promise<number>;
  readonly flows: () => Promise<void>;
}

/** A site whose configured capture is what a codec is plugged into, and that has a backup camera. The codec is in a call with 2001. */
async function codecSite(t: Test, driver: WiredName, model: string, returns?: DeviceWish['return']): Promise<Rig> {
  const on = await network(t, [site]);
  const clip = movingClip(on.folder);
  const [capture, backup] = [await simulatedCamera(t, clip), await simulatedCamera(t, clip)];
  const path = join(on.folder, 'codec');
  const simulator = wired[driver].simulator({ ...plainSettings, model });
  const served = await servePty(simulator, path, clock, Math.random);
  t.teardown(() => served.stop());
  const e = await edge(t, on, site, { source: capture.url, backup: backup.url });
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  const wish: DeviceWish = {
    ...wishFor(capture.url, true),
    id: 'codec',
    name: 'Codec phòng họp',
    driver,
    username: '',
    password: '',
    at: { via: 'serial', path, baud: null },
    ...(returns === undefined ? {} : { return: returns }),
  };
  await e.desire(1, plan, [wish], 'on');
  await satisfied(e, 1);
  await onAir(e, 0);
  const codec = (): DrivenDevice | undefined => e.devices()?.devices[0];
  await eventually(() => (codec()?.link === 'ok' ? undefined : `codec ${JSON.stringify(codec())}`), patient);
  const command = async (act: Act): Promise<void> => {
    const { boot } = JSON.parse(on.broker.texts(topic(site, 'status')).at(-1) ?? '{}') as Status;
    const body = { id: randomUUID(), session: boot, expires: clock.now() + 60_000, act };
    await on.broker.publish(topic(site, 'cmd'), JSON.stringify({ v: 1, node: site, boot: testBoot, seq: 0, at: clock.now(), body }));
    const results = () => on.broker.texts(topic(site, 'result')).map((text) => (JSON.parse(text) as CommandResult).body);
    await eventually(() => {
      const result = results().find(({ id }) => id === body.id);
      return result?.outcome === 'done' ? undefined : `${act.do}: ${JSON.stringify(result)}`;
    }, patient);
  };
  const pictures = async (): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;
  const flows = async (): Promise<void> => void (await passes(hub.worker, 'main', 25, await pictures()));
  await flows();
  return { e, served, facts: () => simulator.facts, command, codec, pictures, flows };
}

const dial: Act = { do: 'device', device: 'codec', act: { do: 'dial', address: '2001', protocol: 'auto', kbps: null } };

async function picture({ codec }: Rig, fits: (picture: CodecPicture, device: DrivenDevice) => boolean): Promise<void> {
  await eventually(() => {
    const device = codec();
    return device?.picture && fits(device.picture, device)
      ? undefined
      : `picture ${JSON.stringify(device?.picture)} calls ${JSON.stringify(device?.state.calls)}`;
  }, patient);
}
const connected = ({ state }: DrivenDevice): boolean => state.calls?.some((call) => call.state === 'connected') === true;

async function inCall(rig: Rig): Promise<void> {
  await rig.command(dial);
  await picture(rig, ({ shown }, device) => shown && connected(device));
}

const told = ({ what, because, facts }: EventBody): string => `${what}: ${because} (gap ${facts.gapMs} ms, bad for ${facts.badMs} ms)`;

for (const [driver, model] of [
  ['xapi', 'tc7'],
  ['polycom', 'HDX 8000'],
] as const)
  t.test(`${driver}: the far end hangs up: the backup is on the air, the far end is called again, and the picture returns`, async (t) => {
    const rig = await codecSite(t, driver, model);
    await inCall(rig);
    const news = switches(rig.e);
    rig.served.happen('hang-up');
    // A starved machine may be late with pictures: that is another switch, and not the one that is looked for.
    const lost = await news.next('backup', /in no call any more/);
    t.match(lost, {
      what: 'backup',
      severity: 'warning',
      because: 'Codec phòng họp is in no call any more',
      facts: { from: 'camera', device: 'codec' },
    });
    t.type(lost.facts.gapMs, 'number');
    t.comment(told(lost));
    await onAir(rig.e, 1, /in no call any more/);
    await rig.flows();
    await picture(rig, ({ shown, redial }) => !shown && redial?.address === '2001');
    const back = await news.next('camera', /in a call again/);
    t.match(back, { what: 'returned', severity: 'info', because: 'Codec phòng họp is in a call again' });
    t.match(
      sourceEvents(rig.e).find(({ what }) => what === 'redialled'),
      { because: 'Codec phòng họp is in a call with 2001 again', facts: { tries: 1 } },
    );
    await onAir(rig.e, 0);
    await rig.flows();
    t.comment(told(back));
  });

t.test('the serial line falls silent: the backup is on the air until the line is back and the call still stands', async (t) => {
  const rig = await codecSite(t, 'xapi', 'tc7');
  await inCall(rig);
  const news = switches(rig.e);
  await rig.served.vanish();
  const lost = await news.next('backup', /^line to/);
  t.match(lost, { what: 'backup', because: /^line to Codec phòng họp lost: / });
  t.comment(told(lost));
  await rig.flows();
  await rig.served.restore();
  t.match(await news.next('camera', /in a call again/), { what: 'returned', because: 'Codec phòng họp is in a call again' });
  t.equal(
    sourceEvents(rig.e).some(({ what }) => what === 'redialled'),
    false,
    'nobody had to be called',
  );
});

t.test('a hang-up that was asked for is no loss to be mended, and where an operator decides the picture waits for him', async (t) => {
  const rig = await codecSite(t, 'xapi', 'tc7', 'operator');
  await inCall(rig);
  const news = switches(rig.e);
  await rig.command({ do: 'device', device: 'codec', act: { do: 'hangup', call: null } });
  t.match(await news.next('backup', /hung up/), { because: 'Codec phòng họp has hung up, as it was asked to' });
  await picture(rig, ({ shown, redial }) => !shown && redial === null);
  await rig.command(dial);
  await picture(rig, ({ because }) => because === 'Codec phòng họp is in a call again and waits for an operator');
  await onAir(rig.e, 1);
  await rig.command({ do: 'picture', device: 'codec', order: 'return' });
  t.match(await news.next('camera', /an operator/), { what: 'returned', because: 'an operator brought it back' });
  await onAir(rig.e, 0);
  // Lost again, and nobody is to be called.
  rig.served.happen('front-panel standby');
  rig.served.happen('hang-up');
  t.match(await news.next('backup', /Codec phòng họp is/), {
    because: /Codec phòng họp is (?:off or asleep, and its call is over|in no call any more)/,
  });
  await picture(rig, ({ redial }) => redial !== null);
  await rig.command({ do: 'picture', device: 'codec', order: 'stop-redial' });
  await picture(rig, ({ shown, redial }) => !shown && redial === null);
});
