/** Pictures, previews and recordings: central fetches them from hubs, so that a browser talks to central only. */
import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import type { WebSocket } from 'ws';
import { PreviewView } from '../../../protocol/api.ts';
import type { Clock } from '../../../protocol/clock.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { MeetingId, NodeId, RecordingId } from '../../../protocol/ids.ts';
import type { Log } from '../../../protocol/log.ts';
import { RecordingView, stitchedFile } from '../../../protocol/recording.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';
import type { Sessions } from '../../auth/sessions.ts';
import type { NodeFacts } from '../../telemetry/facts.ts';
import { stitchedOf } from '../copies.ts';
import { type HubClient, refusalOf } from '../hub-client.ts';
import { join } from '../preview.ts';
import { orThrow } from '../problem.ts';
import type { Recordings } from '../recordings.ts';
import { type Call, type Route, route } from '../route.ts';
import { earlierHub, pictureHub } from '../views.ts';

export interface MediaParts {
  readonly client: HubClient;
  readonly meetings: { planOf(id: string): Plan | null };
  readonly facts: (node: string) => NodeFacts | undefined;
  readonly recordings: Recordings;
  readonly sessions: Pick<Sessions, 'alive'>;
  readonly clock: Clock;
  readonly log: Log;
}

const closed = { additionalProperties: false } as const;
const thumb = Type.Object(
  { id: MeetingId, picture: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}\\.jpg$', description: 'site id and .jpg' }) },
  closed,
);
const preview = Type.Object({ id: MeetingId, view: PreviewView }, closed);
const single = Type.Object({ id: MeetingId, site: NodeId }, closed);
const one = Type.Object({ id: RecordingId }, closed);
const file = Type.Object({ id: RecordingId, file: Type.String({ pattern: '^([0-9]{4}|stitched)\\.mkv$' }) }, closed);
const at = Type.Object({ hub: Type.Optional(NodeId) }, closed);

/** Headers that make sense beyond the hub. */
const passed = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'last-modified', 'etag', 'age'] as const;
/** "Try again later" (RFC 6455 §7.4.1, IANA registry). */
const tryAgain = 1013;
/** Each is 1.5 Mbit/s from the hub and to the browser. */
const watchersMax = 100;
/** A session that ended takes its previews along within this time. */
const checkMs = 5_000;
/** A hub that is back and composes has the sites' pictures together by then. */
const settledChecks = 2;

const noPlainRequest = (): never => {
  throw new FaultError({ code: 'input.invalid', path: '/headers/upgrade', reason: 'this is a WebSocket' });
};

export function mediaRoutes({ client, meetings, facts, recordings, sessions, clock, log }: MediaParts): readonly Route[] {
  let watching = 0;
  const hubOf = (meeting: string): string => {
    const plan = meetings.planOf(meeting);
    const hub = plan === null ? undefined : pictureHub(plan, facts, clock.mono());
    if (hub === undefined) throw new FaultError({ code: 'not-found', what: 'running meeting', id: meeting });
    return hub;
  };

  /** Which hub's file is meant: the one that is named, else the one that has the file. @throws FaultError not-found. */
  const holderOf = async (id: string, name: string, hub: string | undefined): Promise<string> => {
    const found = orThrow(await recordings.find(id));
    if (name === stitchedFile) return stitchedOf(found.copies)?.hub ?? found.hub;
    if (hub === undefined) return found.hub;
    if (found.copies.some((copy) => copy.hub === hub)) return hub;
    throw new FaultError({ code: 'not-found', what: `part of ${id} on hub`, id: hub });
  };

  /** Passes a hub's answer on as it comes; when the browser goes, the hub is told. */
  const relay = async (
    { request, reply }: Pick<Call<unknown, unknown, undefined>, 'request' | 'reply'>,
    hub: string,
    path: string,
    name: string | null,
  ): Promise<unknown> => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const { range } = request.headers;
    const answer = await client.open(hub, path, { signal: gone.signal, headers: range === undefined ? {} : { range } });
    const status = answer.statusCode ?? 502;
    if (![200, 206, 304, 416].includes(status)) {
      answer.destroy();
      throw new FaultError(refusalOf(hub, path, status));
    }
    copyHeaders(answer, reply.header.bind(reply));
    if (name !== null) reply.header('content-disposition', `attachment; filename="${name}"`);
    return reply.code(status).send(answer);
  };

  /** Joins a browser to a preview of the meeting's hub. */
  const watch = (
    browser: WebSocket,
    { params, actor, who }: Pick<Call<{ readonly id: string }, unknown, unknown>, 'params' | 'actor' | 'who'>,
    view: string,
  ): void => {
    if (watching >= watchersMax) {
      browser.close(tryAgain, 'too many previews are open');
      return;
    }
    try {
      const hub = hubOf(params.id);
      const joined = join(browser, client.socket(hub, `/v1/meetings/${params.id}/preview/${view}`), clock, (because) => {
        watching -= 1;
        check.cancel();
        log.debug({ ...params, view, by: actor.by, because }, 'a preview ended');
      });
      watching += 1;
      let settled = 0;
      const check = clock.every(checkMs, 'preview check', () => {
        // Sites go back to an earlier hub; the one that stood in for it goes on composing, without them.
        const plan = meetings.planOf(params.id);
        const earlier = plan === null ? null : earlierHub(plan, hub, facts, clock.mono());
        settled = earlier === null ? 0 : settled + 1;
        if (settled >= settledChecks) joined.close(`${earlier} has the meeting again`);
        const allowed = who === null ? Promise.resolve(false) : sessions.alive(who);
        allowed.then(
          (still) => still || joined.close('logged out'),
          (error: unknown) => {
            log.error({ error }, 'could not look at a session; its preview ends');
            joined.close('session unknown');
          },
        );
      });
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      browser.close(tryAgain, error.message.slice(0, 100));
    }
  };

  return [
    route('GET /api/v1/meetings/{id}/thumbs/{picture}', {
      action: 'pictures.read',
      summary: 'The latest small picture of a site, as the hub sees it',
      params: thumb,
      gives: 'image/jpeg',
      run: (call) => relay(call, hubOf(call.params.id), `/v1/meetings/${call.params.id}/thumbs/${call.params.picture}`, null),
    }),
    route('GET /api/v1/meetings/{id}/preview/{view}', {
      action: 'pictures.read',
      summary: 'WebSocket with live pictures: text frames are PreviewNote, binary frames fragmented MP4',
      params: preview,
      gives: 'video/mp4',
      run: noPlainRequest,
      upgrade: (browser, call) => watch(browser, call, call.params.view),
    }),
    route('GET /api/v1/meetings/{id}/preview/site/{site}', {
      // Who may not steer its camera has the mosaic and the stills: few can be open at a time.
      action: 'devices.act',
      summary: 'WebSocket with the live picture of one site, to steer its camera by; frames as of the other previews',
      params: single,
      gives: 'video/mp4',
      run: noPlainRequest,
      upgrade: (browser, call) => {
        const { id, site } = call.params;
        if (meetings.planOf(id)?.sites.some((each) => each.site === site) !== true)
          browser.close(tryAgain, `${site} is not in a running meeting ${id}`.slice(0, 100));
        else watch(browser, call, `site/${site}`);
      },
    }),
    route('GET /api/v1/recordings', {
      action: 'recordings.read',
      summary: 'All recordings, newest first',
      gives: Type.Array(RecordingView),
      run: () => recordings.list(),
    }),
    route('GET /api/v1/recordings/{id}/{file}', {
      action: 'recordings.read',
      summary: 'Download one file of a recording (Matroska): stitched.mkv, or a segment of one hub; takes Range',
      params: file,
      query: at,
      gives: 'video/x-matroska',
      run: async (call) => {
        const { id, file } = call.params;
        const hub = await holderOf(id, file, call.query.hub);
        return relay(call, hub, `/v1/recordings/${id}/${file}`, `${id}-${file}`);
      },
    }),
    route('GET /api/v1/recordings/{id}/{file}/play', {
      action: 'recordings.read',
      summary: 'The same file for the browser: fragmented MP4, made as it is watched',
      params: file,
      query: at,
      gives: 'video/mp4',
      run: async (call) => {
        const { id, file } = call.params;
        const hub = await holderOf(id, file, call.query.hub);
        return relay(call, hub, `/v1/recordings/${id}/${file}/play`, null);
      },
    }),
    route('DELETE /api/v1/recordings/{id}', {
      action: 'recordings.delete',
      act: 'recording.delete',
      summary: 'Delete a recording from all hubs',
      params: one,
      audit: 'done',
      gives: null,
      run: async ({ params }) => {
        orThrow(await recordings.remove(params.id));
      },
    }),
  ];
}

function copyHeaders(from: IncomingMessage, set: (name: string, value: string) => unknown): void {
  for (const name of passed) {
    const value = from.headers[name];
    if (value !== undefined) set(name, value);
  }
}
