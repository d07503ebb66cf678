/** Figures `lossy` and `bursts`: nothing fails, but the paths are bad. Floor frames that are lost in a minute, by what reaches the viewer. */
import type { Impairment } from '../../support/impair.ts';
import type { Wan } from '../../support/lab-network.ts';
import { pictures, seconds } from '../../support/lab-story.ts';
import { withLab } from './round.ts';
import { stockBadPath } from './stock.ts';

const [speaker, viewer] = ['site-a', 'site-b'];
/** For the latency to follow the round trip and the losses. */
const SETTLE_SECONDS = 30;
const MEASURED_SECONDS = 60;
const CALM_SECONDS = 20;

interface Counted {
  readonly seconds: number;
  readonly frames: number;
  readonly lostFrames: number;
  readonly gapMs: number;
}

interface BadPath extends Counted {
  /** With the same paths while nothing was wrong with them: the machine's own share. */
  readonly calm: Counted;
  /** Of what the links lost on their own, in frames of the network. */
  readonly lossPercent: number;
  readonly latencyMs: readonly number[];
  /** Pictures that stock SRT, over one of these paths, had not whole in the same time. */
  readonly stockLostFrames: number;
}

const badPath = (how: Impairment, on: readonly Wan[], say: (text: string) => void): Promise<BadPath> =>
  withLab({ sites: { [speaker]: {}, [viewer]: {} } }, async (lab) => {
    await lab.meet({ floor: speaker });
    const watch = lab.watch(viewer);
    const look = async (length: number): Promise<Counted> => {
      watch.begin();
      await seconds(lab, viewer, length);
      const { floorFrames, floorLost, floorMaxGapMs } = watch.seen;
      return { seconds: length, frames: floorFrames, lostFrames: floorLost, gapMs: floorMaxGapMs };
    };
    await pictures(lab, [viewer], 25);
    const calm = await look(CALM_SECONDS);
    for (const site of [speaker, viewer]) for (const wan of on) await lab.path(site, wan).set(how);
    await pictures(lab, [viewer], 25);
    await seconds(lab, viewer, SETTLE_SECONDS);
    for (const site of [speaker, viewer]) for (const wan of on) await lab.path(site, wan).clear();
    const bad = await look(MEASURED_SECONDS);
    const stats = await Promise.all([speaker, viewer].flatMap((site) => on.map((wan) => lab.path(site, wan).stats())));
    const ways = stats.flatMap(({ up, down }) => [up, down]);
    const lost = ways.reduce((sum, way) => sum + way.lost + way.burstLost, 0);
    const all = ways.reduce((sum, way) => sum + way.frames, 0);
    const latencyMs = [speaker, viewer].flatMap((site) =>
      lab
        .node(site)
        .logs.flatMap((line) => /"event":"latency".*"latencyMs":(\d+)/.exec(line)?.[1] ?? [])
        .map(Number),
    );
    say(
      `${JSON.stringify(how)} on ${on.join(' and ')}: ${bad.lostFrames} of ${bad.frames} frames lost (before: ${calm.lostFrames} of ${calm.frames}), latency raised to ${latencyMs.join(', ')}`,
    );
    const lossPercent = Math.round((10_000 * lost) / all) / 100;
    const [stockLostFrames = Number.NaN] = await stockBadPath(lab, MEASURED_SECONDS, say);
    return { ...bad, calm, lossPercent, latencyMs, stockLostFrames };
  });

/** 50 ms round trip and 5 % random loss on both paths of both sites. */
export const lossy = (say: (text: string) => void): Promise<BadPath> => badPath({ delayMs: 25, lossPercent: 5 }, ['wan1', 'wan2'], say);

/** Bursts of ten frames, a twentieth of all, on one of the two paths of both sites. */
export const bursts = (say: (text: string) => void): Promise<BadPath> => badPath({ burstLossPercent: 5, burstLength: 10 }, ['wan1'], say);
