/** LG displays by RS-232, on some by TCP. Source: "RS-232 control" of LG's manuals for 55LV5400, M4210 and 55WV70MS. */
import type { WiredDriver } from '../wire/driver.ts';
import type { LgMessage } from './codec.ts';
import { LgProtocol } from './protocol.ts';
import { simulateLg } from './simulator.ts';

export const lg: WiredDriver<LgMessage> = {
  kind: 'display',
  reach: ['serial', 'tcp'],
  bauds: [9600],
  port: 9761,
  manners: { gapMs: 0, pollMs: 5000, beginMs: 15_000 },
  protocol: (settings) => new LgProtocol(settings),
  simulator: simulateLg,
};
