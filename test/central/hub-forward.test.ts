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

async function rig(t: Test) {
  const { relay } = await relayRig(t);
  const asked: { readonly ssrc: number; readonly at: number }[] = [];
  const forward = new Forward({ relay, clock, log: silentLog(), ask: (ssrc) => void asked.push({ ssrc, at: clock.mono() }) });
  t.teardown(() => forward.stop());
  const streams = async (): Promise<readonly number[]> => (await relay.stats()).streams.map(({ ssrc }) => ssrc).toSorted((a, b) => a - b);
  return { forward, asked, streams };
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
    const crowd = sends(160, ...Array.from({ length: 200 }, (_, index) => 20_000 + index));
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
