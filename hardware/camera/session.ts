/** What one viewer's connection answers to each request, and what it is then: described, set up, playing (RFC 2326 §10, appendix A). Pure. */
import type { Request } from './reader.ts';
import { type Response, type Status, TRACK } from './response.ts';
import { chooseTransport, type Transport, transportHeader, type UdpPorts } from './transport.ts';

export interface Session {
  readonly id: string;
  readonly transport: Transport;
  readonly playing: boolean;
}

/** What stays the same for a connection. */
export interface Camera {
  /** Of the stream's URL, as in `/camera`. */
  readonly path: string;
  readonly sdp: string;
  readonly ports: UdpPorts;
  readonly ssrc: number;
  /** Names a new session. Not to be guessed. */
  readonly newId: () => string;
}

export interface Answer {
  readonly response: Response;
  /** Null: none, or it was torn down. */
  readonly session: Session | null;
}

/** Who is silent for longer is gone, seconds. Viewers ask twice as often. */
export const SESSION_SECONDS = 60;

const METHODS = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN', 'GET_PARAMETER', 'SET_PARAMETER'] as const;
type Method = (typeof METHODS)[number];
const isMethod = (name: string): name is Method => (METHODS as readonly string[]).includes(name);

/** The path of a URL without query and without a slash at its end; null when it is none. `*` is the server itself. */
function pathOf(url: string): string | null {
  if (url === '*') return url;
  const path = /^rtsp:\/\/[^/?#\s]+([^?#\s]*)/i.exec(url)?.[1];
  return path === undefined ? null : path.replace(/\/+$/, '');
}

export function answer(session: Session | null, request: Request, camera: Camera): Answer {
  const cseq = request.headers.get('cseq') ?? null;
  const say = (status: Status, headers: Readonly<Record<string, string>> = {}, next: Session | null = session, body = ''): Answer => ({
    response: { status, cseq, headers, body },
    session: next,
  });
  if (cseq === null || !/^\d{1,10}$/.test(cseq)) return { response: { status: 400, cseq: null }, session };
  if (request.version !== 'RTSP/1.0') return say(505);
  const { method } = request;
  if (!isMethod(method)) return say(501, { Public: METHODS.join(', ') });
  const path = pathOf(request.url);
  if (path === null) return say(400);
  const isStream = path === camera.path || path === `${camera.path}/${TRACK}`;
  if (!isStream && !(path === '*' && (method === 'OPTIONS' || method === 'GET_PARAMETER'))) return say(404);
  // A session that is named must be the one of this connection.
  const named = request.headers.get('session')?.split(';')[0]?.trim();
  if (named !== undefined && named !== session?.id) return say(454);
  const of = (one: Session): Record<string, string> => ({ Session: `${one.id};timeout=${SESSION_SECONDS}` });

  switch (method) {
    case 'OPTIONS':
      return say(200, { Public: METHODS.join(', ') });
    case 'DESCRIBE': {
      const accept = request.headers.get('accept');
      if (accept !== undefined && !/application\/sdp|application\/\*|\*\/\*/i.test(accept)) return say(406);
      const base = request.url.replace(/[?#].*$/, '').replace(/\/*$/, '/');
      return say(200, { 'Content-Base': base, 'Content-Type': 'application/sdp' }, session, camera.sdp);
    }
    case 'SETUP': {
      if (session?.playing) return say(455);
      const transport = chooseTransport(request.headers.get('transport') ?? '');
      if (transport === null) return say(461);
      const next: Session = { id: session?.id ?? camera.newId(), transport, playing: false };
      return say(200, { Transport: transportHeader(transport, camera.ports, camera.ssrc), ...of(next) }, next);
    }
    case 'PLAY':
      if (session === null) return say(454);
      return say(200, { Range: 'npt=now-', ...of(session) }, { ...session, playing: true });
    case 'PAUSE':
      return session === null ? say(454) : say(200, of(session), { ...session, playing: false });
    case 'TEARDOWN':
      return session === null ? say(454) : say(200, {}, null);
    case 'GET_PARAMETER':
    case 'SET_PARAMETER':
      // Without parameters: a sign of life. We have none that could be asked for.
      return say(200, session === null ? {} : of(session));
    default:
      return method satisfies never;
  }
}
