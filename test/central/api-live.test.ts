import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { Beat, MeetingView, Patch, Snapshot } from '../../protocol/api.ts';
import { Patch as PatchSchema, Snapshot as SnapshotSchema } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { type ApiBench, apiBench, populate, post, setupToken, wellFacts } from '../support/central-api.ts';
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

async function listening(t: Test): Promise<{ bench: ApiBench; port: number; source(headers?: Record<string, string>): Promise<Source> }> {
  const bench = await apiBench();
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
