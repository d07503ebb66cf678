/** A site under test: the real edge process, a real broker over mutual TLS, and a hub made of a real relay, a control channel and a worker that decodes. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import { h264Decode } from '../../hardware/gstreamer/parts/h264.ts';
import { rtpAudioIn, rtpVideoIn } from '../../hardware/gstreamer/parts/rtp.ts';
import { measured, normaliseSound, opusDecode } from '../../hardware/gstreamer/parts/sound.ts';
import { chain, element, pipeline } from '../../hardware/gstreamer/pipeline.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { LineSplitter } from '../../protocol/node/lines.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type Identity, loadIdentity, peerIdentity, serverTls } from '../../protocol/node/tls.ts';
import { type ControlFromEdge, type ControlFromHub, controlProtocol } from '../../protocol/schema/control.ts';
import type { DevicesBody, DeviceWish, RoomScene } from '../../protocol/schema/devices.ts';
import type { Event, EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import { topic, type UpKind } from '../../protocol/topic.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { TestBroker } from './broker.ts';
import { eventually } from './eventually.ts';
import { desired, edgeDesired, plan as makePlan, mediaKey, type PlanOptions } from './plan.ts';
import { startRoot, up } from './root.ts';
import { tempFolder } from './temp-folder.ts';
import { type WorkerRig, workerRig } from './worker.ts';

export const clock = systemClock();

/** A hub as an edge sees one: takes and gives packets, speaks on the control channel, and can look at what it takes. */
export interface HubRig {
  readonly relay: Relay;
  readonly port: number;
  readonly heard: ControlFromEdge[];
  /** Says it to every edge whose channel is open. */
  readonly say: (message: ControlFromHub) => void;
  readonly channels: () => number;
  /** Called with everything that comes on a control channel. */
  readonly listeners: Set<(message: ControlFromEdge) => void>;
  /** Decodes a site's main, tile and audio; probes carry these names. */
  readonly watch: (t: Test, plan: Plan, site: string) => Promise<WorkerRig>;
}

export interface Network {
  readonly folder: string;
  readonly broker: TestBroker;
  readonly hub: HubRig;
  readonly identity: (node: string, role: 'central' | 'hub' | 'edge') => Promise<Identity>;
  readonly plan: (options?: PlanOptions) => Plan;
}

/** Broker and hub `hub-1`, which lets `sites` in. */
export async function network(t: Test, sites: readonly string[] = ['site-1', 'site-2', 'site-3']): Promise<Network> {
  const folder = tempFolder(t);
  const identity: Network['identity'] = async (node, role) => {
    const dir = join(folder, 'identity', node);
    await issue(await ensureCa(join(folder, 'ca'), clock), dir, { node, role, hosts: [] }, clock);
    const loaded = await loadIdentity(dir, clock.now());
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.fault));
    return loaded.value;
  };
  const broker = new TestBroker({ identity: await identity('central', 'central') });
  await broker.start();
  t.teardown(() => broker.kill());
  const hub = await hubRig(t, await identity('hub-1', 'hub'), sites);
  return {
    folder,
    broker,
    hub,
    identity,
    plan: (options = {}) => makePlan({ sites, hubs: [{ hub: 'hub-1', port: hub.port }], ...options }),
  };
}

async function hubRig(t: Test, identity: Identity, sites: readonly string[]): Promise<HubRig> {
  const relay = new Relay({ name: 'hub', clock, log: silentLog(), lookup: systemLookup });
  t.teardown(() => relay.stop());
  await relay.start();
  const meeting = makePlan().meeting;
  for (const site of sites) await relay.allow(site, { key: mediaKey(meeting, 'hub-1', site) });
  const port = await relay.listen({ host: '127.0.0.1', port: 0, latencyMs: 40 });
  const heard: ControlFromEdge[] = [];
  const listeners: HubRig['listeners'] = new Set();
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...serverTls(identity), ALPNProtocols: [controlProtocol] }, (socket) => {
    sockets.add(socket);
    const lines = new LineSplitter();
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const message = JSON.parse(line) as ControlFromEdge;
        heard.push(message);
        for (const listener of listeners) listener(message);
        if (message.type === 'ping') socket.write(`${JSON.stringify({ type: 'pong', at: message.at })}\n`);
      }
    });
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
    if (peerIdentity(socket)?.role !== 'edge') socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const say: HubRig['say'] = (message) => {
    for (const socket of sockets) socket.write(`${JSON.stringify(message)}\n`);
  };
  return { relay, port, heard, say, channels: () => sockets.size, listeners, watch: (test, plan, site) => watch(test, relay, plan, site) };
}

async function watch(t: Test, relay: Relay, plan: Plan, site: string): Promise<WorkerRig> {
  const rig = workerRig(t);
  const video = (id: string) =>
    chain(
      rtpVideoIn({ id, port: 0, jitterMs: null }),
      h264Decode(`${id}-decode`),
      element('fakesink', { sync: false, async: false }, `${id}-sink`),
    );
  const sound = chain(
    rtpAudioIn({ id: 'audio', port: 0, jitterMs: 40 }),
    opusDecode('opus'),
    normaliseSound(),
    measured('level'),
    element('fakesink', { sync: false, async: false }, 'audio-sink'),
  );
  await rig.worker.start(
    pipeline([video('main'), video('tile'), sound], {
      reflexes: ['main', 'tile', 'audio'].flatMap((name) => [
        { do: 'probe', element: `${name}-sink`, pad: 'sink', name } as const,
        ...(name === 'audio' ? [] : [{ do: 'drop-until-keyframe', element: `${name}-parse`, pad: 'src', name } as const]),
      ]),
    }),
  );
  const streams = plan.sites.find((each) => each.site === site)?.streams;
  if (streams === undefined) throw new Error(`${site} is not in the plan`);
  for (const kind of ['main', 'tile', 'audio'] as const) {
    const port = Number(await rig.worker.get(`${kind}-udp`, 'port'));
    await relay.route(streams[kind].ssrc, { kind: kind === 'audio' ? 'audio' : 'video', from: [site], to: [{ udp: port }] });
  }
  return rig;
}

export interface EdgeRig {
  readonly node: string;
  readonly process: ChildProcess;
  readonly logs: readonly string[];
  /** Central's wish, as a retained message. */
  readonly desire: (rev: number, plan: Plan | null, devices?: readonly DeviceWish[], scene?: RoomScene) => Promise<void>;
  readonly reported: () => ReportedBody | undefined;
  readonly telemetry: () => EdgeTelemetry | undefined;
  readonly events: () => readonly EventBody[];
  readonly devices: () => DevicesBody | undefined;
  readonly stop: () => Promise<number | null>;
}

const bodies = <B>(broker: TestBroker, node: string, kind: UpKind): readonly B[] =>
  broker.texts(topic(node, kind)).map((text) => (JSON.parse(text) as { readonly body: B }).body);

/** The real process; `config` is laid over sensible defaults, `env` over our environment. A second one goes on where the first one ended. */
export async function edge(
  t: Test,
  on: Network,
  node: string,
  config: object = {},
  env: Readonly<Record<string, string>> = {},
): Promise<EdgeRig> {
  await on.identity(node, 'edge');
  const whole = {
    node,
    data: join(on.folder, 'data', node),
    identity: { dir: join(on.folder, 'identity', node) },
    central: [{ host: '127.0.0.1', port: on.broker.port }],
    source: 'pattern',
    audio: 'synthetic',
    display: 'count',
    ...config,
  };
  const root = startRoot(t, 'edge/main.ts', whole, join(on.folder, 'config', node), env);
  await up(root);
  const { child, logs, stop } = root;
  return {
    node,
    process: child,
    logs,
    desire: (rev, plan, devices = [], scene = null) => {
      const want = edgeDesired(plan, node, `Điểm cầu ${node}`, devices, scene);
      return on.broker.publish(topic(node, 'desired'), JSON.stringify(desired(node, rev, want)), { retain: true });
    },
    reported: () => bodies<ReportedBody>(on.broker, node, 'reported').at(-1),
    telemetry: () => bodies<EdgeTelemetry>(on.broker, node, 'telemetry').at(-1),
    events: () => {
      // Nobody acknowledges here, so the outbox says everything again.
      const all = on.broker.texts(topic(node, 'event')).map((text) => JSON.parse(text) as Event);
      return all
        .filter((event, at) => all.findIndex(({ boot, seq }) => boot === event.boot && seq === event.seq) === at)
        .map(({ body }) => body);
    },
    devices: () => bodies<DevicesBody>(on.broker, node, 'devices').at(-1),
    stop,
  };
}

/** Waits until the edge says that it has done what revision `rev` wants. */
export async function satisfied(of: EdgeRig, rev: number): Promise<void> {
  await eventually(() => {
    const reported = of.reported();
    return reported?.rev === rev && reported.satisfied
      ? undefined
      : `reported ${JSON.stringify(reported)}; log: ${of.logs.slice(-3).join('\n')}`;
  });
}

/** The process id of a native program of the edge, by its place among those of its kind (in the order of their starts). */
export function childPid(of: EdgeRig, program: 'worker' | 'relay', index = 0): number {
  const rows = execFileSync('ps', ['--ppid', String(of.process.pid), '-o', 'pid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const found = rows.filter((row) => row.includes(`native/${program}`)).map((row) => Number.parseInt(row, 10));
  const pid = found[index];
  if (pid === undefined) throw new Error(`no ${program} among ${rows.join(' | ')}`);
  return pid;
}
