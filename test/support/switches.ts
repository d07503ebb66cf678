/** What an edge tells of its sources, waited for in order. */

import type { Test } from 'tap';
import type { EventBody } from '../../protocol/schema/event.ts';
import { eventually } from './eventually.ts';
import { site, smallPlan } from './room-camera.ts';
import { movingClip, simulatedCamera } from './simulated-camera.ts';
import { type EdgeRig, edge, network, satisfied } from './site.ts';

/** One after the other, each later than the one waited for before. */
export interface Switches {
  readonly next: (to: string, because?: RegExp) => Promise<EventBody>;
  /** In a few words, for comments. */
  readonly told: () => string;
}

export const sourceEvents = (e: EdgeRig): readonly EventBody[] => e.events().filter(({ kind }) => kind === 'source');

export function switches(e: EdgeRig): Switches {
  let seen = 0;
  return {
    next: async (to, because = /.*/) => {
      const found: EventBody[] = [];
      await eventually(
        () => {
          const all = sourceEvents(e);
          const at = all.findIndex((each, index) => index >= seen && each.facts.to === to && because.test(each.because));
          const event = all[at];
          if (event === undefined) return `no switch to ${to} because ${because} among ${JSON.stringify(all)}`;
          seen = at + 1;
          found.push(event);
          return undefined;
        },
        { withinMs: 60_000 },
      );
      return found[0] as EventBody;
    },
    told: () =>
      sourceEvents(e)
        .map(({ facts, because }) => `${facts.from} → ${facts.to} (${because}; gap ${facts.gapMs} ms, bad for ${facts.badMs} ms)`)
        .join('; '),
  };
}

/** A box in a meeting with a camera and a backup, the first on the air; `hub` decodes what it sends. */
export async function twoCameras(t: Test) {
  const on = await network(t, [site]);
  const clip = movingClip(on.folder);
  const [a, b] = [await simulatedCamera(t, clip), await simulatedCamera(t, clip)];
  const e = await edge(t, on, site, { source: a.url, backup: b.url });
  const plan = smallPlan(on);
  const hub = await on.hub.watch(t, plan, site);
  const pictures = async (): Promise<number> => (await hub.worker.stats()).points.main?.buffers ?? 0;
  await e.desire(1, plan);
  await satisfied(e, 1);
  await onAir(e, 0);
  return { a, b, e, hub, pictures };
}

/** Which source is on the air, as the telemetry says: its place in the order, null: the slate. */
export const onAir = (e: EdgeRig, which: number | null, because = /.*/) =>
  eventually(
    () => {
      const source = e.telemetry()?.source;
      const fits = source !== undefined && source.state !== 'off' && source.which === which && because.test(source.because);
      return fits ? undefined : `source ${JSON.stringify(source)}`;
    },
    { withinMs: 60_000 },
  );
