/** Two hubs, and a site that loses the way to the first one alone while it has the floor, or before: it is seen and heard all the same. Over real processes. */
import t from 'tap';
import type { Protection } from '../../protocol/schema/plan.ts';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { chronicle, patient, pictures, protect } from '../support/lab-story.ts';

t.setTimeout(900_000);
const sites = ['site-a', 'site-b', 'site-c'] as const;
const [cutOff, listener, quiet] = sites;
/** Nobody speaks below; a synthetic voice reaches more in every burst. */
const VOICE_DB = -50;

t.test('who has the floor loses the first hub alone: the others take picture, sound and mosaic from the second', async (t) => {
  const lab = await startLab(t, {
    hubs: ['hub-1', 'hub-2'],
    sites: { [cutOff]: {}, [listener]: { audio: { input: 'silence' }, display: 'headless' }, [quiet]: { audio: { input: 'silence' } } },
  });
  const others = [listener, quiet];
  const shownBy = (hub: string) => (): string | undefined => {
    const elsewhere = others.filter((site) => lab.watch(site).seen.last?.hub !== hub);
    return elsewhere.length === 0 ? undefined : `the mosaic of another hub is shown at ${elsewhere.join(', ')}`;
  };
  const heard = (): Promise<void> => {
    lab.watch(listener).begin();
    return eventually(() => {
      const db = lab.watch(listener).seen.last?.mix.levelDb ?? null;
      return db !== null && db > VOICE_DB ? undefined : `${listener} hears ${db} dB`;
    }, patient);
  };
  const led = ({ what, facts }: { readonly what: string; readonly facts: object }, which: string): boolean =>
    what === which && (facts as { readonly stream?: string }).stream === 'speaker';

  const round = async (protection: Protection, before: boolean): Promise<void> => {
    await protect(lab, sites, protection);
    const meeting = await lab.meet({ title: `${protection} ${before}`, floor: before ? quiet : cutOff });
    await eventually(shownBy('hub-1'), patient);
    if (!before) await heard();
    const outage = await chronicle(lab);
    const rejoin = lab.sever(cutOff, 'hub-1');
    if (before) {
      await outage.told('hub-1 has lost it', ({ node, kind, what, facts }) => {
        return node === 'hub-1' && kind === 'link' && what === 'disconnected' && facts['peer'] === cutOff;
      });
      await lab.call('POST', `/meetings/${meeting}/floor`, { site: cutOff });
    }
    for (const site of others) {
      const { because, facts } = await outage.told(`${site} follows`, (each) => each.node === site && led(each, 'taken-over'));
      t.equal(because, 'hub-1 is without who has the floor', `${site}, ${protection}`);
      t.match(facts, { from: 'hub-1', to: 'hub-2' });
    }
    await eventually(shownBy('hub-2'), patient);
    await pictures(lab, others, 50);
    await heard();
    t.pass(`${protection}: it is seen and heard without hub-1`);

    const comeback = await chronicle(lab);
    rejoin();
    for (const site of others) await comeback.told(`${site} returns`, (each) => each.node === site && led(each, 'returned'));
    await eventually(shownBy('hub-1'), patient);
    await pictures(lab, others, 50);
    await heard();
    t.pass(`${protection}: and with it again`);
    await eventually(() => lab.notWhole(meeting), patient);
    await lab.call('POST', `/meetings/${meeting}/end`);
  };
  await round('hot', false);
  await round('warm', true);
});
