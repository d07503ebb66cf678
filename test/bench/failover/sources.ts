/** Classes `camera`, `frozen` and `worker`: what makes a site's picture fails, while it has the floor. Simulated network cameras, killed, frozen, blinded. */
import type { LogEntry } from '../../../protocol/api.ts';
import { pictures } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { filmed, speaker, viewers, withCameras } from './cameras.ts';
import { decodes, factsOf, type Measure, Rounds, stamped, withLab } from './round.ts';

export const camera: Measure = (n, say) =>
  withLab(withCameras, async (lab) => {
    const first = await filmed(lab);
    const rounds = new Rounds(lab, viewers);
    for (let index = 0; index < n; index++) {
      const { seen } = await rounds.round(async (from) => {
        first.kill();
        await from.told('the backup is on the air', ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'backup');
        await pictures(lab, viewers, 25);
        await first.start();
        await from.told('the camera is back', ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'returned');
      });
      say(`camera ${index + 1}/${n}: ${seen.floorMs} ms, ${seen.lostFrames} lost`);
    }
    return { camera: rounds.floor() };
  });

export const frozen: Measure = (n, say) =>
  withLab(withCameras, async (lab) => {
    const first = await filmed(lab);
    const rounds = new Rounds(lab, viewers);
    const standMs: number[] = [];
    for (let index = 0; index < n; index++) {
      const how = index % 2 === 0 ? 'freeze' : 'black';
      await rounds.round(async (from) => {
        // Pictures go on coming, all the same: the viewer's time without a picture is from the order until another camera is on the air.
        const ordered = Date.now();
        first.order(how);
        const { at } = await from.told(
          'the backup is on the air',
          ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'backup',
        );
        standMs.push(at - ordered);
        first.order('live');
        await from.told('the camera is back', ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'returned');
      });
      say(`frozen ${index + 1}/${n}: ${how}: ${standMs.at(-1)} ms`);
    }
    return { frozen: { n, ...rounds.base(), gapMs: distribution(standMs), packetGapMs: rounds.floor().gapMs } };
  });

export const worker: Measure = (n, say) =>
  // The pattern: behind a source that can fail there is a slate, and the time until that is shown is not asked for.
  withLab({ film: false, sites: { [speaker]: stamped, [viewers[0]]: decodes, [viewers[1]]: {} } }, async (lab) => {
    await lab.meet({ floor: speaker });
    const rounds = new Rounds(lab, viewers);
    const bystanders = () => viewers.map((site) => lab.node(site).programs('worker').join(' ')).join(', ');
    const before = bystanders();
    const boxMs: number[] = [];
    // A camera's picture has a worker of its own, what a box makes itself shares one with its sound.
    const pictured = ({ node, kind, what, facts }: LogEntry): boolean =>
      node === speaker && kind === 'process' && what === 'returned' && (facts['program'] === 'picture' || facts['program'] === 'uplink');
    for (let index = 0; index < n; index++) {
      const { seen, told } = await rounds.round(async (from) => {
        for (const pid of lab.node(speaker).programs('worker')) process.kill(pid, 'SIGKILL');
        await from.told('the picture is back', pictured);
      });
      boxMs.push(...factsOf(told, 'outageMs', pictured));
      say(`worker ${index + 1}/${n}: decoded ${seen.decodedMs} ms, packets ${seen.floorMs} ms; the box says ${boxMs.at(-1)} ms`);
    }
    return {
      worker: {
        n,
        ...rounds.base(),
        gapMs: distribution(rounds.decoded()),
        packetGapMs: rounds.floor().gapMs,
        boxMs: distribution(boxMs),
        othersTouched: bystanders() !== before,
      },
    };
  });
