/** Two hubs and sites that are warm: connected to both, served by the first. Its power fails, and comes back. Over real processes. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { chronicle, patient, pictures, unhurried } from '../support/lab-story.ts';

t.setTimeout(900_000);
const sites = ['site-a', 'site-b', 'site-c'] as const;
const [speaker, ...viewers] = sites;
/** Of a way on which relays only tell each other that they live, both directions measured: a tenth of what the smallest stream needs. */
const QUIET_KBPS = 15;

t.test('a hub loses its power: the second one is woken and serves everything, and rests when the first is back', async (t) => {
  const nodes = Object.fromEntries(sites.map((site) => [site, {}]));
  const lab = await startLab(t, { hubs: ['hub-1', 'hub-2'], sites: nodes, central: unhurried });
  const meeting = await lab.meet({ floor: speaker });
  /** What goes between a viewer and a hub, in kbit/s. */
  const traffic = (site: string, hub: string): number =>
    (lab.watch(site).seen.last?.links ?? []).filter(({ peer }) => peer === hub).reduce((sum, { kbps }) => Math.max(sum, kbps), 0);
  const servedBy = (hub: string, other: string | null) => (): string | undefined => {
    const wrong = viewers.flatMap((site) => {
      const { last } = lab.watch(site).seen;
      const idle = other === null || traffic(site, other) <= QUIET_KBPS;
      return last?.hub === hub && traffic(site, hub) > QUIET_KBPS && idle
        ? []
        : [`${site}: ${last?.hub}, ${['hub-1', 'hub-2'].map((each) => `${each} ${traffic(site, each)}`).join(' and ')} kbit/s`];
    });
    return wrong.length === 0 ? undefined : wrong.join('; ');
  };
  const everythingFlows = async (): Promise<void> => {
    for (const site of sites) lab.watch(site).begin();
    await pictures(lab, viewers, 50);
    await eventually(() => {
      const still = sites.filter((site) => lab.watch(site).seen.mosaicFrames < 25 || lab.watch(site).seen.mixPackets < 25);
      return still.length === 0 ? undefined : `no mosaic or no sound at ${still.join(', ')}`;
    }, patient);
  };
  await eventually(() => {
    const few = sites.filter((site) => (lab.watch(site).seen.last?.links ?? []).filter(({ connected }) => connected).length < 8);
    return few.length === 0 ? undefined : `not connected to both hubs over both paths: ${few.join(', ')}`;
  }, patient);
  await eventually(servedBy('hub-1', 'hub-2'), patient);
  await everythingFlows();

  const outage = await chronicle(lab);
  lab.powerCut('hub-1');
  for (const site of sites) {
    const woken = await outage.told(`${site} wakes hub-2`, ({ node, kind, what }) => node === site && kind === 'hub' && what === 'woken');
    t.match(woken, { meeting, severity: 'warning', facts: { from: 'hub-1', to: 'hub-2' } });
    t.match(woken.because, /hub-1 is lost|sound of hub-1 has stopped|picture of the floor has stopped/, `${site}: ${woken.because}`);
  }
  await everythingFlows();
  await eventually(servedBy('hub-2', null), patient);

  const comeback = await chronicle(lab);
  await lab.powerOn('hub-1');
  for (const site of sites) {
    const rests = await comeback.told(
      `${site} lets hub-2 rest`,
      ({ node, kind, what }) => node === site && kind === 'hub' && what === 'rests',
    );
    t.match(rests, { meeting, severity: 'info', facts: { from: 'hub-2', to: 'hub-1' } });
    const mosaic = await comeback.told(
      `${site} shows the mosaic of hub-1 again`,
      ({ node, kind, what, facts }) => node === site && kind === 'hub' && what === 'returned' && facts['stream'] === 'mosaic',
    );
    t.ok(mosaic.id < rests.id, `${site} keeps hub-2 until the mosaic of hub-1 is on the screen`);
  }
  await eventually(servedBy('hub-1', 'hub-2'), patient);
  await everythingFlows();
  await eventually(() => lab.notWhole(meeting), patient);
});
