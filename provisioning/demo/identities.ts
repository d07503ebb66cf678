/** The demo's certificates: by the same code that issues them for real boxes. */
import { join } from 'node:path';
import { systemClock } from '../../protocol/node/clock.ts';
import { ensureCa } from '../pki/authority.ts';
import { issue } from '../pki/issue.ts';
import { hubs } from './hubs.ts';
import type { DemoOptions } from './options.ts';
import type { SampleSite } from './province.ts';

/** Certificates for central, the hubs and every site; nothing is done for those that have a good one. */
export async function issueIdentities({ data }: DemoOptions, sites: readonly SampleSite[]): Promise<void> {
  const clock = systemClock();
  const authority = await ensureCa(join(data, 'ca'), clock);
  const nodes = [
    { node: 'central', role: 'central' },
    ...hubs.map(({ hub }) => ({ node: hub, role: 'hub' }) as const),
    ...sites.map(({ site }) => ({ node: site, role: 'edge' }) as const),
  ] as const;
  for (const { node, role } of nodes) await issue(authority, join(data, 'identity', node), { node, role, hosts: [] }, clock);
}
