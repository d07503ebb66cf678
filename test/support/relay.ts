/** Real relays for a test, on the build with sanitizers: started on demand, events collected, gone at teardown. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { RelayEvent } from '../../hardware/relay/events.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import type { ConnectionStats, StreamStats } from '../../hardware/relay/stats.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { eventually } from './eventually.ts';

export const KEY = 'a key of tests only'.replaceAll(' ', '-');
export const sanitizedRelay = join(packageRoot(), 'build', 'native', 'relay-asan');

type Of<K extends RelayEvent['event']> = Extract<RelayEvent, { event: K }>;

export interface RelayRig {
  readonly relay: Relay;
  readonly events: RelayEvent[];
  readonly of: <K extends RelayEvent['event']>(name: K) => readonly Of<K>[];
  /** Waits until an event of this kind satisfies `fits`. */
  readonly sees: <K extends RelayEvent['event']>(name: K, fits?: (event: Of<K>) => boolean) => Promise<Of<K>>;
  readonly stream: (ssrc: number) => Promise<StreamStats | undefined>;
  readonly connection: (streamId: string) => Promise<ConnectionStats | undefined>;
}

/** `binary`: another program to start, for example one that enters a namespace first. */
export async function relayRig(t: Test, name = 'test', binary = sanitizedRelay): Promise<RelayRig> {
  const relay = new Relay({ name, clock: systemClock(), log: silentLog(), lookup: systemLookup, binary });
  const events: RelayEvent[] = [];
  relay.on('event', (event) => events.push(event));
  const downs: string[] = [];
  relay.on('down', (info) => {
    // A sanitizer's report must fail the test, whatever it was about.
    if (info.lastWords.some((line) => /ERROR: .*Sanitizer|runtime error:/.test(line))) downs.push(info.lastWords.join('\n'));
  });
  t.teardown(async () => {
    await relay.stop();
    if (downs.length > 0) throw new Error(`sanitizer report from relay ${name}: ${downs.join('\n')}`);
  });
  await relay.start();
  const of: RelayRig['of'] = (name) => events.filter((event) => event.event === name) as never;
  const sees: RelayRig['sees'] = async (name, fits = () => true) => {
    const found = (): ReturnType<typeof of<typeof name>>[number] | undefined => of(name).find(fits);
    await eventually(() => (found() ? undefined : `no fitting event ${name} among ${JSON.stringify(events.slice(-8))}`));
    const event = found();
    if (!event) throw new Error(`event ${name} vanished`);
    return event;
  };
  const stream: RelayRig['stream'] = async (ssrc) => (await relay.stats()).streams.find((each) => each.ssrc === ssrc);
  const connection: RelayRig['connection'] = async (streamId) =>
    (await relay.stats()).connections.find((each) => each.streamId === streamId);
  return { relay, events, of, sees, stream, connection };
}

/** A relay that listens as a hub does; `nodes` may call it with KEY. */
export async function hubRig(t: Test, nodes: readonly string[], latencyMs = 40): Promise<RelayRig & { readonly port: number }> {
  const rig = await relayRig(t, 'hub');
  for (const node of nodes) await rig.relay.allow(node, { key: KEY });
  const port = await rig.relay.listen({ host: '127.0.0.1', port: 0, latencyMs });
  return { ...rig, port };
}

/** A relay that has called a hub as `node`: an input to publish through, a port where what it receives arrives. */
export async function edgeRig(t: Test, node: string, port: number, latencyMs = 40): Promise<RelayRig & { readonly input: number }> {
  const rig = await relayRig(t, node);
  for (const direction of ['pub', 'sub'] as const)
    await rig.relay.connect(direction, { host: '127.0.0.1', port, streamId: `${direction}/${node}`, key: KEY, latencyMs });
  const input = await rig.relay.input('media');
  await rig.sees('connected', (event) => event.link === 'pub');
  await rig.sees('connected', (event) => event.link === 'sub');
  return { ...rig, input };
}
