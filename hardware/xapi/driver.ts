/** Cisco and TANDBERG codecs with TC, CE or RoomOS software: C20…C90, SX, MX, Room. */
import type { WiredDriver } from '../wire/driver.ts';
import type { XapiMessage } from './codec.ts';
import { XapiProtocol } from './protocol.ts';
import { simulateXapi } from './simulator.ts';

export const xapi: WiredDriver<XapiMessage> = {
  kind: 'codec',
  reach: ['serial', 'tcp'],
  // C series, SX10, SX80: 38400; SX20: 115200. While it boots the port speaks 38400 whatever is set.
  bauds: [38_400, 115_200, 9600, 19_200, 57_600],
  port: 23,
  manners: { gapMs: 0, pollMs: 5000, beginMs: 20_000 },
  protocol: (settings) => new XapiProtocol(settings),
  simulator: simulateXapi,
};
