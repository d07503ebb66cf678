/** From a box's outbox on a real disk to central's database: what a disk does not give at one start arrives with another. */
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Store } from '../../central/store/store.ts';
import { EventLog } from '../../central/telemetry/eventlog.ts';
import { read } from '../../central/telemetry/read.ts';
import { Delivery } from '../../protocol/node/delivery.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import { parseSegment } from '../../protocol/node/record.ts';
import { Sender } from '../../protocol/node/sender.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { bootA, bootB, eventBody } from './messages.ts';
import { openStore } from './network.ts';

const node = 'site-1';
const log = silentLog();

/** Central, and processes of the box one after the other, with everything between them but the wire. */
function rig(t: Test, store: Store, folder: string) {
  const clock = new ManualClock();
  let acked: Delivery['acked'] = () => undefined;
  const events = new EventLog({
    store,
    self: { node: 'central', boot: bootB },
    ack: (_node, boot, seq) => acked(boot, seq),
    clock,
    log,
  });
  events.start();
  t.teardown(() => events.stop());
  const start = async (boot: string): Promise<Outbox> => {
    const outbox = new Outbox({ folder, boot, clock, log, tell: () => undefined, maxBytes: 64 * 1024 });
    await outbox.start();
    t.teardown(() => outbox.stop());
    return outbox;
  };
  /** Connected until everything has arrived. */
  const deliver = async (boot: string, outbox: Outbox): Promise<void> => {
    const sender = new Sender({ node, role: 'edge', boot, version: '1', clock });
    const delivery = new Delivery({
      outbox,
      clock,
      log,
      // Less than what is in a segment.
      window: 3,
      send: async (record) => {
        const up = read({ node, role: 'edge', kind: 'event', payload: Buffer.from(sender.event(record).payload) });
        if (!up.ok || up.value.kind !== 'event') return void t.fail(JSON.stringify(up));
        const { body, seq, at, ...of } = up.value.message;
        events.add({ ...body, node, boot: of.boot, seq, at, receivedAt: clock.now() });
      },
    });
    acked = (of, seq) => delivery.acked(of, seq);
    delivery.connected();
    await eventually(() => {
      clock.advance(1000);
      return outbox.counters().events === 0 ? undefined : `${outbox.counters().events} are left`;
    });
    delivery.close();
  };
  return { start, deliver };
}

t.test('a segment that cannot be read at one start is in the log of central after a later one', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const store = await openStore(t);
  const { start, deliver } = rig(t, store, folder);
  const rows = (): Promise<readonly { readonly seq: number; readonly what: string }[]> =>
    store.reader.selectFrom('events').select(['seq', 'what']).where('boot', '=', bootA).orderBy('seq').execute();
  const first = await start(bootA);
  const count = 40;
  for (let n = 0; n < count; n += 1) await first.append('event', { ...eventBody, because: 'x'.repeat(280), facts: { n } });
  await first.stop();
  const spoilt = join(folder, readdirSync(folder).sort()[1] as string);
  const inside = parseSegment(readFileSync(spoilt)).stored.map(({ line }) => line.seq);
  t.ok(inside.length > 3 && (inside.at(-1) ?? count) < count - 4, `it holds ${inside.join()}`);
  const everything = Array.from({ length: count }, (_, seq) => ({ seq, what: 'started' }));
  renameSync(spoilt, `${spoilt}.good`);
  symlinkSync('/proc/self/mem', spoilt);

  const second = await start('c'.repeat(16));
  await second.append('event', eventBody);
  await deliver('c'.repeat(16), second);
  await second.stop();
  t.strictSame(
    await rows(),
    everything.filter(({ seq }) => !inside.includes(seq)),
    'the others have arrived, and nothing stands in the place of those',
  );

  rmSync(spoilt);
  renameSync(`${spoilt}.good`, spoilt);
  const third = await start('d'.repeat(16));
  await deliver('d'.repeat(16), third);
  await third.stop();
  t.strictSame(await rows(), everything, 'all of them');
  const cursor = await store.reader.selectFrom('cursors').select(['seq', 'lost']).where('boot', '=', bootA).executeTakeFirst();
  t.strictSame(cursor, { seq: count - 1, lost: inside.length }, 'given up once');
  const told = await store.reader.selectFrom('events').select('facts').where('what', '=', 'events-lost').execute();
  t.equal(told.length, 1);
  const fourth = await start('e'.repeat(16));
  t.equal(fourth.counters().events, 0, 'and nothing is sent for ever');
});
