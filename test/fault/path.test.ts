/** A site with two WAN paths: either may fail at any time, and one that comes and goes is left alone. Over real processes. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import type { Wan } from '../support/lab-network.ts';
import { calm, chronicle, patient, pictures, seconds, unhurried } from '../support/lab-story.ts';

t.setTimeout(900_000);
const [speaker, viewer] = ['site-a', 'site-b'];

t.test('either of two paths may fail: nobody loses a picture, and it is told which path and why', async (t) => {
  const lab = await startLab(t, { sites: { [speaker]: {}, [viewer]: {} }, central: unhurried });
  const meeting = await lab.meet({ floor: speaker });
  for (const site of [viewer, speaker]) {
    await calm(lab, [viewer]);
    for (const wan of ['wan1', 'wan2'] as const) {
      const from = await chronicle(lab);
      await lab.path(site, wan).cut();
      for (const direction of ['up', 'down']) {
        const lost = await from.told(
          `${site} lost ${wan} ${direction}`,
          ({ node, kind, what, facts }) =>
            node === site && kind === 'link' && what === 'lost' && facts['path'] === wan && facts['direction'] === direction,
        );
        t.match(lost, { severity: 'warning', meeting, facts: { peer: 'hub-1' } });
        t.match(lost.because, /nothing heard for \d+ ms|connection/i, lost.because);
      }
      await pictures(lab, [viewer], 50);
      await lab.path(site, wan).heal();
      for (const direction of ['up', 'down'])
        await from.told(
          `${site} has ${wan} ${direction} back`,
          ({ node, kind, what, facts }) =>
            node === site && kind === 'link' && what === 'connected' && facts['path'] === wan && facts['direction'] === direction,
        );
      await pictures(lab, [viewer], 25);
    }
    const { floorLost, floorFrames, floorMaxGapMs } = lab.watch(viewer).seen;
    t.equal(floorLost, 0, `paths of ${site}: ${floorFrames} pictures at the viewer, none lost, longest gap ${floorMaxGapMs} ms`);
    for (const wan of ['wan1', 'wan2'] as const) {
      const { up, down } = await lab.path(site, wan).stats();
      t.ok(up.cutDropped > 0 && down.cutDropped > 0, `the cut of ${wan} took packets of ${site}, both ways`);
    }
  }

  // Three losses within a minute; a slow machine may need more of them before it has seen three.
  await calm(lab, [viewer]);
  const flapping = await chronicle(lab);
  const held = async (): Promise<boolean> => (await flapping.entries()).some(({ what }) => what === 'held');
  const state = (connected: boolean, wan: Wan) => (): string | undefined => {
    const links = lab.watch(viewer).seen.last?.links.filter(({ path }) => path === wan) ?? [];
    return links.length === 2 && links.every((link) => link.resting || link.connected === connected) ? undefined : JSON.stringify(links);
  };
  for (let flaps = 0; flaps < 12 && !(await held()); flaps++) {
    await lab.path(viewer, 'wan1').cut();
    await eventually(state(false, 'wan1'), patient);
    await lab.path(viewer, 'wan1').heal();
    await eventually(state(true, 'wan1'), patient);
    await seconds(lab, viewer, 1); // for the event to come to central
  }
  const rests = await flapping.told('wan1 is held', ({ node, what }) => node === viewer && what === 'held');
  t.match(rests, { kind: 'link', severity: 'warning', because: /came and went too often/, facts: { peer: 'hub-1', path: 'wan1' } });
  const again = await flapping.told('wan1 is released', ({ node, what }) => node === viewer && what === 'released');
  t.match(again, { kind: 'link', severity: 'info', facts: { peer: 'hub-1', path: 'wan1' } });
  await eventually(state(true, 'wan1'), patient);
  await eventually(() => (lab.watch(viewer).seen.last?.links.some(({ resting }) => resting) ? 'still resting' : undefined), patient);
  const { floorLost, floorFrames } = lab.watch(viewer).seen;
  t.equal(floorLost, 0, `a path that flaps: ${floorFrames} pictures, none lost`);
  await eventually(() => lab.notWhole(meeting), patient);
});
