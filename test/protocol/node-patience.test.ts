/** Hung or only starved: the judgement as tables, the waiting on a clock that is moved by hand, and both on real processes on one busy core. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Attention } from '../../protocol/node/attention.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Program, type ProgramDown } from '../../protocol/node/program.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { didInstead, type Look, parseThread, starvedMs, type ThreadLook } from '../../protocol/node/starved.ts';
import { lookAtThreads } from '../../protocol/node/threads.ts';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { ManualClock } from '../support/manual-clock.ts';

t.setTimeout(170_000);

type Row = readonly [state: string, ranMs: number, waitedMs: number | null];

const look = (at: number, ...rows: readonly Row[]): Look => ({
  at,
  threads: new Map(rows.map(([state, ranMs, waitedMs], id): [number, ThreadLook] => [id + 1, { state, ranMs, waitedMs }])),
});

t.test('what a process did with its time follows from two looks at its threads', async (t) => {
  const cases: readonly [name: string, before: readonly Row[], after: readonly Row[], starved: number, did: RegExp][] = [
    ['sleeping, as in a deadlock', [['S', 10, 5]], [['S', 10, 5]], 0, /sleeps/],
    ['an endless loop with a core of its own', [['R', 10, 5]], [['R', 1010, 5]], 0, /computed for 1000 ms/],
    ['an endless loop on a shared core', [['R', 10, 5]], [['R', 260, 755]], 750, /in line/],
    ['in line all the time: nothing is booked yet', [['R', 10, 5]], [['R', 10, 5]], 1000, /in line/],
    ['a long wait that has just ended', [['R', 10, 5]], [['S', 11, 4005]], 1000, /in line/],
    ['woken a moment ago, asleep before', [['S', 10, 5]], [['R', 10, 5]], 0, /sleeps/],
    ['stopped by a signal', [['R', 10, 5]], [['T', 10, 5]], 0, /stopped/],
    ['on a disk that does not answer', [['D', 10, 5]], [['D', 10, 5]], 0, /disk/],
    [
      'its other thread holds the lock, and starves',
      [
        ['S', 10, 5],
        ['R', 1, 1],
      ],
      [
        ['S', 10, 5],
        ['R', 1, 1],
      ],
      1000,
      /in line/,
    ],
    [
      'a thread that is new had no wish before',
      [['S', 10, 5]],
      [
        ['S', 10, 5],
        ['R', 0, 900],
      ],
      0,
      /sleeps/,
    ],
    ['no count in this kernel: ready and not running', [['R', 10, null]], [['R', 60, null]], 950, /in line/],
    ['no count in this kernel: running', [['R', 10, null]], [['R', 1000, null]], 10, /computed/],
    ['no count in this kernel: asleep', [['R', 10, null]], [['S', 10, null]], 0, /sleeps/],
  ];
  for (const [name, before, after, starved, did] of cases) {
    const [from, to] = [look(5000, ...before), look(6000, ...after)];
    t.equal(starvedMs(from, to), starved, name);
    t.match(didInstead(from, to), did, name);
  }
  const stat = '77 (a (bad) name) R 1 77 77 0 -1 4194560 90 0 0 0 12 30 0 0 20 0 1 0 100 0 0';
  t.strictSame(parseThread(stat, '123000000 4500000 9\n'), { state: 'R', ranMs: 123, waitedMs: 4.5 });
  t.strictSame(parseThread(stat, null), { state: 'R', ranMs: 420, waitedMs: null }, 'a kernel without schedstat');
  t.strictSame(parseThread(stat, 'nonsense'), { state: 'R', ranMs: 420, waitedMs: null });
  t.equal(parseThread('', null), null);
  t.ok((lookAtThreads(process.pid, 1)?.threads.size ?? 0) >= 1, 'and here are our own');
  t.equal(lookAtThreads(2 ** 30, 1), null, 'nobody there');
});

/** A process in a state, and a wait of 2000 ms on it: when that ended and why. */
function waiting(at: (mono: number) => Row | null, more: (clock: ManualClock) => void = (clock) => clock.advance(60_000)) {
  const clock = new ManualClock();
  const looks: number[] = [];
  const attention = new Attention(clock, () => {
    looks.push(clock.mono());
    const row = at(clock.mono());
    return row === null ? null : look(clock.mono(), row);
  });
  const ends: { readonly at: number; readonly because: string }[] = [];
  const timer = attention.wait(2000, 'test', (because) => ends.push({ at: clock.mono(), because }));
  more(clock);
  return { ends, looks, timer, clock, attention };
}

t.test('a wait lasts as long as the process had its time, and ten times its patience at most', async (t) => {
  const asleep = waiting(() => ['S', 1, 1]);
  t.match(asleep.ends, [{ at: 2050, because: '2000 ms: it sleeps' }]);
  t.ok(asleep.looks.length < 10 && asleep.looks[0] === 500, 'nobody looks before a quarter has passed');
  t.match(waiting(() => ['T', 1, 1]).ends, [{ at: 2050, because: '2000 ms: it is stopped' }]);
  t.match(waiting(() => null).ends, [{ at: 2050, because: '2000 ms' }], 'nothing to be seen');
  const starving = waiting(() => ['R', 1, 1]).ends;
  t.equal(starving.length, 1);
  t.match(starving, [{ because: /^2000 ms \(\d+ ms in all, 1[89]\d\d\d ms without a processor\): it stands in line/ }]);
  t.ok(Math.abs((starving[0]?.at ?? 0) - 20_050) < 300, `${starving[0]?.at}`);
  // In line until 5000, with a processor from then on, and silent all the same.
  const relieved = waiting((mono) => ['R', Math.max(0, mono - 5000), Math.min(mono, 5000)]).ends;
  t.equal(relieved.length, 1);
  t.ok(Math.abs((relieved[0]?.at ?? 0) - 6550) < 300, `${relieved[0]?.at}`);
});

t.test('an answer ends the wait, and other waits on the same process go on', async (t) => {
  const { ends, timer, clock, attention, looks } = waiting(
    () => ['S', 1, 1],
    (moved) => moved.advance(1000),
  );
  const second: string[] = [];
  attention.wait(2000, 'second', (because) => second.push(because));
  timer.cancel();
  clock.advance(1900);
  t.strictSame([ends, second], [[], []]);
  clock.advance(200);
  t.strictSame([ends, second], [[], ['2000 ms: it sleeps']]);
  const seen = looks.length;
  clock.advance(10_000);
  t.equal(looks.length, seen, 'nobody is looked at when nobody waits');
});

t.test('what we ourselves were late is not held against it', async (t) => {
  class LateClock extends ManualClock {
    lateMs = 0;
    override mono(): number {
      return super.mono() + this.lateMs;
    }
  }
  const clock = new LateClock();
  const ends: number[] = [];
  const attention = new Attention(clock, () => look(clock.mono(), ['S', 1, 1]));
  attention.wait(2000, 'test', () => ends.push(clock.mono()));
  clock.advance(900);
  clock.lateMs = 4000;
  clock.advance(1000);
  t.strictSame(ends, [], 'the answer may lie unread');
  clock.advance(300);
  t.equal(ends.length, 1);
});

const firstCore = (): string => /^Cpus_allowed_list:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';

/** Busy processes on the core, until the end of the test. */
function crowd(t: Test, core: string, size: number): void {
  const all = Array.from({ length: size }, () => spawn('taskset', ['-c', core, 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }));
  t.teardown(() => {
    for (const each of all) each.kill('SIGKILL');
  });
}

function pinned(t: Test, core: string, requestTimeoutMs: number): { program: Program; downs: ProgramDown[] } {
  const downs: ProgramDown[] = [];
  const program = new Program({
    name: 'fixture',
    command: 'taskset',
    args: ['-c', core, 'nice', '-n', '5', process.execPath, join(packageRoot(), 'test/fixtures/program.mjs')],
    clock: systemClock(),
    log: silentLog(),
    requestTimeoutMs,
    readyTimeoutMs: 60_000,
  });
  program.on('down', (info) => downs.push(info));
  t.teardown(() => program.stop());
  return { program, downs };
}

t.test('a healthy program that shares its core with a crowd is slow and is left alone', async (t) => {
  const core = firstCore();
  const { program, downs } = pinned(t, core, 2000);
  await program.start();
  const { pid } = program;
  crowd(t, core, 4);
  const from = performance.now();
  t.match(await program.request({ do: 'compute', ms: 3000 }), { ok: true });
  const tookMs = performance.now() - from;
  t.comment(`an answer took ${tookMs.toFixed(0)} ms`);
  t.ok(tookMs > 2000, 'longer than the patience');
  t.strictSame(downs, [], 'nobody was killed');
  t.equal(program.pid, pid);
});

t.test('a program that hangs is killed although the machine is crowded, and the reason says what it did', async (t) => {
  const core = firstCore();
  const { program, downs } = pinned(t, core, 500);
  await program.start();
  crowd(t, core, 2);
  const hangs: readonly [how: string, hang: () => void, because: RegExp][] = [
    ['stopped', () => program.kill('SIGSTOP'), /no answer to ping for 500 ms.*: it is stopped/],
    ['in a loop', () => void faultOf(program.request({ do: 'spin' })), /no answer to spin for 500 ms.*: it (computed|stands in line)/],
    ['silent', () => void faultOf(program.request({ do: 'ignore' })), /no answer to ignore for 500 ms.*: it (sleeps|stands in line)/],
  ];
  for (const [how, hang, because] of hangs) {
    const before = downs.length;
    hang();
    await eventually(() => (downs.length > before && program.state === 'up' ? undefined : `${how}: ${program.state}`), {
      withinMs: 60_000,
    });
    t.match(downs[before], { because, signal: 'SIGKILL', expected: false }, how);
  }
});
