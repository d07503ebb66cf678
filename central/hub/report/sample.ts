/** One meeting as central is told about it once a second. */
import type { RelayStats } from '../../../hardware/relay/stats.ts';
import type { HubMeeting, HubSite } from '../../../protocol/schema/telemetry.ts';
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
  meeting: Meeting,
  node: string,
  { now, before }: Counts,
  shown: (view: string) => number | undefined,
): Promise<HubMeeting> {
  const { plan, mosaic, audio, recorder } = meeting;
  const { state } = mosaic.part();
  return {
    meeting: plan.meeting,
    sites: attached(plan, node).map(({ site, streams }) => ({
      site,
      ...(now === null ? { up: null, down: null } : siteLinks(site, now, before)),
      ...thinOf(meeting, site),
      ...voiceOf(streams.audio.ssrc, { now, before }),
      // Of a site on another page nothing is decoded: that its tile arrives has to do.
      tile: mosaic.tile(site) ?? (now?.streams.some(({ ssrc, flowing }) => ssrc === streams.tile.ssrc && flowing) ? 'live' : 'slate'),
      levelDb: audio.levelDb(site),
      speaking: audio.speaking(site),
    })),
    mosaic: { state: state === 'running' ? 'running' : state === 'failed' ? 'down' : 'starting', fps: await mosaic.fps() },
    floor: floorReach(plan, node, now, shown, { awake: meeting.awake, thinned: meeting.thinning.thinned }),
    recording: recorder === null ? null : recordingSample(recorder),
  };
}

/** What came of a voice since the last look. */
function voiceOf(ssrc: number, { now, before }: Counts): Pick<HubSite, 'voice'> {
  const after = now?.streams.find((each) => each.ssrc === ssrc);
  const prior = before?.streams.find((each) => each.ssrc === ssrc);
  if (after === undefined || prior === undefined) return {};
  return { voice: { packets: Math.max(0, after.packets - prior.packets), lost: Math.max(0, after.lost - prior.lost) } };
}

function thinOf({ thinning }: Meeting, site: string): Pick<HubSite, 'thin'> {
  const thin = thinning.sample(site);
  return thin === undefined ? {} : { thin };
}

function recordingSample(recorder: NonNullable<Meeting['recorder']>): HubMeeting['recording'] {
  const { state, because } = recorder.part();
  return {
    id: recorder.recording,
    state: state === 'failed' ? 'failed' : 'running',
    bytes: recorder.bytes,
    because: because.slice(0, 200),
  };
}
