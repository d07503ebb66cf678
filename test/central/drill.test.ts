/** Drills over store and API: what is kept, who may what, and whether a report can be tampered with. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { order as orderOf } from '../../central/drill/order.ts';
import { STEADY } from '../../central/drill/reduce.ts';
import { Drills } from '../../central/drill/service.ts';
import { sealDrill } from '../../central/store/drills.ts';
import type { NodeFacts } from '../../central/telemetry/facts.ts';
import { canonical } from '../../protocol/canonical.ts';
import type { DrillView, SealedReport } from '../../protocol/drill.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { checkSeal, seal } from '../../protocol/node/seal.ts';
import { type Identity, loadIdentity } from '../../protocol/node/tls.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { verifyReport } from '../../provisioning/provision/report.ts';
import { type ApiBench, apiBench, populate, wellFacts } from '../support/central-api.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function identityIn(folder: string, node: string, role: 'central' | 'hub'): Promise<Identity> {
  const clock = systemClock();
  mkdirSync(join(folder, node), { recursive: true });
  await issue(await ensureCa(join(folder, 'ca'), clock), join(folder, node), { node, role, hosts: [] }, clock);
  const loaded = await loadIdentity(join(folder, node), clock.now());
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.fault));
  return loaded.value;
}

t.test('a seal holds for the same value only, by a central of the trusted authority', async (t) => {
  const [ours, theirs] = [tempFolder(t), tempFolder(t)];
  const central = await identityIn(ours, 'central', 'central');
  const hub = await identityIn(ours, 'hub-1', 'hub');
  const stranger = await identityIn(theirs, 'central', 'central');
  const now = systemClock().now();
  const value = { b: [1, 'hai', null], a: { z: true, y: 0.5 } };
  const sealed = seal(value, central);
  t.equal(canonical(value), '{"a":{"y":0.5,"z":true},"b":[1,"hai",null]}');
  t.throws(() => canonical({ a: Number.NaN }), TypeError);
  t.match(
    checkSeal({ a: { y: 0.5, z: true }, b: value.b }, sealed, central.ca, now),
    { ok: true, value: { node: 'central' } },
    'whatever the order of keys',
  );
  const rows: readonly [string, ReturnType<typeof checkSeal>, RegExp][] = [
    ['a changed value', checkSeal({ ...value, c: 1 }, sealed, central.ca, now), /does not fit/],
    ['another authority', checkSeal(value, sealed, stranger.ca, now), /not of this authority/],
    ["a stranger's seal", checkSeal(value, seal(value, stranger), central.ca, now), /not of this authority/],
    ["a hub's seal", checkSeal(value, seal(value, hub), central.ca, now), /no central/],
    ['another time', checkSeal(value, sealed, central.ca, now + 1000 * 86_400_000), /expired/],
    ['another algorithm', checkSeal(value, { ...sealed, algorithm: 'none' }, central.ca, now), /says none/],
    ['rubbish', checkSeal(value, { ...sealed, certificate: 'x' }, central.ca, now), /cannot be read/],
  ];
  for (const [name, got, reason] of rows) t.match(got, { ok: false, fault: { reason } }, name);
});

async function drillBench(t: Test): Promise<ApiBench & { readonly ca: string }> {
  const folder = tempFolder(t);
  const identity = await identityIn(folder, 'central', 'central');
  const bench = await apiBench({ identity });
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b', 'c']);
  return { ...bench, ca: join(folder, 'ca', 'ca.pem') };
}

t.test('over the API: begin, call off, sign, download, verify; a signed report never changes', async (t) => {
  const bench = await drillBench(t);
  const send = (method: 'GET' | 'POST', url: string, payload?: object) =>
    bench.call({ method, url: `/api/v1/drills${url}`, headers: bench.bearer, ...(payload ? { payload } : {}) });
  const began = await send('POST', '', { faults: ['worker'], sites: ['a', 'b'] });
  t.equal(began.statusCode, 202, began.body);
  const { id } = began.json<DrillView>().drill;
  await eventually(async () => {
    const { drill } = (await send('GET', `/${id}`)).json<DrillView>();
    return drill.state === 'running' && drill.meeting !== null ? undefined : `it is ${drill.state}`;
  });
  const { drill } = (await send('GET', `/${id}`)).json<DrillView>();
  t.match(await bench.meetings.find(drill.meeting ?? ''), { title: 'Diễn tập dự phòng', state: 'running', sites: ['a', 'b'] });
  t.equal((await send('POST', '', { faults: ['worker'], sites: ['a', 'c'] })).statusCode, 409, 'one at a time');
  t.equal((await send('POST', `/${id}/sign-off`, { name: 'A', remark: '' })).statusCode, 409, 'not while it runs');
  t.equal((await send('GET', `/${id}/report.json`)).statusCode, 404);
  t.match((await send('POST', `/${id}/abort`)).json(), {
    drill: { state: 'aborted', because: 'service called it off', verdict: 'incomplete' },
  });
  await eventually(async () => ((await bench.meetings.find(drill.meeting ?? ''))?.state === 'ended' ? undefined : 'its meeting goes on'));
  t.equal((await send('POST', `/${id}/abort`)).statusCode, 409);
  const signed = await send('POST', `/${id}/sign-off`, { name: 'Nguyễn Văn An', remark: 'Chỉ thử' });
  t.match(signed.json(), { signOff: { by: 'service', name: 'Nguyễn Văn An', remark: 'Chỉ thử' } }, signed.body);
  t.equal((await send('POST', `/${id}/sign-off`, { name: 'B', remark: '' })).statusCode, 409, 'once');
  const download = await send('GET', `/${id}/report.json`);
  t.match(download.headers['content-disposition'], `${id}.json`);
  const sealed = download.json<SealedReport>();
  t.match(sealed.report, { drill: { id }, title: 'Diễn tập dự phòng', names: { a: 'Điểm cầu a' } });

  const file = join(tempFolder(t), 'report.json');
  writeFileSync(file, download.body);
  t.match(await verifyReport(file, bench.ca), /^good: signed by central.*Nguyễn Văn An/s);
  writeFileSync(file, readFileSync(file, 'utf8').replace('incomplete', 'passed'));
  await t.rejects(verifyReport(file, bench.ca), { message: /changed after it was signed/ });
  await t.rejects(bench.store.db.updateTable('drills').set({ drill: '{}' }).where('id', '=', id).execute(), /never changes/);
  await t.rejects(bench.store.db.deleteFrom('drills').where('id', '=', id).execute(), /never changes/);
  t.equal(await sealDrill(bench.store.db, id, sealed), false);
  const acts = (await bench.call({ url: '/api/v1/audit?limit=100', headers: bench.bearer })).json<{ act: string; outcome: string }[]>();
  for (const act of ['drill.start', 'drill.abort', 'drill.sign-off'])
    t.ok(
      acts.some((each) => each.act === act && each.outcome === 'done'),
      act,
    );
});

t.test('a drill that is called off while it opens leaves no meeting behind', async (t) => {
  const bench = await drillBench(t);
  const send = (url: string, payload?: object) =>
    bench.call({ method: 'POST', url: `/api/v1/drills${url}`, headers: bench.bearer, ...(payload ? { payload } : {}) });
  const { id } = (await send('', { faults: ['worker'], sites: ['a', 'b'] })).json<DrillView>().drill;
  // It may be opening or open: both must end.
  t.equal((await send(`/${id}/abort`)).statusCode, 200);
  await eventually(() => {
    const left = bench.meetings.list().filter(({ state }) => state !== 'ended');
    return left.length === 0 && bench.meetings.list().length > 0
      ? undefined
      : JSON.stringify(bench.meetings.list().map(({ state }) => state));
  });
});

t.test('inside a running meeting the chair has to agree, and who agreed is kept', async (t) => {
  const bench = await drillBench(t);
  const by = { by: 'op', from: '' };
  const made = await bench.meetings.create({ title: 'Họp', sites: ['a', 'b'], hub: null, language: 'vi', chair: 'a' }, by);
  if (!made.ok) throw new Error('no meeting');
  const { id } = made.value;
  const order = (body: object) =>
    bench.call({ method: 'POST', url: '/api/v1/drills', headers: bench.bearer, payload: { faults: ['worker'], ...body } });
  t.equal((await order({ meeting: id })).statusCode, 404, 'it does not run yet');
  await bench.meetings.ask(id, 'meeting.start', { do: 'start' }, by);
  t.match((await order({ meeting: id })).json(), { status: 422, path: '/consent', detail: /consent of its chair/ });
  const consent = { by: 'Chủ tịch', how: 'điện thoại 8:00' };
  const began = await order({ meeting: id, consent });
  t.match(began.json(), { drill: { meeting: id, own: false, consent, sites: ['a', 'b'] } });
  const [audited] = (await bench.call({ url: '/api/v1/audit?limit=1', headers: bench.bearer })).json<{ act: string; detail: object }[]>();
  t.match(audited, { act: 'drill.start', detail: { consent } });
  await bench.meetings.ask(id, 'meeting.end', { do: 'end' }, by);
  const drill = began.json<DrillView>().drill.id;
  await eventually(async () => {
    const { state } = (await bench.drills.find(drill)).drill;
    return state === 'stopped' ? undefined : `it is ${state}`;
  });
});

/** A node that does in `meeting` what it shall, and is heard of now. */
function inMeeting(node: string, meeting: string, mono: number): NodeFacts {
  const telemetry =
    node === 'hub-1'
      ? { role: 'hub', meetings: [{ meeting, mosaic: { state: 'running' } }] }
      : { role: 'edge', links: [{ peer: 'hub-1', direction: 'up', connected: true }], source: { state: 'ok', which: 'main' } };
  const facts = wellFacts(node, mono, { telemetry: telemetry as NodeFacts['telemetry'] });
  return { ...facts, reported: { ...(facts.reported as ReportedBody), meetings: [meeting] } };
}

t.test('an answer that comes late is of the drill that asked, and ends no other', async (t) => {
  const bench = await drillBench(t);
  const by = { by: 'op', from: '' };
  const made = await bench.meetings.create({ title: 'Họp', sites: ['a', 'b'], hub: null, language: 'vi', chair: 'a' }, by);
  if (!made.ok) throw new Error('no meeting');
  const { id: meeting } = made.value;
  await bench.meetings.ask(meeting, 'meeting.start', { do: 'start' }, by);
  const clock = new ManualClock();
  const asked: ((outcome: 'done' | 'failed') => void)[] = [];
  const drills = new Drills({
    store: bench.drillStore,
    meetings: bench.meetings,
    facts: (node) => inMeeting(node, meeting, clock.mono()),
    run: (_, act) =>
      new Promise((resolve) => {
        const answer = (outcome: 'done' | 'failed'): void => resolve({ id: '0123456789', outcome, because: 'so' });
        if (act.do === 'drill') asked.push(answer);
        else answer('done');
      }),
    pauseBroker: () => undefined,
    nameOf: (node) => node,
    identity: await identityIn(tempFolder(t), 'central', 'central'),
    random: randomBytes,
    clock,
    log: silentLog(),
  });
  t.teardown(() => drills.stop());
  const struck = async (): Promise<string> => {
    const begun = await drills.begin({ faults: ['worker'], meeting, consent: { by: 'Chủ tịch', how: 'điện thoại' } }, by);
    if (!begun.ok) throw new Error(JSON.stringify(begun.fault));
    for (let look = 0; look < STEADY; look += 1) clock.advance(1000);
    return begun.value.drill.id;
  };
  const first = await struck();
  t.equal(asked.length, 1);
  t.match(await drills.abort(first, by), { ok: true, value: { drill: { state: 'aborted' } } });
  const second = await struck();
  t.equal(asked.length, 2);
  asked[0]?.('failed');
  await new Promise((resolve) => setImmediate(resolve));
  t.match(await drills.find(second), { drill: { state: 'running', steps: [{ state: 'asked' }] } });
  asked[1]?.('done');
  await eventually(async () => {
    const [step] = (await drills.find(second)).drill.steps;
    return step?.state === 'running' ? undefined : `it is ${step?.state}`;
  });
});

t.test('a drill that a former process left under way is over', async (t) => {
  const bench = await drillBench(t);
  const around = { id: 'd-abcdefghjk', by: 'op', at: 1, self: 'central', known: () => true, meeting: null };
  const ordered = orderOf({ faults: ['hub'], sites: ['a', 'b'] }, around);
  if (!ordered.ok) throw new Error('no order');
  await bench.store.db
    .insertInto('drills')
    .values({
      id: 'd-abcdefghjk',
      state: 'running',
      ordered_at: 1,
      drill: JSON.stringify({ ...ordered.value, state: 'running' }),
      sealed: null,
    })
    .execute();
  await bench.drills.start();
  t.match(await bench.drills.find('d-abcdefghjk'), {
    drill: { state: 'aborted', because: 'central was started anew', steps: [{ state: 'skipped' }] },
  });
});
