/** Tables over the pure contract: topics, grants, SSRCs, plans, decoding. */
import t from 'tap';
import { Type } from 'typebox';
import { decoder, jsonDepth } from '../../protocol/decode.ts';
import { compareGrants, type Grant, highest, noGrant } from '../../protocol/grant.ts';
import { Name, newId } from '../../protocol/ids.ts';
import { fullScreen, mainWanted, mosaicPage, onAir } from '../../protocol/plan.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { baseSsrc, incarnate, streamOf } from '../../protocol/ssrc.ts';
import { delivery, downKinds, parseTopic, subscriptions, topic, upKinds } from '../../protocol/topic.ts';

t.test('every topic that can be built is read back as itself', async (t) => {
  for (const kind of [...upKinds, ...downKinds]) t.match(parseTopic(topic('long-xuyen', kind)), { node: 'long-xuyen', kind });
  t.strictSame(subscriptions('a'), ['dc/v1/a/down/desired', 'dc/v1/a/down/cmd', 'dc/v1/a/down/ack']);
});

t.test('names that could widen a topic are refused', async (t) => {
  for (const name of ['', '+', '#', 'a/b', 'A', '-a', 'a-', 'a b', 'a\n', 'é', 'x'.repeat(64)])
    t.throws(() => topic(name, 'event'), RangeError, JSON.stringify(name));
});

t.test('foreign, reversed and longer topics are none of ours', async (t) => {
  const none = [
    '',
    'dc',
    'dc/v1/a/up',
    'dc/v1/a/up/desired',
    'dc/v1/a/down/event',
    'dc/v2/a/up/event',
    'dc/v1/a/up/event/x',
    'dc/v1/+/up/event',
    '$SYS/x',
    'dc/v1//up/event',
  ];
  for (const text of none) t.equal(parseTopic(text), undefined, text);
});

t.test('only states are retained, and only telemetry may be lost', async (t) => {
  const retained = [...upKinds, ...downKinds].filter((kind) => delivery(kind).retain);
  t.strictSame(retained, ['status', 'reported', 'devices', 'desired']);
  t.strictSame(
    [...upKinds, ...downKinds].filter((kind) => delivery(kind).qos === 0),
    ['telemetry'],
  );
});

t.test('the highest grant wins in whatever order grants arrive', async (t) => {
  const grants: Grant[] = [1, 2, 3].flatMap((epoch) => [0, 1, 2].map((n) => ({ ...noGrant(epoch), n })));
  for (let round = 0; round < grants.length; round++) {
    const turned = [...grants.slice(round), ...grants.slice(0, round)].reverse();
    t.match(turned.reduce(highest), { epoch: 3, n: 2 });
  }
  const higher = (a: Partial<Grant>, b: Partial<Grant>): boolean => compareGrants({ ...noGrant(1), ...a }, { ...noGrant(1), ...b }) > 0;
  t.ok(higher({ epoch: 2 }, { n: 99 }), 'an epoch beats any count');
  t.ok(higher({ by: 'site-2' }, { by: 'site-1', n: 99 }), 'and so does an author in the same epoch');
  t.ok(higher({}, { by: 'site-9', n: 99 }), 'central is above every panel');
  t.ok(higher({ next: 'b' }, { next: 'a' }), 'what a grant says decides last: never are two different ones equal');
});

t.test('an incarnation changes the low four bits only', async (t) => {
  const base = baseSsrc('m-aaaaaaaaaa', 'long-xuyen', 'main');
  t.equal(base & 0xf, 0);
  for (let each = 0; each < 40; each++) t.equal(streamOf(incarnate(base, each)), base);
  t.equal(incarnate(base, 16), base, 'the count wraps');
  t.not(baseSsrc('m-aaaaaaaaaa', 'long-xuyen', 'main', 1), base, 'salt resolves a collision');
  t.equal(incarnate(0xfffffff0, 15), 0xffffffff);
});

const site = (name: string): Plan['sites'][number] => ({
  site: name,
  name,
  hubs: [{ hub: 'hub-1', path: null }],
  protection: 'none',
  streams: {
    main: { ssrc: baseSsrc('m', name, 'main'), format: { width: 1280, height: 720, fps: 25, kbps: 1500 } },
    tile: { ssrc: baseSsrc('m', name, 'tile'), format: { width: 320, height: 180, fps: 15, kbps: 150 } },
    audio: { ssrc: baseSsrc('m', name, 'audio'), format: { kbps: 32, frameMs: 20 } },
    content: null,
  },
});
const plan = (grant: Partial<Grant>, count = 3): Plan => ({
  meeting: 'm-aaaaaaaaaa',
  title: 'Giao ban',
  language: 'vi',
  hubs: [],
  sites: Array.from({ length: count }, (_, index) => site(`s${index}`)),
  grant: { ...noGrant(1), ...grant },
  layout: { mosaic: 'grid', page: 0 },
  recording: null,
});

t.test('main runs only on the air, next, or for the speaker to look at', async (t) => {
  const table: [string, Partial<Grant>, (string | null)[]][] = [
    ['nobody speaks', {}, [null, null, null]],
    ['one speaks', { slots: ['s0'] }, ['on-air', null, null]],
    ['one is prepared', { slots: ['s0'], next: 's1' }, ['on-air', 'next', null]],
    ['after a change', { slots: ['s1'], previous: 's0', next: 's2' }, ['previous', 'on-air', 'next']],
    ['the floor was taken back', { slots: [], previous: 's0' }, [null, null, null]],
  ];
  for (const [name, grant, want] of table)
    t.strictSame(
      ['s0', 's1', 's2'].map((each) => mainWanted(plan(grant), each)),
      want,
      name,
    );
});

t.test('everybody sees the speaker, the speaker sees the one before', async (t) => {
  const after = plan({ slots: ['s1'], previous: 's0' });
  t.equal(onAir(after), 's1');
  t.strictSame(fullScreen(after, 's0'), { shows: 'main', site: 's1' });
  t.strictSame(fullScreen(after, 's1'), { shows: 'main', site: 's0' });
  t.strictSame(fullScreen(plan({ slots: ['s1'] }), 's1'), { shows: 'mosaic' }, 'the first speaker sees the room');
  t.strictSame(fullScreen(plan({}), 's1'), { shows: 'mosaic' });
  t.strictSame(fullScreen(plan({ slots: ['gone'] }), 's1'), { shows: 'mosaic' }, 'a site that is not in the plan is never shown');
});

t.test('above sixteen sites the mosaic is paged and a page too far is the last', async (t) => {
  const many = { ...plan({}, 20), layout: { mosaic: 'grid' as const, page: 1 } };
  t.strictSame(
    mosaicPage(many).map((each) => each.site),
    ['s16', 's17', 's18', 's19'],
  );
  t.equal(mosaicPage({ ...many, layout: { mosaic: 'grid', page: 9 } }).length, 4);
  t.equal(mosaicPage(plan({}, 13)).length, 13);
});

t.test('a bad message is refused with the path of the field', async (t) => {
  const schema = Type.Object(
    { a: Type.Integer({ minimum: 1 }), b: Type.Array(Type.Object({ c: Type.String() }, { additionalProperties: false })) },
    { additionalProperties: false },
  );
  const { decode } = decoder(schema, { maxBytes: 200, maxDepth: 4 });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  t.strictSame(decode(bytes('{"a":1,"b":[]}')), { ok: true, value: { a: 1, b: [] } });
  const table: [string, string, Record<string, unknown>][] = [
    ['wrong value', '{"a":0,"b":[]}', { code: 'input.invalid', path: '/a' }],
    ['deep field', '{"a":1,"b":[{"c":1}]}', { code: 'input.invalid', path: '/b/0/c' }],
    ['unknown key', '{"a":1,"b":[],"z":1}', { code: 'input.invalid', path: '/z', reason: 'unknown key' }],
    ['missing key', '{"b":[]}', { code: 'input.invalid' }],
    ['not JSON', '{', { code: 'input.invalid', path: '/' }],
    ['empty', '', { code: 'input.invalid', path: '/' }],
    ['too deep', '[[[[[[1]]]]]]', { code: 'input.too-large', limit: 'depth' }],
    ['too big', `"${'x'.repeat(300)}"`, { code: 'input.too-large', limit: 'bytes' }],
  ];
  for (const [name, text, want] of table) t.match(decode(bytes(text)), { ok: false, fault: want }, name);
  t.match(decode(new Uint8Array([0x22, 0xff, 0x22])), { ok: false, fault: { code: 'input.invalid' } }, 'not UTF-8');
});

t.test('depth is counted outside strings only', async (t) => {
  t.equal(jsonDepth('{"a":"[[[[{{{{"}', 16), 1);
  t.equal(jsonDepth('{"a":"\\"[["}', 16), 1);
  t.equal(jsonDepth('['.repeat(100_000), 16), 17, 'it stops early');
});

t.test('a name is one line with something to see in it', async (t) => {
  const name = decoder(Name);
  for (const good of ['Họp giao ban', 'A', ' x ', '…', 'x'.repeat(120)]) t.ok(name.check(good).ok, good);
  for (const bad of ['', ' ', '\u00a0'.trim(), 'a\nb', 'a\u0000', '\u001b[31m', '\u007f', 'x'.repeat(121)])
    t.notOk(name.check(bad).ok, JSON.stringify(bad));
});

t.test('new ids fit their own pattern', async (t) => {
  t.match(newId('m', new Uint8Array(10).fill(255)), /^m-[a-z0-9]{10}$/);
  t.throws(() => newId('r', new Uint8Array(3)), RangeError);
});
