import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { Beat, MeetingView, Patch, Snapshot } from '../../protocol/api.ts';
import { Patch as PatchSchema, Snapshot as SnapshotSchema } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { type Identity, loadIdentity, serverTls } from '../../protocol/node/tls.ts';
import type { RecordingView } from '../../protocol/recording.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { type ApiBench, apiBench, populate, setupToken, wellFacts } from '../support/central-api.ts';
import { eventually } from '../support/eventually.ts';

interface Frame {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** A page's event source over a real socket. */
class Source {
  readonly frames: Frame[] = [];
  closed = false;
  #answer: IncomingMessage | null = null;
  #text = '';

  open(port: number, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/api/v1/stream', headers }, (answer) => {
        this.#answer = answer;
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => this.#read(chunk));
        answer.on('close', () => {
          this.closed = true;
        });
        resolve(answer.statusCode ?? 0);
      }).on('error', reject);
    });
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const parts = this.#text.split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      const data = fields.get('data');
      if (data !== undefined) this.frames.push({ event: fields.get('event') ?? '', id: fields.get('id') ?? '', data: JSON.parse(data) });
    }
  }

  of<T>(event: string): T[] {
    return this.frames.filter((each) => each.event === event).map((each) => each.data as T);
  }

  pause(): void {
    this.#answer?.pause();
  }

  close(): void {
    this.#answer?.destroy();
  }
}

async function listening(
  t: Test,
  identity?: Identity,
): Promise<{ bench: ApiBench; port: number; source(headers?: Record<string, string>): Promise<Source> }> {
  const bench = await apiBench(identity === undefined ? {} : { identity });
  t.teardown(() => bench.stop());
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = bench.app.server.address() as AddressInfo;
  return {
    bench,
    port,
    source: async (headers = {}) => {
      const source = new Source();
      t.teardown(() => source.close());
      t.equal(await source.open(port, { ...bench.bearer, ...headers }), 200);
      await eventually(() => (source.frames.length === 0 && headers['last-event-id'] === undefined ? 'nothing came' : undefined));
      return source;
    },
  };
}

const post = (bench: ApiBench, url: string, payload?: object) =>
  bench.call({ method: 'POST', url: `/api/v1${url}`, headers: bench.bearer, ...(payload ? { payload } : {}) });

t.test('a page gets a snapshot, then patches in order, and what it missed when it comes back', async (t) => {
  const { bench, source } = await listening(t);
  populate(bench, ['a', 'b']);
  const page = await source();
  const [snapshot] = page.of<Snapshot>('snapshot');
  t.match(decoder(SnapshotSchema).check(snapshot), { ok: true });
  t.strictSame(
    snapshot?.sites.map((each) => `${each.site} ${each.state}`),
    ['a online', 'b online'],
  );

  const { id } = (await post(bench, '/meetings', { title: 'Họp', sites: ['a', 'b'] })).json<MeetingView>();
  await post(bench, `/meetings/${id}/start`);
  await post(bench, `/meetings/${id}/floor`, { site: 'a' });
  const floorOf = (patch: Patch): string | undefined => patch.meetings?.[0]?.grant.slots[0];
  await eventually(() => (page.of<Patch>('patch').some((each) => floorOf(each) === 'a') ? undefined : 'no patch with the floor'));
  bench.facts.set('b', wellFacts('b', bench.clock.mono(), { connected: false, because: 'gone' }));
  await eventually(() =>
    page.of<Patch>('patch').some((each) => each.sites?.[0]?.state === 'offline') ? undefined : 'no patch with the lost site',
  );
  const patches = page.of<Patch>('patch');
  for (const patch of patches) t.match(decoder(PatchSchema).check(patch), { ok: true });
  const first = snapshot?.seq ?? 0;
  t.strictSame(
    patches.map((each) => each.seq),
    patches.map((_, i) => first + 1 + i),
    'no number is missing',
  );

  const seen = page.frames.findLast((each) => each.event === 'patch');
  page.close();
  await post(bench, `/meetings/${id}/floor`, { site: 'b' });
  await eventually(() => (bench.board.seq > patches.length + first ? undefined : 'no new patch'));
  const back = await source({ 'last-event-id': seen?.id ?? '' });
  await eventually(() => (back.of<Patch>('patch').some((each) => floorOf(each) === 'b') ? undefined : 'what was missed did not come'));
  t.equal(back.of('snapshot').length, 0, 'without a snapshot');
  t.equal(back.of<Patch>('patch')[0]?.seq, ((seen?.data as Patch | undefined)?.seq ?? 0) + 1);

  for (const strange of ['ffffffffffffffff.1', `${seen?.id}99999`, 'nonsense', '']) {
    const fresh = await source(strange === '' ? {} : { 'last-event-id': strange });
    await eventually(() => (fresh.of('snapshot').length === 1 ? undefined : `no snapshot after ${strange}`));
    fresh.close();
  }
  bench.sites.delete('b');
  await eventually(() => (back.of<Patch>('patch').some((each) => each.removed?.sites[0] === 'b') ? undefined : 'a removed site stays'));
  await eventually(() => (back.of<Beat>('beat').length > 0 ? undefined : 'no beat though nothing changes'));
});

t.test('a page that does not read is dropped, others are not held up; a session that ends takes its stream along', async (t) => {
  const { bench, source } = await listening(t);
  populate(
    bench,
    Array.from({ length: 400 }, (_, i) => `site-${i}`),
  );
  const [slow, quick] = [await source(), await source()];
  slow.pause();
  let round = 0;
  await eventually(() => {
    round += 1;
    for (const site of bench.sites.values()) bench.sites.set(site.site, { ...site, name: `${'tên '.repeat(25)}${round}` });
    bench.board.touch();
    return bench.stream.dropped === 1 ? undefined : 'the slow page is still there';
  });
  t.equal(bench.stream.clients, 1);
  await eventually(() => (quick.of<Patch>('patch').at(-1)?.seq === bench.board.seq ? undefined : 'the quick page lags'));

  await post(bench, '/setup', { token: setupToken, name: 'chief', password: 'a long enough password' });
  const login = await post(bench, '/login', { name: 'chief', password: 'a long enough password' });
  const cookie = `diemcau_session=${login.cookies[0]?.value}`;
  const mine = new Source();
  t.teardown(() => mine.close());
  const { port } = bench.app.server.address() as AddressInfo;
  t.equal(await mine.open(port, {}), 401, 'no login, no stream');
  const own = new Source();
  t.teardown(() => own.close());
  t.equal(await own.open(port, { cookie }), 200);
  await bench.call({ method: 'POST', url: '/api/v1/logout', headers: { cookie, 'x-csrf-token': login.json<{ csrf: string }>().csrf } });
  await eventually(() => (own.closed ? undefined : 'the stream outlives its session'), { withinMs: 40_000 });
});

/** A hub's HTTP side: real TLS with client certificates, ALPN, WebSocket. */
async function fakeHub(
  t: Test,
  identity: Identity,
  port = 0,
): Promise<{ port: number; server: Server; deleted: string[]; sockets: WebSocketServer; asked: string[] }> {
  const [deleted, asked]: [string[], string[]] = [[], []];
  const file = Buffer.from('0123456789'.repeat(1000));
  const manifest = {
    recording: 'r-abcdef1234',
    meeting: 'm-abcdef1234',
    title: 'Họp',
    because: 'biên bản',
    by: 'chief',
    startedAt: 1,
    endedAt: 2,
    segments: [{ file: '0001.mkv', site: 'a', grantN: 1, startedAt: 1, endedAt: 2, bytes: file.length }],
  };
  const server = createServer({ ...serverTls(identity), ALPNProtocols: ['http/1.1'] }, (request, response) => {
    const url = request.url ?? '';
    asked.push(`${request.method} ${url}`);
    if (url.endsWith('.jpg')) return void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(Buffer.from([0xff, 0xd8]));
    if (url === '/v1/recordings')
      return void response.end(JSON.stringify(deleted.length === 0 ? [{ ...manifest, bytes: file.length }] : []));
    if (request.method === 'DELETE') {
      deleted.push(url);
      return void response.writeHead(204).end();
    }
    if (url.endsWith('/play')) return void response.writeHead(200, { 'content-type': 'video/mp4' }).end('mp4');
    if (url.endsWith('/0001.mkv')) {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      if (from === undefined)
        return void response.writeHead(200, { 'content-type': 'video/x-matroska', 'content-length': file.length }).end(file);
      const part = file.subarray(Number(from), Number(to) + 1);
      return void response
        .writeHead(206, { 'content-range': `bytes ${from}-${to}/${file.length}`, 'content-length': part.length })
        .end(part);
    }
    response.writeHead(404).end();
  });
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const each of sockets.clients) each.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server, deleted, sockets, asked };
}

t.test('pictures, previews and recordings come from the hub through central', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'diemcau-pki-'));
  t.teardown(() => rm(data, { recursive: true, force: true }));
  const clock = systemClock();
  const ca = await ensureCa(join(data, 'pki'), clock);
  const identityOf = async (node: string, role: 'central' | 'hub'): Promise<Identity> => {
    await issue(ca, join(data, node), { node, role, hosts: [] }, clock);
    const loaded = await loadIdentity(join(data, node), clock.now());
    if (!loaded.ok) throw new Error(loaded.fault.code);
    return loaded.value;
  };
  const hub = await fakeHub(t, await identityOf('hub-1', 'hub'));
  const { bench, port } = await listening(t, await identityOf('central', 'central'));
  populate(bench, ['a', 'b']);
  const at = (hubPort: number): void =>
    void bench.hubs.set('hub-1', { hub: 'hub-1', name: 'Hub', seenAt: 1, address: { host: '127.0.0.1', port: hubPort, paths: [] } });
  at(hub.port);
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
