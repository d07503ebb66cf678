/** Polycom HDX, RealPresence Group and Poly G7500 as one row of the catalogue. */
import type { WiredDriver } from '../wire/driver.ts';
import type { Line } from './codec.ts';
import { polycomProtocol } from './protocol.ts';
import { simulatePolycom } from './simulator.ts';

export const polycom: WiredDriver<Line> = {
  kind: 'codec',
  reach: ['serial', 'tcp'],
  // The maker's default; installers often choose 115200.
  bauds: [9600, 115_200, 57_600, 38_400, 19_200, 14_400],
  port: 24,
  // The maker asks for 200 ms between commands.
  manners: { gapMs: 200, pollMs: 10_000, beginMs: 45_000 },
  protocol: polycomProtocol,
  simulator: simulatePolycom,
};
