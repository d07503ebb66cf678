/** From what was read of all hubs' segments to the work order for one file and to what its manifest says. Pure. */
import type { StitchedCut, StitchedGap, StitchedSource } from '../../../../protocol/recording.ts';
import { type HubSegments, shiftKey, shifts } from './align.ts';
import { type EditList, editList, type Stretch } from './plan.ts';
import type { PressCut } from './press.ts';
import { spansOf } from './spans.ts';

export interface StitchJob {
  readonly startedAt: number;
  readonly picture: readonly PressCut[];
  readonly sound: readonly PressCut[];
  readonly cuts: readonly StitchedCut[];
  readonly gaps: readonly StitchedGap[];
}

type TrackName = StitchedCut['track'];

/** A block that lies this much before its cut still belongs to it: times were rounded to whole milliseconds. */
const roundedMs = 1;

/**
 * @param hubs the primary first.
 * @param path where the file of a hub lies on this machine.
 * @returns null when no hub has a picture.
 */
export function stitchJob(hubs: readonly HubSegments[], path: (hub: string, file: string) => string): StitchJob | null {
  const shift = shifts(hubs);
  const lists = { picture: listOf(hubs, 'picture', shift), sound: listOf(hubs, 'sound', shift) };
  const zero = lists.picture.stretches[0]?.from;
  if (zero === undefined) return null;
  const place = (at: number): number => Math.max(0, Math.round(at - zero));
  const shiftOf = (track: TrackName, hub: string, file: string): number => shift.get(shiftKey(hub, file))?.[track] ?? 0;
  const cutsOf = (track: TrackName): readonly PressCut[] =>
    lists[track].stretches
      .filter(({ to }) => to > zero)
      .map(({ hub, file, from, to }) => {
        const own = shiftOf(track, hub, file);
        const scanned = hubs.find((each) => each.hub === hub)?.segments.find(({ segment }) => segment.file === file);
        const limits = { fromMs: Math.max(from, zero) - own - roundedMs, toMs: to - own - roundedMs };
        return { path: path(hub, file), ...limits, shiftMs: own - zero, readings: scanned?.segment[track]?.readings ?? [] };
      });
  const told = (track: TrackName): readonly StitchedCut[] =>
    lists[track].stretches
      .filter(({ to }) => to > zero)
      .map(({ hub, file, site, from, to }) => {
        const own = shiftOf(track, hub, file);
        return { track, hub, file, site, fromMs: place(from), toMs: place(to), capturedMs: Math.round(Math.max(from, zero) - own) };
      });
  const gapsOf = (track: TrackName): readonly StitchedGap[] =>
    lists[track].gaps
      .filter(({ to }) => to > zero)
      .map(({ from, to, because }) => ({ track, fromMs: place(from), toMs: place(to), because: because.slice(0, 300) }));
  return {
    startedAt: Math.round(zero),
    picture: cutsOf('picture'),
    sound: cutsOf('sound'),
    cuts: [...told('picture'), ...told('sound')],
    gaps: [...gapsOf('picture'), ...gapsOf('sound')],
  };
}

const listOf = (hubs: readonly HubSegments[], track: TrackName, shift: ReturnType<typeof shifts>): EditList =>
  editList(
    hubs.map((each) => spansOf(each, track, shift)),
    'no hub has recorded this time',
  );

/** What is known of a hub's segments, as the stitched file's manifest names them. */
export function sourcesOf(
  hubs: readonly Pick<HubSegments, 'hub' | 'manifest'>[],
  cuts: readonly StitchedCut[],
  refused: ReadonlyMap<string, string>,
): readonly StitchedSource[] {
  return hubs.flatMap(({ hub, manifest }) =>
    manifest.segments.map(({ file, bytes, sha256 }) => ({
      hub,
      file,
      bytes,
      sha256: sha256 ?? null,
      used: cuts.some((cut) => cut.hub === hub && cut.file === file),
      refused: refused.get(shiftKey(hub, file))?.slice(0, 300) ?? null,
    })),
  );
}

/** Whether a file was made of exactly what these manifests name. */
export function isOf(sources: readonly StitchedSource[], hubs: readonly Pick<HubSegments, 'hub' | 'manifest'>[]): boolean {
  const text = (all: readonly StitchedSource[]): string =>
    all
      .map(({ hub, file, sha256 }) => `${hub}/${file} ${sha256}`)
      .sort()
      .join('\n');
  return text(sources) === text(sourcesOf(hubs, [], new Map()));
}

/** Whether the same segments could not be used. */
export function sameRefused(before: readonly StitchedSource[], now: readonly StitchedSource[]): boolean {
  const text = (all: readonly StitchedSource[]): string =>
    all
      .flatMap(({ hub, file, refused }) => (refused === null ? [] : [`${hub}/${file}`]))
      .sort()
      .join('\n');
  return text(before) === text(now);
}

/** Which of another hub's segments could fill a hole of ours: those that were recorded while ours show none. */
export function needed(own: HubSegments, other: Pick<HubSegments, 'hub' | 'manifest'>): readonly string[] {
  const shift = shifts([own]);
  const lines = (['picture', 'sound'] as const).map((track) => listOf([own], track, shift).stretches);
  return other.manifest.segments
    .filter(({ startedAt, endedAt }) => lines.some((line) => !covers(line, startedAt, endedAt ?? startedAt)))
    .map(({ file }) => file);
}

/** Less is not worth fetching a file for: the clocks of hubs differ as much. */
const worthMs = 60;

function covers(line: readonly Stretch[], from: number, to: number): boolean {
  let at = from;
  for (const stretch of line) {
    if (stretch.from - at > worthMs && at < to - worthMs) break;
    at = Math.max(at, stretch.to);
  }
  return at >= to - worthMs;
}
