/**
 * The tree of watchdogs, on real processes: a worker below its edge, the edge below systemd (played by the test: a socket that hears signs of
 * life, and a new start after a kill). Whatever dies, the site is back in its meeting by itself, from what it remembers, without a broker.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from '../support/eventually.ts';
import { identities } from '../support/hub.ts';
import { type NotifySocket, notifySocket } from '../support/notify-socket.ts';
import { alive, named, tree } from '../support/processes.ts';
import { type RootProcess, startRoot, up } from '../support/root.ts';
import { type EdgeRig, edge, network, satisfied } from '../support/site.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.setTimeout(420_000);
const site = 'site-5';
const patient = { withinMs: 60_000, everyMs: 50 };
/** Short, so that silence is seen soon; signs of life come twice as often. */
const watchdogMs = 2000;
const watched = ({ address }: NotifySocket) => ({ NOTIFY_SOCKET: address, WATCHDOG_USEC: String(watchdogMs * 1000) });

const beats = (socket: NotifySocket): number => socket.count('WATCHDOG=1');

/** Waits until `more` further signs of life have come. */
async function lives(socket: NotifySocket, more = 2): Promise<void> {
  const before = beats(socket);
  await eventually(
    () => (beats(socket) >= before + more ? undefined : `${beats(socket)} signs of life: ${socket.said.slice(-5).join(' ')}`),
    patient,
  );
}

/** Waits until systemd's patience is over. */
async function falls(socket: NotifySocket): Promise<void> {
  let [last, at] = [beats(socket), performance.now()];
  await eventually(() => {
    if (beats(socket) !== last) [last, at] = [beats(socket), performance.now()];
    return performance.now() - at > watchdogMs ? undefined : 'it still gives signs of life';
  }, patient);
}

/** What systemd does with a process whose signs of life fail: kills it, and looks that nothing is left of it. */
async function killTree(root: number, end: () => Promise<unknown>): Promise<readonly number[]> {
  const below = tree(root).flatMap(({ pid }) => (pid === root ? [] : [pid]));
  process.kill(root, 'SIGKILL');
  await end();
  await eventually(() => {
    const left = below.filter(alive);
    return left.length === 0 ? undefined : `${left.length} of ${below.length} orphans live`;
  }, patient);
  return below;
}

/** A site with one meeting on a hub that takes its pictures. */
async function meeting(t: Test) {
  const on = await network(t, ['site-1', site]);
  const plan = on.plan({ sites: ['site-1', site], onAir: [site], frameMs: 40 });
  const streams = plan.sites.find((each) => each.site === site)?.streams;
  if (streams === undefined) throw new Error('not in the plan');
  for (const kind of ['main', 'tile', 'audio'] as const)
    await on.hub.relay.route(streams[kind].ssrc, { kind: kind === 'audio' ? 'audio' : 'video', from: [site], to: [] });
  const packets = async (kind: 'main' | 'tile' | 'audio'): Promise<number> =>
    (await on.hub.relay.stats()).streams.find(({ ssrc }) => ssrc === streams[kind].ssrc)?.packets ?? 0;
  /** Waits until all that the site sends goes on arriving. */
  const arrives = async (): Promise<void> => {
    for (const kind of ['main', 'tile', 'audio'] as const) {
      const before = await packets(kind);
      await eventually(async () => ((await packets(kind)) > before + 20 ? undefined : `no ${kind}`), patient);
    }
  };
  return { on, plan, arrives };
}

const logged = (of: { readonly logs: readonly string[] }, text: string): Promise<void> =>
  eventually(() => (of.logs.some((line) => line.includes(text)) ? undefined : `not in the log: ${text}`), patient);

const only = (e: EdgeRig, name: string): number => {
  const [pid] = named(e.process.pid ?? 0, name);
  if (pid === undefined) throw new Error(`no ${name}`);
  return pid;
};

t.test('systemd > edge > programs: each notices its own, and the site comes back into the meeting without a broker', async (t) => {
  // A process that is started in one story lives on in the next.
  const whole = t;
  const { on, plan, arrives } = await meeting(t);
  const socket = await notifySocket(t);
  let e = await edge(t, on, site, {}, watched(socket));
  await eventually(() => (socket.said[0] === 'READY=1' ? undefined : `heard ${socket.said.join(' ')}`), patient);
  await e.desire(1, plan);
  await satisfied(e, 1);
  await arrives();
  await lives(socket);
  await eventually(() => (socket.status() === `in meeting ${plan.meeting}` ? undefined : socket.status()), patient);
  await on.broker.kill();

  await t.test('a worker that is stopped is killed as hung, with the reason, and replaced', async (t) => {
    const worker = only(e, 'worker');
    process.kill(worker, 'SIGSTOP');
    await eventually(() => (alive(worker) ? 'the frozen worker is still there' : undefined), patient);
    await logged(e, 'it is stopped');
    await arrives();
    t.not(only(e, 'worker'), worker);
  });

  await t.test('a relay that is killed again and again comes back each time', async (t) => {
    for (let time = 1; time <= 5; time++) {
      const relay = only(e, 'relay');
      process.kill(relay, 'SIGKILL');
      await eventually(() => (named(e.process.pid ?? 0, 'relay').some((pid) => pid !== relay) ? undefined : 'no new relay'), patient);
    }
    await arrives();
    await lives(socket);
    t.equal(socket.count('READY=1'), 1, 'the edge itself went on');
  });

  await t.test(
    'an edge that is frozen gives no sign of life while its programs carry the meeting; killed and started, it is back',
    async (t) => {
      process.kill(e.process.pid ?? 0, 'SIGSTOP');
      await falls(socket);
      await arrives();
      const ended = new Promise((resolve) => e.process.once('close', resolve));
      const below = await killTree(e.process.pid ?? 0, () => ended);
      t.ok(below.length >= 3, `a relay, a worker and a helper: ${below.length}`);
      e = await edge(whole, on, site, {}, watched(socket));
      await eventually(() => (socket.count('READY=1') === 2 ? undefined : socket.said.slice(-5).join(' ')), patient);
      await arrives();
      await lives(socket);
      await eventually(() => (socket.status() === `in meeting ${plan.meeting}` ? undefined : socket.status()), patient);
    },
  );

  await t.test('the helper that speaks to systemd is replaced', async (t) => {
    const helper = only(e, 'notify');
    process.kill(helper, 'SIGKILL');
    await eventually(() => (named(e.process.pid ?? 0, 'notify').some((pid) => pid !== helper) ? undefined : 'no new helper'), patient);
    await lives(socket);
    t.not(only(e, 'notify'), helper);
  });

  await t.test('kill -9 of a healthy edge leaves neither a process nor a port in the way of the next', async (t) => {
    const ended = new Promise((resolve) => e.process.once('close', resolve));
    await killTree(e.process.pid ?? 0, () => ended);
    e = await edge(whole, on, site, {}, watched(socket));
    await arrives();
    await lives(socket);
    t.ok(socket.count('READY=1') >= 3);
  });

  const stopped = await e.stop();
  t.equal(stopped, 0);
  await eventually(() => (socket.said.at(-1) === 'STOPPING=1' ? undefined : socket.said.slice(-3).join(' ')), patient);
});

const hubConfig = async (folder: string, port: number) => {
  const identity = await identities(folder);
  await identity('hub-1', 'hub');
  return {
    node: 'hub-1',
    data: join(folder, 'data'),
    identity: { dir: join(folder, 'identity', 'hub-1') },
    central: [{ host: '127.0.0.1', port: 1 }],
    listen: { host: '127.0.0.1', port },
    advertise: { host: '127.0.0.1' },
    recordings: { dir: join(folder, 'recordings'), minFreeMb: 0 },
  };
};

t.test('systemd > hub: frozen it is noticed, killed it leaves nothing, and the next has the same port at once', async (t) => {
  const folder = tempFolder(t);
  const port = await freePort();
  const config = await hubConfig(folder, port);
  const socket = await notifySocket(t, { abstract: true });
  const start = async (): Promise<RootProcess> => {
    const root = startRoot(t, 'central/hub/main.ts', config, folder, watched(socket));
    t.match(await up(root), { port });
    return root;
  };
  const hub = await start();
  await lives(socket);
  t.match(socket.status(), 'no meeting');
  process.kill(hub.child.pid ?? 0, 'SIGSTOP');
  await falls(socket);
  await killTree(hub.child.pid ?? 0, () => hub.ended);
  const second = await start();
  await lives(socket);
  t.equal(socket.count('READY=1'), 2);
  t.equal(named(second.child.pid ?? 0, 'relay').length, 1, 'with a relay of its own');
  t.equal(await second.stop(), 0);
  await eventually(() => (socket.said.at(-1) === 'STOPPING=1' ? undefined : socket.said.slice(-3).join(' ')), patient);
});

t.test('systemd > central: signs of life while its store answers', async (t) => {
  const folder = tempFolder(t);
  const identity = await identities(folder);
  await identity('central', 'central');
  const socket = await notifySocket(t);
  const config = {
    data: join(folder, 'data'),
    identity: { dir: join(folder, 'identity', 'central') },
    http: { host: '127.0.0.1', port: 0 },
    mqtt: { host: '127.0.0.1', port: 0 },
  };
  const central = startRoot(t, 'central/main.ts', config, folder, watched(socket));
  await up(central);
  await lives(socket);
  t.equal(socket.said[0], 'READY=1');
  t.equal(socket.status(), '0 of 0 nodes connected, 0 meetings running');
  process.kill(central.child.pid ?? 0, 'SIGSTOP');
  await falls(socket);
  process.kill(central.child.pid ?? 0, 'SIGCONT');
  await lives(socket);
  t.equal(await central.stop(), 0);
});
