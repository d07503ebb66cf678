/** The configuration files of the demo's processes, as data. */
import { join } from 'node:path';
import type { DemoPorts, SampleHub } from './hubs.ts';
import { brokerWay, hasWanLinks, wanLinks } from './network.ts';
import type { DemoOptions } from './options.ts';
import type { SampleSite } from './province.ts';
import { isWorkbench, portsFolder } from './rooms.ts';

const identity = (data: string, node: string): { readonly dir: string } => ({ dir: join(data, 'identity', node) });

export const centralConfig = ({ data, kbps }: DemoOptions, ports: DemoPorts): object => ({
  data: join(data, 'central'),
  identity: identity(data, 'central'),
  http: { host: '127.0.0.1', port: ports.http },
  mqtt: { host: '127.0.0.1', port: ports.mqtt },
  media: { mainKbps: kbps, mosaicKbps: kbps },
});

export const hubConfig = ({ data }: DemoOptions, ports: DemoPorts, { hub }: SampleHub, index: number): object => ({
  node: hub,
  data: join(data, hub),
  identity: identity(data, hub),
  central: [{ host: brokerWay.host, port: ports.mqtt }],
  listen: { host: '127.0.0.1', port: ports.hubs[index] },
  advertise: { host: '127.0.0.1', paths: wanLinks.map(({ name, host }) => ({ path: name, host })) },
  recordings: { dir: join(data, hub, 'recordings') },
});

/** What a site sends: the short form (a camera, encoded by the site), or clips that have the plan's formats already. */
export type SiteSource = string | { readonly kind: 'clip'; readonly main: string; readonly tile: string };

/**
 * Two cores carry thirteen sites: the first is live (encodes), the second decodes what it receives, the others send a clip that has the
 * format already and count what they receive.
 */
export function edgeConfig(
  { data, stamps, lookout }: DemoOptions,
  ports: DemoPorts,
  { site, name }: SampleSite,
  index: number,
  source: SiteSource,
  backup: string | null,
): object {
  return {
    node: site,
    name,
    data: join(data, 'edges', site),
    identity: identity(data, site),
    central: [{ host: brokerWay.host, port: ports.mqtt }],
    source,
    paths: hasWanLinks(index) ? wanLinks.map(({ name }) => ({ name })) : [],
    backup,
    ports: [portsFolder(data, site)],
    cameras: isWorkbench(site) ? [lookout] : [],
    audio: 'synthetic',
    // The first site has the chair.
    panel: index === 0 ? { host: '127.0.0.1', port: ports.panel } : null,
    display: index === 1 ? 'headless' : 'count',
    stamps,
  };
}
