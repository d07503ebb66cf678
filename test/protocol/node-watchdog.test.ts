/** What systemd hears of a process: ready, what it does, that it lives and only while it is well; and what happens without systemd. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { relayWell, sentence, takeSystemd, Watchdog } from '../../protocol/node/watchdog.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { notifySocket } from '../support/notify-socket.ts';
import { alive } from '../support/processes.ts';

const part = (name: string, state: Part['state'], because = ''): Part => ({ name, state, because, restarts: 0 });

t.test('what systemd asks is read once and kept from the programs that we start', (t) => {
  const cases: readonly [Record<string, string>, ReturnType<typeof takeSystemd>][] = [
    [{}, null],
    [{ NOTIFY_SOCKET: '' }, null],
    [{ WATCHDOG_USEC: '1000' }, null],
    [{ NOTIFY_SOCKET: '/run/x' }, { socket: '/run/x', watchdogMs: null }],
    [
      { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '20000000' },
      { socket: '@x', watchdogMs: 20_000 },
    ],
    [
      { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '20000000', WATCHDOG_PID: '7' },
      { socket: '@x', watchdogMs: 20_000 },
    ],
    [
      { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '20000000', WATCHDOG_PID: '8' },
      { socket: '@x', watchdogMs: null },
    ],
    [
      { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: 'soon' },
      { socket: '@x', watchdogMs: null },
    ],
  ];
  for (const [env, want] of cases) {
    const given = { ...env, HOME: '/' };
    t.strictSame(takeSystemd(given, 7), want, JSON.stringify(env));
    t.strictSame(given, { HOME: '/' });
  }
  t.end();
});

t.test('a node without its relay is well for a while, and one whose relay was given up is not', (t) => {
  const clock = new ManualClock();
  let parts: readonly Part[] = [part('relay', 'running'), part('display', 'failed')];
  const well = relayWell(clock, 15_000, () => parts);
  t.equal(well(), null, 'a failed display is told, and no reason to start again');
  parts = [part('relay', 'starting')];
  t.equal(well(), null);
  clock.advance(15_000);
  t.equal(well(), null);
  clock.advance(1);
  t.match(well(), 'away for 15001 ms');
  parts = [part('relay', 'running')];
  t.equal(well(), null);
  parts = [part('relay', 'failed', '20 crashes')];
  t.match(well(), 'given up: 20 crashes');
  t.equal(
    sentence('in meeting m-1', [part('relay', 'running'), part('display', 'failed', 'no screen'), part('uplink', 'starting')]),
    'in meeting m-1; failed: display (no screen); starting: uplink',
  );
  t.end();
});

t.test('ready, a sentence, signs of life while it is well, and a farewell; a helper that dies is replaced', async (t) => {
  for (const abstract of [false, true]) {
    const socket = await notifySocket(t, { abstract });
    let trouble: string | null = null;
    const answers: ((of: null) => void)[] = [];
    let slow = false;
    const watchdog = new Watchdog({
      systemd: { socket: socket.address, watchdogMs: 100 },
      clock: systemClock(),
      log: silentLog(),
      well: () => (slow ? new Promise((resolve) => answers.push(resolve)) : trouble),
      status: () => 'in meeting họp\ngiao ban',
    });
    t.teardown(() => watchdog.stop());
    watchdog.start();
    const beats = (): number => socket.count('WATCHDOG=1');
    const more = async (): Promise<void> => {
      const before = beats();
      await eventually(() => (beats() > before + 2 ? undefined : `${beats()} signs of life: ${socket.said.join(' ')}`));
    };
    await more();
    t.strictSame(socket.said.slice(0, 2), ['READY=1', 'STATUS=in meeting họp giao ban']);
    trouble = 'the relay was given up';
    await eventually(() => (/not well.*: the relay was given up/.test(socket.status()) ? undefined : socket.status()));
    const silent = beats();
    trouble = null;
    await eventually(() => (socket.status().startsWith('in meeting') ? undefined : socket.status()));
    await more();
    t.ok(silent > 0);
    slow = true;
    await eventually(() => (answers.length === 1 ? undefined : 'not asked'));
    const helper = watchdog.helperPid ?? 0;
    process.kill(helper, 'SIGKILL');
    await eventually(() => (socket.count('READY=1') === 2 ? undefined : `ready ${socket.count('READY=1')} times`));
    t.not(watchdog.helperPid, helper);
    t.equal(answers.length, 1, 'one question at a time, and no sign of life before its answer');
    slow = false;
    for (const answer of answers) answer(null);
    await more();
    const last = watchdog.helperPid ?? 0;
    watchdog.stop();
    watchdog.stop();
    await eventually(() => (socket.said.at(-1) === 'STOPPING=1' && !alive(last) ? undefined : socket.said.slice(-3).join(' ')));
    t.equal(socket.count('STOPPING=1'), 1);
  }
});

t.test('without systemd there is no process and no word', (t) => {
  const watchdog = new Watchdog({
    systemd: null,
    clock: systemClock(),
    log: silentLog(),
    well: () => t.fail('asked') as never,
    status: () => '',
  });
  watchdog.start();
  t.equal(watchdog.helperPid, null);
  watchdog.stop();
  t.end();
});

t.test('the helper says every line in order, takes any chunks, and ends with its input or a socket that is gone', async (t) => {
  const helper = join(packageRoot(), 'build', 'native', 'notify-asan');
  const socket = await notifySocket(t);
  // Not spawnSync: while nobody reads what is heard, the helper has to wait.
  const run = async (address: string | undefined, input: string): Promise<{ status: number | null; stderr: string }> => {
    const child = spawn(helper, { env: address === undefined ? {} : { NOTIFY_SOCKET: address }, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.on('error', () => {}); // it may have ended before it read
    child.stdin.end(input);
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stderr };
  };
  const lines = Array.from({ length: 500 }, (_, n) => `STATUS=câu ${n} ${'x'.repeat(n)}`);
  t.match(await run(socket.address, `${lines.join('\n')}\nnot ended`), { status: 0, stderr: '' });
  await eventually(() => (socket.said.length === lines.length ? undefined : `${socket.said.length} lines`));
  t.strictSame(socket.said, lines);
  t.match(await run(socket.address, `${'y'.repeat(20_000)}\nREADY=1\n`), { status: 0, stderr: '' }, 'a line without end does no harm');
  await eventually(() => (socket.said.at(-1) === 'READY=1' ? undefined : 'not heard'));
  for (const [address, status] of [
    [undefined, 64],
    ['relative', 64],
    [`/${'a'.repeat(200)}`, 64],
    ['/nowhere/at/all', 1],
  ] as const)
    t.match(await run(address, 'READY=1\n'), { status, stderr: /^notify: / }, String(address));
});
