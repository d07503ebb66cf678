/** A site with one WAN path: what nobody can bridge is over as soon as the path is back, however long it was away. Over real processes. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { labPorts } from '../support/lab-config.ts';
import { type Chronicle, chronicle, patient, pictures, seconds, unhurried } from '../support/lab-story.ts';

t.setTimeout(900_000);
const [speaker, viewer] = ['site-a', 'site-b'];
/** Longer than any pause between two attempts, and than SRT's own patience with a silent peer. */
const AWAY_SECONDS = 12;

t.test('the only path of a site fails and returns: picture and sound are back by themselves', async (t) => {
  const one = { paths: [{ name: 'wan1', interface: 'wan1' }], central: [{ host: '10.81.0.1', port: labPorts.mqtt }] };
  const nodes = { [speaker]: { ...one, stamps: true }, [viewer]: { ...one, stamps: true, display: 'headless' } };
  const lab = await startLab(t, { sites: nodes, central: unhurried });
  const meeting = await lab.meet({ floor: speaker });
  const watch = lab.watch(viewer);
  /** Decoded and whole: packets alone would not tell that the keyframe came. */
  const whole = (): number => lab.stamps(viewer).at(-1)?.floor.read ?? 0;
  const lived = () => [speaker, viewer].map((site) => [lab.node(site).pid, ...lab.node(site).programs('relay')].join(' '));
  const before = lived();
  const link = (site: string, from: Chronicle, what: string) =>
    from.told(
      `${site} ${what}`,
      ({ node, kind, what: did, facts }) => node === site && kind === 'link' && did === what && facts['path'] === 'wan1',
    );

  for (const site of [viewer, speaker]) {
    await pictures(lab, [viewer], 50);
    const from = await chronicle(lab);
    const path = lab.path(site, 'wan1');
    await path.clear();
    await path.cut();
    await eventually(() => {
      const { last } = lab.watch(site).seen;
      return last?.links.every(({ connected }) => !connected) ? undefined : 'still connected';
    }, patient);
    const dialled = async (): Promise<number> => (await path.stats()).up.cutDropped;
    const early = await dialled();
    await seconds(lab, site, AWAY_SECONDS);
    t.ok((await dialled()) > early, `${site} goes on dialling`);
    watch.begin();
    await path.heal();
    const shown = whole();
    await pictures(lab, [viewer], 50);
    await eventually(() => (whole() > shown + 25 ? undefined : `${whole() - shown} whole pictures`), patient);
    const { mixPackets, mosaicFrames } = watch.seen;
    t.ok(mixPackets > 0 && mosaicFrames > 0, 'sound and mosaic are back with the picture');
    // Told after the return: what happened is kept until somebody can be told.
    t.match((await link(site, from, 'lost')).severity, 'warning');
    t.match((await link(site, from, 'connected')).severity, 'info');
    await eventually(() => lab.notWhole(meeting), patient);
  }
  t.strictSame(lived(), before, 'no process had to be started anew');
});
