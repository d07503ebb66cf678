/** Classes `hubHot`, `hubHotAudio`, `hubHotMosaic` (the same rounds) and `hubWarm`: the power of the first hub fails in the middle of a meeting, and returns. */
import type { LogEntry } from '../../../protocol/api.ts';
import { eventually } from '../../support/eventually.ts';
import type { Lab } from '../../support/lab.ts';
import { type Chronicle, patient, pictures, protect } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { decodes, factsOf, type Measure, Rounds, stamped, withLab } from './round.ts';
import { stockHub } from './stock.ts';

const sites = ['site-a', 'site-b', 'site-c'] as const;
const [speaker, ...viewers] = sites;
const options = { hubs: ['hub-1', 'hub-2'], sites: { [speaker]: stamped, [viewers[0]]: decodes, [viewers[1]]: {} } };

const took = (stream: 'mosaic' | 'mix') => (entry: LogEntry) =>
  entry.kind === 'hub' && entry.what === 'taken-over' && entry.facts['stream'] === stream;

const connected = (lab: Lab): Promise<void> =>
  eventually(() => {
    const few = sites.filter(
      (site) => (lab.watch(site).seen.last?.links ?? []).filter((link) => link.connected || link.resting).length < 8,
    );
    return few.length === 0 ? undefined : `not connected to both hubs: ${few.join(', ')}`;
  }, patient);

/** Waits until every site has told this. */
const all = async (from: Chronicle, what: string, stream: string | null): Promise<void> => {
  for (const site of sites)
    await from.told(
      `${site} ${what} ${stream}`,
      ({ node, kind, what: did, facts }) =>
        node === site && kind === 'hub' && did === what && (stream === null || facts['stream'] === stream),
    );
};

const worst = (gaps: readonly number[]): number => (gaps.length === 0 ? Number.NaN : Math.max(...gaps));

export const hubHot: Measure = (n, say) =>
  withLab(options, async (lab) => {
    await protect(lab, sites, 'hot');
    const meeting = await lab.meet({ floor: speaker });
    await connected(lab);
    const rounds = new Rounds(lab, viewers);
    const [mosaic, mix]: number[][] = [[], []];
    for (let index = 0; index < n; index++) {
      const { seen, told } = await rounds.round(async (from) => {
        lab.powerCut('hub-1');
        for (const stream of ['mosaic', 'mix']) await all(from, 'taken-over', stream);
        await pictures(lab, viewers, 50);
        await lab.powerOn('hub-1');
        for (const stream of ['mosaic', 'mix']) await all(from, 'returned', stream);
        await connected(lab);
      });
      mosaic?.push(worst(factsOf(told, 'gapMs', took('mosaic'))));
      mix?.push(worst(factsOf(told, 'gapMs', took('mix'))));
      say(
        `hubHot ${index + 1}/${n}: floor ${seen.floorMs} ms, ${seen.lostFrames} lost, sound ${mix?.at(-1)} ms, mosaic ${mosaic?.at(-1)} ms`,
      );
      await eventually(() => lab.notWhole(meeting), patient);
    }
    const stockGapMs = distribution(await stockHub(lab, Math.max(3, Math.ceil(n / 4)), say));
    const { lostFrames } = rounds.base();
    return {
      hubHot: { ...rounds.floor(), decodedGapMs: distribution(rounds.decoded()), stockGapMs },
      hubHotAudio: { n, gapMs: distribution(mix ?? []), lostFrames, stockGapMs },
      hubHotMosaic: { n, gapMs: distribution(mosaic ?? []), lostFrames, stockGapMs },
    };
  });

export const hubWarm: Measure = (n, say) =>
  withLab(options, async (lab) => {
    const meeting = await lab.meet({ floor: speaker });
    await connected(lab);
    const rounds = new Rounds(lab, viewers);
    const [whole, sound, mosaic]: number[][] = [[], [], []];
    for (let index = 0; index < n; index++) {
      const { seen, told } = await rounds.round(async (from) => {
        lab.powerCut('hub-1');
        await all(from, 'woken', null);
        for (const stream of ['mosaic', 'mix']) await all(from, 'taken-over', stream);
        await pictures(lab, viewers, 50);
        await lab.powerOn('hub-1');
        await all(from, 'rests', null);
        await connected(lab);
      });
      sound?.push(worst(factsOf(told, 'gapMs', took('mix'))));
      mosaic?.push(worst(factsOf(told, 'gapMs', took('mosaic'))));
      whole?.push(Math.max(seen.decodedMs ?? Number.POSITIVE_INFINITY, sound?.at(-1) ?? 0, mosaic?.at(-1) ?? 0));
      say(
        `hubWarm ${index + 1}/${n}: floor decoded ${seen.decodedMs} ms, packets ${seen.floorMs} ms, ${seen.lostFrames} lost, sound ${sound?.at(-1)} ms, mosaic ${mosaic?.at(-1)} ms`,
      );
      await eventually(() => lab.notWhole(meeting), patient);
    }
    const stockGapMs = distribution(await stockHub(lab, Math.max(3, Math.ceil(n / 4)), say));
    return {
      hubWarm: {
        n,
        gapMs: distribution(whole ?? []),
        ...rounds.base(),
        floorMs: distribution(rounds.decoded()),
        packetGapMs: rounds.floor().gapMs,
        audioMs: distribution(sound ?? []),
        mosaicMs: distribution(mosaic ?? []),
        stockGapMs,
      },
    };
  });
