/** Sony VISCA and what copies it, as rows of the catalogue: over a serial line (or bare over TCP), and over IP with numbered datagrams. */

import type { WiredDriver } from '../wire/driver.ts';
import type { Manners } from '../wire/protocol.ts';
import type { ViscaMessage } from './codec.ts';
import type { IpMessage } from './ip-codec.ts';
import { ViscaIpProtocol } from './ip-protocol.ts';
import { simulateViscaIp } from './ip-simulator.ts';
import { ViscaProtocol } from './protocol.ts';
import { simulateVisca } from './simulator.ts';

/** No pause between commands: each waits for the camera to take the one before, which is what such pauses are for. */
const manners: Manners = { gapMs: 0, pollMs: 2000, beginMs: 8000 };

export const visca: WiredDriver<ViscaMessage> = {
  kind: 'camera',
  reach: ['serial', 'tcp'],
  bauds: [9600, 19_200, 38_400, 115_200],
  /** Of cameras that speak it without a header; 1259 on others. */
  port: 5678,
  manners,
  protocol: (settings) => new ViscaProtocol(settings),
  simulator: simulateVisca,
};

export const viscaIp: WiredDriver<IpMessage> = {
  kind: 'camera',
  reach: ['udp'],
  bauds: [9600],
  port: 52_381,
  manners,
  protocol: (settings) => new ViscaIpProtocol(settings),
  simulator: simulateViscaIp,
};
