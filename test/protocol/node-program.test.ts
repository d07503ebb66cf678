/** Supervision of child programs, on real processes: crash, hang, noise, restart, stop; and the bounded line splitter below it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { crashed, jittered, noCrashes } from '../../protocol/node/backoff.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { LineSplitter } from '../../protocol/node/lines.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { parseMessage } from '../../protocol/node/message.ts';
import { Program, type ProgramDown, type ProgramOptions } from '../../protocol/node/program.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';

const script = join(packageRoot(), 'test/fixtures/program.mjs');

function program(t: Test, mode = 'good', more: Partial<ProgramOptions> = {}): { program: Program; downs: ProgramDown[]; ups: number[] } {
  const made = new Program({
    name: 'fixture',
    command: process.execPath,
    args: [script, mode],
    clock: systemClock(),
    log: silentLog(),
    requestTimeoutMs: 10_000,
    ...more,
  });
  const downs: ProgramDown[] = [];
  const ups: number[] = [];
  made.on('down', (info) => downs.push(info));
  made.on('up', ({ pid }) => ups.push(pid));
  t.teardown(() => made.stop());
  return { program: made, downs, ups };
}

const alive = (pid: number): boolean => {
  try {
    // A killed process whose parent has not looked is a zombie, not alive.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

t.test('a program is ready, answers, refuses, reports events and stops', async (t) => {
  const { program: p, downs } = program(t, 'good', { env: { FIXTURE_WORD: 'given' } });
  const events: unknown[] = [];
  p.on('event', ({ event, what }) => events.push([event, what]));
  t.equal(p.state, 'stopped');
  t.match(await faultOf(p.request({ do: 'ping' })), { code: 'program.gone', because: 'it is stopped' });
  await p.start();
  t.equal(p.state, 'up');
  t.match(await p.request({ do: 'echo', text: 'Xã Mỹ Đức' }), { ok: true, text: 'Xã Mỹ Đức', secret: 'given' });
  const many = await Promise.all([1, 2, 3].map((text) => p.request({ do: 'echo', text })));
  t.strictSame(
    many.map((reply) => reply['text']),
    [1, 2, 3],
    'replies find their requests',
  );
  t.match(await p.request({ do: 'slowly', text: 'từng byte' }), { text: 'từng byte' });
  t.match(await faultOf(p.request({ do: 'refuse' })), {
    code: 'program.refused',
    program: 'fixture',
    command: 'refuse',
    error: 'thing.bad',
    detail: 'field text: too long',
  });
  await eventually(() => (events.length >= 6 ? undefined : `${events.length} events`));
  t.strictSame(events[0], ['did', 'echo']);
  const pid = p.pid ?? 0;
  await Promise.all([p.stop(), p.stop()]);
  t.equal(p.state, 'stopped');
  t.equal(p.pid, null);
  t.match(downs, [{ expected: true, code: 0, because: 'exit code 0' }]);
  t.notOk(alive(pid));
});

t.test('a crash fails open requests, tells the last words, and the program comes back', async (t) => {
  const { program: p, downs, ups } = program(t);
  await p.start();
  const open = p.request({ do: 'ignore' });
  const crash = p.request({ do: 'crash' });
  for (const lost of [open, crash]) t.match(await faultOf(lost), { code: 'program.gone', because: 'killed by SIGSEGV' });
  await eventually(() => (ups.length === 2 ? undefined : `up ${ups.length} times`));
  t.match(downs, [{ expected: false, signal: 'SIGSEGV', code: null, lastWords: ['crash thread=slot-3 signal=11'] }]);
  t.equal(p.restarts, 1);
  t.not(ups[0], ups[1]);
  t.match(await p.request({ do: 'ping' }), { ok: true });
});

t.test('a program that stops answering is killed and replaced', async (t) => {
  const { program: p, downs, ups } = program(t, 'good', { pingEveryMs: 50, requestTimeoutMs: 1500 });
  await p.start();
  const frozen = p.pid ?? 0;
  p.kill('SIGSTOP');
  await eventually(() => (ups.length >= 2 ? undefined : 'still the frozen one'));
  t.match(downs[0], { because: 'no answer to ping for 1500 ms', signal: 'SIGKILL', expected: false });
  t.notOk(alive(frozen));
  const before = downs.length;
  t.match(await faultOf(p.request({ do: 'ignore' })), { code: 'program.gone', because: 'no answer to ignore for 1500 ms' });
  await eventually(() => (downs.length > before && p.state === 'up' ? undefined : `is ${p.state}`));
});

t.test('noise, garbage and oversize lines are dropped; the program carries on', async (t) => {
  const { program: p, downs } = program(t, 'noise-first');
  const long: unknown[] = [];
  p.on('event', ({ event }) => {
    if (event === 'long') long.push(event);
  });
  await p.start();
  await p.request({ do: 'garbage' });
  await p.request({ do: 'long', bytes: 3_000_000 });
  t.strictSame(long, [], 'a line beyond 1 MiB is not delivered');
  await p.request({ do: 'long', bytes: 900_000 });
  await eventually(() => (long.length === 1 ? undefined : 'the shorter long line is missing'));
  t.match(await faultOf(p.request({ do: 'echo', text: 'x'.repeat(1_100_000) })), { code: 'input.too-large' });
  t.match(await p.request({ do: 'echo', text: 1 }), { text: 1 });
  t.strictSame(downs, []);
});

t.test('a listener that throws does not end supervision', async (t) => {
  const { program: p } = program(t);
  p.on('up', () => {
    throw new Error('a bug elsewhere');
  });
  await p.start();
  t.match(await p.request({ do: 'ping' }), { ok: true });
});

t.test('a program that crashes again and again is given up loudly, and can be started anew', async (t) => {
  const { program: p, downs } = program(t, 'dies-at-once', { backoffMs: [0, 5], giveUpAfter: 3 });
  const failures: string[] = [];
  p.on('failed', ({ because }) => failures.push(because));
  t.match(await faultOf(p.start()), { code: 'program.gone' });
  t.equal(p.state, 'failed');
  t.equal(downs.length, 3);
  t.match(downs[0], { code: 3, lastWords: ['no camera here'] });
  t.strictSame(failures, ['3 crashes within 60 s, the last: exit code 3']);
  t.match(await faultOf(p.start()), { code: 'program.gone', because: failures[0] as string });
  t.equal(downs.length, 6);
});

t.test('a program file that is missing is reported at once', async (t) => {
  const { program: p } = program(t, '', { command: '/nowhere/worker' });
  t.match(await faultOf(p.start()), { code: 'program.gone', because: /cannot run \/nowhere\/worker: .*ENOENT/ });
  t.equal(p.state, 'failed');
});

t.test('a program that never becomes ready is killed', async (t) => {
  const { program: p, downs } = program(t, 'never-ready', { readyTimeoutMs: 300, giveUpAfter: 1 });
  t.match(await faultOf(p.start()), { code: 'program.gone' });
  t.match(downs, [{ because: 'not ready after 300 ms' }]);
});

t.test('stop ends what will not quit, what is frozen, and what is not yet up', async (t) => {
  for (const [mode, freeze] of [
    ['will-not-quit', false],
    ['good', true],
  ] as const) {
    const { program: p, downs } = program(t, mode);
    await p.start();
    const pid = p.pid ?? 0;
    if (freeze) p.kill('SIGSTOP');
    await p.stop();
    t.match(downs, [{ expected: true, signal: 'SIGKILL' }]);
    t.notOk(alive(pid));
  }
  const { program: p } = program(t, 'never-ready');
  const starting = p.start();
  const refused = faultOf(starting);
  await p.stop();
  t.match(await refused, { code: 'program.gone', because: 'it was stopped' });
  t.equal(p.state, 'stopped');
});

t.test('the last of start and stop wins', async (t) => {
  const { program: p, ups } = program(t);
  await p.start();
  const stopping = p.stop();
  const again = faultOf(p.start());
  t.equal(p.stop(), stopping);
  t.match(await again, { code: 'program.gone', because: 'it was stopped' });
  t.equal(p.state, 'stopped');
  const [, restarted] = await Promise.all([p.stop(), p.start()]);
  t.equal(restarted, undefined);
  t.equal(p.state, 'up');
  t.equal(ups.length, 2);
});

t.test('an extra pipe carries bytes, a new one after each restart', async (t) => {
  const { program: p, ups } = program(t, 'good', { fds: 1 });
  t.equal(p.stream(3), null);
  await p.start();
  for (const life of [1, 2]) {
    const got: string[] = [];
    p.stream(3)?.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    await p.request({ do: 'frames' });
    await eventually(() => (got.join('') === 'picture' ? undefined : `got ${got.join('')}`));
    if (life === 1) {
      p.kill('SIGKILL');
      await eventually(() => (ups.length === 2 ? undefined : 'not back'));
    }
  }
  t.equal(p.stream(1), null, 'stdout is not handed out');
});

t.test('no program outlives its owner, even one that is killed without warning', async (t) => {
  const source = join(packageRoot(), 'protocol/node');
  const code = `
    import { Program } from '${source}/program.ts'; import { systemClock } from '${source}/clock.ts'; import { silentLog } from '${source}/log.ts';
    const p = new Program({ name: 'x', command: process.execPath, args: ['${script}'], clock: systemClock(), log: silentLog() });
    await p.start(); console.log(p.pid);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    cwd: packageRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => owner.kill('SIGKILL'));
  let printed = '';
  owner.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await eventually(() => (/\d+\n/.test(printed) ? undefined : 'the owner has not started its program'), { withinMs: 40_000 });
  const pid = Number.parseInt(printed, 10);
  t.ok(alive(pid));
  owner.kill('SIGKILL');
  await eventually(() => (alive(pid) ? 'the orphan lives' : undefined));
});

t.test('lines come out whole for every chunking', async (t) => {
  const stream = Buffer.from('một\r\n\nhai {"a":"đ"}\nba');
  const want = ['một', '', 'hai {"a":"đ"}'];
  for (let size = 1; size <= stream.length; size += 1) {
    const splitter = new LineSplitter(64);
    const got: string[] = [];
    for (let at = 0; at < stream.length; at += size) got.push(...splitter.push(stream.subarray(at, at + size)));
    t.strictSame(got, want, `chunks of ${size}`);
    t.equal(splitter.held, 2, 'the unfinished rest is kept');
  }
});

t.test('a line of a program is a reply, an event, a remark or garbage', async (t) => {
  const cases: readonly [string, object][] = [
    ['{"event":"ready","program":"x","version":1}', { is: 'ready' }],
    ['{"event":"level","rms":[-3]}', { is: 'event', facts: { event: 'level', rms: [-3] } }],
    ['{"id":7,"ok":true,"port":5}', { is: 'reply', id: 7, ok: true, facts: { port: 5 } }],
    ['{"id":null,"ok":false,"error":"json.bad","detail":"line 1"}', { is: 'remark', ok: false, detail: 'line 1' }],
    ['{"id":"7","ok":true}', { is: 'garbage', because: 'neither event nor reply' }],
    ['[]', { is: 'garbage', because: 'not an object' }],
    ['null', { is: 'garbage', because: 'not an object' }],
    ['{', { is: 'garbage' }],
  ];
  for (const [line, want] of cases) t.match(parseMessage(line), want, line);
});

t.test('a line beyond the limit is dropped, counted, and costs no memory', async (t) => {
  for (const size of [1, 3, 7, 100]) {
    const splitter = new LineSplitter(8);
    const stream = Buffer.from(`12345678\n123456789\n12345678\r\n${'y'.repeat(50)}\nok\n`);
    const got: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      got.push(...splitter.push(stream.subarray(at, at + size)));
      t.ok(splitter.held <= 9);
    }
    t.strictSame(got, ['12345678', '12345678', 'ok'], `chunks of ${size}`);
    t.equal(splitter.dropped, 2);
  }
});

t.test('waits between restarts follow the table and end in giving up', async (t) => {
  const policy = { backoffMs: [0, 100, 500], resetAfterMs: 10_000, giveUpAfter: 6, windowMs: 60_000 };
  let record = noCrashes;
  const waits: (number | null)[] = [];
  for (const [at, upMs] of [
    [1000, 5],
    [1100, 5],
    [1300, 5],
    [2000, 5],
    [15_000, 12_000],
    [16_000, 5],
    [90_000, 5],
  ] as const) {
    const verdict = crashed(record, policy, at, upMs);
    record = verdict.record;
    waits.push(verdict.waitMs);
  }
  t.strictSame(waits, [0, 100, 500, 500, 0, null, 500]);
  t.strictSame([jittered(0, 100, 5000, 0), jittered(3, 100, 5000, 0.999), jittered(40, 100, 5000, 0.5)].map(Math.round), [50, 800, 3750]);
});
