/** The life of a media worker: commands, crash, hang, end of stdin, a reader that does not read. On real processes. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { rawVideo, TILE } from '../../hardware/gstreamer/parts/picture.ts';
import { chain, element, type Pipeline, padOf, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { passes, plainWorker, sanitized, workerRig } from '../support/worker.ts';

/** A live pattern, counted at `out`. The name of its queue is the name of its thread. */
function live(): Pipeline {
  const queue = reflexed(element('queue', {}, 'slot7'), { do: 'probe', element: 'slot7', pad: 'src', name: 'out', stalledMs: 500 });
  return pipeline([
    chain(element('videotestsrc', { 'is-live': true }, 'src'), rawVideo(TILE), queue, element('fakesink', { async: false }, 'sink')),
  ]);
}

/** The bare process, for what Program would hide. */
function bare(t: Test): { child: ReturnType<typeof spawn>; say: (message: object) => void; lines: Record<string, unknown>[] } {
  const { binary, env } = sanitized(t);
  const child = spawn(binary, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  if (child.stdout) createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)));
  const say = (message: object): void => void child.stdin?.write(`${JSON.stringify(message)}\n`);
  return { child, say, lines };
}

const reply = (lines: readonly Record<string, unknown>[], id: number | null): Promise<void> =>
  eventually(() => (lines.some((line) => line.id === id) ? undefined : `no reply ${id}`));

t.test('commands are answered, in order, and bad ones are refused by field', async (t) => {
  const { worker } = workerRig(t);
  await worker.start(live());
  await passes(worker, 'out', 3);
  await worker.set('src', 'pattern', 'snow');
  t.equal(await worker.get('src', 'pattern'), 'snow');
  t.equal(await worker.get('src', 'is-live'), true);
  t.equal(await worker.get('slot7', 'max-size-time'), 1_000_000_000);
  await worker.set('slot7', 'max-size-time', '18446744073709551614');
  t.equal(await worker.get('slot7', 'max-size-time'), '18446744073709551614', 'large numbers keep every digit');
  const refused: readonly [string, Promise<unknown>, object][] = [
    ['an element', worker.set('nobody', 'x', 1), { error: 'element.unknown', detail: /nobody/ }],
    ['a property', worker.get('src', 'nothing'), { error: 'property.unknown', detail: /nothing/ }],
    ['an enum name', worker.set('src', 'pattern', 'purple'), { error: 'value.invalid', detail: /pattern/ }],
    ['a negative size', worker.set('slot7', 'max-size-buffers', -1), { error: 'value.invalid' }],
    ['a fraction for a whole number', worker.set('slot7', 'max-size-buffers', 1.5), { error: 'value.invalid' }],
    ['a text for a number', worker.set('slot7', 'max-size-buffers', 'many'), { error: 'value.invalid' }],
    ['a pad', worker.get('src.sink_9', 'offset'), { error: 'pad.unknown', detail: /sink_9/ }],
    ['a selector', worker.switch('slot7', 'sink'), { error: 'element.unfit' }],
    ['a second probe of a name', worker.attach({ do: 'probe', element: 'src', pad: 'src', name: 'out' }), { error: 'name.taken' }],
    ['a drill without permission', worker.crash('src', 'src'), { error: 'faults.off' }],
  ];
  for (const [what, outcome, fault] of refused) t.match(await faultOf(outcome), { code: 'program.refused', ...fault }, what);
  t.equal(await worker.get('src.src', 'offset'), 0, 'pads have properties too');
  await worker.finish();
  t.match(await faultOf(worker.keyframe('src')), { error: 'pipeline.none' });
});

t.test('lines that are no request are answered, not fatal', async (t) => {
  const { child, say, lines } = bare(t);
  const bad = [
    '',
    '{',
    '[1]',
    '7',
    '{"id":1}',
    '{"do":7}',
    `{"do":"${'['.repeat(50)}"}`,
    '['.repeat(100),
    '{"do":"ping","x":"\\ud800"}',
    '{"do":"nothing","id":1e999}',
  ];
  for (const line of bad) child.stdin?.write(`${line}\n`);
  child.stdin?.write(Buffer.from([0x7b, 0xff, 0xfe, 0x0a]));
  child.stdin?.write(`{"do":"ping","x":"${'x'.repeat(2_000_000)}"}\n`);
  say({ id: 99, do: 'ping' });
  await reply(lines, 99);
  const refusals = lines.filter((line) => line.ok === false);
  t.equal(refusals.length, bad.length + 1, 'each but the empty one');
  t.match(refusals.at(-1), { id: null, error: 'request.invalid', detail: /longer than 1 MiB/ });
});

t.test('the worker ends with its stdin, however busy or stuck it is', async (t) => {
  const fifo = join(tempFolder(t), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const cases: readonly [string, object | null][] = [
    ['idle', null],
    ['playing', { do: 'start', launch: 'videotestsrc is-live=true ! fakesink' }],
    // Opening a FIFO that nobody writes blocks the state change, and with it the main thread.
    ['stuck in a state change', { do: 'start', launch: `filesrc location="${fifo}" ! fakesink` }],
  ];
  for (const [name, first] of cases) {
    const { child, say, lines } = bare(t);
    await eventually(() => (lines.length > 0 ? undefined : 'not ready'));
    if (first) say({ id: 1, ...first });
    if (first && !name.startsWith('stuck')) await reply(lines, 1);
    const begin = performance.now();
    child.stdin?.end();
    const [code] = await once(child, 'exit');
    t.equal(code, 0, name);
    t.comment(`${name}: gone after ${(performance.now() - begin).toFixed(0)} ms`);
  }
});

t.test('media goes on while nobody reads what the worker says', async (t) => {
  const { child, say, lines } = bare(t);
  child.stdout?.pause();
  const one = (n: number): string =>
    `audiotestsrc is-live=true samplesperbuffer=48 ! audio/x-raw,rate=48000,channels=8 ! level name=l${n} interval=1000000 ! fakesink `;
  const levels = [0, 1, 2, 3].map((n) => ({ do: 'levels', element: `l${n}` }));
  say({
    id: 1,
    do: 'start',
    launch: [0, 1, 2, 3].map(one).join(' '),
    reflexes: [...levels, { do: 'probe', element: 'l0', pad: 'src', name: 'p' }],
  });
  // 4000 events a second of 250 bytes: pipe and queue are full when it has had half a second of CPU (counted in 1/100 s), or some more of it.
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const look = async (id: number) => {
    child.stdout?.pause();
    const until = ticks() + 60;
    await eventually(() => (ticks() >= until ? undefined : `${ticks()} of ${until} ticks of CPU`));
    say({ id, do: 'stats' });
    child.stdout?.resume();
    await reply(lines, id);
    return lines.find((line) => line.id === id) as {
      readonly bulkDropped: number;
      readonly eventsDropped: number;
      readonly points: { readonly buffers: number; readonly maxGapMs: number }[];
    };
  };
  let stats = await look(2);
  for (let id = 3; id < 12 && stats.bulkDropped === 0; id++) stats = await look(id);
  t.ok(stats.bulkDropped > 0, `dropped ${stats.bulkDropped} levels`);
  t.equal(stats.eventsDropped, 0);
  t.comment(`largest gap in the media: ${stats.points[0]?.maxGapMs} ms, ${stats.points[0]?.buffers} buffers`);
});

t.test('a killed worker comes back with its pipeline, its reflexes and what was set since', async (t) => {
  const { worker, downs } = workerRig(t);
  const selector = element('input-selector', { 'sync-streams': false }, 'selector');
  const more = [
    chain(element('videotestsrc', { 'is-live': true }), rawVideo(TILE), padOf('selector', 'sink_0')),
    chain(element('videotestsrc', { 'is-live': true }), rawVideo(TILE), padOf('selector', 'sink_1')),
    chain(selector, element('fakesink', { async: false })),
  ];
  await worker.start(pipeline([...live().chains, ...more]));
  await passes(worker, 'out', 5);
  await worker.set('src', 'pattern', 'snow');
  await worker.switch('selector', 'sink_1');
  const before = worker.pid;
  const restarted = once(worker, 'restarted');
  worker.kill('SIGKILL');
  const [info] = await restarted;
  t.match(info, { restarts: 1, thread: null });
  t.comment(`pipeline started again ${info.outageMs.toFixed(0)} ms after the kill was seen`);
  t.not(worker.pid, before);
  t.equal(downs.length, 1);
  t.match(downs[0], { signal: 'SIGKILL', expected: false });
  await passes(worker, 'out', 5);
  t.equal(await worker.get('src', 'pattern'), 'snow');
  t.equal(await worker.get('selector', 'active-pad'), 'sink_1');
});

t.test('a crash names the thread of the stream that caused it', async (t) => {
  const { worker, downs } = workerRig(t, { faults: true });
  await worker.start(live());
  await passes(worker, 'out', 2);
  const restarted = once(worker, 'restarted');
  await worker.crash('slot7', 'src');
  t.match((await restarted)[0], { thread: 'slot7:src' });
  t.match(downs[0], { signal: 'SIGSEGV', thread: 'slot7:src' });
});

t.test('a worker that hangs is killed and replaced', async (t) => {
  const { worker, downs } = workerRig(t);
  await worker.start(live());
  await passes(worker, 'out', 2);
  const restarted = once(worker, 'restarted');
  worker.kill('SIGSTOP');
  await restarted;
  t.match(downs[0], { signal: 'SIGKILL', because: /no answer to ping/ });
  await passes(worker, 'out', 2);
});

t.test('a pipeline that fails is reported with the element, and started again when the owner wants that', async (t) => {
  const failing = pipeline([
    chain(
      element('videotestsrc', { 'is-live': true }),
      rawVideo(TILE),
      element('identity', { 'error-after': 5 }, 'wall'),
      element('fakesink'),
    ),
  ]);
  const lonely = workerRig(t);
  await lonely.worker.start(failing);
  t.match(await lonely.sees('error'), { element: 'wall', message: /Failed after iterations/ });
  t.equal(lonely.worker.state, 'failed');
  t.equal(lonely.downs.length, 0, 'the process lives');
  await lonely.worker.start(live());
  await passes(lonely.worker, 'out', 2);

  const cared = workerRig(t, { recoverMs: [10, 20] });
  const again: unknown[] = [];
  cared.worker.on('restarted', (info) => again.push(info));
  await cared.worker.start(failing);
  await eventually(() => (again.length >= 2 ? undefined : `${again.length} restarts`));
  t.match(again[0], { because: /^wall: Failed after iterations/ });
  t.equal(cared.downs.length, 0);
});

t.test('starting another pipeline replaces the first; a hundred times leave nothing behind', async (t) => {
  // The plain build: sanitizers keep what was freed for a while to notice its use, so memory grows with them.
  const { worker } = workerRig(t, { binary: plainWorker });
  const short = pipeline([
    chain(
      element('videotestsrc', { 'is-live': true }),
      rawVideo(TILE),
      element('x264enc', { tune: 'zerolatency' }),
      element('fakesink', { async: false }),
    ),
  ]);
  for (let i = 0; i < 20; i++) await worker.start(short);
  const warm = (await worker.stats()).maxRssKb;
  for (let i = 0; i < 100; i++) await worker.start(short);
  const grown = (await worker.stats()).maxRssKb - warm;
  t.ok(grown < 8192, `${grown} kB more after 100 pipelines`);
});

t.test('an element that is not there is told with its package', async (t) => {
  const { worker } = workerRig(t);
  t.strictSame(await worker.missing(['fakesink', 'nosuchthing', 'level', 'identity', 'input-selector', 'clipsrc']), ['nosuchthing']);
  t.match(await faultOf(worker.start(pipeline([chain(element('mpph264enc'))]))), {
    error: 'element.missing',
    detail: /mpph264enc \(in no Debian package/,
  });
});
