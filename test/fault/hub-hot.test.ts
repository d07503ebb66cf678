/** Two hubs and sites that are hot: connected to both, served by both. The power of the first hub fails, and comes back. Over real processes. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { calm, chronicle, patient, pictures, protect, unhurried } from '../support/lab-story.ts';

t.setTimeout(900_000);
const sites = ['site-a', 'site-b', 'site-c'] as const;
const [speaker, ...viewers] = sites;

t.test('a hub loses its power in the middle of a meeting: hot sites lose no picture, then or when it returns', async (t) => {
  const nodes = Object.fromEntries(sites.map((site) => [site, {}]));
  const lab = await startLab(t, { hubs: ['hub-1', 'hub-2'], sites: nodes, central: unhurried });
  await protect(lab, sites, 'hot');
  const meeting = await lab.meet({ floor: speaker });
  await eventually(() => {
    const few = sites.filter((site) => (lab.watch(site).seen.last?.links ?? []).filter(({ connected }) => connected).length < 8);
    return few.length === 0 ? undefined : `not connected to both hubs over both paths: ${few.join(', ')}`;
  }, patient);
  const servedBy = (hub: string): Promise<void> =>
    eventually(() => {
      const elsewhere = sites.filter((site) => lab.watch(site).seen.last?.hub !== hub);
      return elsewhere.length === 0 ? undefined : `${elsewhere.join(', ')} not with ${hub}`;
    }, patient);
  await calm(lab, viewers);
  await servedBy('hub-1');
  const swap = { stalled: ['taken-over', 'hub-1', 'hub-2'], back: ['returned', 'hub-2', 'hub-1'] } as const;
  const switched = async ([what, from, to]: (typeof swap)[keyof typeof swap], since: Awaited<ReturnType<typeof chronicle>>) => {
    for (const site of sites)
      for (const stream of ['mosaic', 'mix']) {
        const entry = await since.told(
          `${stream} of ${to} at ${site}`,
          ({ node, kind, what: did, facts }) => node === site && kind === 'hub' && did === what && facts['stream'] === stream,
        );
        const { facts, because } = entry;
        t.match(facts, { from, to });
        t.type(facts['gapMs'], 'number');
        t.pass(`${site}: ${because}, ${stream} after ${facts['gapMs']} ms`);
      }
  };

  const outage = await chronicle(lab);
  lab.powerCut('hub-1');
  await switched(swap.stalled, outage);
  await pictures(lab, viewers, 100);
  await servedBy('hub-2');
  for (const site of viewers) {
    const { floorLost, floorFrames, floorMaxGapMs } = lab.watch(site).seen;
    t.equal(floorLost, 0, `${site} without hub-1: ${floorFrames} pictures, none lost, longest gap ${floorMaxGapMs} ms`);
  }

  const comeback = await chronicle(lab);
  await lab.powerOn('hub-1');
  await switched(swap.back, comeback);
  await pictures(lab, viewers, 50);
  for (const site of viewers) {
    const { floorLost, floorFrames } = lab.watch(site).seen;
    t.equal(floorLost, 0, `${site} with hub-1 again: ${floorFrames} pictures, none lost`);
  }
  await eventually(() => lab.notWhole(meeting), patient);
});
