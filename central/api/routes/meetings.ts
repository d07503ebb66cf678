/** Meetings: from the invitation to the end. Every POST is an intent: stored with its audit row, published, then answered. */
import { type Static, type TSchema, Type } from 'typebox';
import {
  ChairBody,
  FloorBody,
  InviteBody,
  LayoutBody,
  MeetingView,
  MuteBody,
  NewMeetingBody,
  NextBody,
  PanelView,
  RecordBody,
} from '../../../protocol/api.ts';
import { FaultError, type Result } from '../../../protocol/fault.ts';
import { MeetingId } from '../../../protocol/ids.ts';
import type { Action } from '../../auth/permissions.ts';
import type { Actor } from '../../auth/principal.ts';
import type { Meeting } from '../../meetings/reduce.ts';
import type { Meetings } from '../../meetings/service.ts';
import type { Board } from '../board.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

const idParam = Type.Object({ id: MeetingId }, { additionalProperties: false });

export function meetingRoutes({
  meetings,
  board,
}: {
  readonly meetings: Meetings;
  readonly board: Pick<Board, 'meeting'>;
}): readonly Route[] {
  const view = (result: Result<Meeting>): MeetingView => board.meeting(orThrow(result));

  /** POST /api/v1/meetings/{id}/{name} with a body. */
  const intent = <B extends TSchema | undefined>(
    name: string,
    action: Action,
    summary: string,
    body: B,
    ask: (id: string, act: string, body: B extends TSchema ? Static<B> : undefined, actor: Actor) => Promise<Result<Meeting>>,
  ): Route => {
    const act = `meeting.${name}`;
    return route(`POST /api/v1/meetings/{id}/${name}`, {
      action,
      act,
      summary,
      params: idParam,
      body,
      audit: 'stored',
      gives: MeetingView,
      run: async (call) => view(await ask(call.params.id, act, call.body as never, call.actor)),
    });
  };

  return [
    route('GET /api/v1/meetings', {
      action: 'meetings.read',
      summary: 'Meetings that are planned or running, and the last hundred that have ended, newest first',
      gives: Type.Array(MeetingView),
      run: () => meetings.list().map((each) => board.meeting(each)),
    }),
    route('POST /api/v1/meetings', {
      action: 'meetings.write',
      act: 'meeting.create',
      summary: 'Plan a meeting and invite its sites, in the order of the mosaic',
      body: NewMeetingBody,
      audit: 'stored',
      gives: MeetingView,
      status: 201,
      run: async ({ body, actor }) =>
        view(
          await meetings.create(
            {
              title: body.title,
              sites: body.sites,
              hub: body.hub ?? null,
              language: body.language ?? 'vi',
              chair: body.chair === undefined ? (body.sites[0] ?? null) : body.chair,
            },
            actor,
          ),
        ),
    }),
    route('GET /api/v1/meetings/{id}', {
      action: 'meetings.read',
      summary: 'One meeting',
      params: idParam,
      gives: MeetingView,
      run: async ({ params }) => {
        const meeting = await meetings.find(params.id);
        if (meeting === null) throw new FaultError({ code: 'not-found', what: 'meeting', id: params.id });
        return board.meeting(meeting);
      },
    }),
    route('GET /api/v1/meetings/{id}/panel', {
      action: 'meetings.floor',
      summary: 'The PIN of the chair’s panel, to be read out to the chair',
      params: idParam,
      gives: PanelView,
      run: async ({ params }) => {
        const meeting = await meetings.find(params.id);
        if (meeting === null) throw new FaultError({ code: 'not-found', what: 'meeting', id: params.id });
        return { site: meeting.grant.chair, pin: meeting.pin === '' ? null : meeting.pin };
      },
    }),
    intent('start', 'meetings.write', 'Start: places the meeting on a hub and brings every site in', undefined, (id, act, _body, actor) =>
      meetings.ask(id, act, { do: 'start' }, actor),
    ),
    intent('end', 'meetings.write', 'End: stops every stream and forgets the media keys', undefined, (id, act, _body, actor) =>
      meetings.ask(id, act, { do: 'end' }, actor),
    ),
    intent(
      'invite',
      'meetings.write',
      'Invite a site, also into a running meeting, or send it away',
      InviteBody,
      (id, act, { site, invited }, actor) => meetings.floor(id, act, { type: invited ? 'joined' : 'gone', site }, actor),
    ),
    intent('floor', 'meetings.floor', 'Give the floor to a site, or take it from everybody', FloorBody, (id, act, { site }, actor) =>
      meetings.floor(id, act, site === null ? { type: 'take' } : { type: 'give', site }, actor),
    ),
    intent('back', 'meetings.floor', 'Return the floor to the previous speaker', undefined, (id, act, _body, actor) =>
      meetings.floor(id, act, { type: 'back' }, actor),
    ),
    intent(
      'next',
      'meetings.floor',
      'Prepare who speaks next: it sends its picture already, unseen',
      NextBody,
      (id, act, { site }, actor) => meetings.floor(id, act, { type: 'prepare', site }, actor),
    ),
    intent('mute', 'meetings.floor', 'Mute a site for everybody, or unmute it', MuteBody, (id, act, { site, muted }, actor) =>
      meetings.floor(id, act, { type: 'mute', site, muted }, actor),
    ),
    intent('chair', 'meetings.write', 'Hand the chair to a site, or to nobody', ChairBody, (id, act, { site }, actor) =>
      meetings.ask(id, act, { do: 'chair', chair: site }, actor, { site }),
    ),
    intent('layout', 'meetings.floor', 'Choose what the mosaic shows', LayoutBody, (id, act, layout, actor) =>
      meetings.ask(id, act, { do: 'layout', layout }, actor, layout),
    ),
    intent('record', 'meetings.record', 'Start or stop recording', RecordBody, (id, act, { on, because }, actor) =>
      meetings.record(id, act, on, because ?? `${actor.by} asked for it`, actor),
    ),
  ];
}
