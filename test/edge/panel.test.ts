/** The chair's panel over HTTP: locked by the meeting's PIN, ruling with the hubs alone, deaf to other pages. */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { panelUrl } from '../../edge/panel/address.ts';
import { Lock } from '../../edge/panel/lock.ts';
import { Panel } from '../../edge/panel/server.ts';
import { decoder } from '../../protocol/decode.ts';
import { nextGrant } from '../../protocol/grant.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { panelKey } from '../../protocol/node/pin.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { PanelDone, PanelState } from '../../protocol/panel.ts';
import { type Box, box, confirmed, hub, knows, meeting, net } from '../support/floors.ts';
import { ManualClock } from '../support/manual-clock.ts';

const clock = systemClock();
const pin = '042137';

interface Served {
  readonly url: string;
  readonly ask: (method: 'GET' | 'POST', path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

async function serve(t: Test, { floor }: Box, identity: Identity, host = '127.0.0.1'): Promise<Served> {
  const key = await panelKey(meeting, pin);
  const panel = new Panel({
    host,
    port: 0,
    identity,
    page: join(import.meta.dirname, 'nowhere'),
    floor,
    name: () => 'Long Xuyên',
    key: () => key,
    central: () => false,
    addresses: () => [],
    clock,
    log: silentLog(),
  });
  await panel.start();
  t.teardown(() => panel.stop());
  const { url } = panel;
  if (url === null) throw new Error('not served');
  let cookie = '';
  const ask: Served['ask'] = async (method, path, body, headers = {}) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}${path}`, { method, ...text, headers: { 'x-panel': '1', cookie, ...headers } });
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return answer;
  };
  return { url, ask };
}

t.test('the chair rules without central and broker', async (t) => {
  const around = await net(t);
  const one = await hub(t, around, 'hub-1');
  one.floors.plan([around.plan]);
  const chair = await box(t, around, 'site-1', ['hub-1']);
  const site = await box(t, around, 'site-2', ['hub-1']);
  await confirmed(chair, ['hub-1']);
  const { url, ask } = await serve(t, chair, await around.identity('site-1', 'edge'));
  const state = async (): Promise<PanelState> => (await (await ask('GET', '/api/state')).json()) as PanelState;

  t.strictSame(await state(), { panel: 'locked', name: 'Long Xuyên', central: false, meeting: null }, 'nothing is told before the PIN');
  t.equal((await ask('POST', '/api/act', { type: 'take' })).status, 401);
  t.equal((await ask('POST', '/api/open', { pin: '1' })).status, 422);
  const wrong = await ask('POST', '/api/open', { pin: '000000' });
  t.strictSame([wrong.status, wrong.headers.get('content-type')], [401, 'application/problem+json']);
  t.match(await wrong.json(), { code: 'auth.required', status: 401 });
  const opened = await ask('POST', '/api/open', { pin });
  t.match(opened.headers.get('set-cookie'), /^panel=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/);
  t.match(opened.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/);
  const open = await state();
  t.match(decoder(PanelState).check(open), { ok: true });
  t.match(open, {
    panel: 'open',
    meeting: {
      meeting,
      hubs: [
        { hub: 'hub-1', confirmed: true },
        { hub: 'hub-2', confirmed: false },
      ],
    },
  });

  const given = (await (await ask('POST', '/api/act', { type: 'give', site: 'site-3' })).json()) as PanelDone;
  t.match(decoder(PanelDone).check(given), { ok: true });
  t.match(given, { changed: true, confirmed: ['hub-1'], state: { meeting: { grant: { epoch: 2, by: 'site-1', slots: ['site-3'] } } } });
  await knows(site.floor, { slots: ['site-3'] });
  for (const act of [
    { type: 'prepare', site: 'site-2' },
    { type: 'mute', site: 'site-3', muted: true },
    { type: 'take' },
    { type: 'back' },
  ])
    t.equal((await ask('POST', '/api/act', act)).status, 200, act.type);
  await knows(site.floor, { slots: ['site-3'], next: 'site-2', muted: ['site-3'] });
  t.equal((await ask('POST', '/api/act', { type: 'give', site: 'site-9' })).status, 404);
  t.equal((await ask('POST', '/api/act', { type: 'dance' })).status, 422);

  t.equal((await ask('POST', '/api/act', { type: 'take' }, { 'x-panel': '' })).status, 403, 'a form of another page');
  t.equal((await ask('POST', '/api/act', { type: 'take' }, { origin: 'http://evil.example' })).status, 403, 'a script of another page');
  t.equal((await ask('POST', '/api/act', { filler: 'x'.repeat(2000) })).status, 413);
  t.equal(
    (await fetch(`${url}/api/act`, { method: 'POST', headers: { 'x-panel': '1', cookie: 'panel=x' }, body: '{"type":"take"}' })).status,
    401,
  );
  t.equal((await fetch(`${url}/../package.json`)).status, 404);

  t.match(await (await ask('POST', '/api/act', { type: 'end' })).json(), { changed: true, state: { panel: 'none' } });
  await knows(site.floor, { ended: true });
  t.equal((await state()).panel, 'none', 'and then there is nothing to rule');
});

t.test('guessing is slow, and a chair that was handed on rules no more', async (t) => {
  const around = await net(t);
  const one = await hub(t, around, 'hub-1');
  one.floors.plan([around.plan]);
  const chair = await box(t, around, 'site-1', ['hub-1']);
  await confirmed(chair, ['hub-1']);
  const { ask } = await serve(t, chair, await around.identity('site-1', 'edge'));
  const tries: number[] = [];
  for (let at = 0; at < 6; at++) tries.push((await ask('POST', '/api/open', { pin: `00000${at}` })).status);
  t.strictSame(tries, [401, 401, 401, 401, 401, 429]);
  t.ok(Number((await ask('POST', '/api/open', { pin })).headers.get('retry-after')) >= 1, 'also with the right PIN');

  const other = await serve(t, chair, await around.identity('site-1', 'edge'));
  t.equal((await other.ask('POST', '/api/open', { pin })).status, 200);
  one.floors.plan([{ ...around.plan, grant: { ...nextGrant(around.plan.grant, 'central', {}), epoch: 2, chair: 'site-2' } }]);
  await knows(chair.floor, { chair: 'site-2' });
  t.equal((await other.ask('POST', '/api/act', { type: 'take' })).status, 401);
  t.match(await (await other.ask('GET', '/api/state')).json(), { panel: 'none' });
});

t.test('who guesses keeps himself waiting: not the chair, where it has ruled before, nor a browser on the box', async (t) => {
  const time = new ManualClock();
  const [lock, key] = [new Lock(time), await panelKey(meeting, pin)];
  const from = (address: string, local = false) => ({ address, local });
  const guess = (address: string) => lock.open(key, '000000', from(address));
  for (let at = 0; at < 5; at++) t.match(await guess('10.0.3.66'), { fault: { code: 'auth.required' } });
  t.match(await guess('10.0.3.66'), { fault: { code: 'throttled', retryAfterMs: 1000 } });
  t.match(await lock.open(key, pin, from('10.0.3.7')), { ok: true });
  for (let at = 0; at < 37; at++) {
    const code = at < 35 ? 'auth.required' : 'throttled';
    t.match(await guess(`10.0.4.${at}`), { fault: { code } });
  }
  t.match(await lock.open(key, pin, from('10.0.3.8')), { fault: { code: 'throttled' } }, 'all strangers of the network together');
  t.match(await lock.open(key, pin, from('10.0.3.7')), { ok: true });
  t.match(await lock.open(key, pin, from('10.0.3.2', true)), { ok: true });
  time.advance(5000);
  t.match(await lock.open(key, pin, from('10.0.3.8')), { ok: true });
});

t.test('in the network of the room it is served over TLS with the certificate of the box', async (t) => {
  const around = await net(t);
  const one = await hub(t, around, 'hub-1');
  one.floors.plan([around.plan]);
  const chair = await box(t, around, 'site-1', ['hub-1']);
  await confirmed(chair, ['hub-1']);
  const identity = await around.identity('site-1', 'edge');
  // Not one of the names under which a browser on the box finds it.
  const { url } = await serve(t, chair, identity, '127.0.0.2');
  t.match(url, /^https:\/\/127\.0\.0\.2:\d+$/);
  const ask = async (method: string, path: string, body: unknown, more: OutgoingHttpHeaders = {}): Promise<IncomingMessage> => {
    const headers = { 'x-panel': '1', origin: url, ...more };
    // Whoever trusts the house's authority knows the box by its certificate.
    const asked = request(`${url}${path}`, { method, headers, ca: identity.ca, servername: 'site-1', agent: false });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  };
  const opened = await ask('POST', '/api/open', { pin });
  t.equal(opened.statusCode, 200);
  const [cookie = ''] = opened.headers['set-cookie'] ?? [];
  t.match(cookie, /; Secure$/, 'the session never leaves in the clear');
  opened.resume();
  const acted = await ask('POST', '/api/act', { type: 'give', site: 'site-2' }, { cookie: cookie.split(';')[0] });
  t.match(JSON.parse(await text(acted)), { changed: true, confirmed: ['hub-1'] });
  const foreign = await ask('POST', '/api/act', { type: 'take' }, { cookie: cookie.split(';')[0], origin: url.replace('https', 'http') });
  t.equal(foreign.resume().statusCode, 403, 'a page that came in the clear is another page');
  await t.rejects(fetch(`${url}/api/state`), 'who does not trust the authority does not connect');
  await t.rejects(fetch(`${url.replace('https', 'http')}/api/state`), 'nothing is said in the clear');
});

t.test('a panel on all addresses is found at one of them', (t) => {
  t.equal(panelUrl('0.0.0.0', 9443, ['10.1.0.5', '10.2.0.5']), 'https://10.1.0.5:9443');
  t.equal(panelUrl('::', 9443, ['10.1.0.5']), 'https://10.1.0.5:9443');
  t.equal(panelUrl('::', 9443, []), 'https://[::]:9443');
  t.equal(panelUrl('fd00::5', 9443, ['10.1.0.5']), 'https://[fd00::5]:9443');
  t.equal(panelUrl('127.0.0.1', 8080, ['10.1.0.5']), 'http://127.0.0.1:8080');
  t.end();
});
