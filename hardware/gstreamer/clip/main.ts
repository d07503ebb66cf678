/**
 * A process that makes clips and ends: reads `{folder, mainKbps, stamps, sites: [{name, n}]}` as JSON from stdin, prints the files of each site as one JSON array.
 * For whoever may not import the media engine (the demo).
 */
import { Type } from 'typebox';
import { decoder } from '../../../protocol/decode.ts';
import { brief } from '../../../protocol/fault.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { createLog } from '../../../protocol/node/log.ts';
import { makeClips } from './clip.ts';

const Order = Type.Object(
  {
    folder: Type.String({ minLength: 1 }),
    mainKbps: Type.Integer({ minimum: 300, maximum: 4000 }),
    /** Burn measuring stamps into the main picture (benchmarks). */
    stamps: Type.Boolean(),
    sites: Type.Array(
      Type.Object(
        { name: Type.String({ minLength: 1, maxLength: 120 }), n: Type.Integer({ minimum: 0 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const parts: Buffer[] = [];
for await (const part of process.stdin) parts.push(part as Buffer);
const order = decoder(Order).decode(Buffer.concat(parts));
if (!order.ok) {
  process.stderr.write(`clips: ${brief(order.fault)}\n`);
  process.exit(64);
}
const { sites, ...kind } = order.value;
const clips = await makeClips({ clock: systemClock(), log: createLog('clips', { level: 'warn' }), ...kind }, sites);
process.stdout.write(`${JSON.stringify(clips)}\n`);
