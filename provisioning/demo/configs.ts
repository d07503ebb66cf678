/** The configuration files of the demo's processes, as data. */
import { join } from 'node:path';
import type { DemoOptions } from './options.ts';
import type { SampleSite } from './province.ts';
import { isWorkbench, portsFolder } from './rooms.ts';

export interface DemoPorts {
  readonly http: number;
  readonly mqtt: number;
  /** SRT and control channel of the hub. */
  readonly hub: number;
}

export const hubId = 'hub-an-giang';

const identity = (data: string, node: string): { readonly dir: string } => ({ dir: join(data, 'identity', node) });

export const centralConfig = ({ data }: DemoOptions, ports: DemoPorts): object => ({
  data: join(data, 'central'),
  identity: identity(data, 'central'),
  http: { host: '127.0.0.1', port: ports.http },
  mqtt: { host: '127.0.0.1', port: ports.mqtt },
});

export const hubConfig = ({ data }: DemoOptions, ports: DemoPorts): object => ({
  node: hubId,
  data: join(data, hubId),
  identity: identity(data, hubId),
  central: [{ host: '127.0.0.1', port: ports.mqtt }],
  listen: { host: '127.0.0.1', port: ports.hub },
  advertise: { host: '127.0.0.1' },
  recordings: { dir: join(data, hubId, 'recordings') },
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
): object {
  return {
    node: site,
    name,
    data: join(data, 'edges', site),
    identity: identity(data, site),
    central: [{ host: '127.0.0.1', port: ports.mqtt }],
    source,
    ports: [portsFolder(data, site)],
    cameras: isWorkbench(site) ? [lookout] : [],
    audio: 'synthetic',
    display: index === 1 ? 'headless' : 'count',
    stamps,
  };
}
