/** The way to the recordings' disk: how many wait for it, when it is said to hang, and what an end of a meeting waits for. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t from 'tap';
import { Inputs } from '../../central/hub/forward/inputs.ts';
import { Meetings } from '../../central/hub/meetings.ts';
import { Disk } from '../../central/hub/record/disk.ts';
import { Keeper } from '../../central/hub/record/keeper.ts';
import { Latest } from '../../central/hub/record/latest.ts';
import { Shelf } from '../../central/hub/record/shelf.ts';
import { Bench } from '../../central/hub/record/stitch/bench.ts';
import { Peers } from '../../central/hub/record/stitch/peers.ts';
import { Stitcher } from '../../central/hub/record/stitch/service.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import { FaultError } from '../../protocol/fault.ts';
import { createLog, silentLog } from '../../protocol/node/log.ts';
import type { RecordingManifest } from '../../protocol/recording.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { reasonIn, wordIn } from '../../protocol/web/words.ts';
import { eventually } from '../support/eventually.ts';
import { clock, identities } from '../support/hub.ts';
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
  const [first] = disk.under;
  b?.resolve('b');
  t.equal(await b?.done, 'b');
  t.strictSame([begun, disk.under.size, first !== undefined && disk.under.has(first)], [['a', 'b', 'c'], 2, true]);
  a?.reject(new Error('EIO'));
  await t.rejects(async () => a?.done, /EIO/);
  t.strictSame(begun, ['a', 'b', 'c', 'd']);
  for (const each of [c, d]) each?.resolve('');
  await Promise.all([c?.done, d?.done]);
  t.equal(disk.under.size, 0);
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
    maxBytes: 1e12,
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
  keeper.start();
  await eventually(() => (shelf.disk.under.size === 0 ? undefined : 'it still looks for what has to go'));
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
  t.equal(asked, before + 1, 'nothing had piled up');
  await looks(1);
  await eventually(() => (notes.at(-1)?.what === 'disk-answers' ? undefined : 'its trial is not over'));
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

t.test('a disk that ends with errors what hung is silent until it takes what is written', async (t) => {
  const clock = new ManualClock();
  const told: [boolean, string][] = [];
  const dir = join(tempFolder(t), 'recordings');
  await mkdir(dir);
  let hangs = false;
  const hung: (() => void)[] = [];
  const disk = new Disk(async (call) => {
    if (hangs) await new Promise<void>((resolve) => hung.push(resolve));
    return call();
  });
  const shelf = new Shelf(dir, silentLog(), disk);
  const keeper = new Keeper({
    shelf,
    clock,
    note: () => {},
    minFreeBytes: 0,
    maxBytes: 1e12,
    freeBytes: null,
    written: () => false,
    read: () => false,
    disk: (ok, because) => told.push([ok, because]),
  });
  t.teardown(() => keeper.stop());
  const quiet = (): Promise<void> => eventually(() => (disk.under.size === 0 ? undefined : `${disk.under.size} are under way`));
  const looks = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      clock.advance(2000);
      await turns();
    }
  };
  keeper.start();
  await quiet();
  hangs = true;
  // From now on whatever is asked of it ends with an error.
  await rm(dir, { recursive: true });
  await writeFile(dir, '');
  const asked = [shelf.segments('r-abcdefgh'), shelf.segments('r-bcdefghi')];
  await looks(20);
  const silent = [[false, 'the disk of the recordings does not answer']];
  t.strictSame(told, silent);
  for (const call of asked) {
    hung.shift()?.();
    await call;
    await looks(5);
    t.strictSame(told, silent, 'it has ended, and nothing is better');
  }
  hangs = false;
  for (const go of hung.splice(0)) go();
  for (let n = 0; n < 3; n += 1) {
    await quiet();
    await looks(1);
  }
  await quiet();
  t.strictSame([told, keeper.allows], [silent, false], 'an error is no answer');
  await rm(dir);
  await mkdir(dir);
  await looks(1);
  await eventually(() => (keeper.allows ? undefined : 'still silent'));
  t.strictSame(told.at(-1), [true, 'the disk of the recordings answers again']);
});

t.test('while the disk hangs, what is to be stitched is looked for once', async (t) => {
  const clock = new ManualClock();
  let answer = (): void => {};
  const hangs = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let calls = 0;
  const disk = new Disk(async (call) => {
    calls += 1;
    await hangs;
    return call();
  });
  const stitcher = new Stitcher({
    node: 'hub-1',
    clock,
    log: silentLog(),
    note: () => {},
    shelf: new Shelf(tempFolder(t), silentLog(), disk),
    bench: new Bench(),
    peers: new Peers(await (await identities(tempFolder(t)))('hub-1', 'hub')),
    written: () => false,
    room: async () => true,
    patienceMs: 1000,
  });
  stitcher.start();
  clock.advance(60_000);
  await turns();
  answer();
  await stitcher.stop();
  t.equal(calls, 1);
});

t.test('who asks for a recording waits until what a crash left open is closed', async (t) => {
  const dir = tempFolder(t);
  const [asked, deleted] = ['r-abcdefgh', 'r-bcdefghi'];
  for (const recording of [asked, deleted]) {
    const left: RecordingManifest = {
      recording,
      meeting: 'm-abcdefgh',
      title: 'Họp giao ban',
      because: 'biên bản',
      by: 'chair',
      startedAt: 1000,
      endedAt: null,
      segments: [{ file: '0000.mkv', site: null, grantN: 1, startedAt: 1000, endedAt: null, bytes: 0 }],
    };
    await mkdir(join(dir, recording));
    await writeFile(join(dir, recording, '0000.mkv'), 'pictures');
    await writeFile(join(dir, recording, 'manifest.json'), JSON.stringify(left));
  }
  let answer = (): void => {};
  let hangs: Promise<void> | null = new Promise((resolve) => {
    answer = resolve;
  });
  const shelf = new Shelf(
    dir,
    silentLog(),
    new Disk(async (call) => {
      await hangs;
      return call();
    }),
  );
  const started = shelf.start();
  const listed = shelf.list().then((all) => all.find(({ manifest }) => manifest.recording === asked)?.manifest);
  const answers = Promise.all([shelf.manifest(asked), listed]);
  const removed = shelf.remove(deleted);
  hangs = null;
  answer();
  for (const found of await answers) t.match(found, { segments: [{ file: '0000.mkv', bytes: 8, clean: false, because: 'the hub died' }] });
  t.match(await removed, { ok: true });
  await started;
  t.equal(await shelf.manifest(deleted), null, 'what is deleted does not come back');
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
