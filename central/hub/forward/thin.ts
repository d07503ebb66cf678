/**
 * What a viewer is not sent because the way to it is too narrow: the mosaic first, then the speaker's large picture, in whose place the small one
 * goes, which always comes; never the mix. Each hub judges its own connections; the viewer takes the better picture of two. Pure.
 */
import { notWatched, queuesOf, type Watching, watchQueues } from '../../../hardware/relay/narrow.ts';
import type { RelayQueues } from '../../../hardware/relay/stats.ts';
import { climb, type Ladder, newsOf, nothingTold, type Told, topOfLadder } from '../../../protocol/ladder.ts';
import { fullScreen } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { ThinSample } from '../../../protocol/schema/telemetry.ts';

/** 0: everything; 1: no mosaic; 2: no mosaic, and the small picture of the speaker. */
export type ThinLevel = 0 | 1 | 2;
/** By site; those that get everything are not in it. */
export type Thinned = ReadonlyMap<string, ThinLevel>;

/** One viewer. */
export interface Thin {
  readonly watching: Watching;
  readonly ladder: Ladder;
  readonly told: Told;
  /** What came through when the level was last lowered, in kbit/s. */
  readonly kbps: number | null;
}

export const notThin: Thin = { watching: notWatched, ladder: topOfLadder, told: nothingTold, kbps: null };

/** IP, UDP, SRT and RTP around each packet, and parts of a packet. */
const wire = (kbps: number): number => kbps * 1.08 + 12;
/** An IDR is several times a picture's share. */
const PACE = 1.2;

/** Who watches the mosaic on the full screen has nothing else: for that viewer the first level changes nothing. */
function videos(plan: Plan, hub: PlanHub, viewer: string): readonly [number, number, number] {
  const shown = fullScreen(plan, viewer);
  const speaker = shown.shows === 'main' ? plan.sites.find(({ site }) => site === shown.site) : undefined;
  const mosaic = wire(hub.streams.mosaic.format.kbps);
  if (speaker === undefined) return [mosaic, mosaic, 0];
  const main = wire(speaker.streams.main.format.kbps);
  return [main + mosaic, main, wire(speaker.streams.tile.format.kbps)];
}

/** A mix with its headers: 44 + 28 bytes around every packet. */
const mix = ({ streams }: PlanHub): number => streams.mix.format.kbps + (72 * 8) / streams.mix.format.frameMs + 8;

export interface ThinStep {
  readonly thin: Thin;
  readonly what: 'narrowed' | 'widened' | null;
}

/** One look at the queues towards a viewer. */
export function thinStep(thin: Thin, plan: Plan, hub: PlanHub, viewer: string, queues: RelayQueues): ThinStep {
  const watching = watchQueues(
    thin.watching,
    queuesOf(queues, ({ peer, streamId }) => peer === viewer && streamId.startsWith('sub/')),
  );
  const { narrow, kbps } = watching.found;
  const needs = videos(plan, hub, viewer).map((video) => video + mix(hub));
  const ladder = climb(thin.ladder, { narrow, needs, fitsKbps: kbps }, queues.at);
  const { told, what } = newsOf(thin.told, ladder, queues.at);
  return { thin: { watching, ladder, told, kbps: ladder.level > thin.ladder.level ? kbps : thin.kbps }, what };
}

export const levelOf = ({ ladder }: Thin): ThinLevel => (ladder.level === 0 ? 0 : ladder.level === 1 ? 1 : 2);

/** What video to the viewer may take on the wire in kbit/s; null: whatever there is. */
export function paceOf(thin: Thin, plan: Plan, hub: PlanHub, viewer: string): number | null {
  const level = levelOf(thin);
  return level === 0 ? null : Math.max(64, Math.round(videos(plan, hub, viewer)[level] * PACE));
}

/** For people. */
export function thinSample(thin: Thin): ThinSample {
  const level = levelOf(thin);
  if (level === 0) return { level, because: '' };
  const about = thin.kbps === null ? '' : ` (about ${(thin.kbps / 1000).toFixed(thin.kbps < 950 ? 2 : 1)} Mbit/s)`;
  return { level, because: `the way in is narrow${about}: ${level === 1 ? 'no mosaic' : 'the small picture of the speaker'}` };
}
