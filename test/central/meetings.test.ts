import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { edgeWant, hubWant, mediaKey } from '../../central/meetings/desired.ts';
import { Hearing, hearingMs } from '../../central/meetings/hearing.ts';
import { clash, type Meeting, type MeetingRequest, reduce } from '../../central/meetings/reduce.ts';
import type { AuditEntry, MeetingView } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { type Grant, nextGrant, noGrant } from '../../protocol/grant.ts';
import { opens } from '../../protocol/node/pin.ts';
import { EdgeDesired, HubDesired } from '../../protocol/schema/desired.ts';
import { type ApiBench, apiBench, populate } from '../support/central-api.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Site a has the chair. */
const granted = (epoch: number): Grant => ({ ...noGrant(epoch), chair: 'a' });
const meeting = (change: Partial<Meeting> = {}): Meeting => ({
  id: 'm-abcdef1234',
  title: 'Giao ban',
  language: 'vi',
  state: 'running',
  hub: 'hub-1',
  createdBy: 'chief',
  createdAt: 1,
  startedAt: 2,
  endedAt: null,
  sites: ['a', 'b', 'c'],
  grant: granted(1),
  pin: '123456',
  floorSince: null,
  layout: { mosaic: 'grid', page: 0 },
  recording: null,
  ...change,
});
const recording = { id: 'r-abcdef1234', because: 'minutes', by: 'chief' };
const byPanel: Grant = { ...granted(2), n: 5, by: 'a', slots: ['b'] };
const afterPanel: Partial<Meeting> = { grant: { ...granted(3), n: 6, slots: ['c'], previous: 'b' }, floorSince: 100 };
const chairGone: Partial<Meeting> = { sites: ['b', 'c'], grant: { ...granted(2), n: 1, chair: 'b' } };
const give = (site: string): MeetingRequest => ({ do: 'floor', input: { type: 'give', site } });

/** Meeting before, request, what changes (null: nothing), or the code of the fault. */
const rows: readonly [string, Partial<Meeting>, MeetingRequest, Partial<Meeting> | null | string][] = [
  ['a planned meeting starts', { state: 'planned', startedAt: null }, { do: 'start' }, { state: 'running', startedAt: 100 }],
  ['a running meeting does not start again', {}, { do: 'start' }, 'conflict'],
  ['an ended meeting does not start', { state: 'ended' }, { do: 'start' }, 'conflict'],
  [
    'a running meeting ends: floor, next and recording too',
    { grant: { ...granted(1), n: 4, slots: ['a'], next: 'b', previous: 'c' }, floorSince: 9, recording: { ...recording, startedAt: 3 } },
    { do: 'end' },
    { state: 'ended', endedAt: 100, recording: null, floorSince: null, grant: { ...granted(1), n: 5, ended: true } },
  ],
  [
    'a planned meeting is called off',
    { state: 'planned' },
    { do: 'end' },
    { state: 'ended', endedAt: 100, grant: { ...granted(1), n: 1, ended: true } },
  ],
  ['an ended meeting does not end again', { state: 'ended' }, { do: 'end' }, 'conflict'],
  ['the floor is given and its time noted', {}, give('b'), { grant: { ...granted(1), n: 1, slots: ['b'] }, floorSince: 100 }],
  [
    'preparing next keeps the time of the floor',
    { grant: { ...granted(1), slots: ['a'] }, floorSince: 9 },
    { do: 'floor', input: { type: 'prepare', site: 'b' } },
    { grant: { ...granted(1), n: 1, slots: ['a'], next: 'b' } },
  ],
  [
    'taking the floor ends its time',
    { grant: { ...granted(1), slots: ['a'] }, floorSince: 9 },
    { do: 'floor', input: { type: 'take' } },
    { grant: { ...granted(1), n: 1, previous: 'a' }, floorSince: null },
  ],
  ['no floor before the start', { state: 'planned' }, give('b'), 'conflict'],
  [
    'muting before the start',
    { state: 'planned' },
    { do: 'floor', input: { type: 'mute', site: 'a', muted: true } },
    { grant: { ...granted(1), n: 1, muted: ['a'] } },
  ],
  [
    'muting the muted changes nothing',
    { grant: { ...granted(1), muted: ['a'] } },
    { do: 'floor', input: { type: 'mute', site: 'a', muted: true } },
    null,
  ],
  ['the last site cannot leave', { sites: ['a'] }, { do: 'floor', input: { type: 'gone', site: 'a' } }, 'conflict'],
  ['a stranger cannot speak', {}, give('x'), 'not-found'],
  [
    'another chair begins an epoch: what the former one writes without knowing is below it',
    { grant: { ...granted(1), n: 4, slots: ['a'] }, floorSince: 9 },
    { do: 'chair', chair: 'b' },
    { grant: { ...granted(2), n: 5, slots: ['a'], chair: 'b' } },
  ],
  ['the same chair changes nothing', {}, { do: 'chair', chair: 'a' }, null],
  ['a stranger cannot have the chair', {}, { do: 'chair', chair: 'x' }, 'not-found'],
  ['the chair that leaves hands it on', {}, { do: 'floor', input: { type: 'gone', site: 'a' } }, chairGone],
  [
    'what a panel wrote is taken over when it is higher',
    { grant: { ...granted(1), n: 4, slots: ['a'] }, floorSince: 9 },
    { do: 'adopt', grant: byPanel },
    { grant: byPanel, floorSince: 100 },
  ],
  ['what is lower is not', { grant: granted(3) }, { do: 'adopt', grant: byPanel }, null],
  [
    'a meeting that the panel ended has ended',
    { recording: { ...recording, startedAt: 3 } },
    { do: 'adopt', grant: { ...byPanel, ended: true } },
    { state: 'ended', endedAt: 100, recording: null, grant: { ...byPanel, ended: true } },
  ],
  ['central goes on in the next epoch', { grant: byPanel, floorSince: 9 }, give('c'), afterPanel],
  ['another layout', {}, { do: 'layout', layout: { mosaic: 'speaker', page: 0 } }, { layout: { mosaic: 'speaker', page: 0 } }],
  ['the same layout changes nothing', {}, { do: 'layout', layout: { mosaic: 'grid', page: 0 } }, null],
  ['a page that is not there', {}, { do: 'layout', layout: { mosaic: 'grid', page: 1 } }, 'input.invalid'],
  ['recording begins', {}, { do: 'record', recording }, { recording: { ...recording, startedAt: 100 } }],
  [
    'recording begins once',
    { recording: { ...recording, startedAt: 3 } },
    { do: 'record', recording: { ...recording, id: 'r-zzzzzzzzzz' } },
    null,
  ],
  ['recording stops', { recording: { ...recording, startedAt: 3 } }, { do: 'record', recording: null }, { recording: null }],
  ['nothing to stop', {}, { do: 'record', recording: null }, null],
  ['no recording before the start', { state: 'planned' }, { do: 'record', recording }, 'conflict'],
];
for (const [name, before, request, want] of rows)
  t.test(name, async (t) => {
    const had = meeting(before);
    const step = reduce(had, request, 100);
    if (typeof want === 'string') return void t.equal(step.ok ? 'accepted' : step.fault.code, want);
    t.strictSame(step.ok && step.value.meeting, { ...had, ...want });
    t.equal(step.ok && step.value.changed, want !== null);
    t.ok(step.ok && step.value.because.length > 0);
  });

t.test('a site that left the last page takes the page with it', async (t) => {
  const sites = Array.from({ length: 17 }, (_, i) => `s${i}`);
  const step = reduce(
    meeting({ sites, grant: noGrant(1), layout: { mosaic: 'grid', page: 1 } }),
    { do: 'floor', input: { type: 'gone', site: 's16' } },
    1,
  );
  t.match(step, { ok: true, value: { meeting: { layout: { page: 0 } } } });
});

t.test('a site is in one running meeting only', async (t) => {
  const other = meeting({ id: 'm-other12345', sites: ['c'] });
  t.strictSame(clash(meeting(), [meeting(), other]), { site: 'c', meeting: 'm-other12345' });
  t.equal(clash(meeting(), [meeting(), { ...other, state: 'planned' }, { ...other, state: 'ended' }]), null);
});

t.test('media keys are letters and digits with 260 bits', async (t) => {
  const key = mediaKey(Uint8Array.from({ length: 52 }, (_, i) => i * 5));
  t.match(key, /^[a-z0-9]{52}$/);
  t.throws(() => mediaKey(new Uint8Array(51)), RangeError);
});

const post = (bench: ApiBench, url: string, payload?: object, headers: Record<string, string> = {}) =>
  bench.call({ method: 'POST', url: `/api/v1/meetings${url}`, headers: { ...bench.bearer, ...headers }, ...(payload ? { payload } : {}) });

t.test('a meeting from invitation to end: plans, keys, audit', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b', 'c', 'd']);
  const made = await post(bench, '', { title: 'Giao ban', sites: ['a', 'b', 'c'], hub: 'hub-1' });
  t.equal(made.statusCode, 201, made.body);
  const { id } = made.json<MeetingView>();
  t.match(made.json(), { state: 'planned', mosaic: { state: 'off' }, grant: { epoch: 1, n: 0 } });
  t.equal(bench.wants.size, 0, 'nothing is wanted of anybody yet');

  const started = await post(bench, `/${id}/start`);
  t.match(started.json(), { state: 'running', hub: 'hub-1', mosaic: { state: 'starting' } });
  t.strictSame([...bench.wants.keys()].toSorted(), ['a', 'b', 'c', 'hub-1']);
  const hub = bench.wants.get('hub-1') as HubDesired;
  const edge = bench.wants.get('a') as EdgeDesired;
  t.match(decoder(HubDesired).check(hub), { ok: true });
  t.match(decoder(EdgeDesired).check(edge), { ok: true });
  t.strictSame(edge.plan, hub.plans[0], 'everybody has the same plan');
  t.equal(edge.keys[0]?.key, hub.keys.find((each) => each.peer === 'a')?.key, 'the key of a site is the one the hub has for it');
  t.equal(new Set(hub.keys.map((each) => each.key)).size, 3, 'each site has its own');
  t.notMatch(started.body, edge.keys[0]?.key ?? 'no key', 'keys are not for browsers');

  t.match((await post(bench, `/${id}/floor`, { site: 'a' })).json(), { grant: { n: 1, slots: ['a'] } });
  t.match((await post(bench, `/${id}/next`, { site: 'b' })).json(), { grant: { n: 2, slots: ['a'], next: 'b' } });
  t.match((await post(bench, `/${id}/floor`, { site: 'b' })).json(), { grant: { n: 3, slots: ['b'], next: null, previous: 'a' } });
  t.match((await post(bench, `/${id}/back`)).json(), { grant: { n: 4, slots: ['a'], previous: 'b' } });
  t.match((await post(bench, `/${id}/mute`, { site: 'c', muted: true })).json(), {
    sites: [{ muted: false }, { muted: false }, { site: 'c', muted: true }],
  });
  t.match((await post(bench, `/${id}/layout`, { mosaic: 'speaker', page: 0 })).json(), { layout: { mosaic: 'speaker' } });
  t.match((await post(bench, `/${id}/record`, { on: true, because: 'biên bản' })).json(), {
    recording: { state: 'starting', because: 'biên bản' },
  });
  const plan = (bench.wants.get('b') as EdgeDesired).plan;
  t.match(plan, {
    grant: { n: 5, slots: ['a'], muted: ['c'], chair: 'a' },
    layout: { mosaic: 'speaker' },
    recording: { because: 'biên bản', by: 'service' },
  });
  t.strictSame(
    (bench.wants.get('b') as EdgeDesired).keys,
    hub.keys.filter((each) => each.peer === 'b').map((each) => ({ ...each, peer: 'hub-1' })),
    'keys stay',
  );

  t.match((await post(bench, `/${id}/invite`, { site: 'd', invited: true })).json(), { sites: { length: 4 } });
  t.equal((bench.wants.get('d') as EdgeDesired).plan?.meeting, id);
  t.match((await post(bench, `/${id}/invite`, { site: 'd', invited: false })).json(), { sites: { length: 3 } });
  t.strictSame(bench.wants.get('d'), edgeWant({ site: 'd', name: 'Điểm cầu d', devices: [] }, []), 'whoever left wants nothing');
  t.equal((await post(bench, `/${id}/invite`, { site: 'zz', invited: true })).statusCode, 422);

  const second = (await post(bench, '', { title: 'Khác', sites: ['c', 'd'] })).json<MeetingView>();
  const refused = await post(bench, `/${second.id}/start`);
  t.equal(refused.statusCode, 409);
  t.match(refused.json(), { code: 'conflict', detail: new RegExp(`c: .*${id}`) });

  t.match((await post(bench, `/${id}/end`)).json(), { state: 'ended', recording: null, grant: { slots: [] } });
  t.strictSame(bench.wants.get('hub-1'), hubWant('hub-1', []));
  t.strictSame(bench.wants.get('a'), edgeWant({ site: 'a', name: 'Điểm cầu a', devices: [] }, []));
  t.equal((await bench.store.db.selectFrom('media_keys').selectAll().execute()).length, 0, 'keys are forgotten');
  t.equal((await post(bench, `/${id}/floor`, { site: 'a' })).statusCode, 409);
  t.equal((await post(bench, `/${second.id}/start`)).statusCode, 200, 'the sites are free');

  const audit = (await bench.call({ url: '/api/v1/audit?limit=100', headers: bench.bearer })).json<AuditEntry[]>().toReversed();
  t.strictSame(
    audit.map((each) => `${each.act} ${each.outcome}`),
    [
      'meeting.create done',
      'meeting.start done',
      'meeting.floor done',
      'meeting.next done',
      'meeting.floor done',
      'meeting.back done',
      'meeting.mute done',
      'meeting.layout done',
      'meeting.record done',
      'meeting.invite done',
      'meeting.invite done',
      'meeting.invite input.invalid',
      'meeting.create done',
      'meeting.start conflict',
      'meeting.end done',
      'meeting.floor conflict',
      'meeting.start done',
    ],
  );
  t.ok(audit.every((each) => each.by === 'service' && each.from === '127.0.0.1'));
  t.match(audit[2], { target: id, detail: { site: 'a', because: /given the floor/ } });
});

t.test('what cannot be planned is refused and leaves everything as it was', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b']);
  t.match((await post(bench, '', { title: 'X', sites: ['a', 'zz'] })).json(), { status: 422, path: '/sites/1' });
  t.match((await post(bench, '', { title: 'X', sites: ['a'], hub: 'zz' })).json(), { status: 422, path: '/hub' });
  t.equal((await post(bench, '', { title: 'X', sites: ['a', 'a'] })).statusCode, 422);
  t.equal((await post(bench, '/m-zzzzzzzzzz/start')).statusCode, 404);
  const { id } = (await post(bench, '', { title: 'X', sites: ['a', 'b'] })).json<MeetingView>();
  bench.hubs.set('hub-1', { hub: 'hub-1', name: 'Hub', seenAt: 1, address: null });
  const refused = await post(bench, `/${id}/start`);
  t.match(refused.json(), { status: 507, code: 'exhausted', detail: /hub-1 has not reported an address/ });
  t.match((await bench.call({ url: `/api/v1/meetings/${id}`, headers: bench.bearer })).json(), { state: 'planned', hub: null });
  t.equal(bench.wants.size, 0);
});

t.test('a restarted central resumes with the same grant, plan and keys, and follows its hub', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'diemcau-resume-'));
  t.teardown(() => rm(data, { recursive: true, force: true }));
  const first = await apiBench({ data });
  populate(first, ['a', 'b']);
  const { id } = (await post(first, '', { title: 'X', sites: ['a', 'b'] })).json<MeetingView>();
  await post(first, `/${id}/start`);
  await post(first, `/${id}/floor`, { site: 'a' });
  await post(first, `/${id}/record`, { on: true });
  const wants = new Map(first.wants);
  const view = (await first.call({ url: `/api/v1/meetings/${id}`, headers: first.bearer })).json<MeetingView>();
  await first.stop();

  const second = await apiBench({ data });
  t.teardown(() => second.stop());
  populate(second, ['a', 'b']);
  t.strictSame((await second.call({ url: `/api/v1/meetings/${id}`, headers: second.bearer })).json(), view);
  // The bench's registry was empty while it started, so the names came back just now.
  await second.meetings.renew('the names are back');
  t.strictSame(second.wants.get('a'), wants.get('a'), 'to the letter what the nodes have');
  second.wants.clear();
  await second.meetings.renew('nothing changed');
  t.equal(second.wants.size, 0, 'a renewal that changes nothing publishes nothing');
  second.hubs.set('hub-1', { hub: 'hub-1', name: 'Hub', seenAt: 1, address: { host: '127.0.0.1', port: 19_999, paths: [] } });
  await second.meetings.renew('hub-1 changed');
  const [old, now] = [wants.get('a') as EdgeDesired, second.wants.get('a') as EdgeDesired];
  t.equal(now.plan?.hubs[0]?.port, 19_999);
  t.strictSame({ ...now, plan: { ...now.plan, hubs: old.plan?.hubs } }, old, 'only the address changed: same keys, same SSRCs, same grant');
  t.match((await post(second, `/${id}/floor`, { site: 'b' })).json(), { grant: { epoch: 1, n: 2, slots: ['b'], previous: 'a' } });
});

t.test('the same request sent twice acts once', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b']);
  const key = { 'idempotency-key': 'first-try' };
  const [one, two] = await Promise.all([
    post(bench, '', { title: 'X', sites: ['a'] }, key),
    post(bench, '', { title: 'X', sites: ['a'] }, key),
  ]);
  t.equal(one.json<MeetingView>().id, two.json<MeetingView>().id);
  t.equal(bench.meetings.list().length, 1);
  t.equal((await post(bench, '', { title: 'Y', sites: ['a'] }, key)).statusCode, 409, 'the key belongs to another request');
  t.equal((await post(bench, '', { title: 'Y', sites: ['a'] }, { 'idempotency-key': 'ü' })).statusCode, 422);
  bench.clock.advance(700_000);
  t.equal((await post(bench, '', { title: 'Y', sites: ['a'] }, key)).statusCode, 201, 'after ten minutes it is forgotten');
});

t.test('intents that come at once are judged one after another', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b', 'c']);
  const { id } = (await post(bench, '', { title: 'X', sites: ['a', 'b', 'c'] })).json<MeetingView>();
  await post(bench, `/${id}/start`);
  const answers = await Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map((site) => post(bench, `/${id}/floor`, { site })));
  t.strictSame(
    answers.map((each) => each.json<MeetingView>().grant.n),
    [1, 2, 3, 4, 5, 6],
  );
  t.match((bench.wants.get('a') as EdgeDesired).plan?.grant, { n: 6, slots: ['c'], previous: 'b' });
});

t.test('a restarted central hears its hubs before it writes: what a panel wrote meanwhile rules', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'central-'));
  t.teardown(() => rm(data, { recursive: true, force: true }));
  const first = await apiBench({ data });
  populate(first, ['a', 'b', 'c']);
  const { id } = (await post(first, '', { title: 'Giao ban', sites: ['a', 'b', 'c'] })).json<MeetingView>();
  await post(first, `/${id}/start`);
  await post(first, `/${id}/floor`, { site: 'b' });
  const chair = first.wants.get('a') as EdgeDesired;
  t.match(chair, { plan: { grant: { chair: 'a' } }, panel: { meeting: id } });
  const pin = first.meetings.list()[0]?.pin ?? '';
  t.match(pin, /^\d{6}$/);
  if (chair.panel === null) throw new Error('no panel');
  t.equal(await opens(chair.panel, pin), true);
  t.equal(await opens(chair.panel, pin === '000000' ? '111111' : '000000'), false);
  t.equal((first.wants.get('b') as EdgeDesired).panel, null, 'only the chair gets the key');
  t.notMatch(JSON.stringify([...first.wants.values()]), new RegExp(`"${pin}"`), 'the PIN itself stays here');
  const grant = first.meetings.list()[0]?.grant;
  if (grant === undefined) throw new Error('no meeting');
  await first.stop();

  const second = await apiBench({ data });
  t.teardown(() => second.stop());
  populate(second, ['a', 'b', 'c']);
  const byPanel = nextGrant(grant, 'a', { slots: ['c'], previous: 'b' });
  const asked = post(second, `/${id}/floor`, { site: 'a' });
  // The hub connects and reports while the command waits.
  second.meetings.connected('hub-1', true);
  await second.meetings.heard('hub-1', [{ meeting: id, grant: byPanel }]);
  t.match((await asked).json(), { grant: { epoch: 3, n: byPanel.n + 1, by: 'central', slots: ['a'], previous: 'c' } });
  const audit = (await second.call({ url: '/api/v1/audit?limit=2', headers: second.bearer })).json<AuditEntry[]>();
  t.match(audit[1], { by: 'a', from: 'hub-1', act: 'meeting.panel', detail: { because: 'the panel of a wrote it' } });

  await second.meetings.heard('hub-9', [{ meeting: id, grant: { ...byPanel, epoch: 9 } }]);
  t.match(second.meetings.list()[0], { grant: { epoch: 3 } }, 'a hub that is not of the meeting knows nothing of it');
  await second.meetings.heard('hub-1', [{ meeting: id, grant: byPanel }]);
  t.match(second.meetings.list()[0], { grant: { epoch: 3 } }, 'what is older changes nothing');
  const seen: unknown[] = [];
  second.meetings.on('adopted', (about) => seen.push(about));
  const end = { ...nextGrant({ ...byPanel, epoch: 3, by: 'central' }, 'a', { ended: true, slots: [] }), n: 20 };
  await second.meetings.heard('hub-1', [{ meeting: id, grant: end }]);
  t.match(second.meetings.list()[0], { state: 'ended', grant: { by: 'a', ended: true } });
  t.strictSame(second.wants.get('hub-1'), hubWant('hub-1', []), 'ended by the panel, ended for all');
  t.match(seen, [{ meeting: id, hub: 'hub-1' }]);
});

t.test('a hub that never speaks holds nobody up for long, and is named', async (t) => {
  const clock = new ManualClock();
  const hearing = new Hearing(clock);
  for (const hub of ['hub-1', 'hub-2', 'hub-3']) hearing.expect(hub);
  const asked = hearing.of(['hub-1', 'hub-2']);
  hearing.settle('hub-2');
  clock.advance(hearingMs);
  t.strictSame(await asked, ['hub-1']);
  t.strictSame(await hearing.of(['hub-1', 'hub-2']), [], 'waited for once');
  hearing.expect('hub-2');
  const again = hearing.of(['hub-2']);
  hearing.settle('hub-2');
  t.strictSame(await again, []);
});
