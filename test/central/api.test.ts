import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { servePage } from '../../central/api/page.ts';
import { cookieName } from '../../central/api/routes/session.ts';
import { allowed, permissions } from '../../central/auth/permissions.ts';
import type { Me, UserRole } from '../../protocol/api.ts';
import { Problem } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { type ApiBench, apiBench, populate } from '../support/central-api.ts';
import { tempFolder } from '../support/temp-folder.ts';

const problems = decoder(Problem);
const password = 'a long enough password';

const examples: Readonly<Record<string, string>> = {
  id: 'm-abcdef1234',
  site: 'a',
  device: 'camera',
  hub: 'hub-1',
  name: 'somebody',
  picture: 'a.jpg',
  view: 'mosaic',
  file: '0001.mkv',
};
/** A path with its parameters filled in so that nothing of it exists. */
const example = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    key === 'id' && /\/(recordings|drills)\//.test(path) ? `${path.includes('/drills/') ? 'd' : 'r'}-abcdef1234` : (examples[key] ?? 'x'),
  );

interface Person {
  readonly headers: Record<string, string>;
}

async function people(bench: ApiBench): Promise<Record<UserRole, Person>> {
  const all = {} as Record<UserRole, Person>;
  for (const role of ['admin', 'operator', 'viewer'] as const) {
    await bench.call({ method: 'POST', url: '/api/v1/users', headers: bench.bearer, payload: { name: `the-${role}`, password, role } });
    const answer = await bench.call({ method: 'POST', url: '/api/v1/login', payload: { name: `the-${role}`, password } });
    all[role] = { headers: { cookie: `${cookieName}=${answer.cookies[0]?.value}`, 'x-csrf-token': answer.json<Me>().csrf } };
  }
  return all;
}

t.test('every route holds its permission, refuses strangers and foreign pages, and names the wrong field', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const who = await people(bench);
  for (const route of bench.routes) {
    const { method } = route;
    const url = example(route.path);
    const need = permissions[route.action];
    t.ok(need, `${method} ${route.path} has an entry in the permission table`);
    if (route.answer.is === 'raw' && route.answer.media === 'text/event-stream') continue; // never ends; has a test of its own
    const isLogin = route.action === 'session.login' || route.action === 'session.setup';
    const send = (headers: Record<string, string>, payload?: unknown) =>
      bench.call({
        method,
        url,
        headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
      });

    if (need !== 'anyone') {
      const stranger = await send({}, route.body ? {} : undefined);
      t.equal(stranger.statusCode, 401, `${method} ${url} without login`);
      t.match(problems.check(stranger.json()), { ok: true });
    }
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      if (route.act === 'session.logout') continue;
      const answer = await send(who[role].headers, route.body ? { surely: 'wrong' } : undefined);
      if (!allowed(route.action, role)) t.equal(answer.statusCode, 403, `${method} ${url} as ${role}`);
      else if (route.body) {
        t.equal(answer.statusCode, 422, `${method} ${url} as ${role} with a wrong body: ${answer.body}`);
        t.match(answer.json(), { code: 'input.invalid', path: /^\// });
      } else
        t.notOk(
          [401, 403].includes(answer.statusCode) || answer.statusCode === 500,
          `${method} ${url} as ${role}: ${answer.statusCode} ${answer.body.slice(0, 200)}`,
        );
      t.equal(answer.headers['x-content-type-options'], 'nosniff');
      t.match(answer.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
      t.notMatch(answer.headers['content-security-policy'], /unsafe/);
      if (url.startsWith('/api/')) t.equal(answer.headers['cache-control'], 'no-store');
    }
    if (method !== 'GET' && !isLogin) {
      const foreign = await send({ cookie: who.admin.headers.cookie ?? '' }, route.body ? {} : undefined);
      t.equal(foreign.statusCode, 403, `${method} ${url} from a foreign page`);
    }
  }
});

t.test('what does not fit is refused with its place and reason', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const send = (method: 'POST' | 'GET' | 'PATCH', url: string, body?: string, type = 'application/json') =>
    bench.call({
      method,
      url: `/api/v1${url}`,
      headers: { ...bench.bearer, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { payload: body }),
    });
  const rows: readonly [string, ReturnType<typeof send>, number, object][] = [
    ['an unknown key', send('POST', '/sites', '{"site":"a","name":"A","colour":"red"}'), 422, { path: '/colour', code: 'input.invalid' }],
    ['a wrong type', send('POST', '/sites', '{"site":"a","name":7}'), 422, { path: '/name' }],
    ['a bad id', send('POST', '/sites', '{"site":"Ă","name":"A"}'), 422, { path: '/site' }],
    ['a missing key', send('POST', '/sites', '{"name":"A"}'), 422, { code: 'input.invalid' }],
    ['a short password', send('POST', '/users', '{"name":"abc","password":"short","role":"viewer"}'), 422, { path: '/password' }],
    ['no JSON', send('POST', '/sites', '{"site":'), 422, { path: '/' }],
    [
      'no UTF-8',
      bench.call({
        method: 'POST',
        url: '/api/v1/sites',
        headers: { ...bench.bearer, 'content-type': 'application/json' },
        payload: Buffer.from([0x7b, 0xff, 0x7d]),
      }),
      422,
      {},
    ],
    ['too deep', send('POST', '/sites', `${'['.repeat(40)}${']'.repeat(40)}`), 413, { code: 'input.too-large' }],
    ['too large', send('POST', '/sites', `{"site":"${'a'.repeat(300_000)}"}`), 413, { code: 'input.too-large' }],
    ['not JSON by its type', send('POST', '/sites', '<site/>', 'text/xml'), 415, { code: 'input.invalid' }],
    ['no body', send('POST', '/sites'), 422, { code: 'input.invalid' }],
    ['a bad id in the path', send('GET', '/meetings/nonsense'), 422, { path: '/params/id' }],
    ['a bad query', send('GET', '/log?limit=9999'), 422, { path: '/query/limit' }],
    ['an unknown query', send('GET', '/log?colour=red'), 422, { path: '/query/colour' }],
    ['an unknown page', send('GET', '/nothing'), 404, { code: 'not-found' }],
    ['a site that is not there', send('PATCH', '/sites/x', '{"name":"X"}'), 404, { code: 'not-found' }],
  ];
  for (const [name, asked, status, like] of rows) {
    const answer = await asked;
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`);
    t.match(answer.headers['content-type'], /application\/problem\+json/);
    t.match(problems.check(answer.json()), { ok: true });
    t.match(answer.json(), { status, ...like }, name);
  }
});

t.test('the OpenAPI document describes every route', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const document = (await bench.call({ url: '/api/v1/openapi.json' })).json<{
    openapi: string;
    paths: Record<string, Record<string, Record<string, never>>>;
  }>();
  t.match(document, { openapi: '3.1.0', info: { title: String, version: String } });
  const ids = new Set<string>();
  for (const route of bench.routes) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()] as Record<string, unknown> | undefined;
    if (operation === undefined) {
      t.fail(`${route.method} ${route.path} is missing`);
      continue;
    }
    ids.add(String(operation.operationId));
    t.match(
      operation,
      { summary: String, responses: { [route.status]: { description: String }, default: { description: String } } },
      `${route.method} ${route.path}`,
    );
    if (route.answer.is === 'json')
      t.match(operation, { responses: { [route.status]: { content: { 'application/json': { schema: Object } } } } });
    if (route.body) t.match(operation, { requestBody: { required: true, content: { 'application/json': { schema: Object } } } });
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((each) => each[1]);
    const described = ((operation.parameters ?? []) as { name: string; in: string; required: boolean }[]).filter(
      (each) => each.in === 'path',
    );
    t.strictSame(described.map((each) => each.name).toSorted(), inPath.toSorted());
    t.ok(described.every((each) => each.required));
  }
  t.equal(ids.size, bench.routes.length, 'every operation has a name of its own');
  t.equal(Object.values(document.paths).flatMap(Object.keys).length, bench.routes.length, 'and nothing else');
});

t.test('the registry over HTTP: add, change, refuse doubles, refuse what is in use, remove', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const send = (method: 'POST' | 'PATCH' | 'DELETE' | 'GET', url: string, payload?: object) =>
    bench.call({ method, url: `/api/v1${url}`, headers: bench.bearer, ...(payload ? { payload } : {}) });
  const added = await send('POST', '/sites', { site: 'a', name: 'Điểm cầu A' });
  t.equal(added.statusCode, 201);
  t.match(added.json(), { site: 'a', name: 'Điểm cầu A', state: 'never', because: 'it has never connected', since: null });
  t.equal((await send('POST', '/sites', { site: 'a', name: 'again' })).statusCode, 409);
  t.match((await send('PATCH', '/sites/a', { name: 'B', order: 9 })).json(), { name: 'B', order: 9 });
  t.match((await send('POST', '/hubs', { hub: 'hub-1', name: 'Hub' })).json(), { hub: 'hub-1', state: 'never', host: null });
  t.equal((await send('POST', '/sites/a/restart-media')).statusCode, 202);
  t.strictSame(bench.restarted, ['a']);
  t.equal((await send('POST', '/sites/zz/restart-media')).statusCode, 404);
  populate(bench, ['a']);
  const { id } = (await send('POST', '/meetings', { title: 'Họp', sites: ['a'] })).json<{ id: string }>();
  t.equal((await send('POST', `/meetings/${id}/start`)).statusCode, 200);
  t.match((await send('DELETE', '/sites/a')).json(), { status: 409, detail: new RegExp(id) });
  t.equal((await send('DELETE', '/hubs/hub-1')).statusCode, 409);
  await send('POST', `/meetings/${id}/end`);
  t.equal((await send('DELETE', '/sites/a')).statusCode, 204);
  t.equal((await send('DELETE', '/sites/a')).statusCode, 404);
  t.equal((await send('DELETE', '/hubs/hub-1')).statusCode, 204);
  t.match((await send('GET', '/audit?limit=2')).json(), [
    { act: 'hub.remove', target: 'hub-1', outcome: 'done', by: 'service' },
    { act: 'site.remove', target: 'a', outcome: 'not-found', by: 'service' },
  ]);
});

t.test('the README lists every request with its least role', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const readme = await readFile(join(packageRoot(), 'central', 'README.md'), 'utf8');
  const listed = [...readme.matchAll(/^\| `((?:GET|POST|PATCH|DELETE) \S+)` \| (\w+) \| (.+) \|$/gm)].map((each) => each.slice(1));
  t.strictSame(
    listed,
    bench.routes.map((each) => [`${each.method} ${each.path}`, permissions[each.action], each.summary]),
  );
});

t.test('the page is served with its compressed files, hashed ones for ever', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  const folder = tempFolder(t, {
    'index.html': '<!doctype html>',
    '.secret': 'no',
    assets: { 'page-Z2RldS31xy.js': 'plain', 'page-Z2RldS31xy.js.br': 'brotli', 'page-Z2RldS31xy.js.gz': 'gzip' },
  });
  t.equal(await servePage(bench.app, join(folder, 'nowhere')), false);
  t.equal(await servePage(bench.app, folder), true);
  const index = await bench.call({ url: '/' });
  t.match(index, { statusCode: 200, body: '<!doctype html>', headers: { 'content-type': /text\/html/, 'cache-control': 'no-cache' } });
  t.match(index.headers['content-security-policy'], /script-src 'self'/);
  const script = await bench.call({ url: '/assets/page-Z2RldS31xy.js', headers: { 'accept-encoding': 'gzip, br' } });
  t.match(script, { body: 'brotli', headers: { 'content-encoding': 'br', 'content-type': /javascript/, 'cache-control': /immutable/ } });
  t.equal((await bench.call({ url: '/assets/page-Z2RldS31xy.js' })).body, 'plain');
  for (const url of ['/.secret', '/../package.json', '/%2e%2e/package.json', '/nothing'])
    t.equal((await bench.call({ url })).statusCode, 404, url);
});
