/** The edge's side of the network, as tables: connections, routes and views of a plan, the commands between two of them, counters, first pictures. */
import t from 'tap';
import { arrived, type Flowed, flowing, linkSamples, lookAt, nothingFlowed } from '../../edge/link/samples.ts';
import { floorIs, keyframeCame, nothingShown } from '../../edge/link/shown.ts';
import { relaySteps } from '../../edge/link/steps.ts';
import { heard, linkTables, nobodyListens, noTables } from '../../edge/link/tables.ts';
import { asPlanned, plannedHubs, plannedWays, type Reach } from '../../edge/link/ways.ts';
import type { ConnectionStats, RelayStats, StreamStats } from '../../hardware/relay/stats.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { edgeDesired, mediaKey, plan } from '../support/plan.ts';
import { quietConnection } from '../support/relay-stats.ts';

const twoHubs = [
  { hub: 'hub-1', port: 9710 },
  { hub: 'hub-2', port: 9711 },
];
const hot = (of: Plan): Plan => ({ ...of, sites: of.sites.map((site) => ({ ...site, protection: 'hot' })) });
const keys = (of: Plan) => edgeDesired(of, 'site-1').keys;
const [way] = plannedWays(plan(), 'site-1');
if (way === undefined) throw new Error('a plan without a way');
const ports = { floor: 5000, mosaic: 5001, mix: 5002 };

t.test('a site connects to its first hub both ways; a hot one to all of them', async (t) => {
  const one = plan({ hubs: twoHubs });
  const tables = linkTables(one, 'site-1', keys(one), nobodyListens, asPlanned);
  t.strictSame(tables.connections, [
    {
      link: 'up-hub-1',
      hub: 'hub-1',
      path: null,
      direction: 'up',
      host: '127.0.0.1',
      port: 9710,
      streamId: 'pub/site-1',
      key: mediaKey(one.meeting, 'hub-1', 'site-1'),
      latencyMs: 40,
    },
    {
      link: 'down-hub-1',
      hub: 'hub-1',
      path: null,
      direction: 'down',
      host: '127.0.0.1',
      port: 9710,
      streamId: 'sub/site-1',
      key: mediaKey(one.meeting, 'hub-1', 'site-1'),
      latencyMs: 40,
    },
  ]);
  t.strictSame(
    linkTables(hot(one), 'site-1', keys(one), nobodyListens, asPlanned).connections.map(({ link }) => link),
    ['up-hub-1', 'down-hub-1', 'up-hub-2', 'down-hub-2'],
  );
  t.strictSame(
    plannedHubs(hot(one), 'site-1').map(({ hub }) => hub),
    ['hub-1', 'hub-2'],
  );
  t.strictSame(linkTables(null, 'site-1', [], nobodyListens, asPlanned), noTables);
  t.strictSame(linkTables(one, 'site-9', [], nobodyListens, asPlanned), noTables, 'not in the plan');
});

t.test('without a key, or without the hub, a connection is not made and the reason is told', async (t) => {
  const one = plan({ hubs: twoHubs });
  t.match(linkTables(one, 'site-1', [], nobodyListens, asPlanned), { connections: [], problems: ['no media key for hub hub-1'] });
  const [, other] = keys(one);
  t.match(
    linkTables(one, 'site-1', other === undefined ? [] : [other], nobodyListens, asPlanned),
    { problems: ['no media key for hub hub-1'] },
    'of another hub',
  );
  const old = keys(one).map((key) => ({ ...key, meeting: 'm-zzzzzzzz' }));
  t.match(linkTables(one, 'site-1', old, nobodyListens, asPlanned), { problems: ['no media key for hub hub-1'] }, 'of another meeting');
  const gone = { ...one, hubs: one.hubs.slice(0, 1) };
  t.match(linkTables(gone, 'site-1', keys(one), nobodyListens, asPlanned), { problems: ['hub hub-2 is not in the plan'] });
});

t.test('what is made here goes up every link; what comes down is counted, and shown where somebody looks', async (t) => {
  const one = plan({ hubs: twoHubs, onAir: ['site-2'] });
  const [me, speaker, third] = one.sites.map(({ streams }) => streams);
  const [hub] = one.hubs.map(({ streams }) => streams);
  if (!me || !speaker || !third || !hub) throw new Error('the plan is too small');
  const counted = linkTables(one, 'site-1', keys(one), nobodyListens, asPlanned);
  t.strictSame(counted.routes, [
    { ssrc: me.main.ssrc, kind: 'video', from: ['media'], to: [{ link: 'up-hub-1' }] },
    { ssrc: me.tile.ssrc, kind: 'video', from: ['media'], to: [{ link: 'up-hub-1' }] },
    { ssrc: me.audio.ssrc, kind: 'audio', from: ['media'], to: [{ link: 'up-hub-1' }] },
    { ssrc: speaker.main.ssrc, kind: 'video', from: ['down-hub-1'], to: [] },
    { ssrc: speaker.tile.ssrc, kind: 'video', from: ['down-hub-1'], to: [] },
    { ssrc: third.main.ssrc, kind: 'video', from: ['down-hub-1'], to: [] },
    { ssrc: third.tile.ssrc, kind: 'video', from: ['down-hub-1'], to: [] },
    { ssrc: hub.mosaic.ssrc, kind: 'video', from: ['down-hub-1'], to: [] },
    { ssrc: hub.mix.ssrc, kind: 'audio', from: ['down-hub-1'], to: [] },
  ]);
  t.strictSame(counted.views[0], { view: 'floor', shows: { kind: 'video', to: { link: 'nobody' }, ssrc: speaker.main.ssrc } });
  t.strictSame(
    counted.views.map(({ shows }) => shows.to),
    [{ link: 'nobody' }, { link: 'nobody' }, { link: 'nobody' }],
    'also where nobody looks it is told when something changes',
  );
  const shown = linkTables(one, 'site-1', keys(one), ports, asPlanned);
  t.strictSame(
    shown.routes.filter(({ to }) => to.some((target) => 'udp' in target)).map(({ ssrc }) => ssrc),
    [speaker.main.ssrc, speaker.tile.ssrc, third.main.ssrc, third.tile.ssrc],
    'where the way is narrow the small picture comes instead',
  );
  t.strictSame(
    shown.views.slice(1).map(({ view, shows }) => [view, shows.ssrc, shows.to]),
    [
      ['mosaic', hub.mosaic.ssrc, { udp: 5001 }],
      ['mix', hub.mix.ssrc, { udp: 5002 }],
    ],
  );
  const both = linkTables(hot(one), 'site-1', keys(one), ports, asPlanned);
  t.strictSame(
    both.views[0],
    { view: 'floor', shows: { kind: 'video', to: { udp: 5000 }, ssrc: speaker.main.ssrc, backups: [speaker.tile.ssrc] } },
    'two hubs: the grant decides, and the large picture is shown while it comes from either',
  );
  t.strictSame(both.routes[0]?.to, [{ link: 'up-hub-1' }, { link: 'up-hub-2' }]);
  t.strictSame(both.routes[3]?.from, ['down-hub-1', 'down-hub-2']);
});

t.test('a viewer hears the floor; the speaker the previous speaker, or the mosaic alone', async (t) => {
  const main = (of: Plan, site: string) => of.sites.find((each) => each.site === site)?.streams.main.ssrc;
  const one = plan({ onAir: ['site-2'], previous: 'site-3' });
  t.equal(heard(one, 'site-1').floor, main(one, 'site-2'));
  t.equal(heard(one, 'site-2').floor, main(one, 'site-3'));
  t.match(heard(plan({ onAir: ['site-2'] }), 'site-2'), { floor: null, floorSite: null });
  t.match(heard(null, 'site-1'), { floor: null, mosaic: null, mix: null });
});

t.test('between two tables lie the fewest commands, in an order that never sends into nothing', async (t) => {
  const verbs = (from: ReturnType<typeof linkTables>, to: ReturnType<typeof linkTables>) => relaySteps(from, to).map((step) => step.do);
  const one = plan({ sites: 2, onAir: ['site-2'] });
  const tables = linkTables(one, 'site-1', keys(one), ports, asPlanned);
  const order = verbs(noTables, tables);
  t.ok(order.lastIndexOf('route') < order.indexOf('connect') && order.lastIndexOf('connect') < order.indexOf('view'), order.join(' '));
  t.strictSame(verbs(tables, tables), []);
  const floor = plan({ sites: 2, onAir: ['site-1'] });
  t.strictSame(verbs(tables, linkTables(floor, 'site-1', keys(floor), ports, asPlanned)), ['view'], 'the floor costs one command');
  const rekeyed = keys(one).map((key) => ({ ...key, key: 'k'.repeat(32) }));
  t.strictSame(
    verbs(tables, linkTables(one, 'site-1', rekeyed, ports, asPlanned)),
    ['disconnect', 'connect', 'disconnect', 'connect'],
    'another key: both links anew',
  );
  const end = verbs(tables, noTables);
  t.strictSame([...new Set(end)], ['unview', 'unroute', 'disconnect']);
  t.equal(end.filter((verb) => verb === 'disconnect').length, 2);
});

const connection = (link: string, more: Partial<ConnectionStats>): ConnectionStats => ({ ...quietConnection, link, rttMs: 1.26, ...more });
const stream = (ssrc: number, more: Partial<StreamStats>): StreamStats => ({
  ssrc,
  incarnation: 0,
  kind: 'video',
  flowing: true,
  packets: 0,
  bytes: 0,
  dups: 0,
  lost: 0,
  late: 0,
  odd: 0,
  restarts: 0,
  forged: 0,
  frames: 0,
  damagedFrames: 0,
  keyframes: 0,
  paused: 0,
  pausedFrames: 0,
  maxFrameGapMs: 41.23,
  lastMs: 0,
  ageMs: 83.21,
  minAgeMs: 0,
  maxAgeMs: 0,
  ...more,
});
const look = (at: number, connections: ConnectionStats[], streams: StreamStats[]) =>
  lookAt({ at, connections, streams } as unknown as RelayStats);

t.test("counters that only grow become the last second's numbers", async (t) => {
  const before = look(
    1000,
    [connection('up-hub-1', { sent: 100, bytesSent: 10_000, lost: 1 })],
    [stream(16, { frames: 50, damagedFrames: 1, packets: 90 })],
  );
  const now = look(
    2000,
    [connection('up-hub-1', { sent: 300, bytesSent: 260_000, lost: 5, retransmitted: 4 })],
    [stream(16, { frames: 75, damagedFrames: 3, packets: 180 })],
  );
  t.strictSame(linkSamples([way], [], before, now), [
    {
      peer: 'hub-1',
      path: null,
      resting: false,
      direction: 'up',
      connected: true,
      rttMs: 1.3,
      lossPercent: 2,
      dropped: 0,
      retransmitted: 4,
      kbps: 2000,
    },
    {
      peer: 'hub-1',
      path: null,
      resting: false,
      direction: 'down',
      connected: false,
      rttMs: 0,
      lossPercent: 0,
      dropped: 0,
      retransmitted: 0,
      kbps: 0,
    },
  ]);
  const ears = { floorSite: 'site-2', floor: 16, small: null, mosaic: 32, mix: null };
  t.strictSame(arrived(ears, 7, nothingFlowed, before, now), {
    floor: { site: 'site-2', grantN: 7, frames: 25, lostFrames: 2, maxGapMs: 41.2, ageMs: 83.2 },
    mosaic: { frames: 0, lostFrames: 0, maxGapMs: 0 },
    mix: { packets: 0, lost: 0 },
  });
  const returned = look(3000, [], [stream(16, { frames: 100, damagedFrames: 3, packets: 260, paused: 1700, pausedFrames: 1600 })]);
  // Packets have come, but nothing of them has been judged yet.
  const silent = look(3000, [], [stream(16, { frames: 75, damagedFrames: 3, packets: 185 })]);
  const lostOf = (flowed: Flowed) => arrived(ears, 8, flowed, now, returned).floor.lostFrames;
  t.equal(lostOf(nothingFlowed), 0, 'a site that has the floor again was not sent here meanwhile');
  t.equal(lostOf(flowing(ears, nothingFlowed, before, now)), 1600, 'what is missing while it was on the floor is lost');
  t.equal(lostOf(flowing(ears, nothingFlowed, now, silent)), 0, 'the plan came before the first picture');
  t.equal(lostOf(flowing(ears, flowing(ears, nothingFlowed, before, now), now, silent)), 1600, 'it had come, and stopped');
  const restarted = look(3000, [connection('up-hub-1', { sent: 20, bytesSent: 1000 })], []);
  t.match(linkSamples([way], [], now, restarted)[0], { kbps: 8, lossPercent: 0 }, 'a counter that began anew counts from zero');
});

t.test('a small picture that stands in for the large one is no loss, nor is what was left out meanwhile', async (t) => {
  const ears = { floorSite: 'site-2', floor: 16, small: 48, mosaic: null, mix: null };
  const at = (seconds: number, ...streams: StreamStats[]) => look(1000 * seconds, [], streams);
  const looks = [
    at(0, stream(16, { frames: 0, packets: 0 }), stream(48, { frames: 0, packets: 0 })),
    at(1, stream(16, { frames: 25, packets: 60 }), stream(48, { frames: 0, packets: 0 })),
    at(2, stream(16, { frames: 30, packets: 70, maxFrameGapMs: 800 }), stream(48, { frames: 10, packets: 12, maxFrameGapMs: 90 })),
    at(3, stream(16, { frames: 30, packets: 70, maxFrameGapMs: 1800 }), stream(48, { frames: 25, packets: 30, maxFrameGapMs: 70 })),
    at(
      4,
      stream(16, { frames: 50, packets: 110, paused: 400, pausedFrames: 40, maxFrameGapMs: 2100 }),
      stream(48, { frames: 28, packets: 33 }),
    ),
    at(5, stream(16, { frames: 75, packets: 170, paused: 400, pausedFrames: 40 }), stream(48, { frames: 28, packets: 33 })),
  ];
  let flowed: Flowed = nothingFlowed;
  const seconds = looks.slice(1).map((now, index) => {
    const before = looks[index] ?? now;
    const { frames, lostFrames, maxGapMs } = arrived(ears, 1, flowed, before, now).floor;
    flowed = flowing(ears, flowed, before, now);
    return [frames, lostFrames, maxGapMs];
  });
  const told = seconds.map(([frames, lost]) => `${frames} ${lost}`);
  t.strictSame(told, ['25 0', '15 0', '15 0', '23 0', '25 0']);
  t.equal(seconds[2]?.[2], 70, 'what the viewer saw has no gap');
  // The large one stopped half a second ago; the small one was last wanted two minutes ago.
  const [was, is] = [
    at(6, stream(16, { frames: 75, packets: 170 }), stream(48, { frames: 28, packets: 33 })),
    at(7, stream(16, { frames: 75, packets: 170, maxFrameGapMs: 1500 }), stream(48, { frames: 38, packets: 45, maxFrameGapMs: 120_000 })),
  ];
  t.equal(arrived(ears, 1, flowed, was, is).floor.maxGapMs, 1500, 'he waited for whichever came sooner');
});

t.test('the first picture of a grant is told once, whether it comes after the plan or before it', async (t) => {
  const waiting = floorIs(nothingShown, 'm 1.1', 16, 0);
  t.equal(waiting.at, null);
  const came = keyframeCame(waiting.state, 16, 120);
  t.equal(came.at, 120);
  t.equal(keyframeCame(came.state, 16, 900).at, null, 'once');
  t.equal(keyframeCame(waiting.state, 32, 130).at, null, 'of another site');
  const ahead = keyframeCame(came.state, 32, 5000);
  t.equal(ahead.at, null);
  t.equal(floorIs(ahead.state, 'm 1.2', 32, 5080).at, 5000, 'the hub was faster than the broker');
  t.equal(floorIs(ahead.state, 'm 1.2', 32, 20_000).at, null, 'but an old picture is not this grant');
  t.equal(floorIs(came.state, 'm 1.2', 16, 6000).at, 6000, 'the same picture under a new grant');
  t.equal(floorIs(came.state, 'm 1.1', 16, 6000).at, null, 'the same grant again');
  t.equal(floorIs(came.state, 'm 1.3', null, 6000).at, null, 'nobody');
});

t.test(
  'a warm site is connected to its second hub and silent towards it, but for who is on the floor; woken, it sends everything',
  async (t) => {
    const warm = plan({ hubs: twoHubs, protection: 'warm', onAir: ['site-2'] });
    const to = (site: string, reach: Reach = asPlanned) =>
      linkTables(warm, site, edgeDesired(warm, site).keys, nobodyListens, reach)
        .routes.slice(0, 3)
        .map((route) => route.to.map((target) => ('link' in target ? target.link : null)));
    t.strictSame(linkTables(warm, 'site-1', keys(warm), nobodyListens, asPlanned).connections.length, 4);
    t.strictSame(to('site-1'), [['up-hub-1', 'up-hub-2'], ['up-hub-1'], ['up-hub-1']]);
    t.strictSame(to('site-2'), Array(3).fill(['up-hub-1', 'up-hub-2']), 'viewers of the second hub must lose nothing of the speaker');
    t.strictSame(to('site-1', { woken: ['hub-2'], resting: [], leads: null }), Array(3).fill(['up-hub-1', 'up-hub-2']));
    const [, mosaic, mix] = linkTables(warm, 'site-1', keys(warm), ports, asPlanned).views;
    const [, second] = warm.hubs.map(({ streams }) => streams);
    t.match(mosaic, { shows: { backups: [second?.mosaic.ssrc] } });
    t.match(mix, { shows: { backups: [second?.mix.ssrc] } });
    const [, leading] = linkTables(warm, 'site-1', keys(warm), ports, { ...asPlanned, leads: 'hub-2' }).views;
    t.match(leading, { shows: { ssrc: second?.mosaic.ssrc } }, 'the hub that has the speaker comes first');
  },
);

t.test('each WAN link has its connections, to where the hub is behind it; one that rests has none', async (t) => {
  const made = plan({ hubs: twoHubs, protection: 'warm', paths: ['wan1', 'wan2'] });
  const two = { ...made, hubs: made.hubs.map((hub) => ({ ...hub, paths: [{ path: 'wan2', host: '10.2.0.1' }] })) };
  const all = linkTables(two, 'site-1', keys(two), nobodyListens, asPlanned).connections;
  t.strictSame(
    all.filter(({ direction }) => direction === 'up').map(({ link, host, streamId }) => [link, host, streamId]),
    [
      ['up-hub-1.wan1', '127.0.0.1', 'pub/site-1/wan1'],
      ['up-hub-1.wan2', '10.2.0.1', 'pub/site-1/wan2'],
      ['up-hub-2.wan1', '127.0.0.1', 'pub/site-1/wan1'],
      ['up-hub-2.wan2', '10.2.0.1', 'pub/site-1/wan2'],
    ],
  );
  const rested = linkTables(two, 'site-1', keys(two), nobodyListens, { woken: [], resting: ['hub-1.wan2'], leads: null });
  t.notOk(rested.connections.some(({ link }) => link.endsWith('hub-1.wan2')));
  t.notMatch(JSON.stringify(rested.routes), /hub-1\.wan2/);
});
