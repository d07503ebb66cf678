/** What chaos does to a running demo: everything that `diemcau fault` can break, but the disk that all tests share, and programs that hang. */
import { setTimeout as pause } from 'node:timers/promises';
import { hubs } from '../../../provisioning/demo/hubs.ts';
import { wanLinks } from '../../../provisioning/demo/network.ts';
import { runningDemo } from '../../../provisioning/demo/state.ts';
import { firstSite, Refused } from '../../../provisioning/fault/kind.ts';
import { kinds } from '../../../provisioning/fault/kinds.ts';
import type { Demo } from '../demo.ts';
import { named } from '../processes.ts';
import type { Nodes } from './nodes.ts';
import type { Random } from './random.ts';

/** Of the demo. */
export const hubNames = hubs.map(({ hub }) => hub);

export interface Broken {
  readonly name: string;
  /** Resolves when it has ended; what was killed is over at once. */
  readonly over: Promise<void>;
}

interface Field {
  readonly demo: Demo;
  readonly nodes: Nodes;
  readonly sites: readonly string[];
  readonly chance: Random;
}

/** Null: it could not be done just now. */
type Break = (field: Field) => Promise<Broken | null>;

/** A kind of `diemcau fault`, with what may follow its name. `seconds`: for how long it lasts; `whose`: the node that it takes out of everything for that time. */
const told =
  (
    kind: string,
    args: (field: Field, seconds: number) => readonly string[],
    lasts: { readonly whose?: string; readonly ends?: string } | null = null,
  ): Break =>
  async (field) => {
    const { demo, nodes, chance } = field;
    const seconds = chance.between(3, 12);
    const given = args(field, seconds);
    const [state, made] = [runningDemo(demo.data), kinds[kind]];
    if (state === undefined || made === undefined) throw new Error(`no demo, or no ${kind}`);
    try {
      await made.run({ state, data: demo.data }, given);
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
    const name = [kind, ...given].join(' ');
    if (lasts === null) return { name, over: Promise.resolve() };
    const { whose, ends } = lasts;
    if (whose !== undefined) nodes.excuse(whose, seconds * 1000);
    if (ends === undefined) return { name, over: pause(seconds * 1000) };
    const over = pause(seconds * 1000).then(async () => {
      try {
        await kinds[ends]?.run({ state: runningDemo(demo.data) ?? state, data: demo.data }, []);
      } catch (error) {
        // It died of something else meanwhile, and comes back well.
        if (!(error instanceof Refused)) throw error;
      }
    });
    return { name: `${name}, for ${seconds} s`, over };
  };

const none = (): readonly string[] => [];
const site = ({ chance, sites }: Field): readonly string[] => [chance.pick(sites)];
const lasting = (_: Field, seconds: number): readonly string[] => [String(seconds)];

/** A program stands still (SIGSTOP) for a while: nobody is told, connections stay. What watches it may kill it before that. */
const hang =
  (program: 'itself' | 'worker' | 'relay', owners: (field: Field) => readonly string[]): Break =>
  async (field) => {
    const { demo, nodes, chance } = field;
    const owner = chance.pick(owners(field));
    const root = (await demo.pids())[owner];
    const pids = root === undefined ? [] : program === 'itself' ? [root] : named(root, program);
    if (pids.length === 0) return null;
    const pid = chance.pick(pids);
    const ms = chance.between(3000, 10_000);
    const sent = (signal: 'SIGSTOP' | 'SIGCONT'): boolean => {
      try {
        return process.kill(pid, signal);
      } catch (error) {
        // Somebody found it hung and killed it, or it died of something else.
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
        throw error;
      }
    };
    if (!sent('SIGSTOP')) return null;
    if (program === 'itself') {
      nodes.excuse(owner, ms);
      nodes.stopped(owner);
    }
    const over = pause(ms).then(() => void sent('SIGCONT'));
    return { name: `${owner}${program === 'itself' ? '' : `, a ${program}`} hangs for ${ms} ms`, over };
  };

/** All of them, each as likely as the others. */
const breaks: readonly Break[] = [
  told('camera', none),
  told('camera-b', none),
  told('camera-freeze', none, { ends: 'camera-live' }),
  told('camera-black', none, { ends: 'camera-live' }),
  told('codec', none),
  told('codec-line', (_, seconds) => [firstSite, String(seconds)], {}),
  ...['worker', 'relay', 'edge', 'box'].map((part) => told(part, site)),
  ...['hub', 'hub-2', 'hub-power', 'hub-2-power', 'hub-workers', 'hub-relay', 'recorder', 'central'].map((part) => told(part, none)),
  told('path', ({ chance }, seconds) => [chance.pick(wanLinks.map(({ name }) => name)), String(seconds)], {}),
  told('only-path', lasting, { whose: firstSite }),
  told('narrow', ({ chance }, seconds) => [String(chance.between(400, 2000)), String(seconds)], { whose: firstSite }),
  told('broker', lasting, {}),
  hang('itself', ({ sites }) => sites),
  hang('itself', () => hubNames),
  hang('itself', () => ['central']),
  ...(['worker', 'relay'] as const).flatMap((program) => [hang(program, ({ sites }) => sites), hang(program, () => hubNames)]),
];

/** One of them; null: it could not be done just now. */
export const breakOne = (field: Field): Promise<Broken | null> => field.chance.pick(breaks)(field);
