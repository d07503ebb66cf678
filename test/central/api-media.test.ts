/** What central fetches from hubs for a browser, and the recordings that it has them delete. Real TLS, HTTP, WebSocket and store. */
import t from 'tap';
import { WebSocket } from 'ws';
import { saveManifest } from '../../central/store/recordings.ts';
import type { MeetingView } from '../../protocol/api.ts';
import type { RecordingView } from '../../protocol/recording.ts';
import type { HubMeeting, HubTelemetry } from '../../protocol/schema/telemetry.ts';
import { type ApiBench, post, wellFacts } from '../support/central-api.ts';
import { eventually } from '../support/eventually.ts';
import { fakeHub, withHub } from '../support/fake-hub.ts';
import { edgeSample } from './messages.ts';

const recording = 'r-abcdef1234';
const deleteOf = (id: string): string => `/v1/recordings/${id}`;

/** A recording of long ago. */
const manifestOf = (id: string) => ({
  recording: id,
  meeting: 'm-abcdef1234',
  title: 'Họp',
  because: '',
  by: 'chief',
  startedAt: 1,
  endedAt: 1,
  segments: [],
});

/** As a hub that speaks: it confirms our clock, or does not. */
const speaks = (bench: ApiBench, aheadMs = 0, change: Parameters<typeof wellFacts>[2] = {}, hub = 'hub-1'): void => {
  const telemetry: HubTelemetry = { role: 'hub', meetings: [], refused: 0, forged: 0, host: edgeSample().host };
  bench.facts.set(hub, wellFacts(hub, bench.clock.mono(), { telemetry, aheadMs, ...change }));
};

/** What an intent of ours began, before any hub has said anything of it. */
const begun = (bench: ApiBench, id: string, startedAt: number): Promise<void> => {
  const manifest = { ...manifestOf(id), startedAt, endedAt: null };
  return saveManifest(bench.store.db, { hub: 'hub-1', bytes: 0, expiresAt: null, manifest, copies: [] });
};

t.test('a recording expires when its hub confirms what day it is, and is told; a clock that is wrong costs none', async (t) => {
  const { hub, bench } = await withHub(t);
  const years = 10 * 365 * 86_400_000;
  const doubtful: readonly [aheadMs: number, change: Parameters<typeof wellFacts>[2]][] = [
    [years, {}],
    [-years, {}],
    [0, { connected: false, because: 'gone' }],
    [0, { telemetry: null }],
    [0, { heardAt: bench.clock.mono() - 60_000 }],
  ];
  for (const [aheadMs, change] of doubtful) {
    speaks(bench, aheadMs, change);
    await bench.expiry.sweep();
    t.strictSame(hub.deleted, [], JSON.stringify([aheadMs, change]));
  }
  speaks(bench);
  await bench.expiry.sweep();
  t.strictSame(hub.deleted, [deleteOf(recording)]);
  t.match(bench.notes, [{ kind: 'recording', what: 'expired', because: 'older than 30 days', facts: { recording } }]);
  t.strictSame(await bench.recordings.list(), []);
});

t.test('a hub whose clock stood still cannot say that a recording is old; one that is gone for good holds nothing back', async (t) => {
  const { hub, bench } = await withHub(t);
  await begun(bench, recording, bench.clock.now());
  speaks(bench);
  await bench.expiry.sweep();
  t.strictSame(hub.deleted, [], 'it ended in 1970, says the hub, but we had it begun a moment ago');
  t.match(await bench.recordings.list(), [{ manifest: { recording, endedAt: 2 } }]);
  const copies = ['hub-1', 'hub-9'].map((each) => ({ hub: each, bytes: 1, manifest: manifestOf('r-older12345'), stitched: null }));
  await saveManifest(bench.store.db, { hub: 'hub-9', bytes: 1, expiresAt: 1, manifest: manifestOf('r-older12345'), copies });
  await bench.expiry.sweep();
  t.strictSame(hub.deleted, [deleteOf('r-older12345')]);
});

t.test('more recordings than a list shows: the oldest expire all the same', async (t) => {
  const { hub, bench } = await withHub(t);
  speaks(bench);
  const row = {
    meeting: 'm-abcdef1234',
    hub: 'hub-1',
    title: 'Họp',
    because: '',
    by: 'chief',
    ended_at: null,
    bytes: 0,
    manifest: null,
    deleted_at: null,
  };
  const now = bench.clock.now();
  const many = Array.from({ length: 1100 }, (_, at) => ({ ...row, id: `r-n${at}`, started_at: now + at, expires_at: null }));
  for (let at = 0; at < many.length; at += 100)
    await bench.store.db
      .insertInto('recordings')
      .values(many.slice(at, at + 100))
      .execute();
  await bench.expiry.sweep();
  t.strictSame(hub.deleted, [deleteOf(recording)]);
});

t.test('what was deleted while a hub was away is deleted there when it is back', async (t) => {
  const { hub, bench } = await withHub(t);
  await begun(bench, recording, 1);
  await bench.store.db.updateTable('recordings').set({ deleted_at: 5 }).execute();
  t.strictSame(await bench.recordings.list(), []);
  t.strictSame(hub.deleted, [deleteOf(recording)]);
  t.strictSame(await bench.recordings.list(), []);
  t.equal(hub.deleted.length, 1);
});

t.test('pictures, previews and recordings come from the hub through central', async (t) => {
  const { hub, bench, port, at, identityOf } = await withHub(t);
  const { id } = (await post(bench, '/meetings', { title: 'Họp', sites: ['a', 'b'] })).json<MeetingView>();
  const read = (url: string, headers: Record<string, string> = {}) =>
    bench.call({ url: `/api/v1${url}`, headers: { ...bench.bearer, ...headers } });
  t.equal((await read(`/meetings/${id}/thumbs/a.jpg`)).statusCode, 404, 'no picture of a meeting that does not run');
  await post(bench, `/meetings/${id}/start`);

  const picture = await read(`/meetings/${id}/thumbs/a.jpg`);
  t.equal(picture.headers['content-type'], 'image/jpeg');
  t.strictSame(picture.rawPayload, Buffer.from([0xff, 0xd8]));
  t.equal(hub.asked.at(-1), `GET /v1/meetings/${id}/thumbs/a.jpg`);

  await t.test('recordings: list, ranges, play, delete', async (t) => {
    const [listed] = (await read('/recordings')).json<RecordingView[]>();
    t.match(listed, { hub: 'hub-1', bytes: 10_000, manifest: { recording: 'r-abcdef1234' }, expiresAt: 2 + 30 * 86_400_000 });
    const part = await read('/recordings/r-abcdef1234/0001.mkv', { range: 'bytes=5-14' });
    t.equal(part.statusCode, 206);
    t.equal(part.body, '5678901234');
    t.match(part.headers, { 'content-range': 'bytes 5-14/10000', 'content-disposition': /attachment/ });
    const whole = await read('/recordings/r-abcdef1234/0001.mkv');
    t.equal(whole.rawPayload.length, 10_000);
    t.equal((await read('/recordings/r-abcdef1234/0001.mkv/play')).body, 'mp4');
    t.equal((await read('/recordings/r-abcdef1234/0002.mkv')).statusCode, 404);
    t.equal((await read('/recordings/r-zzzzzzzzzz/0001.mkv')).statusCode, 404);
    const remove = () => bench.call({ method: 'DELETE', url: '/api/v1/recordings/r-abcdef1234', headers: bench.bearer });
    hub.server.close();
    hub.server.closeAllConnections();
    t.match((await remove()).json(), { status: 503, code: 'unreachable' }, 'the hub is away');
    t.equal((await read('/recordings')).json<RecordingView[]>().length, 1, 'central remembers what an absent hub holds');
    const again = await fakeHub(t, await identityOf('hub-1', 'hub'));
    at(again.port);
    t.equal((await remove()).statusCode, 204);
    t.strictSame(again.deleted, ['/v1/recordings/r-abcdef1234']);
    t.strictSame((await read('/recordings')).json(), []);
    t.match((await read('/audit?limit=2')).json(), [
      { act: 'recording.delete', outcome: 'done' },
      { act: 'recording.delete', outcome: 'unreachable' },
    ]);
  });

  await t.test('a preview is piped, ends with either side, and needs a login and our own page', async (t) => {
    const live = await fakeHub(t, await identityOf('hub-1', 'hub'));
    at(live.port);
    const url = `ws://127.0.0.1:${port}/api/v1/meetings/${id}/preview/mosaic`;
    const refused = (socket: WebSocket): Promise<string> => new Promise((resolve) => socket.on('error', (error) => resolve(error.message)));
    t.match(await refused(new WebSocket(url)), /401/);
    t.match(await refused(new WebSocket(url, { headers: bench.bearer, origin: 'http://evil.example' })), /403/);
    live.sockets.on('connection', (socket) => {
      socket.send('{"type":"init"}');
      socket.send(Buffer.from([1, 2, 3]));
    });
    const browser = new WebSocket(url, { headers: bench.bearer, origin: `http://127.0.0.1:${port}` });
    const got: unknown[] = [];
    browser.on('message', (bytes: Buffer, isBinary) => got.push(isBinary ? [...bytes] : bytes.toString()));
    await eventually(() => (got.length === 2 ? undefined : `${got.length} messages`));
    t.strictSame(got, ['{"type":"init"}', [1, 2, 3]]);
    browser.close();
    await eventually(() => (live.sockets.clients.size === 0 ? undefined : 'the hub still sends'));
    const second = new WebSocket(url, { headers: bench.bearer });
    const code = new Promise<number>((resolve) => second.on('close', resolve));
    await eventually(() => (live.sockets.clients.size === 1 ? undefined : 'not connected'));
    for (const each of live.sockets.clients) each.terminate();
    t.equal(await code, 1013, 'try again later');
  });

  await t.test('the picture of one site is for who may drive its devices, and only of a site of the meeting', async (t) => {
    const live = await fakeHub(t, await identityOf('hub-1', 'hub'));
    at(live.port);
    const asked: string[] = [];
    live.sockets.on('connection', (socket, request) => {
      asked.push(request.url ?? '');
      socket.send('{"type":"waiting","because":"x"}');
    });
    const url = (site: string): string => `ws://127.0.0.1:${port}/api/v1/meetings/${id}/preview/site/${site}`;
    const refused = (socket: WebSocket): Promise<string> => new Promise((resolve) => socket.on('error', (error) => resolve(error.message)));
    t.match(await refused(new WebSocket(url('a'))), /401/);
    t.match(await refused(new WebSocket(url('A%20b'), { headers: bench.bearer })), /4\d\d/);
    const strange = new WebSocket(url('c'), { headers: bench.bearer });
    t.equal(await new Promise((resolve) => strange.on('close', (code) => resolve(code))), 1013);
    t.strictSame(asked, [], 'the hub was not troubled with any of them');
    const browser = new WebSocket(url('b'), { headers: bench.bearer });
    t.match(await new Promise((resolve) => browser.on('message', (bytes: Buffer) => resolve(bytes.toString()))), /waiting/);
    t.strictSame(asked, [`/v1/meetings/${id}/preview/site/b`]);
    browser.close();
    await eventually(() => (live.sockets.clients.size === 0 ? undefined : 'the hub still sends'));
  });

  await t.test('a hub with the certificate of another is not believed', async (t) => {
    const other = await fakeHub(t, await identityOf('hub-2', 'hub'));
    at(other.port);
    t.match((await read(`/meetings/${id}/thumbs/a.jpg`)).json(), { status: 503, code: 'unreachable' });
    t.strictSame(other.asked, []);
  });
});

t.test('a preview goes back to an earlier hub that composes again; who is there already stays', async (t) => {
  const { hub: first, bench, port, at, identityOf } = await withHub(t);
  const second = await fakeHub(t, await identityOf('hub-2', 'hub'));
  at(second.port, 'hub-2');
  speaks(bench);
  speaks(bench, 0, {}, 'hub-2');
  const { id } = (await post(bench, '/meetings', { title: 'Họp', sites: ['a', 'b'] })).json<MeetingView>();
  await post(bench, `/meetings/${id}/start`);
  t.strictSame(
    bench.meetings.planOf(id)?.hubs.map(({ hub }) => hub),
    ['hub-1', 'hub-2'],
  );
  /** Says it for ever. */
  const says = (hub: string, mosaic: HubMeeting['mosaic']['state']): void => {
    const link = {
      peer: 'a',
      path: null,
      resting: false,
      connected: true,
      rttMs: 1,
      lossPercent: 0,
      dropped: 0,
      retransmitted: 0,
      kbps: 1,
    };
    const [up, down] = [
      { ...link, direction: 'up' as const },
      { ...link, direction: 'down' as const },
    ];
    const sites: HubMeeting['sites'] = [{ site: 'a', up, down, tile: 'live', levelDb: -20, speaking: true }];
    const floor = { grantN: 0, switched: 0, viewers: 0 };
    const meetings: HubMeeting[] = [{ meeting: id, sites, mosaic: { state: mosaic, fps: 15 }, floor, recording: null }];
    const telemetry: HubTelemetry = { role: 'hub', meetings, refused: 0, forged: 0, host: edgeSample().host };
    speaks(bench, 0, { telemetry, heardAt: Number.POSITIVE_INFINITY }, hub);
  };
  const watch = async (on: typeof first) => {
    const [before, closed] = [on.sockets.clients.size, [] as string[]];
    const browser = new WebSocket(`ws://127.0.0.1:${port}/api/v1/meetings/${id}/preview/mosaic`, { headers: bench.bearer });
    t.teardown(() => browser.terminate());
    browser.on('close', (code, because) => closed.push(`${code} ${because}`));
    await eventually(() => (on.sockets.clients.size > before ? undefined : `not with it: ${closed}`));
    return closed;
  };
  // It looks first, so that it has looked once more than the others when they move.
  says('hub-1', 'running');
  says('hub-2', 'running');
  const stays = await watch(first);
  speaks(bench, 0, { connected: false, because: 'gone' });
  const early = await watch(second);
  says('hub-1', 'starting');
  const late = await watch(second);
  says('hub-1', 'running');
  await eventually(() => (early.length > 0 && late.length > 0 ? undefined : 'it stays with the hub that stood in'), { withinMs: 60_000 });
  t.strictSame([early, late], [['1013 hub-1 has the meeting again'], ['1013 hub-1 has the meeting again']]);
  await eventually(() => (second.sockets.clients.size === 0 ? undefined : 'the hub that stood in still sends'));
  t.strictSame(stays, []);
});
