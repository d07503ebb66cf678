/** The way to the recordings' disk: how many wait for it, when it is said to hang, and what an end of a meeting waits for. */
import { Writable } from 'node:stream';
import t from 'tap';
import { Inputs } from '../../central/hub/forward/inputs.ts';
import { Meetings } from '../../central/hub/meetings.ts';
import { Disk } from '../../central/hub/record/disk.ts';
import { Keeper } from '../../central/hub/record/keeper.ts';
import { Latest } from '../../central/hub/record/latest.ts';
import { Shelf } from '../../central/hub/record/shelf.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import { FaultError } from '../../protocol/fault.ts';
import { createLog, silentLog } from '../../protocol/node/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { reasonIn, wordIn } from '../../protocol/web/words.ts';
import { eventually } from '../support/eventually.ts';
import { clock } from '../support/hub.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { plan as makePlan } from '../support/plan.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Lets everything go on that waits for nothing but its turn. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('two calls at a time; one that fails makes room as one that is answered does', async (t) => {
  const disk = new Disk();
  const begun: string[] = [];
  const waits = ['a', 'b', 'c', 'd'].map((name) => {
    let [resolve, reject] = [(_: string): void => {}, (_: Error): void => {}];
    const answer = new Promise<string>((...settle) => {
      [resolve, reject] = settle;
    });
    const done = disk.run(() => {
      begun.push(name);
      return answer;
    });
    return { done, resolve, reject };
  });
  const [a, b, c, d] = waits;
  t.strictSame(begun, ['a', 'b']);
  const first = disk.oldest;
  b?.resolve('b');
  t.equal(await b?.done, 'b');
  t.strictSame([begun, disk.oldest], [['a', 'b', 'c'], first]);
  a?.reject(new Error('EIO'));
  await t.rejects(async () => a?.done, /EIO/);
  t.strictSame(begun, ['a', 'b', 'c', 'd']);
  for (const each of [c, d]) each?.resolve('');
  await Promise.all([c?.done, d?.done]);
  t.equal(disk.oldest, null);
});

t.test('a question is asked once at a time, and the last answer holds', async (t) => {
  const answers: ((value: number) => void)[] = [];
  const latest = new Latest(() => new Promise<number>((resolve) => answers.push(resolve)), 0);
  const asked = latest.ask();
  t.equal(await latest.ask(), false);
  t.strictSame([answers.length, latest.value], [1, 0]);
  answers[0]?.(7);
  t.strictSame([await asked, latest.value], [true, 7]);
  void latest.ask();
  t.strictSame([answers.length, latest.value], [2, 7]);
});

t.test('a disk that does not answer is told once, and when it answers again', async (t) => {
  const clock = new ManualClock();
  const notes: EventBody[] = [];
  const told: [boolean, string][] = [];
  let hangs: Promise<void> | null = null;
  let answer = (): void => {};
  let asked = 0;
  let freeBytes = 1e12;
  const shelf = new Shelf(
    tempFolder(t),
    silentLog(),
    new Disk(async (call) => {
      await hangs;
      return call();
    }),
  );
  const keeper = new Keeper({
    shelf,
    clock,
    note: (body) => notes.push(body),
    minFreeBytes: 1e9,
    rules: { maxBytes: 1e12, keepMs: 1e12 },
    time: () => null,
    freeBytes: () => {
      asked += 1;
      return freeBytes;
    },
    written: () => false,
    read: () => false,
    disk: (ok, because) => told.push([ok, because]),
  });
  const looks = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      clock.advance(2000);
      await turns();
    }
  };
  await keeper.start();
  await looks(20);
  t.strictSame([notes, keeper.allows, keeper.free], [[], true, 1e12]);
  hangs = new Promise((resolve) => {
    answer = resolve;
  });
  const before = asked;
  await looks(15);
  t.strictSame(told, [], 'slow is not silent');
  await looks(20);
  t.match(notes, [{ kind: 'health', severity: 'error', what: 'disk-silent' }]);
  t.strictSame(told, [[false, 'the disk of the recordings does not answer']]);
  t.strictSame([keeper.allows, keeper.free, asked], [false, 1e12, before], 'what it said last is what is known');
  freeBytes = 5e8;
  hangs = null;
  answer();
  await turns();
  await looks(1);
  t.equal(asked, before + 2, 'nothing had piled up');
  t.match(
    notes.map(({ what }) => what),
    ['disk-silent', 'disk-full', 'disk-answers'],
  );
  t.match(told.slice(1), [
    [false, /MB are free/],
    [false, /MB are free/],
  ]);
  freeBytes = 1e12;
  await looks(1);
  t.strictSame([keeper.allows, notes.at(-1)?.what], [true, 'disk-ok']);
  for (const { what, because } of notes) {
    t.not(wordIn('vi', what), what);
    t.not(reasonIn('vi', because), because);
    t.equal(reasonIn('en', because), because);
  }
  t.equal(wordIn('en', 'disk-silent'), 'disk silent');
  keeper.stop();
});

t.test('an end that fails is told, and over', async (t) => {
  const lines: string[] = [];
  const to = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const log = createLog('hub', { level: 'error', to });
  const relay = new Relay({ name: 'hub', clock, log: silentLog(), lookup: systemLookup });
  t.teardown(() => relay.stop());
  await relay.start();
  const gone = { code: 'unreachable', what: 'relay', because: 'it went' } as const;
  let poked = 0;
  const meetings = new Meetings({
    node: 'hub-1',
    clock,
    log,
    note: () => {},
    relay,
    inputs: new Inputs({ input: (name) => relay.input(name), closeInput: async () => Promise.reject(new FaultError(gone)) }),
    shelf: new Shelf(tempFolder(t), silentLog()),
    faults: false,
    forward: async () => {},
    ask: () => {},
    disk: () => ({ allows: true, because: '' }),
    changed: () => {
      poked += 1;
    },
  });
  t.teardown(() => meetings.stop());
  const plan = makePlan({ sites: 1, hubs: [{ hub: 'hub-1', port: 9 }] });
  await meetings.begin(plan);
  t.strictSame([...meetings.running.keys()], [plan.meeting]);
  const before = poked;
  await meetings.end(plan.meeting);
  t.strictSame([[...meetings.running.keys()], [...meetings.ending]], [[], [plan.meeting]], 'its programs are not waited for');
  await eventually(() => (meetings.ending.size === 0 ? undefined : 'still ends'));
  t.ok(poked > before, 'whoever waited for it is called');
  t.match(lines.join(''), /a meeting did not end as it should/);
});
