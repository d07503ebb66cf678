/** Classes `recorder` and `disk`: a recorder is killed while two hubs record; the disk under recordings and under a box's memory is full. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingView } from '../../../protocol/recording.ts';
import { eventually } from '../../support/eventually.ts';
import type { Lab } from '../../support/lab.ts';
import { patient, pictures } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { type Measure, Rounds, withLab } from './round.ts';

const sites = ['site-a', 'site-b'] as const;
const [speaker, viewer] = sites;
const hubs = ['hub-1', 'hub-2'] as const;
const nodes = Object.fromEntries(sites.map((site) => [site, {}]));

/** The worker of a hub that writes a recording: told by the file that it has open. */
const recorders = (lab: Lab, hub: string): readonly number[] =>
  lab
    .node(hub)
    .programs('worker')
    .filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith('.mkv'));
      } catch {
        return false; // it ended while we looked
      }
    });

const recorded = async (lab: Lab, hub: string): Promise<void> =>
  eventually(() => (recorders(lab, hub).length > 0 ? undefined : `${hub} does not record`), patient);

const record = (lab: Lab, meeting: string, on: boolean): Promise<unknown> =>
  lab.call('POST', `/meetings/${meeting}/record`, { on, because: 'biên bản' });

/** By turns at each hub. What is missing in the one file that both hubs' segments become is the gap, of each kill. */
export const recorder: Measure = (n, say) =>
  withLab({ hubs, sites: nodes }, async (lab) => {
    const meeting = await lab.meet({ floor: speaker });
    const rounds = new Rounds(lab, [viewer]);
    await record(lab, meeting, true);
    for (let index = 0; index < n; index++) {
      const hub = hubs[index % 2] as string;
      for (const each of hubs) await recorded(lab, each);
      const { seen } = await rounds.round(async () => {
        for (const pid of recorders(lab, hub)) process.kill(pid, 'SIGKILL');
        await pictures(lab, [viewer], 25);
        await recorded(lab, hub);
      });
      say(`recorder ${index + 1}/${n}: of ${hub}; floor ${seen.lostFrames} lost`);
    }
    await record(lab, meeting, false);
    let made: RecordingView | undefined;
    await eventually(async () => {
      made = (await lab.call<RecordingView[]>('GET', '/recordings')).find(({ stitched }) => stitched !== undefined);
      return made === undefined ? 'not stitched' : undefined;
    }, patient);
    const manifest = made?.stitched?.manifest;
    const missing = (manifest?.gaps ?? []).map(({ fromMs, toMs }) => toMs - fromMs).toSorted((a, b) => b - a);
    // A kill that cost nothing has a gap of nothing.
    const gaps = [...missing, ...Array.from({ length: Math.max(0, n - missing.length) }, () => 0)];
    const seconds = Math.round((manifest?.durationMs ?? 0) / 1000);
    return { recorder: { n, ...rounds.base(), gapMs: distribution(gaps), seconds, cuts: manifest?.cuts.length ?? 0 } };
  });

/** A disk of its own in memory: full when a file says so. */
function smallDisk(mb: number): { readonly folder: string; fill(): void; free(): void; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'diemcau-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      try {
        writeFileSync(ballast, Buffer.alloc(mb << 20));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error; // that is what it is for
      }
    },
    free: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** The disk of recordings, and the disk on which a box keeps what it has to remember, are full; and free again. */
export const disk: Measure = async (n, say) => {
  // A hub that had no room asks for 64 MB more before it believes in it again.
  const [hubDisk, boxDisk] = [smallDisk(160), smallDisk(16)];
  const options = {
    film: false, // how soon these small disks are full is not the matter
    sites: { [speaker]: {}, [viewer]: { data: boxDisk.folder } },
    hub: { recordings: { dir: hubDisk.folder, minFreeMb: 4 } },
  };
  try {
    return await withLab(options, async (lab) => {
      const meeting = await lab.meet({ floor: speaker });
      const rounds = new Rounds(lab, [viewer]);
      const lives = () => lab.nodes.map(({ name, running, pid }) => `${name} ${running ? pid : 'dead'}`).join(', ');
      const before = lives();
      const told = { warned: 0, resumed: 0 };
      for (let index = 0; index < n; index++) {
        await record(lab, meeting, true);
        await recorded(lab, 'hub-1');
        const { seen } = await rounds.round(async (from) => {
          hubDisk.fill();
          boxDisk.fill();
          await from.told(
            'the disk is full',
            ({ node, severity, kind }) => node === 'hub-1' && kind === 'recording' && severity !== 'info',
          );
          told.warned += 1;
          await pictures(lab, [viewer], 50);
          hubDisk.free();
          boxDisk.free();
          await recorded(lab, 'hub-1');
          told.resumed += 1;
        });
        await record(lab, meeting, false);
        say(`disk ${index + 1}/${n}: ${seen.floorMs} ms, ${seen.lostFrames} lost`);
      }
      return { disk: { ...rounds.floor(), ...told, crashed: lives() !== before } };
    });
  } finally {
    hubDisk.remove();
    boxDisk.remove();
  }
};
