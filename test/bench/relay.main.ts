/**
 * `npm run bench -- relay [SECONDS]`: what a hub's relay costs with 13 sites (tile and sound in from each, one main; main, mosaic and mix out to each),
 * and what a site's costs. Packets are synthetic: nothing is encoded or decoded. All sites but one are played by one relay.
 */
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { streamId } from '../../hardware/relay/commands.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Pictures, Sound } from '../support/rtp-packets.ts';
import { print } from './summary.ts';

const seconds = Number(process.argv[2] ?? 10);
const sites = 13;
const speakers = 3;
const frames = { main: 7000, mainIdr: 30_000, mosaic: 11_500, mosaicIdr: 40_000, tile: 1090, tileIdr: 4000 };
const ssrc = { main: 0x3_0000, mosaic: 0x4_0000 };
const tile = (i: number): number => 0x1_0000 + i * 16;
const sound = (i: number): number => 0x2_0000 + i * 16;
/** Mix 0 is shared by the silent sites, each speaker has an own one. */
const mix = (i: number): number => 0x5_0000 + i * 16;
const node = (i: number): string => `site-${i}`;

const relay = (name: string): Relay => new Relay({ name, clock: systemClock(), log: silentLog(), lookup: systemLookup });
const [hub, site, others] = [relay('hub'), relay('site'), relay('others')];
await Promise.all([hub, site, others].map((each) => each.start()));
const [hubIn, siteIn, othersIn] = [await hub.input('media'), await site.input('media'), await others.input('media')];
const workers = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
workers.on('message', () => undefined);
await new Promise<void>((resolve) => workers.bind(0, '127.0.0.1', resolve));
const udp = workers.address().port;

const key = 'a-key-of-benchmarks';
const port = await hub.listen({ host: '127.0.0.1', port: 0, latencyMs: 40 });
for (let i = 0; i < sites; i++) {
  const who = i === 0 ? site : others;
  await hub.allow(node(i), { key });
  for (const way of ['pub', 'sub'] as const)
    await who.connect(`${way}-${i}`, { host: '127.0.0.1', port, streamId: streamId(way, node(i)), key, latencyMs: 40 });
  await who.route(tile(i), { kind: 'video', to: [{ link: `pub-${i}` }] });
  await who.route(sound(i), { kind: 'audio', to: [{ link: `pub-${i}` }] });
  await hub.route(tile(i), { kind: 'video', from: [node(i)], to: [{ udp }] });
  await hub.route(sound(i), { kind: 'audio', from: [node(i)], to: [{ udp }] });
  await hub.view(`floor-${i}`, { kind: 'video', to: { peer: node(i) }, ssrc: ssrc.main });
  await hub.route(mix(i < speakers ? i + 1 : 0), {
    kind: 'audio',
    to: i < speakers ? [{ peer: node(i) }] : Array.from({ length: sites - speakers }, (_, k) => ({ peer: node(k + speakers) })),
  });
}
await hub.route(ssrc.main, { kind: 'video', from: [node(0)], to: [] });
await hub.route(ssrc.mosaic, { kind: 'video', to: Array.from({ length: sites }, (_, i) => ({ peer: node(i) })) });
// The site gets its own main back here, so that its downlink carries what a viewer's does.
await site.route(ssrc.main, { kind: 'video', to: [{ link: 'pub-0' }] });
await site.route(ssrc.mosaic, { kind: 'video', to: [{ udp }] });
await site.route(mix(1), { kind: 'audio', to: [{ udp }] });
for (const video of [ssrc.main, ssrc.mosaic]) await others.route(video, { kind: 'video', to: [] });

const out = createSocket('udp4');
let playing = true;
async function every(ms: number, offset: number, to: number, make: () => readonly Buffer[]): Promise<void> {
  for (let next = performance.now() + offset; playing; next += ms) {
    await pause(Math.max(0, next - performance.now()));
    for (const packet of make()) out.send(packet, to, '127.0.0.1');
  }
}
function picture(of: Pictures, gop: number, size: number, idrSize: number): () => readonly Buffer[] {
  let n = 0;
  return () => {
    const idr = n++ % gop === 0;
    return of.frame({ idr, size: idr ? idrSize : size, captured: Date.now() });
  };
}
const feeds = [
  every(40, 3, siteIn, picture(new Pictures(ssrc.main), 50, frames.main, frames.mainIdr)),
  every(1000 / 15, 9, hubIn, picture(new Pictures(ssrc.mosaic, { fps: 15 }), 30, frames.mosaic, frames.mosaicIdr)),
];
for (let i = 0; i <= speakers; i++) {
  const voice = new Sound(mix(i));
  feeds.push(every(20, i * 2, hubIn, () => [voice.packet({ size: 120 })]));
}
for (let i = 0; i < sites; i++) {
  const voice = new Sound(sound(i));
  const to = i === 0 ? siteIn : othersIn;
  feeds.push(every(1000 / 15, i * 5, to, picture(new Pictures(tile(i), { fps: 15 }), 15, frames.tile, frames.tileIdr)));
  feeds.push(every(20, i * 1.3, to, () => [voice.packet()]));
}

/** CPU seconds, voluntary context switches and threads of a process. */
function usage(of: Relay): { readonly cpu: number; readonly switches: number; readonly threads: number } {
  const folder = `/proc/${of.pid}/task`;
  const tasks = readdirSync(folder);
  const read = (task: string, file: string): string => readFileSync(`${folder}/${task}/${file}`, 'utf8');
  return {
    cpu: tasks.reduce((sum, task) => sum + Number(read(task, 'schedstat').split(' ')[0]) / 1e9, 0),
    switches: tasks.reduce((sum, task) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(task, 'status'))?.[1] ?? 0), 0),
    threads: tasks.length,
  };
}

await pause(3000);
await others.stats(); // begins a new window of extremes
const measured = [hub, site].map((each) => ({ each, before: usage(each) }));
await pause(seconds * 1000);
const [hubCost, siteCost] = measured.map(({ each, before }) => {
  const { cpu, switches, threads } = usage(each);
  return { cores: (cpu - before.cpu) / seconds, switchesPerSecond: (switches - before.switches) / seconds, threads };
});
const [atHub, atOthers] = [await hub.stats(), await others.stats()];
const main = atOthers.streams.find((each) => each.ssrc === ssrc.main);
playing = false;
await Promise.all(feeds);
await Promise.all([hub, site, others].map((each) => each.stop()));
out.close();
workers.close();
print({
  bench: 'relay',
  n: 1,
  sites,
  seconds,
  hub: hubCost,
  site: siteCost,
  /** Of the floor, seen behind two hops of 40 ms. */
  floor: { lost: main?.lost, damagedFrames: main?.damagedFrames, minAgeMs: main?.minAgeMs, maxAgeMs: main?.maxAgeMs },
  reconnects: atHub.connections.reduce((sum, each) => sum + each.connects - 1, 0),
  stalls: atHub.stalls,
});
