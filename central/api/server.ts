/** The HTTP server: the route table on Fastify, with identity, permission, validation, problems, audit and headers the same for every route. */
import cookies from '@fastify/cookie';
import websocket from '@fastify/websocket';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Problem } from '../../protocol/api.ts';
import type { Clock } from '../../protocol/clock.ts';
import { decoder } from '../../protocol/decode.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { allowed } from '../auth/permissions.ts';
import type { Principal } from '../auth/principal.ts';
import type { ServiceToken } from '../auth/service-token.ts';
import type { Sessions } from '../auth/sessions.ts';
import { sameText } from '../auth/users.ts';
import { auditor } from './audit.ts';
import type { History } from './contract.ts';
import { securityHeaders } from './headers.ts';
import { Idempotency } from './idempotency.ts';
import { internalProblem, orThrow, problemOf } from './problem.ts';
import { type Call, type Route, urlOf } from './route.ts';
import { cookieName } from './routes/session.ts';
import type { WebTls } from './tls.ts';

export interface ServerParts {
  readonly routes: readonly Route[];
  readonly sessions: Pick<Sessions, 'find'>;
  readonly serviceToken: Pick<ServiceToken, 'principal'>;
  readonly history: Pick<History, 'addAudit'>;
  /** Central stands behind a proxy that sets X-Forwarded-*. */
  readonly trustProxy: boolean;
  /** Of the page; null: no TLS. */
  readonly tls: WebTls | null;
  readonly clock: Clock;
  readonly log: Log;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before anything else is looked at. */
    who: Principal | null;
  }
  interface FastifyContextConfig {
    route?: Route;
  }
}

/** The largest body is a list of 512 sites. */
const bodyBytes = 256 * 1024;
const anything = decoder(Type.Unknown());

/** Builds the server; the caller listens and closes. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const options = {
    logger: false,
    trustProxy: parts.trustProxy,
    bodyLimit: bodyBytes,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 128, ignoreTrailingSlash: false },
  } as const;
  // The two kinds of server differ in a type that nothing here looks at.
  const app = parts.tls === null ? fastify(options) : (fastify({ ...options, https: parts.tls }) as unknown as FastifyInstance);
  const audit = auditor(parts.history, parts.clock, parts.log);
  const idempotency = new Idempotency();
  app.decorateRequest('who', null);
  await app.register(cookies);
  await app.register(websocket, { options: { maxPayload: 4096, perMessageDeflate: false } });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    // Clients that always send the header also send it with nothing.
    const decoded = body.length === 0 ? { ok: true as const, value: undefined } : anything.decode(body as Buffer);
    if (decoded.ok) done(null, decoded.value);
    else done(new FaultError(decoded.fault));
  });

  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const checker = decoder(schema);
    const prefix = httpPart === undefined || httpPart === 'body' ? '' : `/${httpPart === 'querystring' ? 'query' : httpPart}`;
    return (value: unknown) => {
      const checked = checker.check(value);
      if (checked.ok) return { value: checked.value };
      const { fault } = checked;
      return { error: new FaultError(fault.code === 'input.invalid' ? { ...fault, path: `${prefix}${fault.path}` } : fault) };
    };
  });
  // What leaves is checked like what comes in: a field that its schema does not name cannot leak.
  app.setSerializerCompiler<TSchema>(({ schema }) => {
    const checker = decoder(schema);
    return (value: unknown) => {
      orThrow(checker.check(value));
      return JSON.stringify(value);
    };
  });

  app.addHook('onRequest', async (request, reply) => {
    securityHeaders(request, reply);
    const { route } = request.routeOptions.config;
    if (route === undefined) return;
    await identify(request, parts);
    if (allowed(route.action, request.who?.role ?? null)) return guardAgainstForeignPages(request, route);
    if (request.who === null) throw new FaultError({ code: 'auth.required', reason: 'log in first' });
    throw new FaultError({ code: 'auth.forbidden', need: `a role that may ${route.action}` });
  });

  app.setErrorHandler((error: unknown, request, reply) => {
    const fault = error instanceof FaultError ? error.fault : null;
    const problem = fault === null ? foreignProblem(error) : problemOf(fault);
    if (problem.status >= 500 && fault === null)
      parts.log.error({ error, method: request.method, path: request.routeOptions.url }, 'a request failed');
    if (fault?.code === 'throttled') reply.header('retry-after', String(Math.ceil(fault.retryAfterMs / 1000)));
    audit.refused(request, problem.code);
    return send(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => send(reply, problemOf({ code: 'not-found', what: 'page', id: request.url.slice(0, 200) })));

  for (const route of parts.routes) add(app, route, { parts, audit, idempotency });
  return app;
}

interface Around {
  readonly parts: ServerParts;
  readonly audit: ReturnType<typeof auditor>;
  readonly idempotency: Idempotency;
}

function add(app: FastifyInstance, route: Route, { parts, audit, idempotency }: Around): void {
  const schema = {
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.query === undefined ? {} : { querystring: route.query }),
    ...(route.body === undefined ? {} : { body: route.body }),
    ...(route.answer.is === 'json' ? { response: { [route.status]: route.answer.schema } } : {}),
  };
  const call = (request: FastifyRequest, reply: FastifyReply | null): Call<never, never, never> => ({
    params: request.params as never,
    query: request.query as never,
    body: request.body as never,
    who: request.who,
    actor: { by: request.who?.name ?? 'nobody', from: request.ip },
    request,
    // A socket has no reply; its handler does not ask for one.
    reply: reply as FastifyReply,
  });
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (route.answer.is === 'raw') return route.run(call(request, reply));
    const run = async (): Promise<unknown> => {
      const value = await route.run(call(request, reply));
      if (route.audit === 'done') await audit.done(request);
      return value ?? null;
    };
    const key = route.method === 'POST' && request.who !== null ? request.headers['idempotency-key'] : undefined;
    const what = { who: request.who?.name ?? '', key: String(key), what: `${request.method} ${request.url}`, body: request.body };
    const value = key === undefined ? await run() : orThrow(await idempotency.once(what, parts.clock.mono(), run));
    return reply.code(route.status).send(route.answer.is === 'empty' ? undefined : value);
  };
  const options = { method: route.method, url: urlOf(route.path), schema, config: { route }, handler };
  const { upgrade } = route;
  if (upgrade === undefined) app.route(options);
  else app.route({ ...options, wsHandler: (socket, request) => upgrade(socket, call(request, null)) });
}

async function identify(request: FastifyRequest, { sessions, serviceToken }: ServerParts): Promise<void> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    request.who = serviceToken.principal(authorization, request.ip);
    if (request.who === null) throw new FaultError({ code: 'auth.required', reason: 'unknown bearer token' });
    return;
  }
  const cookie = request.cookies[cookieName];
  if (cookie !== undefined) request.who = await sessions.find(cookie);
}

/** A session's cookie comes by itself, so what changes something must carry a token that a foreign page cannot know. */
function guardAgainstForeignPages(request: FastifyRequest, route: Route): void {
  const session = request.who?.session ?? null;
  if (route.upgrade !== undefined && request.headers.origin !== undefined && hostOf(request.headers.origin) !== request.host)
    throw new FaultError({ code: 'auth.forbidden', need: 'a page of this server' });
  if (session === null || route.method === 'GET' || route.action === 'session.login' || route.action === 'session.setup') return;
  const token = request.headers['x-csrf-token'];
  if (typeof token !== 'string' || !sameText(token, session.csrf))
    throw new FaultError({ code: 'auth.forbidden', need: 'the header x-csrf-token of this session' });
}

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);

/** Errors of Fastify itself: its 4xx are the client's, the rest is ours. */
function foreignProblem(error: unknown): Problem {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status === 413) return problemOf({ code: 'input.too-large', limit: 'body', size: bodyBytes + 1, max: bodyBytes });
  if (status >= 400 && status < 500) {
    const reason = error instanceof Error ? error.message : 'bad request';
    return { ...problemOf({ code: 'input.invalid', path: '/', reason }), status };
  }
  return internalProblem;
}

const problems = decoder(Problem);

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  const text = JSON.stringify(orThrow(problems.check(problem)));
  return reply.code(problem.status).header('content-type', 'application/problem+json; charset=utf-8').serializer(String).send(text);
}
