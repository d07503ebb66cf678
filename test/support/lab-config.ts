/** The configuration files of a lab's nodes: the one place where it says what a node is told. */
import { join } from 'node:path';
import { type LabMachine, wans } from './lab-network.ts';

export const labPorts = { http: 8080, mqtt: 8883, hub: 9710 } as const;

/** Merged into the configuration of a node, over what the lab writes. */
export type Extra = Readonly<Record<string, unknown>>;

export interface ConfigPlace {
  readonly folder: string;
  readonly central: LabMachine;
}

export const identityOf = ({ folder }: ConfigPlace, node: string): string => join(folder, 'identity', node);
export const dataOf = ({ folder }: ConfigPlace, node: string): string => join(folder, 'data', node);

const common = (place: ConfigPlace, node: string): object => ({ data: dataOf(place, node), identity: { dir: identityOf(place, node) } });

export function centralConfig(place: ConfigPlace, extra: Extra): object {
  return {
    ...common(place, 'central'),
    http: { host: '0.0.0.0', port: labPorts.http },
    mqtt: { host: '0.0.0.0', port: labPorts.mqtt },
    ...extra,
  };
}

/** Hubs talk to central over the LAN, and are reached over each WAN at its own address. */
export function hubConfig(place: ConfigPlace, { name, addresses }: LabMachine, extra: Extra): object {
  return {
    node: name,
    ...common(place, name),
    central: [{ host: place.central.addresses.lan, port: labPorts.mqtt }],
    listen: { host: '0.0.0.0', port: labPorts.hub },
    advertise: { host: addresses.wan1, paths: wans.map((path) => ({ path, host: addresses[path] })) },
    recordings: { dir: join(dataOf(place, name), 'recordings') },
    ...extra,
  };
}

/** Sites know central by its address on each WAN. */
export function edgeConfig(place: ConfigPlace, { name }: LabMachine, extra: Extra): object {
  return {
    node: name,
    ...common(place, name),
    central: wans.map((wan) => ({ host: place.central.addresses[wan], port: labPorts.mqtt })),
    paths: wans.map((wan) => ({ name: wan, interface: wan })),
    source: 'pattern',
    audio: 'synthetic',
    display: 'count',
    log: { level: 'debug' }, // tells its telemetry every second, see watch.ts
    ...extra,
  };
}
