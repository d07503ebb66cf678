import t from 'tap';
import { Board } from '../../central/api/board.ts';
import { labelled, render, single, tally } from '../../central/api/metrics.ts';
import { earlierHub, hubView, judge, meetingView, pictureHub, seenByHub, siteView } from '../../central/api/views.ts';
import { place } from '../../central/cascade/plan.ts';
import type { Meeting } from '../../central/meetings/reduce.ts';
import type { Site } from '../../central/sites/contract.ts';
import type { NodeFacts } from '../../central/telemetry/facts.ts';
import { HubView, MeetingView, type Patch, SiteView } from '../../protocol/api.ts';
import { decoder } from '../../protocol/decode.ts';
import { noGrant } from '../../protocol/grant.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import type { EdgeTelemetry, HubMeeting, HubTelemetry, LinkSample } from '../../protocol/schema/telemetry.ts';
import { wellFacts } from '../support/central-api.ts';
import { movableClock } from '../support/clock.ts';
import { usualFormats } from '../support/formats.ts';

const monoMs = 10_000;
const site: Site = { site: 'a', name: 'Điểm cầu A', order: 1, seenAt: 5, protection: 'warm' };
const well = wellFacts('a', monoMs);
const reported = (change: Partial<ReportedBody>): Partial<NodeFacts> => ({ reported: { ...(well.reported as ReportedBody), ...change } });
const link = (change: Partial<LinkSample>): LinkSample => ({
  peer: 'hub-1',
  path: null,
  resting: false,
  direction: 'up',
  connected: true,
  rttMs: 5,
  lossPercent: 0.2,
  dropped: 0,
  retransmitted: 0,
  kbps: 1600,
  ...change,
});
const host = { cores: 0.5, rssMb: 100, load1: 1, diskFreeMb: 1000, outboxRecords: 0 };
const edge = (links: readonly LinkSample[], change: Partial<EdgeTelemetry> = {}): EdgeTelemetry => ({
  role: 'edge',
  links: [...links],
  hub: null,
  source: { state: 'live', fps: 25, because: '' },
  mainBecause: null,
  floor: { site: 'b', grantN: 1, frames: 25, lostFrames: 0, maxGapMs: 40, ageMs: 60 },
  mosaic: { frames: 15, lostFrames: 0, maxGapMs: 70 },
  mix: { packets: 25, lost: 0, levelDb: null },
  host,
  ...change,
});

const meeting: Meeting = {
  id: 'm-abcdef1234',
  title: 'Họp',
  language: 'vi',
  state: 'running',
  hub: 'hub-1',
  createdBy: 'chief',
  createdAt: 1,
  startedAt: 2,
  endedAt: null,
  sites: ['a'],
  grant: { ...noGrant(1), n: 3, slots: ['a'] },
  pin: '123456',
  floorSince: 3,
  layout: { mosaic: 'grid', page: 0 },
  recording: { id: 'r-abcdef1234', because: 'minutes', by: 'chief', startedAt: 3 },
};
const placed = place(
  { ...meeting, meeting: meeting.id, sites: [{ site: 'a', name: 'A', protection: 'warm', paths: null }], recording: null },
  {
    hubs: [{ hub: 'hub-1', online: true, address: { host: 'h', port: 1, paths: [] }, busy: 0 }],
    taken: new Set(),
    formats: usualFormats,
    latencyMs: 40,
    before: null,
  },
);
if (!placed.ok) throw new Error(placed.fault.code);
const { plan } = placed.value;
const seen: HubMeeting = {
  meeting: meeting.id,
  sites: [{ site: 'a', up: link({ lossPercent: 1.5 }), down: link({ direction: 'down' }), tile: 'live', levelDb: -20, speaking: true }],
  mosaic: { state: 'running', fps: 15 },
  floor: { grantN: 3, switched: 12, viewers: 12 },
  recording: { id: 'r-abcdef1234', state: 'running', bytes: 1000, because: 'records' },
};

const judged: readonly [string, Partial<NodeFacts> | null, string, RegExp][] = [
  ['nothing known, seen before', null, 'offline', /since central started/],
  ['well', {}, 'online', /idle/],
  ['disconnected', { connected: false, because: 'keep alive timeout' }, 'offline', /keep alive/],
  ['its last will', { status: { state: 'offline', role: 'edge', version: '1', since: 1, because: 'power' } }, 'offline', /power/],
  ['silent', { heardAt: monoMs - 3001 }, 'offline', /silent for more than 3 s/],
  ['just not silent', { heardAt: monoMs - 3000 }, 'online', /idle/],
  ['connected, not heard', { heardAt: null }, 'degraded', /nothing heard/],
  ['no report', { reported: null }, 'degraded', /not reported/],
  ['not satisfied', reported({ satisfied: false, because: 'no camera' }), 'degraded', /no camera/],
  [
    'a failed part',
    reported({ parts: [{ name: 'uplink', state: 'failed', because: 'crashes', restarts: 20 }] }),
    'degraded',
    /uplink: crashes/,
  ],
];
for (const [name, change, state, because] of judged)
  t.test(`a node is judged: ${name}`, async (t) => {
    t.match(judge(site, change === null ? undefined : { ...well, ...change }, monoMs), { state, because });
  });
t.test('a node is judged: never seen', async (t) => t.match(judge({ seenAt: null }, undefined, monoMs), { state: 'never' }));

const media: readonly [string, EdgeTelemetry, string, RegExp][] = [
  ['both links up', edge([link({}), link({ direction: 'down' })]), 'online', /idle/],
  ['no link yet', edge([]), 'degraded', /no media link/],
  ['a link down', edge([link({}), link({ direction: 'down', connected: false })]), 'degraded', /down to hub-1 is down/],
  ['much loss', edge([link({ lossPercent: 7.25 })]), 'degraded', /7\.3 % of packets/],
  ['slate for a camera', edge([link({})], { source: { state: 'slate', fps: 0, because: 'cable' } }), 'degraded', /no camera: cable/],
];
for (const [name, telemetry, state, because] of media)
  t.test(`a site in a meeting is judged by its media: ${name}`, async (t) => {
    const facts = { ...well, telemetry };
    t.match(siteView({ site, facts, plan, seen: null, monoMs }), { state, because });
    t.match(siteView({ site, facts, plan: null, seen: null, monoMs }), { state: 'online' }, 'between meetings it is well');
  });

t.test('a wrong clock is told, and never in the place of something that stops people', async (t) => {
  const said = { state: 'degraded', because: "its clock is 3600 s behind central's" };
  const facts = { ...well, clockMs: -3_600_000 };
  const slate = edge([link({})], { source: { state: 'slate', fps: 0, because: 'cable' } });
  t.match(siteView({ site, facts, plan: null, seen: null, monoMs }), said);
  t.match(siteView({ site, facts: { ...facts, telemetry: edge([link({})]) }, plan, seen: null, monoMs }), said);
  t.match(siteView({ site, facts: { ...facts, telemetry: slate }, plan, seen: null, monoMs }), { because: 'no camera: cable' });
  t.match(siteView({ site, facts: { ...facts, connected: false }, plan, seen: null, monoMs }), { state: 'offline' });
});

t.test('a site’s row takes each number from whoever measured it', async (t) => {
  const facts = { ...well, telemetry: edge([link({ rttMs: 12 }), link({ direction: 'down', kbps: 3000 })]), lostFrames: 2 };
  const view = siteView({ site, facts, plan, seen, monoMs });
  t.match(view, {
    hub: 'hub-1',
    rttMs: 12,
    lossPercent: 1.5,
    upKbps: 1600,
    downKbps: 3000,
    lostFrames: 2,
    levelDb: -20,
    speaking: true,
    tile: 'live',
    version: '1',
  });
  t.match(decoder(SiteView).check({ ...view, since: 1 }), { ok: true });
  const gone = siteView({ site, facts: { ...facts, connected: false }, plan, seen, monoMs });
  t.match(
    gone,
    { state: 'offline', upKbps: null, downKbps: null, tile: 'live' },
    'old numbers of a lost site are not shown, the hub’s are',
  );
});

t.test('a meeting’s row follows what the hub says of it', async (t) => {
  const view = meetingView(meeting, seen, 'online');
  t.match(decoder(MeetingView).check(view), { ok: true });
  t.match(view, {
    mosaic: { state: 'running', fps: 15 },
    floor: { switched: 12, viewers: 12 },
    recording: { state: 'running', bytes: 1000 },
  });
  t.match(
    meetingView({ ...meeting, grant: { ...meeting.grant, n: 4 } }, seen, 'online'),
    { floor: { switched: 0, viewers: 12 } },
    'an older grant switched nobody',
  );
  t.match(meetingView(meeting, null, 'online'), {
    mosaic: { state: 'starting' },
    recording: { state: 'starting', bytes: 0, because: 'minutes' },
  });
  t.match(meetingView(meeting, null, 'offline'), { mosaic: { state: 'down' } });
  t.match(meetingView({ ...meeting, state: 'ended', recording: null }, null, 'never'), { mosaic: { state: 'off' }, recording: null });
});

t.test('what a silent or foreign hub said is not believed', async (t) => {
  const telemetry: HubTelemetry = { role: 'hub', meetings: [seen], refused: 0, forged: 0, host };
  const facts = wellFacts('hub-1', monoMs, { telemetry });
  t.equal(
    seenByHub(plan, () => facts, monoMs),
    seen,
  );
  t.equal(
    seenByHub(plan, () => facts, monoMs + 3001),
    null,
  );
  t.equal(
    seenByHub(plan, () => ({ ...facts, connected: false }), monoMs),
    null,
  );
  t.equal(
    seenByHub(plan, () => well, monoMs),
    null,
  );
  t.equal(
    seenByHub(null, () => facts, monoMs),
    null,
  );
  const view = hubView({ hub: 'hub-1', name: 'Hub', seenAt: 1, address: { host: 'h', port: 9710, paths: [] } }, facts, monoMs);
  t.match(view, { state: 'online', host: 'h', port: 9710, cores: 0.5 });
  t.match(decoder(HubView).check({ ...view, since: null }), { ok: true });
});

t.test('pictures come from the first hub that composes what it sees; nobody is sent on to a later one', async (t) => {
  const two: Plan = { ...plan, hubs: [plan.hubs[0]!, { ...plan.hubs[0]!, hub: 'hub-2' }] };
  type Says = 'composes' | 'starts' | 'sees nobody' | 'is silent' | 'knows nothing';
  const says = (hub: string, what: Says): NodeFacts => {
    const mosaic = { ...seen.mosaic, state: what === 'starts' ? ('starting' as const) : ('running' as const) };
    const sites = what === 'sees nobody' ? seen.sites.map((each) => ({ ...each, tile: 'slate' as const })) : seen.sites;
    const meetings = what === 'knows nothing' ? [] : [{ ...seen, mosaic, sites }];
    const telemetry: HubTelemetry = { role: 'hub', meetings, refused: 0, forged: 0, host };
    return wellFacts(hub, monoMs, { telemetry, ...(what === 'is silent' ? { heardAt: monoMs - 3001 } : {}) });
  };
  const table: readonly [first: Says, second: Says, pictures: string, beforeSecond: string | null][] = [
    ['composes', 'composes', 'hub-1', 'hub-1'],
    ['starts', 'composes', 'hub-2', null],
    ['sees nobody', 'composes', 'hub-2', null],
    ['knows nothing', 'composes', 'hub-2', null],
    ['is silent', 'composes', 'hub-2', null],
    ['is silent', 'starts', 'hub-2', null],
    ['is silent', 'is silent', 'hub-1', null],
    ['starts', 'starts', 'hub-1', null],
  ];
  for (const [first, second, pictures, beforeSecond] of table) {
    const facts = (node: string): NodeFacts => says(node, node === 'hub-1' ? first : second);
    const name = `the first ${first}, the second ${second}`;
    t.equal(pictureHub(two, facts, monoMs), pictures, name);
    t.equal(earlierHub(two, 'hub-2', facts, monoMs), beforeSecond, name);
    t.equal(earlierHub(two, 'hub-1', facts, monoMs), null, `${name}: with the first one already`);
  }
  const both = (node: string): NodeFacts => says(node, node === 'hub-1' ? 'starts' : 'composes');
  t.equal(earlierHub(two, 'hub-9', both, monoMs), 'hub-2', 'of a hub that has left the plan');
});

t.test('the board tells whole rows that changed, once, and since when a state holds', async (t) => {
  const clock = movableClock();
  const facts = new Map<string, NodeFacts>([['a', wellFacts('a', clock.mono())]]);
  const sites = [site];
  const board = new Board({
    registry: { sites: () => sites, hubs: () => [] },
    facts: (node) => facts.get(node),
    meetings: { list: () => [], planOf: () => null },
    clock,
  });
  t.teardown(() => board.stop());
  board.start([]);
  const patches: Patch[] = [];
  board.on('patch', (patch) => patches.push(patch));
  const online = board.snapshot().sites[0];
  t.equal(board.snapshot().seq, board.seq);
  t.equal(patches.length, 0, 'a snapshot of what is known tells nothing new');
  clock.advance(60_000);
  facts.set('a', wellFacts('a', clock.mono(), { status: { state: 'online', role: 'edge', version: '2', since: 1, because: '' } }));
  t.match(board.snapshot().sites[0], { version: '2', since: online?.since }, 'the state is as old as it was');
  facts.set('a', wellFacts('a', clock.mono(), { connected: false }));
  t.ok((board.snapshot().sites[0]?.since ?? 0) > (online?.since ?? 0) + 59_000, 'a new state is new');
  t.strictSame(
    patches.map((each) => each.sites?.length),
    [1, 1],
  );
  const entry = { id: 1, at: 1, node: 'a', kind: 'link', what: 'lost', severity: 'info', because: '', meeting: null, facts: {} } as const;
  board.add(entry);
  t.strictSame(board.snapshot().log, [entry]);
  t.strictSame(patches.at(-1)?.log, [entry]);
});

t.test('metrics are Prometheus text', async (t) => {
  t.equal(
    render([
      single('a_total', 'counter', 'Help with \\ and\nline.', 2),
      labelled('b', 'gauge', 'B.', 'state', { 'x"y': 1.5, z: Number.NaN }),
    ]),
    '# HELP a_total Help with \\\\ and\\nline.\n# TYPE a_total counter\na_total 2\n# HELP b B.\n# TYPE b gauge\nb{state="x\\"y"} 1.5\nb{state="z"} NaN\n',
  );
  t.strictSame(tally(['on', 'off'] as const, [{ state: 'on' }, { state: 'on' }]), { on: 2, off: 0 });
});
