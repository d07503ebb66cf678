/**
 * The demo's network, in a process that can cut it: the first site has two WAN links, all others reach the hubs directly; all nodes reach the
 * broker through it. Pure.
 */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoPorts } from './hubs.ts';

/** The name of its process. */
export const networkName = 'network';

/** WAN links of the first site, and the loopback addresses at which the hubs are found behind each. */
export const wanLinks = [
  { name: 'wan1', host: '127.0.1.1' },
  { name: 'wan2', host: '127.0.1.2' },
] as const;

/** Between the nodes and the broker. Central's page and API are reached without it. */
export const brokerWay = { name: 'broker', host: '127.0.1.3' } as const;

export const hasWanLinks = (index: number): boolean => index === 0;

/** The system takes no longer path for a socket (sun_path, unix(7): 108 bytes). */
const SOCKET_MAX = 100;

/** A socket of the demo called `name`. */
export function socketPath(data: string, name: string): string {
  const path = join(data, `${name}.sock`);
  return Buffer.byteLength(path) <= SOCKET_MAX
    ? path
    : join(tmpdir(), `diemcau-${name}-${createHash('sha256').update(data).digest('hex').slice(0, 16)}.sock`);
}

/** Where orders for the network are taken, for `diemcau fault`. */
export const networkSocket = (data: string): string => socketPath(data, networkName);

const way = ({ name, host }: { readonly name: string; readonly host: string }, port: number): object => ({
  name,
  listen: { host, port },
  to: { host: '127.0.0.1', port },
});

/** The configuration of `diemcau simulate network`. */
export const networkConfig = (data: string, ports: DemoPorts): object => ({
  socket: networkSocket(data),
  ways: [...wanLinks.flatMap((link) => ports.hubs.map((port) => way(link, port))), way(brokerWay, ports.mqtt)],
});
