/** Classes `path` and `onlyPath`: one of two WAN links is cut; the only one is cut and returns. By turns at the viewer and at the speaker. */
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { labPorts } from '../../support/lab-config.ts';
import { patient, pictures } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { decodes, type Measure, Rounds, stamped, withLab } from './round.ts';
import { stockOnlyPath } from './stock.ts';

const [speaker, viewer] = ['site-a', 'site-b'];

export const path: Measure = (n, say) =>
  withLab({ sites: { [speaker]: {}, [viewer]: {} } }, async (lab) => {
    await lab.meet({ floor: speaker });
    const rounds = new Rounds(lab, [viewer]);
    for (let index = 0; index < n; index++) {
      const site = index % 2 === 0 ? viewer : speaker;
      const wan = index % 4 < 2 ? 'wan1' : 'wan2';
      const { seen } = await rounds.round(async () => {
        await lab.path(site, wan).cut();
        // So long that the link is given up, not only missed.
        await pictures(lab, [viewer], 100);
        await lab.path(site, wan).heal();
        await eventually(() => {
          const links = lab.watch(site).seen.last?.links.filter(({ path: each }) => each === wan) ?? [];
          return links.every(({ connected, resting }) => connected || resting) ? undefined : `${wan} is not back`;
        }, patient);
      });
      say(`path ${index + 1}/${n}: ${wan} of ${site}: ${seen.floorMs} ms, ${seen.lostFrames} lost`);
    }
    return { path: rounds.floor() };
  });

/** As long as somebody takes to put a cable back; short of SRT's own five seconds, and beyond. */
const awayMs = [2000, 8000] as const;
const mono = (): number => performance.now();

export const onlyPath: Measure = async (n, say) => {
  const one = { paths: [{ name: 'wan1', interface: 'wan1' }], central: [{ host: '10.81.0.1', port: labPorts.mqtt }] };
  return withLab({ sites: { [speaker]: { ...one, ...stamped }, [viewer]: { ...one, ...decodes } } }, async (lab) => {
    await lab.meet({ floor: speaker });
    const [backMs, packetMs]: [number[], number[]] = [[], []];
    /** Times that what came back was taken for a narrow way: people then see less for a while. */
    let narrowed = 0;
    const rounds = new Rounds(lab, [viewer]);
    for (let index = 0; index < n; index++) {
      const site = index % 2 === 0 ? viewer : speaker;
      const away = awayMs[index % 4 < 2 ? 0 : 1];
      // The gap is counted from when the path is back: it began before that and ends with the first whole, decoded picture.
      let outageMs = 0;
      const { seen, told } = await rounds.round(async () => {
        const cut = mono();
        await lab.path(site, 'wan1').cut();
        await pause(away);
        await lab.path(site, 'wan1').heal();
        outageMs = mono() - cut;
      });
      narrowed += told.filter(({ what }) => what === 'narrowed').length;
      backMs.push(Math.max(0, (seen.decodedMs ?? Number.POSITIVE_INFINITY) - outageMs));
      packetMs.push(Math.max(0, seen.floorMs - outageMs));
      say(
        `onlyPath ${index + 1}/${n}: ${site} away for ${Math.round(outageMs)} ms, picture ${Math.round(backMs.at(-1) ?? 0)} ms after the return`,
      );
    }
    const stock = await stockOnlyPath(lab, Math.max(3, Math.ceil(n / 4)), awayMs, say);
    return {
      onlyPath: {
        n,
        ...rounds.base(),
        gapMs: distribution(backMs),
        packetGapMs: distribution(packetMs),
        narrowed,
        stockGapMs: distribution(stock),
      },
    };
  });
};
