import t from 'tap';
import { type Action, allowed, permissions } from '../../central/auth/permissions.ts';
import { absoluteMs, idleMs } from '../../central/auth/sessions.ts';
import type { Me } from '../../protocol/api.ts';
import { apiBench, setupToken } from '../support/central-api.ts';

const password = 'correct horse battery';

t.test('every action has one lowest role, and roles include each other', async (t) => {
  for (const action of Object.keys(permissions) as Action[]) {
    t.equal(allowed(action, 'admin'), true);
    if (allowed(action, 'viewer')) t.equal(allowed(action, 'operator'), true);
    if (allowed(action, null)) t.equal(allowed(action, 'viewer'), true);
  }
  t.equal(allowed('meetings.floor', 'viewer'), false);
  t.equal(allowed('users.write', 'operator'), false);
});

t.test('from the one-time token to sessions that end', async (t) => {
  const bench = await apiBench({ still: true });
  t.teardown(() => bench.stop());
  const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
    bench.call({ method: 'POST', url: `/api/v1${url}`, payload, headers });
  const cookieOf = (answer: { cookies: { name: string; value: string }[] }): string =>
    `diemcau_session=${answer.cookies.find((each) => each.name === 'diemcau_session')?.value}`;
  const me = (cookie: string) => bench.call({ url: '/api/v1/me', headers: { cookie } });

  const setup = async () => (await bench.call({ url: '/api/v1/setup' })).json<unknown>();
  t.strictSame(await setup(), { needed: true });
  const guessed = await post('/setup', { token: 'a guess', name: 'chief', password });
  t.equal(guessed.statusCode, 401);
  const made = await post('/setup', { token: setupToken, name: 'chief', password });
  t.equal(made.statusCode, 200, made.body);
  t.match(made.json<Me>(), { name: 'chief', role: 'admin' });
  t.strictSame(await setup(), { needed: false }, 'and strangers learn nothing more');
  const cookie = made.cookies[0];
  t.match(cookie, { httpOnly: true, sameSite: 'Strict', path: '/' });
  t.equal(cookie?.secure, undefined, 'plain http in the house');
  t.equal((await post('/setup', { token: setupToken, name: 'second', password })).statusCode, 409, 'the token works once');

  const wrong = await post('/login', { name: 'chief', password: 'no' });
  const unknown = await post('/login', { name: 'nobody-here', password: 'no' });
  t.equal(wrong.statusCode, 401);
  t.equal(wrong.body, unknown.body, 'no user enumeration');

  const first = await post('/login', { name: 'chief', password });
  const second = await post('/login', { name: 'chief', password });
  const [one, two] = [cookieOf(first), cookieOf(second)];
  t.equal((await me(one)).json<Me>().name, 'chief');
  t.equal((await me('diemcau_session=forged')).statusCode, 401);

  const csrf = first.json<Me>().csrf;
  const change = { name: 'helper', password: 'another long one', role: 'viewer' };
  t.equal((await post('/users', change, { cookie: one })).statusCode, 403, 'without the token of the page');
  t.equal(
    (await post('/users', change, { cookie: one, 'x-csrf-token': second.json<Me>().csrf })).statusCode,
    403,
    'with another session’s token',
  );
  t.equal((await post('/users', change, { cookie: one, 'x-csrf-token': csrf })).statusCode, 201);
  t.equal((await post('/users', change, { cookie: one, 'x-csrf-token': csrf })).statusCode, 409);

  const helper = await post('/login', { name: 'helper', password: 'another long one' });
  t.equal(helper.json<Me>().role, 'viewer');
  const patch = (payload: object) => bench.call({ method: 'PATCH', url: '/api/v1/users/helper', payload, headers: bench.bearer });
  await patch({ role: 'operator' });
  t.equal((await me(cookieOf(helper))).json<Me>().role, 'operator', 'a new role is in force at once');
  await patch({ password: 'a third long one' });
  t.equal((await me(cookieOf(helper))).statusCode, 401, 'a new password ends sessions');

  const users = (method: 'PATCH' | 'DELETE', payload?: object) =>
    bench.call({ method, url: '/api/v1/users/chief', headers: bench.bearer, ...(payload ? { payload } : {}) });
  t.equal((await users('PATCH', { role: 'viewer' })).statusCode, 409, 'the last administrator stays one');
  t.equal((await users('DELETE')).statusCode, 409, 'the last administrator stays');

  const changed = await post('/me/password', { old: password, password: 'quite a new password' }, { cookie: one, 'x-csrf-token': csrf });
  t.equal(changed.statusCode, 200, changed.body);
  t.equal((await me(two)).statusCode, 401, 'all other sessions ended');
  t.equal((await me(one)).statusCode, 401, 'the old cookie too');
  t.equal((await me(cookieOf(changed))).statusCode, 200, 'the new one works');

  const out = await post('/logout', {}, { cookie: cookieOf(changed), 'x-csrf-token': changed.json<Me>().csrf });
  t.equal(out.statusCode, 204);
  t.equal((await me(cookieOf(changed))).statusCode, 401);

  const idle = cookieOf(await post('/login', { name: 'chief', password: 'quite a new password' }));
  bench.clock.advance(idleMs - 1000);
  t.equal((await me(idle)).statusCode, 200);
  bench.clock.advance(idleMs - 1000);
  t.equal((await me(idle)).statusCode, 200, 'use keeps it alive');
  bench.clock.advance(idleMs + 1000);
  t.equal((await me(idle)).statusCode, 401, 'idle too long');
  const old = cookieOf(await post('/login', { name: 'chief', password: 'quite a new password' }));
  for (let passed = 0; passed < absoluteMs - idleMs; passed += idleMs / 2) {
    bench.clock.advance(idleMs / 2);
    await me(old);
  }
  t.equal((await me(old)).statusCode, 200);
  bench.clock.advance(idleMs);
  t.equal((await me(old)).statusCode, 401, 'a day is over, used or not');

  const rows = await bench.store.db.selectFrom('sessions').selectAll().execute();
  t.notOk(
    rows.some((each) => old.includes(each.id)),
    'no cookie is in the database',
  );
  const audit = JSON.stringify((await bench.call({ url: '/api/v1/audit', headers: bench.bearer })).json());
  for (const secret of [password, 'quite a new password', 'another long one', setupToken]) t.notMatch(audit, secret);
  t.match(audit, /"act":"session.login","target":"chief","outcome":"auth.required"/);
});

t.test('guessing is slowed down, by name and by address, and by nobody’s password', async (t) => {
  const bench = await apiBench({ still: true });
  t.teardown(() => bench.stop());
  const login = (name: string, word: string, remoteAddress = '10.0.0.1') =>
    bench.call({ method: 'POST', url: '/api/v1/login', payload: { name, password: word }, remoteAddress });
  await bench.call({ method: 'POST', url: '/api/v1/setup', payload: { token: setupToken, name: 'chief', password } });
  const guesses = await Promise.all(Array.from({ length: 8 }, (_, i) => login('chief', `guess ${i}`)));
  t.strictSame(
    guesses.map((each) => each.statusCode).toSorted(),
    [401, 401, 401, 401, 401, 429, 429, 429],
    'guesses made at once count too',
  );
  const told = await login('chief', password);
  t.equal(told.statusCode, 429, 'even the right one waits');
  t.equal(told.headers['retry-after'], '1');
  t.match(told.json(), { code: 'throttled', status: 429 });
  bench.clock.advance(1_000);
  t.equal((await login('chief', password)).statusCode, 200);
  t.equal((await login('chief', 'guess')).statusCode, 401, 'and starts afresh');

  const codes: number[] = [];
  for (let i = 0; i < 16; i++) codes.push((await login(`user-${i}`, 'guess', '10.0.0.2')).statusCode);
  t.notOk(codes.includes(429), 'sixteen names of one office');
  for (let i = 16; i < 21; i++) codes.push((await login(`user-${i}`, 'guess', '10.0.0.2')).statusCode);
  t.equal(codes.at(-1), 429, 'one address that tries many names');
  t.equal((await login('chief', password, '10.0.0.3')).statusCode, 200, 'others are not held up');
});

t.test('a tool of this machine has the service token, and only the whole of it', async (t) => {
  const bench = await apiBench({ still: true });
  t.teardown(() => bench.stop());
  const me = (authorization: string) => bench.call({ url: '/api/v1/me', headers: { authorization } });
  t.match((await me(bench.bearer.authorization)).json(), { name: 'service', role: 'admin' });
  for (const wrong of [bench.bearer.authorization.slice(0, -1), `${bench.bearer.authorization}x`, 'Bearer ', 'Basic eDp5', ''])
    t.equal((await me(wrong)).statusCode, 401, wrong);
  const abroad = await bench.call({ url: '/api/v1/me', headers: bench.bearer, remoteAddress: '10.0.0.9' });
  t.equal(abroad.statusCode, 401, 'not from another machine');
  const made = await bench.call({
    method: 'POST',
    url: '/api/v1/users',
    headers: bench.bearer,
    payload: { name: 'one', password, role: 'viewer' },
  });
  t.equal(made.statusCode, 201, 'no page, so no token of a page');
});
