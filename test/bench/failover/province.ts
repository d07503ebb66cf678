/** Class `hubProvince`: kill -9 of a hub of the demo, whose thirteen sites, two hubs and central share this machine; three sites are hot, ten warm. */
import { setTimeout as pause } from 'node:timers/promises';
import { startDemo } from '../../support/demo.ts';
import { gaps, killHub, lostAt, notWhole, protectedSites, toldOfHubs } from '../../support/demo-hub.ts';
import { eventually } from '../../support/eventually.ts';
import { distribution } from '../summary.ts';
import type { Measure } from './round.ts';

const patient = { withinMs: 300_000, everyMs: 500 };
/** Numbers are told once a second, and a hub that came back has work left. */
const calmMs = 10_000;

export const hubProvince: Measure = async (n, say) => {
  const demo = await startDemo();
  try {
    const whole = (): Promise<void> => eventually(() => notWhole(demo), patient);
    await whole();
    const { hot, warm } = await protectedSites(demo);
    const worst: Record<'mosaic' | 'mix', number[]> = { mosaic: [], mix: [] };
    const every: number[] = [];
    let lostFrames = 0;
    for (let index = 0; index < n; index++) {
      await whole();
      await pause(calmMs);
      const before = await lostAt(demo, hot);
      const { entry } = await killHub(demo);
      const took = async (): Promise<Record<'mosaic' | 'mix', ReadonlyMap<string, number>>> => {
        const told = await toldOfHubs(demo, warm, entry);
        return { mosaic: gaps(told, 'mosaic'), mix: gaps(told, 'mix') };
      };
      await eventually(async () => {
        const { mosaic, mix } = await took();
        return mosaic.size === warm.length && mix.size === warm.length ? undefined : `${mosaic.size} mosaics, ${mix.size} mixes`;
      }, patient);
      const taken = await took();
      for (const stream of ['mosaic', 'mix'] as const) worst[stream].push(Math.max(...taken[stream].values()));
      every.push(...warm.map((site) => Math.max(taken.mosaic.get(site) ?? Number.NaN, taken.mix.get(site) ?? Number.NaN)));
      // They go back to the first hub before the next round.
      await eventually(async () => {
        const back = new Set((await toldOfHubs(demo, warm, entry)).flatMap(({ node, what }) => (what === 'rests' ? [node] : [])));
        return back.size === warm.length ? undefined : `${back.size} of ${warm.length} are back`;
      }, patient);
      await whole();
      const after = await lostAt(demo, hot);
      const lost = hot.reduce((sum, site) => sum + ((after[site] ?? Number.NaN) - (before[site] ?? Number.NaN)), 0);
      lostFrames += lost;
      say(`hubProvince ${index + 1}/${n}: mosaic ${worst.mosaic.at(-1)} ms, sound ${worst.mix.at(-1)} ms, ${lost} lost at the hot sites`);
    }
    const rounds = worst.mosaic.map((ms, index) => Math.max(ms, worst.mix[index] ?? Number.NaN));
    return {
      hubProvince: {
        n,
        gapMs: distribution(rounds),
        /** At the hot sites, the return of the hub included. */
        lostFrames,
        sites: warm.length,
        anySiteMs: distribution(every),
        mosaicMs: distribution(worst.mosaic),
        audioMs: distribution(worst.mix),
      },
    };
  } finally {
    await demo.stop();
  }
};
