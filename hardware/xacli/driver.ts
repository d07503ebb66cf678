/** TANDBERG MXP and MPS codecs, the generation before TC: a row of the catalogue. */
import type { WiredDriver } from '../wire/driver.ts';
import type { Message } from './codec.ts';
import { XacliProtocol } from './protocol.ts';
import { simulateXacli } from './simulator.ts';

export const xacli: WiredDriver<Message> = {
  kind: 'codec',
  reach: ['serial', 'tcp'],
  // The factory speed is not documented; it can be set from 1200 to 115200.
  bauds: [9600, 38400, 115200, 57600, 19200],
  port: 23,
  manners: { gapMs: 20, pollMs: 5000, beginMs: 15_000 },
  protocol: (settings) => new XacliProtocol(settings),
  simulator: simulateXacli,
};
