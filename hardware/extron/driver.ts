/** Extron matrix switchers as one row of the catalogue. */
import type { WiredDriver } from '../wire/driver.ts';
import type { Reply } from './codec.ts';
import { extronProtocol } from './protocol.ts';
import { simulateExtron } from './simulator.ts';

export const extron: WiredDriver<Reply> = {
  kind: 'switcher',
  reach: ['serial', 'tcp'],
  bauds: [9600, 115_200, 57_600, 38_400, 19_200],
  port: 23,
  manners: { gapMs: 20, pollMs: 5000, beginMs: 20_000 },
  protocol: extronProtocol,
  simulator: simulateExtron,
};
