/** A make of device as data: what it is, how it is reached, how it is spoken to, and how it is simulated. One row of the catalogue. */
import type { DeviceKind } from '../../protocol/schema/device.ts';
import type { Manners, Protocol } from './protocol.ts';
import type { Simulator } from './simulator.ts';

/** How one device of a make is reached and what it wants; what a make does not use is ignored. */
export interface DriverSettings {
  /** Of the device on a shared line: VISCA 1…7, Pelco 1…255, MDC 0…254, LG 1…254. */
  readonly address: number;
  readonly username: string;
  readonly password: string;
  /** Model, where it must be told because the device does not: picks the quirks. */
  readonly model: string;
}

export const plainSettings: DriverSettings = { address: 1, username: '', password: '', model: '' };

export type Reach = 'serial' | 'tcp' | 'udp';

export interface WiredDriver<M> {
  readonly kind: DeviceKind;
  /** The first is the usual one. */
  readonly reach: readonly [Reach, ...Reach[]];
  /** Usual speed first. */
  readonly bauds: readonly [number, ...number[]];
  /** Usual TCP or UDP port. */
  readonly port: number | null;
  readonly manners: Manners;
  readonly protocol: (settings: DriverSettings) => Protocol<M>;
  /** A device of this make, in working order. */
  readonly simulator: (settings: DriverSettings) => Simulator;
}
