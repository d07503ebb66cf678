/** The life of a meeting: planned, running, ended. A pure step from (meeting, request, time) to the next meeting, or a Fault that says why not. */
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { type FloorInput, reduce as reduceFloor } from '../../protocol/floor.ts';
import { appointingGrant, centralAuthor, compareGrants, type Grant } from '../../protocol/grant.ts';
import { mosaicSlots } from '../../protocol/plan.ts';
import type { Plan } from '../../protocol/schema/plan.ts';

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
  readonly sites: readonly string[];
  readonly grant: Grant;
  /** Six digits that open the chair's panel. A secret of the operators. */
  readonly pin: string;
  /** When the present speaker got the floor; null while nobody has it. */
  readonly floorSince: number | null;
  readonly layout: Plan['layout'];
  readonly recording: MeetingRecording | null;
}

export type MeetingRequest =
  | { readonly do: 'start' }
  | { readonly do: 'end' }
  | { readonly do: 'floor'; readonly input: FloorInput }
  | { readonly do: 'chair'; readonly chair: string | null }
  /** A hub knows this grant. */
  | { readonly do: 'adopt'; readonly grant: Grant }
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
      const step = reduceFloor({ grant: meeting.grant, sites: meeting.sites }, { type: 'end' }, centralAuthor);
      return step.ok ? changed(over(meeting, step.value.state.grant, at), step.value.because) : step;
    }
    case 'chair':
      return appoint(meeting, request.chair);
    case 'adopt':
      return adopt(meeting, request.grant, at);
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

const over = (meeting: Meeting, grant: Grant, at: number): Meeting => ({
  ...meeting,
  state: 'ended',
  endedAt: at,
  grant,
  floorSince: null,
  recording: null,
});

/** When the speaker of `grant` got the floor. */
function since(meeting: Meeting, grant: Grant, at: number): number | null {
  const [speaker] = grant.slots;
  return speaker === undefined ? null : speaker === meeting.grant.slots[0] ? meeting.floorSince : at;
}

/** Another chair is a new epoch: what the panel of the former one writes without knowing of it is below everything that follows. */
function appoint(meeting: Meeting, chair: string | null): Result<MeetingStep> {
  if (chair !== null && !meeting.sites.includes(chair)) return failed({ code: 'not-found', what: 'site of this meeting', id: chair });
  if (chair === meeting.grant.chair) return asItWas(meeting, chair === null ? 'nobody has the chair' : `${chair} has the chair already`);
  return changed(chaired(meeting, chair), chair === null ? 'nobody has the chair any more' : `${chair} has the chair`);
}

const chaired = (meeting: Meeting, chair: string | null): Meeting => ({ ...meeting, grant: appointingGrant(meeting.grant, chair) });

/** Somebody else has written while central was away, or before central knew: whatever is higher rules. */
function adopt(meeting: Meeting, grant: Grant, at: number): Result<MeetingStep> {
  if (meeting.state !== 'running') return conflict('meeting', `${meeting.id} has not started`);
  if (compareGrants(grant, meeting.grant) <= 0) return asItWas(meeting, 'the grant is known');
  const because = grant.by === centralAuthor ? 'central had written it and forgotten' : `the panel of ${grant.by} wrote it`;
  if (grant.ended) return changed(over(meeting, grant, at), `${because}: the meeting is ended`);
  return changed({ ...meeting, grant, floorSince: since(meeting, grant, at) }, because);
}

function stepFloor(meeting: Meeting, input: FloorInput, at: number): Result<MeetingStep> {
  if (input.type === 'gone' && meeting.sites.length === 1) return conflict('meeting', 'the last site cannot leave; end the meeting');
  const step = reduceFloor({ grant: meeting.grant, sites: meeting.sites }, input, centralAuthor);
  if (!step.ok) return step;
  const { state, effects, because } = step.value;
  const pages = Math.max(1, Math.ceil(state.sites.length / mosaicSlots));
  const layout = meeting.layout.page < pages ? meeting.layout : { ...meeting.layout, page: pages - 1 };
  const stepped: Meeting = { ...meeting, grant: state.grant, sites: state.sites, floorSince: since(meeting, state.grant, at), layout };
  const { chair } = state.grant;
  const orphaned = chair !== null && !state.sites.includes(chair);
  return ok({
    meeting: orphaned ? chaired(stepped, state.sites[0] ?? null) : stepped,
    because: orphaned ? `${because}; the chair passes to ${state.sites[0]}` : because,
    changed: effects.some((each) => each.do === 'publish'),
    warning: effects.some((each) => each.do === 'warn') ? because : null,
  });
}

/** The running meeting, other than `meeting`, in which one of its sites takes part already; null when there is none. */
export function clash(meeting: Meeting, all: Iterable<Meeting>): { readonly site: string; readonly meeting: string } | null {
  const mine = new Set(meeting.sites);
  for (const other of all) {
    if (other.id === meeting.id || other.state !== 'running') continue;
    const shared = other.sites.find((each) => mine.has(each));
    if (shared !== undefined) return { site: shared, meeting: other.id };
  }
  return null;
}
