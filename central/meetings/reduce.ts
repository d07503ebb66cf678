/** The life of a meeting: planned, running, ended. A pure step from (meeting, request, time) to the next meeting, or a Fault that says why not. */
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Grant } from '../../protocol/grant.ts';
import { mosaicSlots } from '../../protocol/plan.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { type Floor, type FloorInput, type FloorSite, reduce as reduceFloor } from '../floor/reduce.ts';

export interface MeetingRecording {
  readonly id: string;
  readonly because: string;
  readonly by: string;
  readonly startedAt: number;
}

export interface Meeting {
  readonly id: string;
  readonly title: string;
  readonly language: 'vi' | 'en';
  readonly state: 'planned' | 'running' | 'ended';
  /** The hub asked for while planned (null: any); the hub it runs or ran on afterwards. */
  readonly hub: string | null;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** In the order of the mosaic. */
  readonly sites: readonly FloorSite[];
  readonly grant: Grant;
  /** When the present speaker got the floor; null while nobody has it. */
  readonly floorSince: number | null;
  readonly layout: Plan['layout'];
  readonly recording: MeetingRecording | null;
}

export type MeetingRequest =
  | { readonly do: 'start' }
  | { readonly do: 'end' }
  | { readonly do: 'floor'; readonly input: FloorInput }
  | { readonly do: 'layout'; readonly layout: Plan['layout'] }
  /** Recording with the id that it shall have, or null to stop. */
  | { readonly do: 'record'; readonly recording: Omit<MeetingRecording, 'startedAt'> | null };

export interface MeetingStep {
  readonly meeting: Meeting;
  readonly because: string;
  /** False when the request found everything as it wanted. */
  readonly changed: boolean;
  /** Something that operators should know though nothing was changed. */
  readonly warning: string | null;
}

const changed = (meeting: Meeting, because: string): Result<MeetingStep> => ok({ meeting, because, changed: true, warning: null });
const asItWas = (meeting: Meeting, because: string): Result<MeetingStep> => ok({ meeting, because, changed: false, warning: null });
const conflict = (what: string, reason: string): Result<never> => failed({ code: 'conflict', what, reason });

/** What may be arranged before a meeting starts; everything else needs a running one. */
const arrangeable: ReadonlySet<FloorInput['type']> = new Set(['mute', 'joined', 'gone']);

export function reduce(meeting: Meeting, request: MeetingRequest, at: number): Result<MeetingStep> {
  if (meeting.state === 'ended') return conflict('meeting', `${meeting.id} has ended`);
  switch (request.do) {
    case 'start':
      if (meeting.state === 'running') return conflict('meeting', `${meeting.id} runs already`);
      return changed({ ...meeting, state: 'running', startedAt: at }, 'the meeting is started');
    case 'end': {
      const { grant } = meeting;
      const quiet = { ...grant, n: grant.n + 1, slots: [], next: null, previous: null };
      return changed({ ...meeting, state: 'ended', endedAt: at, grant: quiet, floorSince: null, recording: null }, 'the meeting is ended');
    }
    case 'floor':
      if (meeting.state === 'planned' && !arrangeable.has(request.input.type)) return conflict('meeting', `${meeting.id} has not started`);
      return stepFloor(meeting, request.input, at);
    case 'layout': {
      const { layout } = request;
      const pages = Math.max(1, Math.ceil(meeting.sites.length / mosaicSlots));
      if (layout.page >= pages) return failed({ code: 'input.invalid', path: '/page', reason: `there are ${pages} pages, counted from 0` });
      if (layout.mosaic === meeting.layout.mosaic && layout.page === meeting.layout.page)
        return asItWas(meeting, 'the layout is so already');
      return changed({ ...meeting, layout }, `the mosaic shows ${layout.mosaic}, page ${layout.page}`);
    }
    case 'record': {
      if (meeting.state !== 'running') return conflict('meeting', `${meeting.id} has not started`);
      const { recording } = request;
      if (recording === null)
        return meeting.recording === null
          ? asItWas(meeting, 'nothing is recorded')
          : changed({ ...meeting, recording: null }, `${meeting.recording.id} is stopped`);
      if (meeting.recording !== null) return asItWas(meeting, `${meeting.recording.id} is recorded already`);
      return changed({ ...meeting, recording: { ...recording, startedAt: at } }, `${recording.id} is recorded: ${recording.because}`);
    }
    default:
      return request satisfies never;
  }
}

function stepFloor(meeting: Meeting, input: FloorInput, at: number): Result<MeetingStep> {
  if (input.type === 'gone' && meeting.sites.length === 1) return conflict('meeting', 'the last site cannot leave; end the meeting');
  const floor: Floor = { grant: meeting.grant, sites: meeting.sites };
  const step = reduceFloor(floor, input);
  if (!step.ok) return step;
  const { state, effects, because } = step.value;
  const speaker = state.grant.slots[0];
  const floorSince = speaker === undefined ? null : speaker === meeting.grant.slots[0] ? meeting.floorSince : at;
  const pages = Math.max(1, Math.ceil(state.sites.length / mosaicSlots));
  const layout = meeting.layout.page < pages ? meeting.layout : { ...meeting.layout, page: pages - 1 };
  return ok({
    meeting: { ...meeting, grant: state.grant, sites: state.sites, floorSince, layout },
    because,
    changed: effects.some((each) => each.do === 'publish'),
    warning: effects.some((each) => each.do === 'warn') ? because : null,
  });
}

/** The running meeting, other than `meeting`, in which one of its sites takes part already; null when there is none. */
export function clash(meeting: Meeting, all: Iterable<Meeting>): { readonly site: string; readonly meeting: string } | null {
  const mine = new Set(meeting.sites.map((each) => each.site));
  for (const other of all) {
    if (other.id === meeting.id || other.state !== 'running') continue;
    const shared = other.sites.find((each) => mine.has(each.site));
    if (shared !== undefined) return { site: shared.site, meeting: other.id };
  }
  return null;
}
