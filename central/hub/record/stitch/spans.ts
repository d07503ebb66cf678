/** From what the hubs have to what the planner needs: each segment's stretches of one track on the common line of time. Pure. */
import { type HubSegments, type Scanned, type Shifts, shiftKey } from './align.ts';
import type { Span } from './plan.ts';

const endedBecause = (hub: string, { segment, scan }: Scanned): string | null => {
  if (scan.broken !== null) return `${segment.file} of ${hub}: ${scan.broken}`;
  return segment.clean === false ? `${segment.file} of ${hub}: ${segment.because ?? 'its recorder died'}` : null;
};

export function spansOf({ hub, segments }: HubSegments, track: 'picture' | 'sound', shifts: Shifts): readonly Span[] {
  return segments.flatMap((scanned) => {
    const { segment, scan } = scanned;
    const shift = shifts.get(shiftKey(hub, segment.file))?.[track] ?? 0;
    const { runs, keysMs } = scan[track];
    return runs.map(({ fromMs, toMs }, index): Span => {
      const [from, to] = [fromMs + shift, toMs + shift];
      const keys = track === 'sound' ? null : keysMs.filter((key) => key >= fromMs && key < toMs).map((key) => key + shift);
      const last = index === runs.length - 1;
      return {
        hub,
        file: segment.file,
        site: segment.site,
        from,
        to,
        keys,
        joins: index > 0,
        ended: last ? endedBecause(hub, scanned) : null,
      };
    });
  });
}
