import t from 'tap';
import { formats } from '../../central/cascade/formats.ts';
import { type HubFacts, hubCapacity } from '../../central/cascade/hubs.ts';
import { place, type Surroundings, ssrcsOf, type Wish } from '../../central/cascade/plan.ts';
import { decoder } from '../../protocol/decode.ts';
import { FaultError } from '../../protocol/fault.ts';
import { noGrant } from '../../protocol/grant.ts';
import { Plan } from '../../protocol/schema/plan.ts';
import { baseSsrc } from '../../protocol/ssrc.ts';
import { usualFormats } from '../support/formats.ts';

const names = (count: number): Wish['sites'] =>
  Array.from({ length: count }, (_, i) => ({ site: `site-${i + 1}`, name: `Điểm cầu ${i + 1}`, protection: 'warm', paths: null }));
const wish = (change: Partial<Wish> = {}): Wish => ({
  meeting: 'm-abcdef1234',
  title: 'Giao ban',
  language: 'vi',
  hub: null,
  sites: names(13),
  grant: { ...noGrant(1), muted: ['site-2'], chair: 'site-1' },
  layout: { mosaic: 'grid', page: 0 },
  recording: null,
  ...change,
});
const hub = (name: string, change: Partial<HubFacts> = {}): HubFacts => ({
  hub: name,
  online: true,
  address: { host: '10.0.0.1', port: 9710, paths: [] },
  busy: 0,
  ...change,
});
const around = (change: Partial<Surroundings> = {}): Surroundings => ({
  hubs: [hub('hub-1')],
  taken: new Set(),
  formats: usualFormats,
  latencyMs: 40,
  before: null,
  ...change,
});

t.test('a plan of thirteen sites is valid, complete and the same each time', async (t) => {
  const first = place(wish(), around());
  if (!first.ok) throw new FaultError(first.fault);
  const { plan, because } = first.value;
  t.match(decoder(Plan).check(plan), { ok: true });
  t.strictSame(place(wish(), around()), first);
  t.match(because, /hub-1 has most room: 26 of 26/);
  t.strictSame(plan.hubs[0]?.host, '10.0.0.1');
  t.equal(plan.sites.length, 13);
  t.match(plan, { grant: { muted: ['site-2'], chair: 'site-1' } });
  t.strictSame(plan.sites[0]?.streams.main, {
    ssrc: baseSsrc('m-abcdef1234', 'site-1', 'main'),
    format: { width: 1280, height: 720, fps: 25, kbps: 1500 },
  });
  t.strictSame(plan.sites[0]?.streams.tile.format, { width: 320, height: 180, fps: 15, kbps: 150 });
  t.strictSame(plan.hubs[0]?.streams.mosaic.format, { width: 1280, height: 720, fps: 15, kbps: 1500 });
  t.equal(plan.sites[0]?.streams.audio.format.frameMs, 40);
  t.equal(new Set(ssrcsOf(plan)).size, 13 * 3 + 2, 'no SSRC twice');
});

const choices: readonly [string, Partial<Wish>, readonly HubFacts[], string | null, RegExp][] = [
  ['the emptiest hub is chosen', {}, [hub('a', { busy: 5 }), hub('b', { busy: 3 })], 'b', /most room/],
  ['equals are chosen by name', {}, [hub('b'), hub('a')], 'a', /most room/],
  ['the hub asked for is chosen', { hub: 'a' }, [hub('a', { busy: 5 }), hub('b')], 'a', /asked for/],
  ['a hub exactly filled is chosen', {}, [hub('a', { busy: hubCapacity - 13 })], 'a', /most room: 13/],
  ['an offline hub is passed over', {}, [hub('a', { online: false }), hub('b', { busy: 9 })], 'b', /most room/],
  ['no hub at all', {}, [], null, /no hub is registered/],
  ['one site too many', {}, [hub('a', { busy: hubCapacity - 12 })], null, /serves 14 of 26/],
  ['27 sites are too many for an empty hub', { sites: names(27) }, [hub('a')], null, /no hub has room for 27/],
  ['a hub without an address', {}, [hub('a', { address: null })], null, /not reported an address/],
  ['the hub asked for has no address', { hub: 'a' }, [hub('a', { address: null }), hub('b')], null, /a has not reported/],
  ['the hub asked for is full', { hub: 'a' }, [hub('a', { busy: 20 }), hub('b')], null, /a serves 20 sites and takes 26, 13/],
  ['the hub asked for is unknown', { hub: 'x' }, [hub('a')], null, /x/],
];
for (const [name, change, hubs, want, because] of choices)
  t.test(name, async (t) => {
    const placed = place(wish(change), around({ hubs }));
    t.equal(placed.ok ? placed.value.plan.hubs[0]?.hub : null, want);
    t.match(placed.ok ? placed.value.because : JSON.stringify(placed.fault), because);
  });

t.test('a colliding SSRC is salted, and stays so when the plan is renewed', async (t) => {
  const clash = baseSsrc('m-abcdef1234', 'site-3', 'tile');
  const first = place(wish(), around({ taken: new Set([clash]) }));
  if (!first.ok) throw new FaultError(first.fault);
  t.equal(first.value.plan.sites[2]?.streams.tile.ssrc, baseSsrc('m-abcdef1234', 'site-3', 'tile', 1));
  const renewed = place(wish({ layout: { mosaic: 'speaker', page: 1 } }), around({ before: first.value.plan }));
  if (!renewed.ok) throw new FaultError(renewed.fault);
  t.strictSame(ssrcsOf(renewed.value.plan), ssrcsOf(first.value.plan));
});

t.test('a running meeting stays on its hub, even offline, and follows its address', async (t) => {
  const first = place(wish(), around());
  if (!first.ok) throw new FaultError(first.fault);
  const before = first.value.plan;
  const away = place(wish(), around({ before, hubs: [hub('hub-1', { online: false, address: null }), hub('hub-2')] }));
  if (!away.ok) throw new FaultError(away.fault);
  t.strictSame(away.value.plan.hubs[0], before.hubs[0], 'its hub stays, there or not');
  t.strictSame(
    away.value.plan.sites.map(({ streams }) => streams),
    before.sites.map(({ streams }) => streams),
  );
  const moved = place(wish(), around({ before, hubs: [hub('hub-1', { address: { host: '10.0.0.9', port: 9999, paths: [] } })] }));
  if (!moved.ok) throw new FaultError(moved.fault);
  t.match(moved.value.because, /moved to 10\.0\.0\.9:9999/);
  t.strictSame({ ...moved.value.plan, hubs: before.hubs }, before, 'nothing else changed');
  const thinner = formats({ audioFrameMs: 20, mainKbps: 700, mosaicKbps: 700 });
  const kept = place(wish(), around({ before, formats: thinner }));
  t.ok(kept.ok);
  if (kept.ok) t.strictSame(kept.value.plan.sites, before.sites, 'other formats are for the next meeting');
  const grown = place(wish({ sites: names(26) }), around({ before, hubs: [hub('hub-1', { busy: 1 })] }));
  t.equal(grown.ok ? 'placed' : grown.fault.code, 'exhausted');
  const crowded = place(wish(), around({ before, hubs: [hub('hub-1', { busy: hubCapacity - 12 })] }));
  t.match(crowded, { ok: true }, 'that others have come to its hub is no reason to refuse the floor to somebody');
});

t.test('a meeting that outgrows the hub that stands by gets another, unless it lives on that one', async (t) => {
  const facts = (two: Partial<HubFacts>, one: Partial<HubFacts> = {}) => [hub('hub-1', one), hub('hub-2', two), hub('hub-3', { busy: 2 })];
  const small = place(wish({ sites: names(4) }), around({ hubs: facts({}) }));
  if (!small.ok) throw new FaultError(small.fault);
  const before = small.value.plan;
  const hubsOf = (...of: Parameters<typeof place>): readonly string[] => {
    const placed = place(...of);
    return placed.ok ? placed.value.plan.hubs.map((each) => each.hub) : [placed.fault.code];
  };
  t.strictSame(
    before.hubs.map((each) => each.hub),
    ['hub-1', 'hub-2'],
  );
  const full = { busy: hubCapacity - 4 };
  t.strictSame(hubsOf(wish({ sites: names(4) }), around({ before, hubs: facts(full) })), ['hub-1', 'hub-2'], 'as large as it was');
  t.strictSame(hubsOf(wish({ sites: names(5) }), around({ before, hubs: facts(full) })), ['hub-1', 'hub-3']);
  t.strictSame(hubsOf(wish({ sites: names(5) }), around({ before, hubs: facts(full, { online: false }) })), ['hub-1', 'hub-2']);
});

t.test('a second hub stands by: chosen once, kept while it is registered, with every way of every site', async (t) => {
  const sites = names(2).map((site, index) => ({
    ...site,
    protection: index === 0 ? ('hot' as const) : ('warm' as const),
    paths: ['wan1', 'wan2'],
  }));
  const facts = [hub('hub-1'), hub('hub-2', { busy: 1 }), hub('hub-3', { busy: 2 })];
  const placed = place(wish({ sites }), around({ hubs: facts }));
  if (!placed.ok) throw new FaultError(placed.fault);
  const { plan, because } = placed.value;
  t.match(because, /hub-2 stands by/);
  t.match(decoder(Plan).check(plan), { ok: true });
  t.strictSame(plan.sites[0]?.hubs, [
    { hub: 'hub-1', path: 'wan1' },
    { hub: 'hub-1', path: 'wan2' },
    { hub: 'hub-2', path: 'wan1' },
    { hub: 'hub-2', path: 'wan2' },
  ]);
  t.strictSame(
    plan.sites.map(({ protection }) => protection),
    ['hot', 'warm'],
  );
  t.equal(new Set(ssrcsOf(plan)).size, 2 * 3 + 2 * 2, 'each hub has its own mosaic and mix');
  const again = place(
    wish({ sites: sites.map((each) => ({ ...each, paths: null })) }),
    around({ before: plan, hubs: [facts[0]!, facts[2]!, hub('hub-2', { online: false })] }),
  );
  t.strictSame(
    again.ok && again.value.plan,
    plan,
    'one that is away may be back at any moment, and boxes that have not spoken yet have the links they had',
  );
  const removed = place(wish({ sites }), around({ before: plan, hubs: [facts[0]!, facts[2]!] }));
  t.strictSame(removed.ok && removed.value.plan.hubs.map((each) => each.hub), ['hub-1', 'hub-3']);
  const alone = place(wish({ sites }), around({ hubs: [hub('hub-1'), hub('hub-2', { online: false })] }));
  t.match(alone, { ok: true, value: { because: /no second hub/, plan: { sites: [{ protection: 'none' }, { protection: 'none' }] } } });
});
