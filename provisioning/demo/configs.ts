/** The configuration files of the demo's processes, as data. */
import { join } from 'node:path';
import type { DemoOptions } from './options.ts';
import type { SampleSite } from './province.ts';

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

/** Where the clip of a site lies: made at first start, kept. */
export const clipDir = ({ data, stamps }: Pick<DemoOptions, 'data' | 'stamps'>, site: string): string =>
  join(data, stamps ? 'clips-stamped' : 'clips', site);

/**
 * Two cores carry thirteen sites: the first is live (encodes), the second decodes what it receives, the others send a clip that has the
 * format already and count what they receive.
 */
export function edgeConfig(options: DemoOptions, ports: DemoPorts, { site, name }: SampleSite, index: number): object {
  const { data, camera, stamps } = options;
  const clip = clipDir(options, site);
  return {
    node: site,
    name,
    data: join(data, 'edges', site),
    identity: identity(data, site),
    central: [{ host: '127.0.0.1', port: ports.mqtt }],
    source: index === 0 ? camera : { kind: 'clip', main: join(clip, 'main.h264'), tile: join(clip, 'tile.h264') },
    audio: 'synthetic',
    display: index === 1 ? 'headless' : 'count',
    stamps,
  };
}
