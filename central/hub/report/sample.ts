/** One meeting as central is told about it once a second. */
import type { RelayStats } from '../../../hardware/relay/stats.ts';
import type { HubMeeting } from '../../../protocol/schema/telemetry.ts';
import { attached } from '../forward/table.ts';
import type { Meeting } from '../meeting.ts';
import { floorReach, siteLinks } from './telemetry.ts';

/** The relay's counters now and a second ago. */
export interface Counts {
  readonly now: RelayStats | null;
  readonly before: RelayStats | null;
}

/** @param shown base SSRC that a view shows. */
export async function meetingSample(
  { plan, mosaic, audio, recorder }: Meeting,
  node: string,
  { now, before }: Counts,
  shown: (view: string) => number | undefined,
): Promise<HubMeeting> {
  const { state } = mosaic.part();
  return {
    meeting: plan.meeting,
    sites: attached(plan, node).map(({ site, streams }) => ({
      site,
      ...(now === null ? { up: null, down: null } : siteLinks(site, now, before)),
      // Of a site on another page nothing is decoded: that its tile arrives has to do.
      tile: mosaic.tile(site) ?? (now?.streams.some(({ ssrc, flowing }) => ssrc === streams.tile.ssrc && flowing) ? 'live' : 'slate'),
      levelDb: audio.levelDb(site),
      speaking: audio.speaking(site),
    })),
    mosaic: { state: state === 'running' ? 'running' : state === 'failed' ? 'down' : 'starting', fps: await mosaic.fps() },
    floor: floorReach(plan, node, now, shown),
    recording: recorder === null ? null : await recordingSample(recorder),
  };
}

async function recordingSample(recorder: NonNullable<Meeting['recorder']>): Promise<HubMeeting['recording']> {
  const { state, because } = recorder.part();
  return {
    id: recorder.recording,
    state: state === 'failed' ? 'failed' : 'running',
    bytes: await recorder.bytes(),
    because: because.slice(0, 200),
  };
}
