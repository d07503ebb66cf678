/** Projectors and displays by PJLink class 1 and 2. Source: JBMIA "PJLink Specifications" 2.00. */
import type { WiredDriver } from '../wire/driver.ts';
import type { PjlinkMessage } from './codec.ts';
import { PjlinkProtocol } from './protocol.ts';
import { simulatePjlink } from './simulator.ts';

export const pjlink: WiredDriver<PjlinkMessage> = {
  kind: 'display',
  reach: ['tcp'],
  bauds: [9600],
  port: 4352,
  // A connection that is idle for 30 s is closed by the device.
  manners: { gapMs: 0, pollMs: 5000, beginMs: 20_000 },
  protocol: (settings) => new PjlinkProtocol(settings),
  simulator: simulatePjlink,
};
