/** What goes wrong inside a box or hub and kills nothing: its clock jumps, what it remembers is damaged, its disk is full. Over real processes. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SiteView } from '../../protocol/api.ts';
import { eventually } from '../support/eventually.ts';
import { type Lab, startLab } from '../support/lab.ts';
import { calm, chronicle, patient, pictures, seconds, unhurried } from '../support/lab-story.ts';

t.setTimeout(900_000);
const [speaker, viewer] = ['site-a', 'site-b'];
/** Within the hour by which certificates begin before they are made. */
const jumpMs = 2_000_000;

/** Everything reaches the viewer, nothing was lost since the watch began, and nobody had to start anew. */
async function unharmed(t: Test, lab: Lab, pids: readonly number[], what: string): Promise<void> {
  await pictures(lab, [viewer], 50);
  const { floorLost, floorFrames, mixLost, mixPackets, mosaicFrames } = lab.watch(viewer).seen;
  t.equal(floorLost, 0, `${what}: ${floorFrames} pictures, none lost`);
  t.equal(mixLost, 0, `${what}: ${mixPackets} packets of sound, none lost`);
  t.ok(mosaicFrames > 0, `${what}: ${mosaicFrames} pictures of the mosaic`);
  t.strictSame(
    lab.nodes.map(({ pid }) => pid),
    pids,
    `${what}: every process lives on`,
  );
}

const gives = async (lab: Lab, meeting: string, site: string): Promise<void> => {
  await lab.call('POST', `/meetings/${meeting}/floor`, { site });
};

t.test('the clock of a site, of a hub and of both jumps by half an hour: the meeting goes on, and it is told whose is wrong', async (t) => {
  const lab = await startLab(t, { sites: { [speaker]: {}, [viewer]: {} }, clocks: [speaker, 'hub-1'], central: unhurried });
  const meeting = await lab.meet({ floor: speaker });
  const pids = lab.nodes.map(({ pid }) => pid);
  const jumps = async (name: string, aheadMs: number): Promise<void> => {
    const from = await chronicle(lab);
    await calm(lab, [viewer]);
    lab.setClock(name, aheadMs);
    const what = aheadMs === 0 ? 'clock-right' : 'clock-wrong';
    const told = await from.told(`${name} ${what}`, (entry) => entry.what === what && entry.facts['node'] === name);
    t.match(told, { node: 'central', kind: 'health', severity: aheadMs === 0 ? 'info' : 'warning' });
    t.ok(Math.abs(Number(told.facts['aheadMs']) - aheadMs) < 2000, told.because);
    await unharmed(t, lab, pids, `the clock of ${name} is ${aheadMs} ms ahead`);
  };
  await jumps(speaker, jumpMs);
  const site = async (): Promise<SiteView | undefined> =>
    (await lab.call<SiteView[]>('GET', '/sites')).find((each) => each.site === speaker);
  await eventually(async () => {
    const said = await site();
    return said?.state === 'degraded' && /^its clock is (?:1999|200\d) s ahead of central's$/.test(said.because)
      ? undefined
      : JSON.stringify(said);
  }, patient);
  await jumps('hub-1', -jumpMs);

  // Everything that people do works meanwhile, and so does everything that begins anew.
  await gives(lab, meeting, viewer);
  const floorAt = (at: string, from: string) => (): string | undefined => {
    const { last } = lab.watch(at).seen;
    return last?.floor.site === from && last.floor.frames > 0 ? undefined : `${at} sees ${last?.floor.site}`;
  };
  await eventually(floorAt(speaker, viewer), patient);
  await gives(lab, meeting, speaker);
  await eventually(floorAt(viewer, speaker), patient);
  const before = await chronicle(lab);
  await lab.call('POST', `/sites/${speaker}/restart-media`);
  await before.told('a command is not too late', ({ node, kind, what }) => node === speaker && kind === 'process' && what === 'returned');
  await lab.node('hub-1').kill();
  await lab.node('hub-1').start();
  await seconds(lab, viewer, 2);
  await eventually(floorAt(viewer, speaker), patient);
  const after = lab.nodes.map(({ pid }) => pid);
  await calm(lab, [viewer]);
  await unharmed(t, lab, after, 'a hub that starts with a wrong clock');

  pids.splice(0, pids.length, ...after);
  await jumps(speaker, 0);
  await jumps('hub-1', 0);
  await eventually(() => lab.notWhole(meeting), patient);
});

t.test('what a box and a hub remember is damaged: it is put aside, told, and told to them anew', async (t) => {
  const lab = await startLab(t, { sites: { [speaker]: {}, [viewer]: {} }, central: unhurried });
  const meeting = await lab.meet({ floor: speaker });
  for (const name of [viewer, 'hub-1']) {
    const node = lab.node(name);
    const from = await chronicle(lab);
    await node.kill();
    for (const [file, text] of [
      ['desired.json', '{"v":1,"node":'],
      ['grants.json', '[{"meeting":17}]'],
    ] as const)
      writeFileSync(join(node.data, file), text);
    await node.start();
    for (const [what, file] of [
      ['desired state', 'desired.json'],
      ['grants', 'grants.json'],
    ]) {
      const told = await from.told(
        `${name} lost ${what}`,
        (each) => each.node === name && each.what === 'damaged' && each.facts['what'] === what,
      );
      t.match(told, { kind: 'health', severity: 'error', because: `its memory (${what}) is damaged and was put aside` });
      t.ok(existsSync(join(node.data, `${file}.corrupt-1`)), `${file} of ${name} is kept for whoever wants to know`);
    }
    await seconds(lab, viewer, 1);
    await pictures(lab, [viewer], 25);
    await eventually(() => lab.notWhole(meeting), patient);
  }
});

t.test('the disk of a box is full: it stays in the meeting, follows the floor, says so, and loses no event', async (t) => {
  const lab = await startLab(t, { sites: { [speaker]: {}, [viewer]: {} }, central: unhurried, start: false });
  const { data } = lab.node(viewer);
  mkdirSync(data, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', data]);
  t.teardown(() => execFileSync('umount', ['--lazy', data]));
  await lab.call('POST', '/hubs', { hub: 'hub-1', name: 'hub-1' });
  for (const site of [speaker, viewer]) await lab.call('POST', '/sites', { site, name: site });
  await Promise.all(['hub-1', speaker, viewer].map((name) => lab.node(name).start()));
  const meeting = await lab.meet({ floor: speaker });
  await calm(lab, [viewer]);
  const from = await chronicle(lab);
  const ballast = join(data, 'ballast');
  let files = 0;
  const full = (): void => {
    for (; ; files += 1)
      try {
        writeFileSync(`${ballast}-${files}`, Buffer.alloc(64 * 1024));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        return;
      }
  };
  let turn = 0;
  // What the box tidies up meanwhile makes room for one more file: filled again until nothing can be kept.
  await eventually(async () => {
    full();
    turn += 1;
    await gives(lab, meeting, turn % 2 === 1 ? viewer : speaker);
    return (await from.entries()).some(({ node, what }) => node === viewer && what === 'not-remembered') ? undefined : 'everything is kept';
  }, patient);
  const unkept = await from.told('the disk takes nothing', ({ node, what }) => node === viewer && what === 'not-remembered');
  await gives(lab, meeting, viewer);
  t.match(unkept, { kind: 'health', severity: 'error', because: /ENOSPC|no space/i });
  await eventually(() => (lab.watch(speaker).seen.last?.floor.site === viewer ? undefined : 'the floor did not change'), patient);
  await gives(lab, meeting, speaker);
  await eventually(() => (lab.watch(viewer).seen.last?.floor.site === speaker ? undefined : 'the floor did not change back'), patient);
  await pictures(lab, [viewer], 50);
  for (const way of ['wan1', 'wan2'] as const) {
    await lab.path(viewer, way).cut();
    await from.told(`${way} is lost`, ({ node, what, facts }) => node === viewer && what === 'lost' && facts['path'] === way);
    await lab.path(viewer, way).heal();
    await from.told(`${way} is back`, ({ node, what, facts }) => node === viewer && what === 'connected' && facts['path'] === way);
  }
  const pids = lab.nodes.map(({ pid }) => pid);
  await calm(lab, [viewer]);
  await unharmed(t, lab, pids, 'with a full disk');

  for (let n = 0; n <= files; n += 1) rmSync(`${ballast}-${n}`, { force: true });
  await gives(lab, meeting, viewer);
  await gives(lab, meeting, speaker);
  await eventually(() => lab.notWhole(meeting), patient);
  const lost = (await from.entries()).filter(({ kind, what }) => kind === 'health' && /^events?-lost$/.test(what));
  t.strictSame(lost, [], 'every event came');
});
