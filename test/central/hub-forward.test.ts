/** What carries tables to the relay: a real one, and tables faster than it answers. */
import t, { type Test } from 'tap';
import { Forward } from '../../central/hub/forward/service.ts';
import { emptyTable, type Table } from '../../central/hub/forward/table.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from '../support/eventually.ts';
import { relayRig } from '../support/relay.ts';

const clock = systemClock();

/** A table that sends stream `ssrc` to these loopback ports. */
const sends = (ssrc: number, ...ports: readonly number[]): Table => ({
  ...emptyTable,
  routes: new Map([[ssrc, { kind: 'video', from: ['in'], to: ports.map((udp) => ({ udp })) }]]),
});

const many = (count: number, from = 20_000): readonly number[] => Array.from({ length: count }, (_, index) => from + index);

async function rig(t: Test) {
  const { relay } = await relayRig(t);
  const asked: { readonly ssrc: number; readonly at: number }[] = [];
  const forward = new Forward({ relay, clock, log: silentLog(), ask: (ssrc) => void asked.push({ ssrc, at: clock.mono() }) });
  t.teardown(() => forward.stop());
  const streams = async (): Promise<readonly number[]> => (await relay.stats()).streams.map(({ ssrc }) => ssrc).toSorted((a, b) => a - b);
  return { relay, forward, asked, streams };
}

t.test('tables that come faster than the relay answers are done in their order', async (t) => {
  const { forward, streams } = await rig(t);
  const done: number[] = [];
  const tables = [160, 320, 480, 640].map((ssrc, index) => forward.apply(sends(ssrc, 40_000)).then(() => done.push(index)));
  const again = forward
    .apply(sends(640, 40_000))
    .then(async () => t.strictSame(await streams(), [640], 'nothing new, and done all the same'));
  await Promise.all([...tables, again]);
  t.strictSame(done, [0, 1, 2, 3]);
  t.strictSame(await streams(), [640]);
});

t.test(
  'what the relay refuses is told and tried again with the next table, also when that was on its way before the refusal',
  async (t) => {
    const { forward, streams } = await rig(t);
    // More targets than a stream can have.
    const crowd = sends(160, ...many(200));
    const first = forward.apply(crowd);
    const second = forward.apply({ ...crowd, routes: new Map([...crowd.routes, ...sends(320, 40_000).routes]) });
    await Promise.all([first, second]);
    t.match(forward.problem, /\S/);
    t.strictSame(await streams(), [320]);
    await forward.apply(crowd);
    t.match(forward.problem, /\S/, 'tried again, refused again');
    t.strictSame(await streams(), []);
    await forward.apply(sends(160, 40_000));
    t.equal(forward.problem, null);
    t.strictSame(await streams(), [160]);
  },
);

t.test('a refusal that comes late does not undo what a newer table has put there', async (t) => {
  const { forward, streams } = await rig(t);
  await Promise.all([forward.apply(sends(160, ...many(200))), forward.apply(sends(160, 40_000))]);
  t.equal(forward.problem, null);
  t.strictSame(await streams(), [160]);
  await forward.apply(emptyTable);
  t.strictSame(await streams(), [], 'nothing is forgotten');
});

t.test('what was refused for want of room is there when the next table makes room', async (t) => {
  const { relay, forward } = await rig(t);
  const views = (from: number, to: number): Table => ({
    ...emptyTable,
    views: new Map(many(to - from, from).map((udp) => [`floor.${udp}`, { kind: 'video', to: { udp }, ssrc: 160, as: null }])),
  });
  const count = async (): Promise<number> => (await relay.stats()).views.length;
  await forward.apply(views(20_000, 20_250));
  t.equal(await count(), 250);
  // Ten are too many for a moment, because the old ones go last.
  await Promise.all([forward.apply(views(20_000, 20_260)), forward.apply(views(20_010, 20_260))]);
  await eventually(async () =>
    (await count()) === 250 && forward.problem === null ? undefined : `${await count()} views, ${forward.problem}`,
  );
  t.strictSame(forward.waiting.size, 250, 'each waits for its picture');
  await forward.apply(views(20_000, 20_260));
  t.match(forward.problem, /\S/);
  await forward.apply(emptyTable);
  t.strictSame([await count(), forward.problem, forward.waiting.size], [0, null, 0], 'nobody asks for what was refused');
});

t.test('requests for keyframes that come too soon are kept, and one of each is enough', async (t) => {
  const { forward, asked } = await rig(t);
  for (let viewer = 0; viewer < 10; viewer++) forward.lost(160);
  t.strictSame(
    asked.map(({ ssrc }) => ssrc),
    [160],
  );
  forward.lost(320);
  t.equal(asked.length, 2, 'another sender');
  await eventually(() => (asked.length === 3 ? undefined : `asked ${asked.length} times`));
  const [first, , second] = asked;
  t.equal(second?.ssrc, 160);
  t.ok((second?.at ?? 0) - (first?.at ?? 0) >= 99, 'not in the very next picture');
});
