/** Samsung displays by MDC, over RS-232 or TCP. Source: Samsung "MDC Protocol" 13.7c. */
import type { WiredDriver } from '../wire/driver.ts';
import type { MdcMessage } from './codec.ts';
import { MdcProtocol } from './protocol.ts';
import { simulateMdc } from './simulator.ts';

export const mdc: WiredDriver<MdcMessage> = {
  kind: 'display',
  reach: ['serial', 'tcp'],
  bauds: [9600],
  port: 1515,
  // Closer commands are lost on some displays.
  manners: { gapMs: 100, pollMs: 5000, beginMs: 15_000 },
  protocol: (settings) => new MdcProtocol(settings),
  simulator: simulateMdc,
};
