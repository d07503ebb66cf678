/**
 * `diemcau simulate network --config FILE`: paths between sites and hubs on one machine, which can be cut, narrowed and made lossy. One `started`
 * line out; orders as lines on its socket: `WAY ORDER` or `WAY ORDER for SECONDS` (trouble.ts), answered with `{"ok":true}` or the reason.
 */
import { type Static, Type } from 'typebox';
import type { Timer } from '../../../protocol/clock.ts';
import { brief } from '../../../protocol/fault.ts';
import { systemClock } from '../../../protocol/node/clock.ts';
import { loadConfig } from '../../../protocol/node/config.ts';
import { whenOwnerGoes } from '../../../protocol/node/owner.ts';
import { rise } from '../../../protocol/node/rank.ts';
import { takeOrders } from '../socket.ts';
import { SimulatedPath } from './path.ts';
import { noTrouble, ordered, type Trouble, timed } from './trouble.ts';

const closed = { additionalProperties: false } as const;
const Place = Type.Object({ host: Type.String({ maxLength: 64 }), port: Type.Integer({ minimum: 1, maximum: 65_535 }) }, closed);
const Config = Type.Object(
  {
    /** Where orders are taken. */
    socket: Type.String({ minLength: 1, maxLength: 100 }),
    /** Several may have one name: they are cut together. */
    ways: Type.Array(Type.Object({ name: Type.String({ maxLength: 40 }), listen: Place, to: Place }, closed), { maxItems: 64 }),
  },
  closed,
);

const loaded = await loadConfig({ schema: Config, argv: process.argv.slice(2) });
if (!loaded.ok) {
  process.stderr.write(`simulate network: ${brief(loaded.fault)}\n`);
  process.exit(78);
}
const { socket, ways }: Static<typeof Config> = loaded.value.config;
const clock = systemClock();
const troubles = new Map<string, Trouble>(ways.map(({ name }) => [name, noTrouble]));
const paths = ways.map(
  ({ name, listen, to }) => new SimulatedPath({ listen, to, clock, random: Math.random, trouble: () => troubles.get(name) ?? noTrouble }),
);

/** Ends of troubles that end by themselves, by way: whoever ordered them may be gone by then. */
const ends = new Map<string, Timer>();

/** @throws Error that says what is wrong with the line. */
function obey(line: string): object {
  const [name = '', ...words] = line.trim().split(/\s+/);
  const now = troubles.get(name);
  if (now === undefined) throw new Error(`there is no way ${name}; there are: ${[...troubles.keys()].join(', ')}`);
  const { order, forMs } = timed(words.join(' '));
  const trouble = ordered(now, order);
  ends.get(name)?.cancel();
  ends.delete(name);
  troubles.set(name, trouble);
  if (forMs !== null)
    ends.set(
      name,
      clock.after(forMs, `${name} heals`, () => troubles.set(name, noTrouble)),
    );
  return {};
}

// Packets that wait here for a processor would make a way narrow that nobody has narrowed.
rise('hardware');
for (const path of paths) await path.start();
const noMore = await takeOrders(socket, obey);
const stop = (): void => {
  for (const path of paths) path.stop();
  noMore();
  process.exit(0);
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
whenOwnerGoes(stop);
process.stdout.write(`${JSON.stringify({ event: 'started', ways: [...troubles.keys()] })}\n`);
