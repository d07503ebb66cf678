/** What the hub decides without touching anything: relay tables, their differences, keyframe requests, steps, telemetry. */
import t from 'tap';
import { awaits, due, nobodyWaits } from '../../central/hub/forward/asker.ts';
import { difference } from '../../central/hub/forward/diff.ts';
import { type Paced, paced, waitsMs } from '../../central/hub/forward/pace.ts';
import {
  attached,
  emptyTable,
  everybody,
  type Local,
  meetingTable,
  merge,
  mixOutputs,
  ownerOf,
  type Table,
  viewName,
} from '../../central/hub/forward/table.ts';
import { noRefusals, refusal, relayNotes, tellAgainMs } from '../../central/hub/report/relay-notes.ts';
import { floorReach, linkSample, siteLinks } from '../../central/hub/report/telemetry.ts';
import { planSteps } from '../../central/hub/steps.ts';
import type { ConnectionStats, RelayStats } from '../../hardware/relay/stats.ts';
import { decoder } from '../../protocol/decode.ts';
import type { Grant } from '../../protocol/grant.ts';
import { HubDesired } from '../../protocol/schema/desired.ts';
import { Plan } from '../../protocol/schema/plan.ts';
import { hubDesired, plan as makePlan, mediaKey, type PlanOptions } from '../support/plan.ts';
import { quietConnection } from '../support/relay-stats.ts';

const quiet: Local = {
  awake: new Set(),
  audioPorts: new Map(),
  hears: new Map(),
  mixAs: 1,
  taps: [],
  inputs: { mosaic: 'mosaic.0', audio: 'audio.0' },
  thinned: new Map(),
};
const table = (options: PlanOptions = {}, local: Partial<Local> = {}): { readonly plan: Plan; readonly table: Table } => {
  const plan = makePlan(options);
  const keys = new Map(plan.sites.map(({ site }) => [site, mediaKey(plan.meeting, 'hub-1', site)]));
  return { plan, table: meetingTable(plan, plan.hubs[0]!, keys, { ...quiet, ...local }) };
};
const stream = (plan: Plan, site: string): Plan['sites'][number]['streams'] => plan.sites.find((each) => each.site === site)!.streams;
const shown = (of: Table, plan: Plan, viewer: string): number | null | undefined =>
  of.views.get(viewName('floor', plan.sites.find(({ site }) => site === viewer)!))?.ssrc;

t.test('plans and desired states of the builders fit their schemas', async (t) => {
  for (const options of [{}, { sites: 13, onAir: ['site-2'], next: 'site-3', recording: 'r-abcdefgh' }] satisfies PlanOptions[]) {
    const plan = makePlan(options);
    t.strictSame(decoder(Plan).check(plan), { ok: true, value: plan });
    t.ok(decoder(HubDesired).check(hubDesired([plan])).ok);
  }
});

t.test('a viewer behind a narrow way is spared the mosaic, then the large picture, never the mix', async (t) => {
  const mosaics = (of: Table, plan: Plan) => of.routes.get(plan.hubs[0]!.streams.mosaic.ssrc)?.to;
  const both = [{ peer: 'site-1' }, { peer: 'site-2' }];
  const cases: readonly [string, PlanOptions, number, typeof both, 'main' | 'tile' | null][] = [
    ['all of it', { onAir: ['site-1'] }, 0, both, 'main'],
    ['no mosaic', { onAir: ['site-1'] }, 1, both.slice(0, 1), 'main'],
    ['the small picture', { onAir: ['site-1'] }, 2, both.slice(0, 1), 'tile'],
    ['the mosaic is all there is', {}, 1, both, null],
    ['nothing but sound', {}, 2, both.slice(0, 1), null],
  ];
  for (const [title, options, level, to, picture] of cases) {
    const thinned = new Map(level === 0 ? [] : [['site-2', level as 1 | 2] as const]);
    const { plan, table: made } = table({ sites: 2, ...options }, { thinned });
    t.strictSame(mosaics(made, plan), to, `${title}: mosaic`);
    t.equal(shown(made, plan, 'site-2'), picture === null ? null : stream(plan, 'site-1')[picture].ssrc, `${title}: floor`);
    t.ok(made.views.has(viewName('mix', plan.sites[1]!)), `${title}: mix`);
  }
});

t.test('what each viewer is shown', async (t) => {
  const cases: readonly [string, PlanOptions, Readonly<Record<string, string | null>>][] = [
    ['nobody has the floor', {}, { 'site-1': null, 'site-2': null }],
    [
      'the speaker without a predecessor sees the mosaic',
      { onAir: ['site-1'] },
      { 'site-1': null, 'site-2': 'site-1', 'site-3': 'site-1' },
    ],
    [
      'the speaker sees the one before',
      { onAir: ['site-1'], previous: 'site-3' },
      { 'site-1': 'site-3', 'site-2': 'site-1', 'site-3': 'site-1' },
    ],
    ['a speaker who is not in the plan is nobody', { onAir: ['site-9'] }, { 'site-1': null }],
  ];
  for (const [title, options, want] of cases) {
    const { plan, table: made } = table(options);
    for (const [viewer, site] of Object.entries(want))
      t.equal(shown(made, plan, viewer), site === null ? null : stream(plan, site).main.ssrc, `${title}: ${viewer}`);
  }
});

t.test('a stream is taken from its own site only, and the mosaic from this hub only', async (t) => {
  const { plan, table: made } = table();
  const { main, tile, audio } = stream(plan, 'site-2');
  for (const { ssrc } of [main, tile, audio]) t.strictSame(made.routes.get(ssrc)?.from, ['site-2']);
  const { mosaic } = plan.hubs[0]!.streams;
  t.strictSame(made.routes.get(mosaic.ssrc), {
    kind: 'video',
    from: ['mosaic.0'],
    to: [{ peer: 'site-1' }, { peer: 'site-2' }, { peer: 'site-3' }],
  });
  t.equal(made.routes.get(plan.hubs[0]!.streams.mix.ssrc), undefined, 'nobody may send the mix that viewers hear');
});

t.test('each site hears everybody, a speaker its own output', async (t) => {
  const { plan, table: made } = table({}, { hears: new Map([['site-2', 1]]), mixAs: 77 });
  const outputs = mixOutputs(plan, plan.hubs[0]!);
  t.equal(new Set([...outputs, ...plan.sites.map(({ streams }) => streams.audio.ssrc)]).size, 7, 'no SSRC twice');
  const heard = (site: number): unknown => made.views.get(viewName('mix', plan.sites[site]!));
  t.strictSame(heard(0), { kind: 'audio', to: { peer: 'site-1' }, ssrc: outputs[everybody], as: 77 });
  t.strictSame(heard(1), { kind: 'audio', to: { peer: 'site-2' }, ssrc: outputs[1], as: 77 });
});

t.test('taps take their picture by view and everybody’s mix by route', async (t) => {
  const { plan, table: made } = table(
    {},
    {
      taps: [
        { name: 'rec.0', video: { port: 4000, ssrc: 160 }, audioPort: 4001 },
        { name: 'tile.3', video: { port: 4002, ssrc: null }, audioPort: null },
      ],
    },
  );
  t.strictSame(made.views.get(`${plan.meeting}.rec.0`), { kind: 'video', to: { udp: 4000 }, ssrc: 160, as: null });
  t.strictSame(made.views.get(`${plan.meeting}.tile.3`)?.ssrc, null);
  t.strictSame(made.routes.get(mixOutputs(plan, plan.hubs[0]!)[everybody])?.to, [{ udp: 4001 }]);
});

t.test('a site of another hub is no viewer here, and a site without a key is not let in', async (t) => {
  const plan = makePlan();
  const elsewhere: Plan = {
    ...plan,
    sites: plan.sites.map((each, index) => (index === 2 ? { ...each, hubs: [{ hub: 'hub-2', path: null }] } : each)),
  };
  t.strictSame(
    attached(elsewhere, 'hub-1').map(({ site }) => site),
    ['site-1', 'site-2'],
  );
  const made = meetingTable(elsewhere, plan.hubs[0]!, new Map([['site-1', 'k'.repeat(32)]]), quiet);
  t.strictSame([...made.allow.keys()], ['site-1']);
});

t.test('content goes to everybody but its sender', async (t) => {
  const plan = makePlan();
  const content = { ssrc: 4096, format: { width: 1280, height: 720, fps: 5, kbps: 500 } };
  const sites = plan.sites.map((each, index) => (index === 0 ? { ...each, streams: { ...each.streams, content } } : each));
  const made = meetingTable({ ...plan, sites }, plan.hubs[0]!, new Map(), quiet);
  t.strictSame(made.routes.get(4096)?.to, [{ peer: 'site-2' }, { peer: 'site-3' }]);
  t.strictSame(ownerOf({ ...plan, sites }, 4099), { site: 'site-1', kind: 'content' }, 'any incarnation');
});

t.test('differences between tables', async (t) => {
  const { plan, table: one } = table({ onAir: ['site-1'] });
  const two = table({ onAir: ['site-2'], previous: 'site-1', n: 2 }).table;
  t.strictSame(difference(one, one), [], 'the same table is no work');
  const steps = difference(one, two);
  t.ok(steps.length > 0 && steps.every((step) => step.do === 'view'), 'a switch of the floor touches views only');
  const first = difference(emptyTable, one).map((step) => step.do);
  t.strictSame([...new Set(first)], ['allow', 'route', 'view'], 'who may come, where streams go, who sees what');
  t.strictSame([...new Set(difference(one, emptyTable).map((step) => step.do))], ['unview', 'unroute', 'deny']);
  const tap = (port: number): Table => table({}, { taps: [{ name: 'rec.0', video: { port, ssrc: 16 }, audioPort: null }] }).table;
  t.strictSame(
    difference(tap(1), tap(2)).map((step) => step.do),
    ['unview', 'view'],
    'another port begins with an IDR again',
  );
  const key = (text: string): Table => ({ ...emptyTable, allow: new Map([['site-1', { key: text, maxInKbps: 1000 }]]) });
  t.strictSame(
    difference(key('a'), key('b')),
    [{ do: 'allow', node: 'site-1', key: 'b', maxInKbps: 1000 }],
    'a new key replaces the old one',
  );
  t.equal(merge([one, table({ meeting: 'm-zzzzzzzz' }).table]).views.size, 2 * one.views.size);
  t.equal(plan.sites.length, 3);
});

t.test('keyframes are asked for until they come', async (t) => {
  let state = awaits(awaits(nobodyWaits, 'floor.a', 160, 0), 'floor.b', 160, 0);
  const ask = (at: number): readonly number[] => {
    const next = due(state, at);
    state = next.state;
    return next.ask;
  };
  t.strictSame(ask(0), [160], 'at once, once for both');
  t.strictSame(ask(100), []);
  state = awaits(state, 'floor.c', 160, 150);
  t.strictSame(ask(150), [160], 'a late comer may be behind the IDR that the others asked for');
  t.strictSame(ask(300), [], 'it was theirs too');
  t.strictSame(ask(450), [160]);
  state = awaits(awaits(state, 'floor.a', null, 460), 'floor.b', null, 460);
  t.strictSame(ask(750), [160], 'the third still waits');
  state = awaits(state, 'floor.c', 320, 760);
  t.strictSame(ask(770), [320], 'another stream is another sender');
  for (let round = 0; round < 30; round++) ask(1000 + round * 300);
  const before = ask(20_000);
  t.strictSame([before, ask(20_400), ask(22_000)], [[320], [], [320]], 'a deaf sender is asked seldom');
});

t.test('a sender is asked for some keyframes in a row, and every 300 ms in the long run', async (t) => {
  let last: Paced | undefined;
  const at: number[] = [];
  // Somebody wants one at every moment.
  for (let now = 0; now <= 3000; now++) {
    if (waitsMs(last, now) > 0) continue;
    last = paced(last, now);
    at.push(now);
  }
  t.strictSame(at, [0, 100, 200, 300, 400, 500, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000]);
  t.equal(waitsMs(last, 3050), 250, 'how long, to the millisecond');
  t.equal(waitsMs(last, 3600), 0);
  const once = paced(last, 6000);
  t.equal(waitsMs(once, 6000), 100, 'after a while of quiet they may come closely again');
});

t.test('steps from what is to what is wanted', async (t) => {
  const [a, b] = [makePlan(), makePlan({ meeting: 'm-zzzzzzzz' })];
  const want = (...plans: readonly Plan[]) => hubDesired(plans);
  const { keys } = want(a);
  const running = (...plans: readonly Plan[]) => ({
    running: new Map(plans.map((plan) => [plan.meeting, { plan }])),
    ending: new Set<string>(),
    keys,
    grant: () => null,
  });
  const verbs = (steps: ReturnType<typeof planSteps>): unknown =>
    steps.map((step) => ('do' in step ? step.do : step.map((each) => each.do)));
  t.strictSame(verbs(planSteps(want(a), 'hub-1', { ...running(), keys: [] }, [], null)), ['keys'], 'keys before meetings');
  t.strictSame(verbs(planSteps(want(a), 'hub-1', running(), [], null)), [['begin']]);
  t.strictSame(verbs(planSteps(want(a), 'hub-1', running(a), [], null)), []);
  t.strictSame(verbs(planSteps({ ...want(), keys }, 'hub-1', running(a, b), [], null)), ['end', 'end']);
  const granted = makePlan({ onAir: ['site-1'], n: 5 });
  t.strictSame(verbs(planSteps(want(granted), 'hub-1', running(a), [], null)), ['apply']);
  const seen = (grant: Grant) => ({ ...running(a), grant: () => grant });
  t.strictSame(verbs(planSteps(want(a), 'hub-1', seen(granted.grant), [], null)), ['apply'], 'a grant that came another way');
  t.strictSame(
    verbs(planSteps(want(granted), 'hub-1', { ...running(granted), ...seen(a.grant), running: running(granted).running }, [], null)),
    [],
  );
  t.strictSame(verbs(planSteps(want(a), 'hub-1', seen({ ...granted.grant, ended: true }), [], null)), ['end'], 'a panel has ended it');
  const moved = makePlan({ hubs: [{ hub: 'hub-1', port: 9999 }] });
  t.strictSame(verbs(planSteps(want(moved), 'hub-1', running(a), [], null)), ['end'], 'another address begins anew');
  const over = { ...running(), ending: new Set([a.meeting]) };
  t.strictSame(
    planSteps(want(a), 'hub-1', over, [], null),
    [{ do: 'wait', because: `${a.meeting} still ends, to begin anew` }],
    'not before its former self is over',
  );
  t.match(
    planSteps(want(a, b), 'hub-1', { ...over, keys: want(a, b).keys }, [], null),
    [[{ do: 'begin', plan: b }]],
    'another meeting does not wait for it',
  );
  const starting = [{ name: 'mosaic', state: 'starting', because: 'x', restarts: 0 }] as const;
  t.strictSame(planSteps(want(a), 'hub-1', running(a), starting, null), [{ do: 'wait', because: 'mosaic: x' }]);
  t.strictSame(planSteps(want(a), 'hub-9', running(), [], null), [{ do: 'wait', because: `${a.meeting} is not held here` }]);
});

const connection = (streamId: string, counters: Partial<ConnectionStats> = {}): ConnectionStats => ({
  ...quietConnection,
  peer: streamId.split('/')[1] ?? '',
  streamId,
  upMs: 1,
  ...counters,
});
const counted = (at: number, connections: readonly ConnectionStats[]): RelayStats => ({
  at,
  connections: [...connections],
  streams: [],
  inputs: [],
  views: [],
  refused: 0,
  forged: 0,
  unrouted: 0,
  lastUnrouted: 0,
  malformed: 0,
  udpSent: 0,
  udpFailed: 0,
  linesDropped: 0,
  stalls: 0,
});

t.test('links are told as what happened in the last second', async (t) => {
  const before = connection('pub/site-1', { received: 1000, lost: 5, bytesReceived: 100_000, dropped: 1 });
  const after = connection('pub/site-1', { received: 1090, lost: 15, bytesReceived: 225_000, dropped: 1, belated: 2, retransmitted: 7 });
  t.strictSame(linkSample('site-1', after, before, 1), {
    peer: 'site-1',
    path: null,
    resting: false,
    direction: 'up',
    connected: true,
    rttMs: 2,
    lossPercent: 10,
    dropped: 2,
    retransmitted: 7,
    kbps: 1000,
  });
  t.strictSame(linkSample('site-1', connection('sub/site-1', { sent: 50 }), null, 0).kbps, 0, 'a first look has no rate');
  const two = counted(1000, [
    connection('sub/site-1/a', { sent: 100, lost: 50 }),
    connection('sub/site-1/b', { sent: 100, lost: 1 }),
    connection('sub/site-2', { state: 'down' }),
  ]);
  t.equal(siteLinks('site-1', two, null).down?.lossPercent, 50, 'of two paths the worse one is told');
  t.equal(siteLinks('site-1', two, null).up, null);
  t.equal(siteLinks('site-2', two, null).down?.connected, false);
});

t.test('who has the picture of the speaker', async (t) => {
  const plan = makePlan({ sites: 4, onAir: ['site-1'] });
  const stats = counted(
    1,
    ['site-1', 'site-2', 'site-3'].map((site) => connection(`sub/${site}`)),
  );
  const views = new Map([[viewName('floor', plan.sites[1]!), stream(plan, 'site-1').main.ssrc]]);
  const reach = floorReach(plan, 'hub-1', stats, (view) => views.get(view), { awake: new Set(), thinned: new Map() });
  t.strictSame(reach, { grantN: 1, switched: 1, viewers: 2 }, 'the speaker and a site that is not connected do not count');
});

t.test('a stranger at the door is told once', async (t) => {
  const heard = { event: 'refused', at: 0, streamId: 'pub/nobody', address: '10.0.0.9:1', because: 'unknown node' } as const;
  const first = relayNotes(heard, noRefusals, null, 0);
  t.equal(first.notes.length, 1);
  t.equal(relayNotes(heard, first.state, null, 1000).notes.length, 0);
  t.equal(relayNotes(heard, first.state, null, tellAgainMs).notes.length, 1);
  let state = noRefusals;
  let told = 0;
  for (let n = 0; n < 2000; n++) {
    const next = refusal(state, `pub/x${n}`, 'unknown node', n);
    state = next.state;
    told += Number(next.news);
  }
  t.equal(told, 500, 'a flood of names is bounded');
});
