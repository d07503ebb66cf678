/** What can go wrong in a running demo, as chaos does it: really, to real processes. */
import { hubs } from '../../../provisioning/demo/hubs.ts';
import { networkSocket } from '../../../provisioning/demo/network.ts';
import { order } from '../../../provisioning/fault/orders.ts';
import type { Demo } from '../demo.ts';
import { alive, tree } from '../processes.ts';
import type { Random } from './random.ts';

export interface Fault {
  readonly name: string;
  /** Ends what does not end by itself. */
  readonly undo: () => Promise<void>;
}

type Make = (demo: Demo, chance: Random) => Promise<Fault>;

const nothing = async (): Promise<void> => undefined;

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It died of something else a moment ago.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function pidOf(demo: Demo, name: string): Promise<number | null> {
  return (await demo.pids())[name] ?? null;
}

/** kill -9 of a process that the demo keeps. */
const process9 =
  (choose: (chance: Random, sites: readonly string[]) => string): Make =>
  async (demo, chance) => {
    const name = choose(
      chance,
      (await demo.sites()).map(({ site }) => site),
    );
    const pid = await pidOf(demo, name);
    if (pid !== null) kill(pid);
    return { name: `kill -9 of ${name}`, undo: nothing };
  };

/** kill -9 of a native program of one of them. */
const native9 =
  (program: 'worker' | 'relay', owners: (sites: readonly string[]) => readonly string[]): Make =>
  async (demo, chance) => {
    const owner = chance.pick(owners((await demo.sites()).map(({ site }) => site)));
    const root = await pidOf(demo, owner);
    const victims = root === null ? [] : tree(root).filter(({ pid, name }) => pid !== root && name === program && alive(pid));
    const victim = victims.length === 0 ? null : chance.pick(victims);
    if (victim !== null) kill(victim.pid);
    return { name: `kill -9 of a ${program} of ${owner}`, undo: nothing };
  };

/** The power of a machine fails: everything of it is gone at once, and nobody says goodbye. */
const power =
  (owners: (sites: readonly string[]) => readonly string[]): Make =>
  async (demo, chance) => {
    const owner = chance.pick(owners((await demo.sites()).map(({ site }) => site)));
    const root = await pidOf(demo, owner);
    for (const { pid } of root === null ? [] : tree(root)) kill(pid);
    return { name: `power cut of ${owner}`, undo: nothing };
  };

const cut =
  (ways: readonly string[]): Make =>
  async (demo, chance) => {
    const way = chance.pick(ways);
    await order(networkSocket(demo.data), `${way} cut`);
    return { name: `cut of ${way}`, undo: async () => void (await order(networkSocket(demo.data), `${way} heal`)) };
  };

/** Of the demo. */
export const hubNames = hubs.map(({ hub }) => hub);

/** All of them; the heavier ones are as likely as the others. */
export const faults: readonly Make[] = [
  process9(() => 'camera'),
  process9((chance, sites) => chance.pick(sites)),
  process9((chance) => chance.pick(hubNames)),
  process9(() => 'central'),
  native9('worker', (sites) => sites),
  native9('relay', (sites) => sites),
  native9('worker', () => hubNames),
  native9('relay', () => hubNames),
  power(() => hubNames),
  power((sites) => sites),
  cut(['wan1', 'wan2']),
];
