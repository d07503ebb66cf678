/** The network of the test bench: links do what they are told, paths are independent, and nothing is left behind. Counted by the links, not by the clock. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { type LabNetwork, makeNetwork, type Path } from '../support/lab-network.ts';
import { makeSpaces } from '../support/netspace.ts';
import { type UdpPeer, udpPeer } from '../support/udp-peer.ts';

const hub1 = { wan1: '10.81.0.11', wan2: '10.82.0.11', lan: '10.80.0.11' };

async function network(t: Test, seed = 1): Promise<LabNetwork> {
  const made = await makeNetwork({ servers: ['central', 'hub-1'], sites: ['site-a', 'site-b'], seed, sanitized: true });
  t.teardown(() => made.stop());
  return made;
}

interface Bench {
  readonly network: LabNetwork;
  readonly wan1: Path;
  readonly wan2: Path;
  readonly site: UdpPeer;
  readonly hub: UdpPeer;
}

async function bench(t: Test, seed = 1): Promise<Bench> {
  const made = await network(t, seed);
  const [site, hub] = await Promise.all(['site-a', 'hub-1'].map((name) => udpPeer(made.machine(name).space)));
  return { network: made, wan1: made.path('site-a', 'wan1'), wan2: made.path('site-a', 'wan2'), site: site!, hub: hub! };
}

/** Sends to the hub in bites that no buffer on the way is too small for; each has passed or is lost before the next one goes. */
async function flow({ wan1, site, hub }: Bench, count: number, size = 100): Promise<void> {
  const bite = 100;
  for (let from = 0; from < count; from += bite) {
    await site.send({ host: hub1.wan1, from, count: bite, size });
    await eventually(
      async () => {
        const { up } = await wan1.stats();
        if (up.frames !== from + bite || up.waiting > 0) return `${up.frames} of ${from + bite} came to the link, ${up.waiting} wait`;
        const { got } = await hub.got();
        return got.length === up.passed ? undefined : `${got.length} of ${up.passed} have come`;
      },
      { withinMs: 60_000, everyMs: 2 },
    );
  }
}

/** Five standard deviations: chance alone leaves them once in two million runs, and the seed is fixed. */
const near = (t: Test, value: number, mean: number, deviation: number, what: string): void => {
  t.ok(Math.abs(value - mean) <= 5 * deviation, `${what}: ${value}, expected ${mean} ± ${(5 * deviation).toFixed(1)}`);
};

t.test('a link loses as many frames as it is told, and the same ones again with the same seed', async (t) => {
  const packets = 5000;
  const run = async (seed: number): Promise<number> => {
    const each = await bench(t, seed);
    await each.wan1.set({ lossPercent: 5 }, 'up');
    await flow(each, packets);
    const { up, down } = await each.wan1.stats();
    near(t, up.lost, packets * 0.05, Math.sqrt(packets * 0.05 * 0.95), `lost with seed ${seed}`);
    t.match({ passed: up.passed, missed: up.missed, unfinished: up.unfinished }, { passed: packets - up.lost, missed: 0, unfinished: 0 });
    t.equal(down.lost, 0, 'the way back is as it was');
    return up.fate;
  };
  const [one, again, other] = [await run(7), await run(7), await run(8)];
  t.equal(again, one);
  t.not(other, one);
});

t.test('bursts are as long as they are told, seen by the receiver', async (t) => {
  const each = await bench(t);
  const [packets, length] = [8000, 10];
  await each.wan1.set({ burstLossPercent: 10, burstLength: length }, 'up');
  await flow(each, packets);
  const { up } = await each.wan1.stats();
  const { got } = await each.hub.got();
  // What came before the first and after the last is known too.
  const runs = [-1, ...got, packets]
    .flatMap((index, n, all) => (n === 0 ? [] : [index - (all[n - 1] as number) - 1]))
    .filter((run) => run > 0);
  t.equal(runs.length, up.bursts, 'every burst is a gap of its own');
  t.equal(
    runs.reduce((sum, run) => sum + run, 0),
    up.burstLost,
  );
  near(t, up.burstLost / up.bursts, length, Math.sqrt((length * (length - 1)) / up.bursts), 'mean length');
  // The number of bursts varies, and the length of each.
  near(t, up.burstLost, packets * 0.1, Math.sqrt(packets * 0.1 * 2 * length), 'lost');
});

t.test('delay is added both ways, jitter keeps order unless it is told otherwise', async (t) => {
  const { wan1, site, hub } = await bench(t);
  await wan1.set({ delayMs: 40 });
  await site.send({ host: hub1.wan1, count: 20, echo: true });
  const answers = async (count: number) =>
    eventually(async () => ((await site.got()).rttsMs.length === count ? undefined : 'answers are missing'));
  await answers(20);
  t.ok(
    (await site.got()).rttsMs.every((rtt) => rtt >= 80),
    'no answer is there before twice the delay',
  );
  const ascending = (numbers: readonly number[]): boolean =>
    numbers.every((each, index) => index === 0 || each > (numbers[index - 1] as number));
  for (const reorder of [false, true]) {
    await Promise.all([site.forget(), hub.forget(), wan1.set({ delayMs: 0, jitterMs: 100, reorder })]);
    await site.send({ host: hub1.wan1, count: 100, echo: true });
    await answers(100);
    t.equal(ascending((await hub.got()).got), !reorder, reorder ? 'out of order' : 'in order');
  }
});

t.test('a rate is kept, and what its queue has no room for is lost', async (t) => {
  const { wan1, site, hub } = await bench(t);
  const [count, size, frame] = [50, 1000, 1042];
  await wan1.narrow(1000, { queueMs: 30_000, way: 'up' });
  await site.send({ host: hub1.wan1, count, size });
  await eventually(async () => ((await hub.got()).got.length === count ? undefined : 'packets are missing'));
  const { up } = await wan1.stats();
  t.equal(up.passedBytes, count * frame);
  const least = ((count - 1) * frame * 8) / 1000;
  t.ok(up.spanMs + up.maxLateMs >= least, `${up.spanMs} ms for ${count} frames, at least ${least}, one left ${up.maxLateMs} late`);
  await wan1.clear();
  // So narrow that one frame takes minutes.
  await wan1.narrow(0.02, { queueMs: 10, way: 'up' });
  await site.send({ host: hub1.wan1, count, size });
  await eventually(async () => ((await wan1.stats()).up.frames === count ? undefined : 'frames are missing'));
  const full = (await wan1.stats()).up;
  t.match(
    { waiting: full.waiting, queueDropped: full.queueDropped, passed: full.passed },
    { waiting: 1, queueDropped: count - 1, passed: 0 },
  );
});

t.test('a cut takes what is under way, healing brings the path back, and the other path and the other site never notice', async (t) => {
  const { network, wan1, wan2, site, hub } = await bench(t);
  await wan1.set({ delayMs: 60_000 });
  await site.send({ host: hub1.wan1, count: 10 });
  await eventually(async () => ((await wan1.stats()).up.waiting === 10 ? undefined : 'not under way'));
  await wan1.cut();
  await wan1.set({ delayMs: 0 });
  await site.send({ host: hub1.wan1, from: 10, count: 10 });
  await site.send({ host: hub1.wan2, from: 20, count: 10, echo: true });
  await eventually(async () => ((await site.got()).rttsMs.length === 10 ? undefined : 'answers are missing'));
  await eventually(async () => ((await wan1.stats()).up.cutDropped === 20 ? undefined : 'not all were cut'));
  t.strictSame((await hub.got()).got, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  await wan1.perfect();
  await wan1.set({ duplicatePercent: 100 });
  await hub.forget();
  await site.send({ host: hub1.wan1, from: 30, count: 3 });
  await eventually(async () => ((await hub.got()).got.length === 6 ? undefined : 'not back'));
  t.strictSame((await hub.got()).got, [30, 30, 31, 31, 32, 32], 'each came twice');
  const one = (await wan1.stats()).up;
  t.match({ frames: one.frames, passed: one.passed, duplicated: one.duplicated }, { frames: 23, passed: 6, duplicated: 3 });
  const two = await wan2.stats();
  t.match({ up: two.up.frames, down: two.down.frames, passed: two.down.passed }, { up: 10, down: 10, passed: 10 });
  for (const wan of ['wan1', 'wan2'] as const) {
    const { up, down } = await network.path('site-b', wan).stats();
    t.equal(up.frames + down.frames, 0, `nothing on ${wan} of the other site`);
  }
});

t.test('traffic goes the way that its socket is bound to, else the preferred one; ports and cables can be pulled', async (t) => {
  const { network, wan1, wan2, hub } = await bench(t);
  const machine = network.machine('site-b');
  const server = network.machine('hub-1').spawn('socat', ['TCP-LISTEN:5000,fork,reuseaddr', 'EXEC:cat']);
  t.teardown(() => server.kill('SIGKILL'));
  const paths = [network.path('site-b', 'wan1'), network.path('site-b', 'wan2')];
  /** Sends a megabyte there and back; which paths carried it. */
  const way = async (host: string, how = ''): Promise<string> => {
    for (const path of paths) await path.clear();
    const size = 300_000;
    const got = machine.run('sh', ['-c', `head -c ${size} /dev/zero | socat -t 60 - TCP:${host}:5000,retry=100,interval=.1${how} | wc -c`]);
    t.equal(Number(got), size);
    const stats = await Promise.all(paths.map((path) => path.stats()));
    for (const { up, down } of stats) t.equal(up.unfinished + down.unfinished + up.missed + down.missed, 0, 'whole frames only');
    return stats.map(({ up, down }, index) => (up.bytes > size && down.bytes > size ? `wan${index + 1}` : '')).join('');
  };
  t.equal(await way(hub1.wan1), 'wan1');
  t.equal(await way(hub1.wan2), 'wan2');
  t.equal(await way(hub1.lan), 'wan1');
  t.equal(await way(hub1.lan, ',bind=10.82.1.2'), 'wan2');
  t.equal(await way(hub1.lan, ',so-bindtodevice=wan2'), 'wan2');
  machine.prefer('wan2');
  t.equal(await way(hub1.lan), 'wan2');
  t.equal(await way(hub1.lan, ',bind=10.81.1.2'), 'wan1');
  const peer = await udpPeer(machine.space);
  /** Sends until the hub hears it, or, when it must not, until the path has carried it (or the cable has kept it). */
  const reaches = async (): Promise<void> => {
    await hub.forget();
    await eventually(async () => {
      await peer.send({ host: hub1.wan2, count: 1 });
      return (await hub.got()).got.length > 0 ? undefined : 'nothing came';
    });
  };
  await reaches();
  network.machine('hub-1').isolate();
  await paths[1]?.clear();
  await hub.forget();
  await peer.send({ host: hub1.wan2, count: 5 });
  await eventually(async () => ((await paths[1]?.stats())?.up.passed === 5 ? undefined : 'not passed'));
  t.strictSame((await hub.got()).got, [], 'its port is closed');
  network.machine('hub-1').join();
  await reaches();
  paths[1]?.unplug();
  t.match(machine.run('ip', ['link', 'show', 'wan2']), /NO-CARRIER/);
  t.match(machine.run('ip', ['link', 'show', 'wan1']), /LOWER_UP/);
  paths[1]?.plug();
  await reaches();
  t.equal((await wan1.stats()).up.frames + (await wan2.stats()).up.frames, 0, 'the other site carried nothing of it');
});

t.test('a wrong command is answered with its reason and changes nothing', async (t) => {
  const made = await network(t);
  const path = made.path('site-a', 'wan1');
  await t.rejects(path.set({ lossPercent: 101 }), /lossPercent: out of range/);
  await t.rejects(path.set({ delayMs: 'much' } as never), /delayMs/);
  await t.rejects(path.set({ lost: 5 } as never), /does not know/);
  await t.rejects(path.cut('sideways' as never), /way: must be up, down or both/);
  t.throws(() => made.machine('hub-1').prefer('wan2'), /no site/);
});

t.test('namespaces whose owner is gone are swept away with what runs in them, those of the living stay', async (t) => {
  const dead = spawn('true');
  await once(dead, 'exit');
  const left = `dc-${dead.pid}-1-abcdef-left`;
  execFileSync('ip', ['netns', 'add', left]);
  const sleeper = spawn('ip', ['netns', 'exec', left, 'sleep', '1000'], { stdio: 'ignore' });
  const gone = once(sleeper, 'exit');
  await eventually(() => (execFileSync('ip', ['netns', 'pids', left], { encoding: 'utf8' }) === '' ? 'not asleep' : undefined));
  const mine = makeSpaces();
  const kept = mine.add('kept');
  makeSpaces().remove();
  await gone;
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  t.notMatch(names, left);
  t.ok(names.includes(kept.id));
  mine.remove();
  t.notOk(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(kept.id));
});
