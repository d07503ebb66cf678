/** Pelco-D, and Pelco-P by model, as a row of the catalogue. */
import type { WiredDriver } from '../wire/driver.ts';
import type { PelcoFrame } from './codec.ts';
import { PelcoProtocol } from './protocol.ts';
import { simulatePelco } from './simulator.ts';

export const pelco: WiredDriver<PelcoFrame> = {
  kind: 'camera',
  reach: ['serial', 'tcp'],
  bauds: [2400, 4800, 9600],
  /** Of serial servers there is no usual one. */
  port: null,
  /** A frame takes 29 ms at 2400 baud, and nobody tells when it has arrived. */
  manners: { gapMs: 30, pollMs: 5000, beginMs: 5000 },
  protocol: (settings) => new PelcoProtocol(settings),
  simulator: simulatePelco,
};
