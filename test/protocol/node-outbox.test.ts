/** The outbox on a real disk: order, bounds, torn files, kill -9, full disk. What it acknowledged it never loses. */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Log } from '../../protocol/log.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Outbox, type OutboxOptions, type OutboxRecord } from '../../protocol/node/outbox.ts';
import { crc32, formatLine, parseSegment } from '../../protocol/node/record.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { asNobody } from '../support/nobody.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function outbox(t: Test, folder: string, boot: string, more: Partial<OutboxOptions> = {}): Promise<Outbox> {
  const box = new Outbox({ folder, boot, clock: systemClock(), log: silentLog(), tell: () => undefined, ...more });
  await box.start();
  t.teardown(() => box.stop());
  return box;
}

const brief = ({ boot, seq, body, lost }: OutboxRecord): string => `${boot}:${seq}:${lost ? 'lost' : String(body)}`;
const all = async (box: Outbox): Promise<string[]> => (await box.read('event', null, 1e6)).map(brief);
const files = (folder: string, cls = 'event'): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(cls))
    .sort()
    .map((name) => join(folder, name));

t.test('records keep boot, number and order over restarts until they are acknowledged', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a');
  for (const n of [0, 1, 2, 3]) t.match(await first.append('event', `e${n}`), { ok: true, value: { seq: n, durable: true } });
  t.match(await first.append('telemetry', 't0'), { ok: true, value: { seq: 0 } }, 'each class is numbered by itself');
  t.equal(first.ack('event', 'a', 0), 1);
  await first.stop();
  const second = await outbox(t, folder, 'b');
  await second.append('event', 'f0');
  t.strictSame(await all(second), ['a:1:e1', 'a:2:e2', 'a:3:e3', 'b:0:f0']);
  t.strictSame((await second.read('telemetry', null, 10)).map(brief), ['a:0:t0']);
  const [one, two] = await second.read('event', null, 2);
  t.strictSame((await second.read('event', two?.n ?? 0, 10)).map(brief), ['a:3:e3', 'b:0:f0'], 'reading goes on behind a position');
  t.ok((one?.at ?? 0) > 1.6e12, 'each carries the time it was born');
  t.equal(second.ack('event', 'unknown', 99), 0);
  t.equal(second.ack('event', 'b', 0), 1, 'boots are acknowledged by themselves');
  t.equal(second.ack('event', 'a', 99), 3, 'up to a number, beyond the last one too');
  t.equal(second.ack('event', 'a', 99), 0);
  t.strictSame(await all(second), []);
  await second.append('event', 'f1');
  await second.stop();
  const third = await outbox(t, folder, 'c');
  t.strictSame(await all(third), ['b:1:f1'], 'acknowledgements are remembered');
  t.ok(files(folder).length <= 2, 'files in which nothing lives are deleted');
  t.equal(statSync(files(folder)[0] as string).mode & 0o777, 0o600);
});

t.test('a torn end, flipped bytes and foreign files cost only themselves', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a');
  for (const n of [0, 1, 2, 3]) await first.append('event', `e${n}`);
  await first.stop();
  const path = files(folder)[0] as string;
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 5);
  writeFileSync(join(folder, 'README'), 'not ours');
  const second = await outbox(t, folder, 'b');
  t.strictSame(await all(second), ['a:0:e0', 'a:1:e1', 'a:2:e2'], 'the torn record had not been acknowledged');
  t.equal(second.counters().corrupt, 1);
  await second.stop();
  const flipped = Buffer.from(whole);
  flipped[whole.indexOf('e1') + 1] = 0x39;
  writeFileSync(path, flipped);
  const third = await outbox(t, folder, 'c');
  t.strictSame(await all(third), ['a:0:e0', 'a:1:lost', 'a:2:e2', 'a:3:e3'], 'a hole in the numbers is told, not hidden');
  await third.stop();
  appendFileSync(path, Buffer.alloc(4096));
  const fourth = await outbox(t, folder, 'd');
  t.equal((await all(fourth)).length, 4, 'zeros after a power cut');
});

t.test("a segment that cannot be read costs only itself and is in nobody's way", async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a', { maxBytes: 64 * 1024 });
  const body = 'x'.repeat(900);
  for (let n = 0; n < 20; n += 1) await first.append('event', `${n} ${body}`);
  await first.stop();
  const [whole, spoilt, ...others] = files(folder) as [string, string, ...string[]];
  t.ok(others.length >= 2, `${others.length + 2} segments`);
  const inside = parseSegment(readFileSync(spoilt)).stored.map(({ line }) => line.seq);
  // Reading it at 0 is an error of input and output, as of a disk with bad sectors.
  renameSync(spoilt, `${spoilt}.good`);
  symlinkSync('/proc/self/mem', spoilt);
  const told: EventBody[] = [];
  const tell = (event: EventBody): void => void told.push(event);
  const second = await outbox(t, folder, 'b', { maxBytes: 64 * 1024, tell });
  const records = await second.read('event', null, 100);
  t.strictSame(
    records.map(({ boot, seq, lost }) => ({ boot, seq, lost })),
    Array.from({ length: 20 }, (_, seq) => ({ boot: 'a', seq, lost: false })).filter(({ seq }) => !inside.includes(seq)),
    'everything else is delivered in order; what may be read another time is not called lost',
  );
  t.equal(second.counters().diskFails, null);
  t.match(told, [{ kind: 'health', severity: 'error', what: 'damaged', because: 'its memory (waiting events) cannot be read' }]);
  second.ack('event', 'a', 19);
  for (let n = 0; n < 200; n += 1) {
    t.match(await second.append('event', `${n} ${body}`), { ok: true, value: { durable: true } });
    second.ack('event', 'b', n);
  }
  await eventually(() => (files(folder).length <= 4 ? undefined : `${files(folder).length} files`));
  t.notOk(files(folder).includes(whole), 'what has arrived is deleted, before it and behind it');
  t.ok(files(folder).includes(spoilt), 'it is left where it is');
  await second.stop();
  rmSync(spoilt);
  renameSync(`${spoilt}.good`, spoilt);
  const third = await outbox(t, folder, 'c', { tell });
  t.strictSame(
    (await third.read('event', null, 100)).filter(({ boot, lost }) => boot === 'a' && !lost).map(({ seq }) => seq),
    inside,
    'when it can be read again, it is delivered',
  );
  t.equal(told.length, 1);
});

t.test('a segment that can no longer be read back holds up nobody', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a');
  for (const n of [0, 1]) await first.append('event', `e${n}`);
  await first.stop();
  const clock = new ManualClock();
  const second = await outbox(t, folder, 'b', { clock });
  await second.append('event', 'f0');
  const [path] = files(folder) as [string];
  rmSync(path);
  symlinkSync('/proc/self/mem', path);
  let found: readonly OutboxRecord[] = [];
  const reading = second.read('event', null, 1).then((some) => {
    found = some;
  });
  await eventually(() => {
    clock.advance(1000);
    return found.length > 0 ? undefined : 'it is waited for';
  });
  await reading;
  t.strictSame(found.map(brief), ['a:0:lost']);
  t.strictSame(await all(second), ['a:0:lost', 'a:1:lost', 'b:0:f0'], 'the disk is waited for once, not for each record');
});

t.test('a record that the disk does not give for a while is waited for', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a');
  for (const n of [0, 1]) await first.append('event', `e${n}`);
  await first.stop();
  const clock = new ManualClock();
  const warnings: string[] = [];
  const log: Log = { ...silentLog(), warn: (_facts, message) => warnings.push(message), child: () => log };
  const second = await outbox(t, folder, 'b', { clock, log });
  const [path] = files(folder) as [string];
  renameSync(path, `${path}.good`);
  symlinkSync('/proc/self/mem', path);
  // More than is kept in memory, and not yet written when it is read.
  const count = 30;
  const large = Array.from({ length: count }, (_, n) => second.append('event', `f${n} ${'x'.repeat(60_000)}`));
  const reading = all(second);
  await Promise.all(large);
  for (const tries of [1, 2]) {
    await eventually(() => (warnings.length === tries ? undefined : `tried ${warnings.length} times`));
    if (tries === 1) clock.advance(1000);
  }
  rmSync(path);
  renameSync(`${path}.good`, path);
  clock.advance(2000);
  t.strictSame(
    (await reading).map((text) => text.split(' ')[0]),
    ['a:0:e0', 'a:1:e1', ...Array.from({ length: count }, (_, n) => `b:${n}:f${n}`)],
    'nothing is lost, not what left the memory meanwhile either',
  );
  t.equal(second.counters().corrupt, 0);
});

t.test('a record that cannot be read back is delivered as lost', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const first = await outbox(t, folder, 'a');
  for (const n of [0, 1]) await first.append('event', `e${n}`);
  await first.stop();
  const second = await outbox(t, folder, 'b');
  const [path] = files(folder);
  writeFileSync(path as string, Buffer.alloc(10));
  t.strictSame(await all(second), ['a:0:lost', 'a:1:lost']);
  t.equal(second.ack('event', 'a', 1), 2);
});

t.test('a full outbox gives up old telemetry first and never an event', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const box = await outbox(t, folder, 'a', { maxBytes: 64 * 1024 });
  const body = 'x'.repeat(900);
  for (let n = 0; n < 200; n += 1) t.match(await box.append('telemetry', body), { ok: true });
  const { droppedTelemetry, telemetry, bytes } = box.counters();
  t.ok(droppedTelemetry > 100 && telemetry > 40, `dropped ${droppedTelemetry}, kept ${telemetry}`);
  t.ok(bytes <= 64 * 1024);
  const kept = await box.read('telemetry', null, 1000);
  t.equal(kept.at(-1)?.seq, 199, 'the newest is there');
  t.equal(kept.length, telemetry);
  t.notOk(kept.some(({ lost }) => lost));
  let events = 0;
  for (; events < 200; events += 1) {
    const result = await box.append('event', body);
    if (result.ok) continue;
    t.match(result.fault, { code: 'exhausted', what: 'outbox', because: /events wait for central/ });
    break;
  }
  t.ok(events > 50, `${events} events fitted`);
  t.equal(box.counters().telemetry, 0, 'all telemetry went before the first event was refused');
  t.match(await box.append('telemetry', body), { ok: false, fault: { code: 'exhausted' } });
  t.equal(box.counters().refusedEvents, 1);
  t.equal((await all(box)).length, events);
  box.ack('event', 'a', 20);
  await eventually(async () => ((await box.append('event', body)).ok ? undefined : 'no room yet'));
  t.equal((await box.read('event', null, 1000)).at(-1)?.seq, events, 'numbers of refused events are not used up');
  t.match(await box.append('event', 'x'.repeat(70_000)), { ok: false, fault: { code: 'input.too-large' } });
  t.ok(files(folder).reduce((sum, path) => sum + statSync(path).size, 0) <= 64 * 1024);
});

t.test('many records are read from disk in order, in pieces', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const box = await outbox(t, folder, 'a', { maxBytes: 8 * 1024 * 1024 });
  const body = 'x'.repeat(600);
  await Promise.all(Array.from({ length: 5000 }, (_, n) => box.append('event', `${n} ${body}`)));
  t.ok(files(folder).length > 3);
  let after: number | null = null;
  let next = 0;
  for (;;) {
    const some: readonly OutboxRecord[] = await box.read('event', after, 321);
    if (some.length === 0) break;
    for (const { seq, body: got } of some) if (seq !== next++ || !String(got).startsWith(`${seq} `)) t.fail(`wrong record at ${seq}`);
    after = some.at(-1)?.n ?? null;
    if (next === 321 * 3) box.ack('event', 'a', 500);
  }
  t.equal(next, 5000);
  box.ack('event', 'a', 4998);
  await box.append('event', 'last');
  await eventually(() => (files(folder).length <= 2 ? undefined : `${files(folder).length} files`));
});

t.test('without a disk it works from memory and says so', async (t) => {
  const folder = join(tempFolder(t, { file: 'x' }), 'file/outbox');
  const box = await outbox(t, folder, 'a');
  t.match(await box.append('event', 'e0'), { ok: true, value: { seq: 0, durable: false } });
  t.strictSame(await all(box), ['a:0:e0']);
  t.match(box.counters(), { undurable: 1, diskFails: /ENOTDIR/ });
  t.equal(box.ack('event', 'a', 0), 1);
  let n = 0;
  while ((await box.append('event', 'x'.repeat(60_000))).ok && n < 1000) n += 1;
  t.ok(n > 50 && n < 100, `memory is bounded: ${n} large events`);
});

t.test(
  'a full disk loses nothing that was acknowledged; it is used again when there is room',
  { skip: process.getuid?.() === 0 ? false : 'needs root to mount a small disk' },
  async (t) => {
    // Outside the fixture folder, which tap removes before teardowns run.
    const disk = mkdtempSync(join(tmpdir(), 'diemcau-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk], { stdio: 'pipe' });
    } catch (error) {
      return t.comment(`no small disk here: ${String(error)}`);
    }
    t.teardown(() => {
      execFileSync('umount', ['-l', disk]);
      rmdirSync(disk);
    });
    const folder = join(disk, 'outbox');
    const box = await outbox(t, folder, 'a');
    const body = 'x'.repeat(3000);
    const durable: number[] = [];
    for (let n = 0; n < 80; n += 1) {
      const result = await box.append('event', body);
      t.ok(result.ok);
      if (result.ok && result.value.durable) durable.push(result.value.seq);
    }
    t.ok(durable.length > 10 && durable.length < 60, `${durable.length} on disk`);
    t.match(box.counters(), { events: 80, diskFails: /ENOSPC/ });
    t.equal((await all(box)).filter((text) => text.endsWith('lost')).length, 0, 'all are delivered while the process lives');
    const copy = join(tempFolder(t), 'copy');
    cpSync(folder, copy, { recursive: true });
    const again = await outbox(t, copy, 'b');
    const found = new Set((await again.read('event', null, 1000)).filter(({ lost }) => !lost).map(({ seq }) => seq));
    t.strictSame(
      durable.filter((seq) => !found.has(seq)),
      [],
      'every acknowledged one is there after a restart',
    );
    box.ack('event', 'a', 79);
    await eventually(async () => {
      const result = await box.append('event', 'small');
      return result.ok && result.value.durable ? undefined : 'the disk is still full';
    });
    t.equal(box.counters().diskFails, null);
  },
);

t.test('kill -9 loses no record that was acknowledged', async (t) => {
  const folder = join(tempFolder(t), 'outbox');
  const source = join(packageRoot(), 'protocol/node');
  const code = `
    import { Outbox } from '${source}/outbox.ts'; import { systemClock } from '${source}/clock.ts'; import { silentLog } from '${source}/log.ts';
    import { writeSync } from 'node:fs';
    const box = new Outbox({ folder: '${folder}', boot: process.argv[1], clock: systemClock(), log: silentLog(),
      tell: () => undefined });
    await box.start();
    for (;;) { const r = await box.append('event', 'x'.repeat(500)); if (r.ok && r.value.durable) writeSync(1, r.value.seq + '\\n'); }`;
  const promised: Record<string, number> = {};
  for (const boot of ['a', 'b', 'c']) {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code, boot], {
      cwd: packageRoot(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await eventually(() => (text.split('\n').length > 50 ? undefined : 'not enough records'), { withinMs: 40_000 });
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
    promised[boot] = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
  }
  const box = await outbox(t, folder, 'd');
  const records = await box.read('event', null, 1e6);
  for (const [boot, last] of Object.entries(promised)) {
    const seqs = records.filter((record) => record.boot === boot && !record.lost).map(({ seq }) => seq);
    t.strictSame(
      seqs,
      seqs.map((_, index) => index),
      `boot ${boot}: no hole, in order`,
    );
    t.ok(seqs.length > last, `boot ${boot}: ${seqs.length} found, ${last + 1} promised`);
  }
  t.strictSame([...new Set(records.map(({ boot }) => boot))], ['a', 'b', 'c']);
});

t.test('the file format: checksum, and only whole lines', async (t) => {
  t.equal(crc32(Buffer.from('123456789')), 0xcbf43926, 'the check value of CRC-32');
  const line = formatLine({ boot: 'a', seq: 1, at: 5, body: { text: 'Điểm\ncầu' } });
  t.equal(line.indexOf(0x0a), line.length - 1);
  t.match(parseSegment(line), { stored: [{ line: { boot: 'a', seq: 1, at: 5, body: { text: 'Điểm\ncầu' } }, offset: 0 }], bad: 0 });
  for (let cut = 1; cut < line.length; cut += 1) {
    t.strictSame(parseSegment(line.subarray(0, cut)), { stored: [], acks: [], bad: 1 });
    const flipped = Buffer.from(line);
    flipped[cut - 1] = (flipped[cut - 1] ?? 0) ^ 0x01;
    t.equal(parseSegment(flipped).stored.length, 0, `byte ${cut - 1} flipped`);
  }
  t.strictSame(parseSegment(Buffer.concat([Buffer.from('junk\n\n'), formatLine({ ack: { boot: 'a', seq: 3 } }), line])).acks, [
    { boot: 'a', seq: 3 },
  ]);
});

t.test('a folder that becomes read-only does not stop the process', async (t) => {
  const folder = tempFolder(t, { outbox: {} });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'outbox'), 0o555);
  await asNobody(async () => {
    const box = await outbox(t, join(folder, 'outbox'), 'a');
    t.match(await box.append('event', 'e0'), { ok: true, value: { durable: false } });
  });
});
