/** One HTTP request to a simulated camera, and what it answers: the way through boot, address, login and service. Nothing here holds a socket. */
import type { Camera, Operation, Service } from './camera.ts';
import { device, PRE_AUTH } from './device.ts';
import { events } from './events.ts';
import { imaging } from './imaging.ts';
import type { HttpRequest, Login, Verdict } from './login.ts';
import { media } from './media.ts';
import { media2 } from './media2.ts';
import { media2Profiles } from './profiles.ts';
import { ptz } from './ptz.ts';
import { snapshot } from './scene.ts';
import { type Answer, type Call, envelope, fault, isRefusal, notAuthorized, notImplemented, readCall } from './soap.ts';
import { NAMESPACES, type Prefix, writeXml } from './write.ts';

export interface Asked extends HttpRequest {
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
}

/** What it counts of what it was asked. */
export interface Tally {
  /** `tptz:Stop`, carried out or refused for its content. */
  readonly requests: Map<string, number>;
  /** For want of a right login. */
  refused: number;
  /** Why the last one was. */
  lastRefusal: string;
}

const SERVICES: Readonly<Partial<Record<Prefix, Service>>> = {
  tds: device,
  trt: media,
  tr2: media2,
  tptz: ptz,
  timg: imaging,
  tev: events,
  wsnt: events,
};
const PATHS = /^\/onvif\/(?:(?:device|media|media2|ptz|imaging|event)_service|pullpoint\/\d{1,10})$/;
const SNAPSHOT = /^\/snapshot\/([\w]{1,40})\.jpg$/;
const RIGHT: Verdict = { in: true };

const plain = (status: number, body: string): Answered => ({ status, headers: { 'Content-Type': 'text/plain' }, body });

export async function answer(camera: Camera, login: Login, tally: Tally, asked: Asked): Promise<Answered> {
  const { clock } = camera.options;
  const { boot } = camera.quirks;
  if (boot?.as === '503' && clock.mono() - camera.startedMs < boot.ms) return plain(503, 'starting');
  const path = asked.uri.split('?')[0] ?? '';
  const token = SNAPSHOT.exec(path)?.[1];
  if (token !== undefined) return picture(camera, login, tally, asked, token);
  if (!PATHS.test(path)) return plain(404, 'not found');
  if (asked.method !== 'POST') return plain(405, 'POST only');
  const call = readCall(asked.body);
  if (isFault(call)) return soap(camera, call);
  const { name, operation } = operationOf(camera, call);
  const open = PRE_AUTH.has(call.body.name) && !(camera.quirks.timeNeedsLogin && call.body.name === 'GetSystemDateAndTime');
  const verdict = open ? RIGHT : verdictOn(camera, login, asked, call);
  if (!verdict.in) return refused(camera, login, tally, verdict);
  if (operation === null) return soap(camera, notImplemented);
  tally.requests.set(name, (tally.requests.get(name) ?? 0) + 1);
  return soap(camera, await operation(camera, call, path));
}

const isFault = (call: Call | Answer): call is Extract<Answer, { refuse: unknown }> => 'refuse' in call;

function operationOf({ quirks }: Camera, { body }: Call): { readonly name: string; readonly operation: Operation | null } {
  const prefix = (Object.keys(SERVICES) as Prefix[]).find((each) => NAMESPACES[each] === body.namespace);
  const service = prefix === undefined || (prefix === 'tr2' && quirks.media2 === 'absent') ? undefined : SERVICES[prefix];
  const operation = service !== undefined && Object.hasOwn(service, body.name) ? service[body.name] : undefined;
  return { name: `${prefix ?? '?'}:${body.name}`, operation: operation ?? null };
}

function verdictOn({ quirks, options }: Camera, login: Login, asked: Asked, { token }: Call): Verdict {
  if (quirks.login === 'open' || options.password === '') return RIGHT;
  const byToken = token !== null && quirks.login !== 'digest' ? login.token(token) : null;
  if (byToken?.in === true) return byToken;
  if (asked.authorization !== undefined && quirks.login !== 'wsse') return login.digest(asked);
  return byToken ?? { in: false, because: 'no login came with it', stale: false };
}

function refused(camera: Camera, login: Login, tally: Tally, verdict: Verdict): Answered {
  const because = verdict.in ? '' : verdict.because;
  tally.refused++;
  tally.lastRefusal = because;
  camera.options.log.debug({ because }, 'login refused');
  const { login: way, refusedStatus } = camera.quirks;
  const status = way === 'digest' ? 401 : refusedStatus;
  const answered = soap(camera, notAuthorized);
  const challenges = status === 401 && way !== 'wsse' ? { 'WWW-Authenticate': login.challenges(!verdict.in && verdict.stale) } : {};
  return { status, headers: { ...answered.headers, ...challenges }, body: answered.body };
}

/** Sender faults are 400, Receiver faults 500, as SOAP over HTTP has it. */
function soap({ quirks }: Camera, said: Answer): Answered {
  const status = isRefusal(said) ? (said.refuse === 'Sender' ? 400 : 500) : 200;
  const body = writeXml(envelope(isRefusal(said) ? fault(said) : said), quirks.spelling);
  return { status, headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' }, body };
}

/** Over plain HTTP there are digests only, whatever the services want. */
function picture(camera: Camera, login: Login, tally: Tally, asked: Asked, token: string): Answered {
  const profile = media2Profiles(camera.quirks).find((each) => each.token === token);
  if (profile === undefined) return plain(404, 'no such profile');
  if (asked.method !== 'GET') return plain(405, 'GET only');
  const open = camera.quirks.login === 'open' || camera.options.password === '';
  const verdict = open ? RIGHT : login.digest(asked);
  if (!verdict.in) {
    tally.refused++;
    tally.lastRefusal = verdict.because;
    return {
      status: 401,
      headers: { 'Content-Type': 'text/plain', 'WWW-Authenticate': login.challenges(verdict.stale) },
      body: 'who are you?',
    };
  }
  return { status: 200, headers: { 'Content-Type': 'image/jpeg' }, body: snapshot(camera, 640, 360) };
}
