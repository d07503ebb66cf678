/**
 * A hub under test: the real Hub with its real relay and workers, and sites made of a real relay, a sending worker and a control channel.
 * What a site receives can be decoded, measured and looked at.
 */
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import { Hub } from '../../central/hub/hub.ts';
import type { HubOptions } from '../../central/hub/options.ts';
import { h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { rtpAudioIn, rtpAudioOut, rtpVideoIn, rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { measured, normaliseSound, opusDecode, opusEncode } from '../../hardware/gstreamer/parts/sound.ts';
import { type Chain, chain, element, filter, fraction, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import { Worker } from '../../hardware/gstreamer/worker.ts';
import { streamId } from '../../hardware/relay/commands.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { LineSplitter } from '../../protocol/node/lines.ts';
import { createLog, silentLog } from '../../protocol/node/log.ts';
import { clientTls, type Identity, loadIdentity } from '../../protocol/node/tls.ts';
import { type ControlFromEdge, type ControlFromHub, controlProtocol } from '../../protocol/schema/control.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { incarnate } from '../../protocol/ssrc.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { eventually } from './eventually.ts';
import { hubDesired, plan as makePlan, mediaKey, type PlanOptions, testBoot } from './plan.ts';
import { tempFolder } from './temp-folder.ts';
import { type WorkerRig, workerRig } from './worker.ts';

export const clock = systemClock();
const log = process.env.HUB_LOG === undefined ? silentLog() : createLog('test', { level: 'info' });

/** Small, so that several sites fit on a test machine. */
export const smallMain = { width: 640, height: 360, fps: 25, kbps: 600 } as const;

/** Where a hub is, whatever runs it. */
export interface HubPlace {
  readonly node: string;
  readonly port: number;
  readonly identity: (node: string, role: 'central' | 'hub' | 'edge') => Promise<Identity>;
}

export interface HubRig extends HubPlace {
  readonly hub: Hub;
  readonly notes: EventBody[];
  readonly recordings: string;
  /** A plan on this hub, and on the one beside it if there is one, with small pictures. */
  readonly plan: (options?: PlanOptions) => Plan;
  /** Makes the hub do it; resolves when it says that it does. */
  readonly desire: (...plans: readonly Plan[]) => Promise<void>;
  /** Without waiting. */
  readonly want: (...plans: readonly Plan[]) => void;
}

export async function identities(folder: string): Promise<HubRig['identity']> {
  return async (node, role) => {
    const dir = join(folder, 'identity', node);
    await issue(await ensureCa(join(folder, 'ca'), clock), dir, { node, role, hosts: [] }, clock);
    const loaded = await loadIdentity(dir, clock.now());
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.fault));
    return loaded.value;
  };
}

/** @param first the hub before this one in every plan; both have certificates of one authority. */
export async function hubRig(t: Test, options: Partial<HubOptions> = {}, first: HubPlace | null = null): Promise<HubRig> {
  const folder = tempFolder(t);
  const identity = first?.identity ?? (await identities(folder));
  const node = options.node ?? 'hub-1';
  const notes: EventBody[] = [];
  const recordings = options.recordings?.dir ?? join(folder, 'recordings');
  const hub = new Hub({
    node,
    identity: await identity(node, 'hub'),
    clock,
    log,
    random: Math.random,
    boot: testBoot,
    grants: join(folder, 'grants.json'),
    note: (body) => notes.push(body),
    listen: { host: '127.0.0.1', port: 0 },
    recordings: { dir: recordings, minFreeBytes: 0, maxBytes: 1e12 },
    changed: () => {},
    faults: true,
    freeBytes: null,
    ...options,
  });
  t.teardown(() => hub.stop());
  await hub.start();
  let rev = 0;
  const want: HubRig['want'] = (...plans) => void hub.desire(++rev, hubDesired(plans, node));
  const desire: HubRig['desire'] = async (...plans) => {
    want(...plans);
    const mine = rev;
    await eventually(() => {
      const { revision, satisfied, because } = hub.report;
      return revision === mine && satisfied ? undefined : `revision ${revision} of ${mine}: ${because}`;
    });
  };
  const hubs = [...(first === null ? [] : [{ hub: first.node, port: first.port }]), { hub: node, port: hub.port }];
  const plan: HubRig['plan'] = (given = {}) => makePlan({ hubs, main: smallMain, ...given });
  return { node, hub, port: hub.port, notes, identity, recordings, plan, desire, want };
}

export interface SiteOptions {
  /** Burnt into its pictures. */
  readonly stamp: number;
  /** Colour of its tile and main, 0xRRGGBB. */
  readonly colour?: number;
  /** Frequency of its voice; null: no sound at all. */
  readonly hz?: number | null;
  readonly main?: boolean;
  /** Packets of another kind in place of the tile's pictures. */
  readonly tile?: Chain;
  /** Further hubs of the plan: it sends everything to each. */
  readonly also?: readonly HubPlace[];
}

export interface SiteRig {
  readonly site: string;
  readonly relay: Relay;
  readonly sender: Worker;
  /** What the hub asked for over the control channel. */
  readonly asked: ControlFromHub[];
  readonly say: (message: ControlFromEdge) => void;
  /** Says that this stream's picture is missing. */
  readonly lost: (ssrc: number) => void;
  /** Loopback port of its relay: RTP sent there goes to the hub. */
  readonly inputPort: number;
  /** Decodes what this site receives: `floor`, `mosaic` (stamps and probes; `cell-0`… for each picture in it) and `mix` (levels). */
  readonly watch: (t: Test, plan: Plan) => Promise<WorkerRig>;
  readonly stop: () => Promise<void>;
}

/** A site of `plan` that sends and answers keyframe requests. */
export async function site(t: Test, on: HubPlace, plan: Plan, name: string, options: SiteOptions): Promise<SiteRig> {
  const streams = plan.sites.find((each) => each.site === name)?.streams;
  if (streams === undefined) throw new Error(`${name} is not in the plan`);
  const relay = new Relay({ name, clock, log, lookup: systemLookup });
  const sender = new Worker({ name: `send ${name}`, clock, log, faults: true });
  const asked: ControlFromHub[] = [];
  const sockets: TLSSocket[] = [];
  const hubs = [on, ...(options.also ?? [])];
  const linkOf = (to: HubPlace, way: 'up' | 'down'): string => (to === on ? way : `${way}-${to.node}`);
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([sender.stop(), relay.stop()]);
  };
  t.teardown(stop);
  await relay.start();
  const port = await relay.input('media');
  const to = hubs.map((each) => ({ link: linkOf(each, 'up') }));
  for (const kind of ['main', 'tile'] as const) await relay.route(streams[kind].ssrc, { kind: 'video', from: ['media'], to });
  await relay.route(streams.audio.ssrc, { kind: 'audio', from: ['media'], to });
  for (const each of hubs) {
    const link = { host: '127.0.0.1', port: each.port, key: mediaKey(plan.meeting, each.node, name), latencyMs: 40 };
    await relay.connect(linkOf(each, 'up'), { ...link, streamId: streamId('pub', name) });
    await relay.connect(linkOf(each, 'down'), { ...link, streamId: streamId('sub', name) });
    const heard = (message: ControlFromHub): void => {
      asked.push(message);
      if (message.type === 'keyframe') sender.keyframe(message.kind).catch(() => undefined);
    };
    sockets.push(await control(await on.identity(name, 'edge'), each, heard));
  }
  await sender.start(sending(streams, port, options));
  const say: SiteRig['say'] = (message) => void sockets[0]?.write(`${JSON.stringify(message)}\n`);
  // As an edge does that begins to decode in the middle of a stream.
  const lost: SiteRig['lost'] = (ssrc) => say({ type: 'need-keyframe', meeting: plan.meeting, ssrc });
  return { site: name, relay, inputPort: port, sender, asked, say, lost, watch: (test, of) => watch(test, relay, of, name, lost), stop };
}

async function control(identity: Identity, { node, port }: HubPlace, heard: (message: ControlFromHub) => void): Promise<TLSSocket> {
  const socket = connect({ ...clientTls(identity, node), host: '127.0.0.1', port, ALPNProtocols: [controlProtocol] });
  socket.on('error', () => socket.destroy());
  const lines = new LineSplitter();
  socket.on('data', (chunk: Buffer) => {
    for (const line of lines.push(chunk)) heard(JSON.parse(line) as ControlFromHub);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.write(`${JSON.stringify({ type: 'hello', boot: '00000000000000bb', path: null } satisfies ControlFromEdge)}\n`);
  return socket;
}

type Streams = Plan['sites'][number]['streams'];

const opaque = (rgb: number): number => 0xff000000 + rgb;

/** A coloured picture with a stamp, encoded for the stream `kind`. */
function picture(
  kind: 'main' | 'tile',
  { format, ssrc }: Streams['main'],
  port: number,
  { stamp, colour = 0x406080 }: SiteOptions,
  gop: number,
): Chain {
  const source = { 'is-live': true, pattern: 'solid-color', 'foreground-color': opaque(colour) };
  const { width, height, fps, kbps } = format;
  return chain(
    element('videotestsrc', source, `${kind}-src`),
    filter('video/x-raw', { format: 'I420', width, height, framerate: fraction(fps) }),
    reflexed(element('identity', {}, `${kind}-raw`), { do: 'stamp', element: `${kind}-raw`, pad: 'src', source: stamp }),
    h264Encode({ id: kind, encoder: { element: 'x264enc', because: 'test' }, format: { width, height, fps, kbps, gop } }),
    // Another incarnation for each start of a test, as a real site does it.
    rtpVideoOut({ id: kind, port, ssrc: incarnate(ssrc, stamp) }),
  );
}

function sending(streams: Streams, port: number, options: SiteOptions): ReturnType<typeof pipeline> {
  const { hz = null, main = false, tile } = options;
  const voice = (freq: number): Chain =>
    chain(
      element('audiotestsrc', { 'is-live': true, wave: 'sine', freq, volume: 0.3, samplesperbuffer: 960 }, 'voice'),
      normaliseSound(),
      opusEncode({ id: 'opus', complexity: 0, level: true }),
      rtpAudioOut({ id: 'audio', port, ssrc: incarnate(streams.audio.ssrc, options.stamp), level: true }),
    );
  const { fps } = streams.tile.format;
  return pipeline([
    tile === undefined
      ? picture('tile', streams.tile, port, options, fps)
      : chain(tile, rtpVideoOut({ id: 'tile', port, ssrc: streams.tile.ssrc })),
    // Its keyframes are ten seconds apart: who wants one has to ask.
    ...(main ? [picture('main', streams.main, port, options, streams.main.format.fps * 10)] : []),
    ...(hz === null ? [] : [voice(hz)]),
  ]);
}

/** Frequency bands of the mix: one spectrum of 48 bands of 500 Hz, five times a second, is not needed: tones are told apart by filters. */
export const bandOf = (hz: number): string => `band-${hz}`;

async function watch(t: Test, relay: Relay, plan: Plan, me: string, lost: SiteRig['lost']): Promise<WorkerRig> {
  const rig = workerRig(t);
  const cells = plan.sites.slice(0, 4).map((_, index) => ({ name: `cell-${index}`, x: index * 320, y: 0, width: 320, height: 180 }));
  const video = (id: 'floor' | 'mosaic', regions: readonly { readonly name: string }[]): Chain =>
    chain(
      rtpVideoIn({ id, port: 0, jitterMs: null }),
      element('avdec_h264', { 'max-threads': 1 }, `${id}-decode`),
      reflexed(
        element('fakesink', { sync: false, async: false }, `${id}-sink`),
        ...regions.map((region) => ({ do: 'read-stamp', element: `${id}-sink`, pad: 'sink', ...region }) as const),
        { do: 'probe', element: `${id}-sink`, pad: 'sink', name: id },
      ),
    );
  const tee = chain(rtpAudioIn({ id: 'mix', port: 0, jitterMs: 60 }), opusDecode('mix-opus'), normaliseSound(), element('tee', {}, 'ears'));
  const bands = [500, 1200, 2500, 5000].map((hz) =>
    chain(
      { of: 'ears' },
      element('queue'),
      element('audioconvert'),
      // A band around the tone; the others are some 40 dB below.
      element('audiochebband', { 'lower-frequency': hz * 0.85, 'upper-frequency': hz * 1.15, poles: 8 }),
      element('audioconvert'),
      measured(bandOf(hz)),
      element('fakesink', { sync: false, async: false }),
    ),
  );
  const sink = chain(
    { of: 'ears' },
    element('queue'),
    reflexed(element('fakesink', { sync: false, async: false }, 'mix-sink'), {
      do: 'probe',
      element: 'mix-sink',
      pad: 'sink',
      name: 'mix',
    }),
  );
  const hub = plan.hubs[0];
  if (hub === undefined) throw new Error('no hub in the plan');
  const mosaic = hub.streams.mosaic.ssrc;
  // As a box does: whoever cannot show a picture asks until one comes.
  rig.worker.on('event', ({ event }) => event === 'keyframe-needed' && lost(mosaic));
  await rig.worker.start(
    pipeline([video('floor', [{ name: 'floor' }]), video('mosaic', cells), tee, sink, ...bands], {
      reflexes: [{ do: 'drop-until-keyframe', element: 'mosaic-parse', pad: 'src', name: 'mosaic' }],
    }),
  );
  const port = async (id: string): Promise<readonly { readonly udp: number }[]> => [
    { udp: Number(await rig.worker.get(`${id}-udp`, 'port')) },
  ];
  const [toFloor, toMosaic, toMix] = await Promise.all([port('floor'), port('mosaic'), port('mix')]);
  for (const { site, streams } of plan.sites)
    if (site !== me) await relay.route(streams.main.ssrc, { kind: 'video', from: ['down'], to: toFloor });
  await relay.route(mosaic, { kind: 'video', from: ['down'], to: toMosaic });
  await relay.route(hub.streams.mix.ssrc, { kind: 'audio', from: ['down'], to: toMix });
  for (const ssrc of [mosaic, ...plan.sites.map(({ streams }) => streams.main.ssrc)]) lost(ssrc);
  return rig;
}

/** The loudest of the last three readings of a band since `since` (monotonic ms), dB; null before there are three. */
export function heardDb(rig: WorkerRig, hz: number, since: number): number | null {
  const readings = rig.of('level').filter(({ element: id, at }) => id === bandOf(hz) && at > since);
  return readings.length < 3 ? null : Math.max(-200, ...readings.slice(-3).flatMap(({ rms }) => [...rms]));
}
