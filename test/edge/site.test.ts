/** The whole edge process against a real broker and a real hub side: meeting, floor, mute, keyframes, killed processes, a boot without broker. */
import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { CommandResult } from '../../protocol/schema/command.ts';
import type { Status } from '../../protocol/schema/reported.ts';
import { topic } from '../../protocol/topic.ts';
import { eventually } from '../support/eventually.ts';
import { testBoot } from '../support/plan.ts';
import { rootArgs } from '../support/root.ts';
import { childPid, clock, type EdgeRig, edge, network, satisfied } from '../support/site.ts';
import { passes } from '../support/worker.ts';

/** This site's made voice speaks from 1.6 s on, for 8 s. */
const site = 'site-5';
const sites = ['site-1', site];

const ms = (from: number): string => `${Math.round(clock.mono() - from)} ms`;

async function eventOf(of: EdgeRig, kind: string, what: string, fits: (facts: Record<string, unknown>) => boolean = () => true) {
  const find = () => of.events().find((each) => each.kind === kind && each.what === what && fits(each.facts));
  await eventually(() => (find() ? undefined : `no event ${kind} ${what} among ${JSON.stringify(of.events())}`));
  return find();
}

t.test(
  'a meeting: tile and voice at once, main only with the floor, mute, keyframes; then the workers and the relay are killed',
  async (t) => {
    const on = await network(t, sites);
    const e = await edge(t, on, site);
    const quiet = on.plan({ sites, onAir: ['site-1'], frameMs: 40 });
    const hub = await on.hub.watch(t, quiet, site);
    const streams = quiet.sites[1]!.streams;
    const stream = async (ssrc: number) => (await on.hub.relay.stats()).streams.find((each) => each.ssrc === ssrc);

    let from = clock.mono();
    await e.desire(1, quiet);
    await passes(hub.worker, 'tile', 3);
    t.comment(`desired state to third tile picture: ${ms(from)}`);
    await passes(hub.worker, 'audio', 3);
    await satisfied(e, 1);
    t.equal((await stream(streams.main.ssrc))?.packets, 0, 'not a packet of main before the floor');
    t.match(e.reported(), {
      satisfied: true,
      meetings: [quiet.meeting],
      media: { source: 'pattern', display: 'count', audio: 'synthetic' },
    });
    await eventually(() => (on.hub.heard.some(({ type }) => type === 'hello') ? undefined : 'no hello on the control channel'));

    // Mute while the voice speaks.
    const loudest = async (want: (db: number) => boolean, what: string) => {
      const since = hub.of('level').length;
      await eventually(() => {
        const last = hub.of('level').slice(since).at(-1)?.rms[0];
        return last !== undefined && want(last) ? undefined : `${what}: ${last} dB`;
      });
    };
    await loudest((db) => db > -50, 'the voice is not heard');
    await e.desire(2, on.plan({ sites, onAir: ['site-1'], muted: [site], frameMs: 40 }));
    await loudest((db) => db < -80, 'the muted voice is heard');
    await e.desire(3, quiet);
    await loudest((db) => db > -50, 'the voice does not come back');
    const packets = (await stream(streams.audio.ssrc))?.restarts;
    t.equal(packets, 0, 'muting did not restart the stream');

    // The floor: cold, then lost.
    from = clock.mono();
    await e.desire(4, on.plan({ sites, onAir: [site], n: 2, frameMs: 40 }));
    await eventually(async () => ((await stream(streams.main.ssrc))?.keyframes ? undefined : 'no IDR of main'), { everyMs: 2 });
    t.comment(`desired state to the first IDR of main at the hub, cold: ${ms(from)}`);
    await passes(hub.worker, 'main', 10);
    t.equal((await stream(streams.main.ssrc))?.incarnation, (await stream(streams.tile.ssrc))?.incarnation, 'no new pipeline was needed');
    await eventually(() => (e.telemetry()?.mainBecause === 'on-air' ? undefined : `telemetry ${JSON.stringify(e.telemetry())}`));
    await eventually(() => ((e.telemetry()?.source.fps ?? 0) > 10 ? undefined : `telemetry ${JSON.stringify(e.telemetry())}`));
    t.match(e.telemetry(), {
      source: { state: 'live' },
      links: [{ peer: 'hub-1', direction: 'up', connected: true }, { direction: 'down' }],
    });

    // A keyframe that the hub asks for: within the GOP of two seconds.
    const keyframes = (await stream(streams.main.ssrc))?.keyframes ?? 0;
    on.hub.say({ type: 'keyframe', meeting: quiet.meeting, kind: 'main' });
    await eventually(async () => (((await stream(streams.main.ssrc))?.keyframes ?? 0) > keyframes ? undefined : 'no IDR although asked'));

    // kill -9 of the media worker.
    const before = (await stream(streams.main.ssrc))?.incarnation ?? -1;
    from = clock.mono();
    process.kill(childPid(e, 'worker'), 'SIGKILL');
    await eventually(async () => ((await stream(streams.main.ssrc))?.incarnation === before ? 'the old incarnation' : undefined));
    const seen = (await hub.worker.stats()).points['main']?.buffers ?? 0;
    await passes(hub.worker, 'main', 5, seen);
    t.comment(`worker killed to the fifth picture after it: ${ms(from)}, gap ${(await hub.worker.stats()).points['main']?.maxGapMs} ms`);
    t.equal((await stream(streams.main.ssrc))?.incarnation, (before + 1) & 15, 'the next incarnation');
    t.match(await eventOf(e, 'process', 'crashed', ({ program }) => program === 'uplink'), { meeting: quiet.meeting });
    await eventOf(e, 'process', 'returned', ({ program }) => program === 'uplink');

    // kill -9 of the relay.
    from = clock.mono();
    process.kill(childPid(e, 'relay'), 'SIGKILL');
    await eventOf(e, 'process', 'returned', ({ program }) => program === 'relay');
    const then = (await hub.worker.stats()).points['main']?.buffers ?? 0;
    await passes(hub.worker, 'main', 10, then);
    t.comment(`relay killed to the tenth picture after it: ${ms(from)}`);
    await satisfied(e, 4);

    // The end of the meeting.
    await e.desire(5, null);
    await satisfied(e, 5);
    await eventually(async () => ((await stream(streams.tile.ssrc))?.flowing ? 'the tile still flows' : undefined));
    t.equal(await e.stop(), 0, 'a clean end');
  },
);

t.test('a revision that is older, equal or foreign changes nothing; a damaged message is refused and counted once', async (t) => {
  const on = await network(t, sites);
  const e = await edge(t, on, site);
  const meeting = on.plan({ sites });
  await e.desire(7, meeting);
  await satisfied(e, 7);
  await e.desire(6, null);
  const down = topic(site, 'desired');
  for (const text of [
    '{',
    '[]',
    '{"v":1}',
    JSON.stringify({ v: 1, node: site, boot: testBoot, seq: 0, at: 0, body: { rev: 9, want: { role: 'hub', plans: [], keys: [] } } }),
  ])
    await on.broker.publish(down, text);
  await eventOf(e, 'refused', 'message');
  await e.desire(8, meeting);
  await satisfied(e, 8);
  t.match(e.reported(), { meetings: [meeting.meeting] }, 'the older wish to end the meeting was dropped');
  t.equal(e.events().filter(({ kind }) => kind === 'refused').length, 1);
});

t.test('a command acts once in the start it is meant for, and not after its time', async (t) => {
  const on = await network(t, sites);
  const e = await edge(t, on, site, { source: 'pattern' });
  const meeting = on.plan({ sites });
  await e.desire(1, meeting);
  await satisfied(e, 1);
  const status = JSON.parse(on.broker.texts(topic(site, 'status')).at(-1) ?? '{}') as Status;
  t.match(status.body, { state: 'online', role: 'edge' });
  const command = (id: string, session: string, expires: number) =>
    on.broker.publish(
      topic(site, 'cmd'),
      JSON.stringify({
        v: 1,
        node: site,
        boot: testBoot,
        seq: 0,
        at: clock.now(),
        body: { id, session, expires, act: { do: 'restart-media' } },
      }),
    );
  const outcomes = () => on.broker.texts(topic(site, 'result')).map((text) => (JSON.parse(text) as CommandResult).body);
  await command('00000001', status.boot, clock.now() - 1);
  await command('00000002', testBoot, clock.now() + 60_000);
  await eventually(() => (outcomes().length >= 2 ? undefined : 'no answers'));
  t.match(outcomes(), [
    { id: '00000001', outcome: 'refused', because: 'came too late' },
    { id: '00000002', outcome: 'refused', because: /another start/ },
  ]);
  const worker = childPid(e, 'worker');
  await command('00000003', status.boot, clock.now() + 60_000);
  await command('00000003', status.boot, clock.now() + 60_000);
  await eventually(() => (outcomes().length >= 4 ? undefined : `${outcomes().length} answers`));
  t.match(outcomes().slice(2), [
    { id: '00000003', outcome: 'done' },
    { id: '00000003', outcome: 'done' },
  ]);
  await eventOf(e, 'process', 'returned', ({ program }) => program === 'uplink');
  t.not(childPid(e, 'worker'), worker, 'another process');
  t.equal(e.events().filter(({ kind, what }) => kind === 'process' && what === 'crashed').length, 1, 'killed once');
});

t.test('a box that boots without a broker goes back into the meeting that it remembers', async (t) => {
  const on = await network(t, sites);
  const first = await edge(t, on, site);
  const meeting = on.plan({ sites, onAir: [site], frameMs: 40 });
  const hub = await on.hub.watch(t, meeting, site);
  await first.desire(3, meeting);
  await satisfied(first, 3);
  await passes(hub.worker, 'main', 3);
  const file = join(on.folder, 'data', site, 'desired.json');
  t.equal(statSync(file).mode & 0o777, 0o600, 'it holds keys');
  first.process.kill('SIGKILL');
  await on.broker.kill();
  const seen = (await hub.worker.stats()).points['main']?.buffers ?? 0;
  const second = await edge(t, on, site);
  await passes(hub.worker, 'main', 10, seen);
  await on.broker.start();
  await satisfied(second, 3);
  t.equal(second.events().filter(({ what }) => what === 'started').length, 1, 'events were kept until the broker came');
  t.equal(await second.stop(), 0);
  writeFileSync(file, '{"v":1,');
  const third = await edge(t, on, site);
  await eventually(() => (third.reported() ? undefined : 'nothing reported'));
  t.ok(
    third.logs.some((line) => line.includes('put aside')),
    'a damaged memory is put aside and told',
  );
});

t.test('a wrong configuration names the key and ends with 78 before anything opens', async (t: Test) => {
  const on = await network(t, sites);
  await on.identity(site, 'edge');
  await on.identity('hub-9', 'hub');
  const good = {
    node: site,
    data: join(on.folder, 'data', site),
    identity: { dir: join(on.folder, 'identity', site) },
    central: [{ host: '127.0.0.1', port: on.broker.port }],
    audio: 'synthetic',
    display: 'count',
  };
  const rows: readonly (readonly [string, object, RegExp])[] = [
    ['a source that does not exist', { source: '/nowhere/film.mp4' }, /key=source\.path .*ENOENT/],
    ['a clip that does not exist', { source: { kind: 'clip', main: '/nowhere/a', tile: '/nowhere/b' } }, /key=source\.main/],
    [
      'credentials that cannot be read',
      { source: { kind: 'rtsp', url: 'rtsp://10.0.0.1/', credentials: '/nowhere/c' } },
      /key=source\.credentials/,
    ],
    [
      'the certificate of another',
      { identity: { dir: join(on.folder, 'identity', 'hub-9') } },
      /key=identity\.dir reason=it is the certificate of hub hub-9/,
    ],
    ['no certificate', { identity: { dir: '/nowhere' } }, /key=identity\.dir/],
    ['an unknown key', { camera: 'pattern' }, /key=camera/],
  ];
  const run = async (name: string, config: object, ...flags: string[]) => {
    const file = join(on.folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(config));
    return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [...rootArgs('edge/main.ts'), '--config', file, ...flags], (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, stdout, stderr }),
      );
    });
  };
  const ended = await Promise.all(
    rows.map(([, more], index) => run(`wrong-${index}`, { ...good, data: join(on.folder, 'data', `wrong-${index}`), ...more })),
  );
  for (const [index, [what, , words]] of rows.entries()) {
    t.equal(ended[index]?.status, 78, what);
    t.match(ended[index]?.stderr, words);
    t.equal(ended[index]?.stdout, '');
  }
  const printed = await run('good', { ...good, source: 'pattern' }, '--print-config');
  t.match(JSON.parse(printed.stdout), { node: site, encoder: 'auto', source: 'pattern' });
});
