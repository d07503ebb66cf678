/** Logging in and out, and who one is. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LoginBody, Me, PasswordBody, SetupBody, SetupState } from '../../../protocol/api.ts';
import { FaultError } from '../../../protocol/fault.ts';
import type { LoggedIn, Login } from '../../auth/login.ts';
import type { Principal } from '../../auth/principal.ts';
import { absoluteMs, type Sessions } from '../../auth/sessions.ts';
import type { Users } from '../../auth/users.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

export const cookieName = 'diemcau_session';

export interface SessionParts {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly users: Pick<Users, 'needsSetup'>;
}

/** Out of reach of scripts and of other sites; only over TLS where there is TLS. */
function setCookie(request: FastifyRequest, reply: FastifyReply, value: string): void {
  reply.setCookie(cookieName, value, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
    maxAge: value === '' ? 0 : absoluteMs / 1000,
  });
}

const meOf = ({ name, role, session }: Principal): Me => ({ name, role, csrf: session?.csrf ?? '' });

export function sessionRoutes({ login, sessions, users }: SessionParts): readonly Route[] {
  const welcome = (request: FastifyRequest, reply: FastifyReply, { cookie, principal }: LoggedIn): Me => {
    setCookie(request, reply, cookie);
    return meOf(principal);
  };
  return [
    route('GET /api/v1/setup', {
      action: 'setup.read',
      summary: 'Whether the first administrator is still to be made',
      gives: SetupState,
      run: async () => ({ needed: await users.needsSetup() }),
    }),
    route('POST /api/v1/setup', {
      action: 'session.setup',
      summary: 'Make the first administrator with the one-time token that central printed, and log in',
      body: SetupBody,
      audit: 'done',
      gives: Me,
      run: async ({ body, request, reply }) =>
        welcome(request, reply, orThrow(await login.setup(body.token, body.name, body.password, request.ip))),
    }),
    route('POST /api/v1/login', {
      action: 'session.login',
      summary: 'Log in: sets the session cookie',
      body: LoginBody,
      audit: 'done',
      gives: Me,
      run: async ({ body, request, reply }) => welcome(request, reply, orThrow(await login.login(body.name, body.password, request.ip))),
    }),
    route('POST /api/v1/logout', {
      action: 'session.logout',
      summary: 'Log out: ends the session',
      audit: 'done',
      gives: null,
      run: async ({ who, request, reply }) => {
        if (who?.session) await sessions.close(who.session.id);
        setCookie(request, reply, '');
      },
    }),
    route('GET /api/v1/me', {
      action: 'me.read',
      summary: 'Who is logged in, and the token for requests that change something',
      gives: Me,
      run: ({ who }) => meOf(known(who)),
    }),
    route('POST /api/v1/me/password', {
      action: 'me.password',
      summary: 'Change the own password: ends all sessions of this user and begins a new one',
      body: PasswordBody,
      audit: 'done',
      gives: Me,
      run: async ({ who, body, request, reply }) =>
        welcome(request, reply, orThrow(await login.changePassword(known(who), body.old, body.password, request.ip))),
    }),
  ];
}

function known(who: Principal | null): Principal {
  if (who === null) throw new FaultError({ code: 'auth.required', reason: 'log in first' });
  return who;
}
