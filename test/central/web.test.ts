/** The pure parts of the NOC page: what it knows, how old that is, where one is, what the floor says, and the live pictures' queue. */
import t from 'tap';
import { api, type Reply } from '../../central/noc/web/api.ts';
import { columnsFor, floorChange, isMuted, nameOf, pagesOf, partOf, returnsTo } from '../../central/noc/web/floor.ts';
import { freshness, staleAfterMs } from '../../central/noc/web/freshness.ts';
import { levelBars } from '../../central/noc/web/level.ts';
import { fromSnapshot, type Live, logKept, withBeat, withPatch } from '../../central/noc/web/live.ts';
import { may } from '../../central/noc/web/may.ts';
import { chase, standsAtMost, steering, trim, watching } from '../../central/noc/web/picture/edge.ts';
import { emptyQueue, noted, type Queue, queueLimit, received, taken } from '../../central/noc/web/picture/queue.ts';
import { Hold, type Speeds } from '../../central/noc/web/room/hold.ts';
import { Renewal } from '../../central/noc/web/room/renewal.ts';
import { hashOf, parseRoute, type Route } from '../../central/noc/web/route.ts';
import { everything, isWanted, particulars, story, withNames } from '../../central/noc/web/story.ts';
import type { LogEntry, MeetingView, Patch, Snapshot } from '../../protocol/api.ts';
import { noGrant } from '../../protocol/grant.ts';
import { hubRow, logRows, meetingId, meetingRow, siteRow, siteRows } from '../support/fake-province.ts';
import { ManualClock } from '../support/manual-clock.ts';

const at = 1_772_674_205_000;
const snapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  seq: 10,
  at,
  sites: siteRows(),
  hubs: [hubRow],
  meetings: [meetingRow(siteRows(), at)],
  log: logRows(at),
  ...change,
});
const live = (change: Partial<Snapshot> = {}): Live => fromSnapshot(snapshot(change), null);
const patch = (change: Partial<Patch>): Patch => ({ seq: 11, at: at + 1000, ...change });

t.test('a patch replaces whole rows, removes rows, and leaves the others the same objects', async (t) => {
  const before = live();
  const after = withPatch(before, patch({ sites: [siteRow(2, { rttMs: 99 })], removed: { sites: ['tri-ton'], hubs: [], meetings: [] } }));
  t.equal(after.sites.get('chau-doc')?.rttMs, 99);
  t.notOk(after.sites.has('tri-ton'));
  t.equal(after.sites.get('long-xuyen'), before.sites.get('long-xuyen'));
  t.equal(after.meetings, before.meetings, 'a map that did not change is the same map');
  t.equal(after.seq, 11);
  t.equal(after.at, at + 1000);
});

t.test('a patch that is not newer changes nothing, whatever it says', async (t) => {
  const before = live();
  for (const seq of [3, 10]) t.equal(withPatch(before, patch({ seq, sites: [siteRow(2, { rttMs: 99 })] })), before);
});

t.test('a snapshot after a restart of central counts from anew and keeps only what sites were before', async (t) => {
  const worried = withPatch(live(), patch({ sites: [siteRow(2, { lossPercent: 1.2 })] }));
  t.equal(worried.health.get('chau-doc'), 'degraded');
  const after = fromSnapshot(snapshot({ seq: 1, sites: [siteRow(2, { lossPercent: 0.8 })] }), worried);
  t.equal(after.seq, 1);
  t.equal(after.health.get('chau-doc'), 'degraded', 'not yet low enough to clear');
  t.equal(withPatch(after, patch({ seq: 2, sites: [siteRow(2, { lossPercent: 0.4 })] })).health.get('chau-doc'), 'good');
});

t.test('a beat moves the time and nothing else', async (t) => {
  const before = live();
  const after = withBeat(before, { seq: 10, at: at + 2000 });
  t.strictSame({ ...after, at: before.at }, before);
  t.equal(withBeat(after, { seq: 10, at }), after);
});

t.test('the log is newest first, without doubles, and bounded', async (t) => {
  const entry = (id: number): LogEntry => ({
    id,
    at,
    node: 'x',
    kind: 'link',
    what: 'lost',
    severity: 'info',
    because: '',
    meeting: null,
    facts: {},
  });
  const after = withPatch(live(), patch({ log: [entry(4), entry(6), entry(5)] }));
  t.strictSame(
    after.log.map((each) => each.id),
    [6, 5, 4, 3, 2, 1],
  );
  const many = withPatch(after, patch({ seq: 12, log: Array.from({ length: 400 }, (_, index) => entry(index + 10)) }));
  t.equal(many.log.length, logKept);
  t.equal(many.log[0]?.id, 409);
});

t.test('figures are old when nothing came for six seconds, and never look fresh again by themselves', async (t) => {
  const rows: readonly (readonly [heardAt: number | null, now: number, is: string, ageMs?: number | null])[] = [
    [null, 100, 'connecting'],
    [null, staleAfterMs + 101, 'stale', null],
    [5000, 5000 + staleAfterMs, 'live'],
    [5000, 5001 + staleAfterMs, 'stale', staleAfterMs + 1],
  ];
  for (const [heardAt, now, is, ageMs] of rows)
    t.strictSame(freshness({ openedAt: 100, heardAt }, now), ageMs === undefined ? { is } : { is, ageMs });
});

t.test('every page has an address that leads back to it; strange ones lead home', async (t) => {
  const routes: readonly Route[] = [
    { page: 'meetings' },
    { page: 'meeting', id: meetingId },
    { page: 'new-meeting' },
    { page: 'sites' },
    { page: 'recordings' },
    { page: 'log' },
    { page: 'audit' },
    { page: 'users' },
    { page: 'account' },
    { page: 'setup', token: 'mã/1 %' },
    { page: 'setup', token: '' },
  ];
  for (const route of routes) t.strictSame(parseRoute(hashOf(route)), route);
  for (const strange of ['', '#', '#/nowhere', '#/meeting', '#/meeting/', 'javascript:alert(1)'])
    t.strictSame(parseRoute(strange), { page: 'meetings' });
  t.strictSame(parseRoute('#/setup/%E0%A4%A'), { page: 'setup', token: '%E0%A4%A' });
});

t.test('viewers see no controls, operators run meetings, administrators do the rest', async (t) => {
  t.strictSame(may('viewer'), { run: false, administer: false });
  t.strictSame(may('operator'), { run: true, administer: false });
  t.strictSame(may('admin'), { run: true, administer: true });
});

const meeting = (change: Partial<MeetingView> = {}): MeetingView => meetingRow(siteRows(), at, change);
const grant = (slots: string[], next: string | null, previous: string | null): MeetingView['grant'] => ({
  ...noGrant(1),
  n: 1,
  slots,
  next,
  previous,
});

t.test('the floor tells each site its part, and who comes back', async (t) => {
  const m = meeting();
  t.strictSame(
    ['ubnd-tinh', 'long-xuyen', 'chau-doc', 'tan-chau'].map((each) => partOf(m, each)),
    ['previous', 'on-air', 'next', 'none'],
  );
  t.ok(isMuted(m, 'an-phu'));
  t.notOk(isMuted(m, 'nobody'));
  t.equal(returnsTo(m), 'ubnd-tinh');
  t.equal(returnsTo(meeting({ grant: grant(['a'], null, 'a') })), null, 'not to whoever speaks');
  t.equal(returnsTo(meeting({ grant: grant([], null, 'gone') })), null, 'not to a site that left');
  t.equal(nameOf(live().sites, 'chau-doc'), 'TP. Châu Đốc');
  t.equal(nameOf(live().sites, 'xa-la'), 'xa-la');
});

t.test('changes of the floor are told once, the speaker before the next', async (t) => {
  const rows: readonly (readonly [before: MeetingView['grant'], after: MeetingView['grant'], want: unknown])[] = [
    [grant(['a'], 'b', null), grant(['b'], null, 'a'), { is: 'speaker', site: 'b' }],
    [grant(['a'], null, null), grant([], null, 'a'), { is: 'nobody' }],
    [grant(['a'], null, null), grant(['a'], 'c', null), { is: 'next', site: 'c' }],
    [grant(['a'], 'c', null), grant(['a'], null, null), null],
    [grant(['a'], 'c', null), grant(['a'], 'c', null), null],
  ];
  for (const [before, after, want] of rows) t.strictSame(floorChange(meeting({ grant: before }), meeting({ grant: after })), want);
});

t.test('thirteen sites are two rows of tiles and one page of the mosaic', async (t) => {
  t.strictSame([1, 8, 13, 16, 17, 34].map(columnsFor), [4, 4, 7, 8, 8, 8]);
  const sites = (n: number): MeetingView['sites'] => Array.from({ length: n }, (_, index) => ({ site: `s${index}`, muted: false }));
  t.strictSame(
    [0, 16, 17, 34].map((n) => pagesOf({ sites: sites(n) })),
    [1, 1, 2, 3],
  );
  t.strictSame([null, -90, -55, -39, -10].map(levelBars), [0, 0, 1, 2, 3]);
});

t.test('events are told in words with names, and found by what they say', async (t) => {
  const names = live();
  const [lost, , switched, crashed] = logRows(at) as [LogEntry, LogEntry, LogEntry, LogEntry];
  t.strictSame(story('vi', names, lost), {
    where: 'Huyện Thoại Sơn',
    kind: 'Đường truyền',
    what: 'bị mất Máy chủ hình An Giang',
    because: 'vì không có tín hiệu trong 3 giây',
  });
  const way = { peer: lost.facts['peer'] ?? null, path: 'wan1', direction: 'up' };
  t.equal(story('vi', names, { ...lost, facts: way }).what, 'bị mất Máy chủ hình An Giang (wan1 ↑)', 'which of its links it is');
  t.strictSame(story('en', names, crashed), {
    where: 'TX. Tân Châu',
    kind: 'Process',
    what: 'crashed worker',
    because: 'because signal SIGKILL',
  });
  t.equal(story('vi', names, switched).because, 'vì TP. Long Xuyên được mời phát biểu');
  const connected: LogEntry = {
    ...lost,
    node: 'central',
    kind: 'node',
    what: 'connected',
    because: 'an-phu connected from 10.64.1.7',
    facts: { node: 'an-phu' },
  };
  t.strictSame(story('vi', names, connected), {
    where: 'Huyện An Phú',
    kind: 'Thiết bị',
    what: 'đã nối',
    because: 'vì Huyện An Phú kết nối từ 10.64.1.7',
  });
  t.equal(withNames(names, 'long-xuyen and long-xuyen-2'), 'TP. Long Xuyên and long-xuyen-2');
  const wanted = (entry: LogEntry, change: object): boolean => isWanted(entry, story('vi', names, entry), { ...everything, ...change });
  t.ok(wanted(lost, { text: 'thoai son duong truyen' }));
  t.notOk(wanted(lost, { text: 'tan chau' }));
  t.ok(wanted(lost, { severity: 'warning' }), 'a filter for warnings shows errors too');
  t.notOk(wanted(switched, { severity: 'warning' }));
  t.notOk(wanted(lost, { kind: 'floor' }));
  t.equal(particulars('vi', names, { site: 'chau-doc', muted: true, sites: ['a'] }), 'TP. Châu Đốc · Tắt tiếng: có');
  t.equal(particulars('vi', names, null), '');
});

const bytes = (size: number): Uint8Array => new Uint8Array(size);
const mime = 'video/mp4; codecs="avc1.42c01f"';
const init = { type: 'init', mime, site: 'long-xuyen' } as const;
const kinds = (queue: Queue): readonly string[] => queue.items.map((each) => each.is);

t.test('a picture begins with an initialisation segment, and a new one may come at any time', async (t) => {
  let queue = received(emptyQueue, bytes(10));
  t.strictSame(kinds(queue), [], 'media without a beginning cannot be shown');
  queue = received(received(noted(queue, init), bytes(100)), bytes(10));
  t.strictSame(kinds(queue), ['init', 'media']);
  t.equal(queue.size, 110);
  t.equal(queue.site, 'long-xuyen');
  queue = received(received(noted(queue, { ...init, site: 'chau-doc' }), bytes(100)), bytes(20));
  t.strictSame(kinds(queue), ['init', 'media', 'init', 'media']);
  t.equal(queue.site, 'chau-doc');
  queue = taken(taken(queue));
  t.strictSame(kinds(queue), ['init', 'media']);
  t.equal(queue.size, 120);
  t.equal(taken(emptyQueue), emptyQueue);
});

t.test('waiting lasts until pictures come again', async (t) => {
  const begun = received(noted(emptyQueue, init), bytes(100));
  const waiting = noted(begun, { type: 'waiting', because: 'nobody has the floor' });
  t.equal(waiting.waiting, 'nobody has the floor');
  t.equal(received(waiting, bytes(10)).waiting, null);
});

t.test('an unread queue is given up whole: a fragment left out would break the picture', async (t) => {
  const full = received(received(noted(emptyQueue, init), bytes(100)), bytes(queueLimit));
  t.ok(full.overflown);
  t.strictSame(kinds(full), []);
});

t.test('the player stays at the live edge', async (t) => {
  const range = (start: number, end: number) => ({ start, end });
  const rows: readonly (readonly [
    name: string,
    buffered: readonly { start: number; end: number }[],
    at: number,
    rate: number,
    want: unknown,
  ])[] = [
    ['nothing yet', [], 0, 1, { do: 'nothing' }],
    ['near', [range(0, 10)], 9.5, 1, { do: 'nothing' }],
    ['a little behind', [range(0, 10)], 9, 1, { do: 'rate', rate: watching.hurryRate }],
    ['hurrying already', [range(0, 10)], 9, watching.hurryRate, { do: 'nothing' }],
    ['caught up', [range(0, 10)], 9.6, watching.hurryRate, { do: 'rate', rate: 1 }],
    ['far behind', [range(0, 10)], 7, 1, { do: 'seek', to: 9.65 }],
    ['in a gap', [range(0, 5), range(6, 10)], 5.5, 1, { do: 'seek', to: 9.65 }],
    ['before all', [range(6, 6.2)], 0, 1, { do: 'seek', to: 6 }],
    ['after all', [range(0, 3)], 9, 1, { do: 'seek', to: 2.65 }],
  ];
  for (const [name, buffered, at, rate, want] of rows) t.strictSame(chase({ buffered, at, rate, seeking: false }, watching), want, name);
  const steered = (at: number, rate = 1) => chase({ buffered: [range(0, 10)], at, rate, seeking: false }, steering);
  t.strictSame(chase({ buffered: [range(0, 10)], at: 7, rate: 1, seeking: true }, watching), { do: 'nothing' }, 'a jump is not begun anew');
  t.match(chase({ buffered: [range(6, 8)], at: 1, rate: 1, seeking: true }, watching), { do: 'seek' }, 'one that can never end is');
  t.strictSame([0, 1, 2, 3, 9].map(standsAtMost), [4000, 8000, 16_000, 32_000, 32_000]);
  t.strictSame(steered(9.3), { do: 'seek', to: 9.9 }, 'a picture to steer by stays nearer');
  t.strictSame(steered(9.7), { do: 'rate', rate: steering.hurryRate });
  t.strictSame(steered(9.9, steering.hurryRate), { do: 'rate', rate: 1 });
  t.equal(trim({ buffered: [], at: 0 }), null);
  t.equal(trim({ buffered: [range(0, 12)], at: 11 }), null);
  t.strictSame(trim({ buffered: [range(0, 21)], at: 20 }), range(0, 15));
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

t.test('changes carry the CSRF token and a key, questions do not; answers and refusals are told apart', async (t) => {
  const asked: Asked[] = [];
  let refused = 0;
  let answer: { readonly status: number; readonly body: unknown } | null = { status: 200, body: { any: 1 } };
  const central = api({
    ask: (method, path, headers, body) => {
      asked.push({ method, path, headers, body });
      return answer === null ? Promise.reject(new Error('no route')) : Promise.resolve(answer);
    },
    key: () => `key-${asked.length}`,
    csrf: () => 'token',
    onRefused: () => {
      refused += 1;
    },
  });
  t.strictSame(await central.floor('m-abcdef', 'chau-doc'), { ok: true, value: { any: 1 } });
  await central.log(7, 50);
  t.strictSame(asked, [
    {
      method: 'POST',
      path: '/api/v1/meetings/m-abcdef/floor',
      headers: { 'idempotency-key': 'key-0', 'x-csrf-token': 'token' },
      body: { site: 'chau-doc' },
    },
    { method: 'GET', path: '/api/v1/log?limit=50&before=7', headers: {}, body: undefined },
  ]);
  answer = { status: 409, body: { type: 't', title: 'T', status: 409, detail: 'd', code: 'conflict' } };
  t.strictSame(await central.end('m-abcdef'), { ok: false, trouble: answer.body } as Reply<unknown>);
  answer = { status: 502, body: null };
  t.match(await central.users(), { ok: false, trouble: { status: 502, code: '' } });
  answer = { status: 401, body: null };
  await central.users();
  t.equal(refused, 1);
  answer = null;
  t.strictSame(await central.users(), { ok: false, trouble: null });
});

t.test('a camera that is held goes on, and stands when it is let go, or when nobody can have held it for so long', async (t) => {
  const clock = new ManualClock();
  const sent: Speeds[] = [];
  let answer = (): Promise<void> => Promise.resolve();
  const hold = new Hold(clock, (speeds) => {
    sent.push(speeds);
    return answer();
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 200) {
      clock.advance(200);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const left = { pan: -1, tilt: 0, zoom: 0 };
  hold.begin(left);
  await pass(1000);
  t.equal(sent.length, 3);
  hold.end();
  hold.end();
  t.strictSame(sent.at(-1), { pan: 0, tilt: 0, zoom: 0 });
  t.equal(sent.length, 4);
  hold.begin(left);
  await pass(60_000);
  t.strictSame(sent.at(-1), { pan: 0, tilt: 0, zoom: 0 }, 'the release was never seen');
  t.ok(sent.length < 60, `${sent.length} sent`);
  sent.length = 0;
  answer = () => new Promise(() => {});
  hold.begin(left);
  await pass(5000);
  t.equal(sent.length, 2, 'a box that does not answer is not told again and again');
  hold.end();
  t.strictSame(sent.at(-1), { pan: 0, tilt: 0, zoom: 0 }, 'but the stop is said');
});

t.test('news that comes faster than answers puts off no look; what could not be had is asked for again', async (t) => {
  const clock = new ManualClock();
  const answers: ((had: boolean) => void)[] = [];
  const renewal = new Renewal(clock, () => new Promise((resolve) => void answers.push(resolve)));
  for (let tenths = 0; tenths < 10; tenths++) {
    renewal.news();
    clock.advance(100);
  }
  t.equal(answers.length, 1, 'one at a time, and not never');
  const answered = async (had: boolean): Promise<void> => {
    answers.at(-1)?.(had);
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  await answered(true);
  clock.advance(300);
  t.equal(answers.length, 2, 'there was news meanwhile');
  await answered(false);
  clock.advance(3000);
  t.equal(answers.length, 3, 'there was no answer');
  await answered(true);
  clock.advance(60_000);
  t.equal(answers.length, 3, 'no news');
  renewal.news();
  renewal.stop();
  clock.advance(60_000);
  t.equal(answers.length, 3);
});
