/**
 * The floor as a state machine small enough to be searched completely: central, two hubs, and two boxes, the first of which has the chair. Drives
 * the real rules (compareGrants, nextGrant, appointingGrant, mayGrant); only the network around them is a model. Pure.
 *
 * The network is the worst there is: whatever a process has ever said may arrive at any time, any number of times, in any order, or never. So what
 * was said is a set: loss is an arrival that does not happen, doubling and reordering are arrivals again, a partition is a time without arrivals.
 * Steps: central or a panel writes; central hands the chair to the other box; something said arrives; a process is killed and starts with its
 * disk; a disk is lost (a box is replaced, a database set back) and its process starts with what it was given first.
 *
 * In every state that can be reached:
 * - `unique`: no two different grants have the same (epoch, by, n).
 * - `rises`: what somebody writes is higher than all that he knew, so that it takes effect wherever his knowledge had.
 * - `agreed`: let everybody go on telling what he has, and all end at the same grant. So no two act on different ones for ever.
 * - `kept`: a grant that was acknowledged is never lost: whatever becomes of the box whose panel wrote it, somebody else has it, or a higher one, on
 *   his disk. Acknowledged means for central: stored; for a panel: a hub has answered with it.
 * - `fresh`: no old command wins: what was written without knowing that the chair was handed on never replaces that grant, or one that was
 *   made of it. (Two that were written without knowing of each other under the same chair have no older and newer: the order decides.)
 * When disks are lost, `unique`, `kept` and `fresh` cannot be promised; `agreed` still is, of central and the hubs. A box that has heard what they have
 * lost is not believed (it could have made it up) and joins them with what is written next.
 *
 * The first version of the rules had the chair in the plan and not in the grant; this search found the box that heard of the new grant before it
 * heard that it had lost the chair, wrote on, and was alone with its grant for ever.
 */
import { appointingGrant, compareGrants, type Grant, nextGrant, noGrant } from './grant.ts';
import { mayGrant } from './plan.ts';

const names = ['central', 'hub-1', 'hub-2', 'site-1', 'site-2'] as const;
const [central, hubs, sites] = [0, [1, 2], [3, 4]] as const;
/** Who hears whom: plans and reports over the broker, grants over control channels. */
const hearers: readonly (readonly number[])[] = [
  [1, 2, 3, 4],
  [0, 2, 3, 4],
  [0, 1, 3, 4],
  [1, 2],
  [1, 2],
];

/** The rules in question. */
export interface Rules {
  readonly compare: (a: Grant, b: Grant) => number;
  readonly next: (known: Grant, by: string, change: { readonly slots: string[] }) => Grant;
  readonly appoint: typeof appointingGrant;
  readonly admits: typeof mayGrant;
  /** What was heard is on disk before it is said on. */
  readonly persists: boolean;
}

export const realRules: Rules = { compare: compareGrants, next: nextGrant, appoint: appointingGrant, admits: mayGrant, persists: true };

export interface Bounds {
  /** Grants that each may write: central, the first box, the second box. */
  readonly writes: readonly [number, number, number];
  readonly appointments: 0 | 1;
  readonly kills: number;
  readonly lostDisks: number;
}

export type Property = 'unique' | 'rises' | 'agreed' | 'kept' | 'fresh';

export interface Finding {
  readonly states: number;
  /** The first counterexample, which is a shortest one; null: all properties hold. */
  readonly broken: { readonly property: Property; readonly steps: readonly string[] } | null;
}

/** A grant and what its writer knew. */
interface Written {
  readonly id: number;
  readonly grant: Grant;
  /** It or one before it hands on the chair. */
  readonly appointed: boolean;
}

interface Machine {
  /** What each acts on. */
  readonly has: readonly Written[];
  /** What each would start with. */
  readonly disk: readonly Written[];
  /** All that each has said. */
  readonly said: readonly ReadonlySet<Written>[];
  readonly acknowledged: readonly Written[];
  readonly left: { readonly writes: readonly number[]; readonly appointments: number; readonly kills: number; readonly lostDisks: number };
  readonly lost: boolean;
  readonly how: readonly [string, Machine] | null;
}

const put = <T>(list: readonly T[], at: number, value: T): readonly T[] => list.map((each, index) => (index === at ? value : each));
const hubPlan = hubs.map((at) => ({ hub: names[at] })) as unknown as Parameters<typeof mayGrant>[0]['hubs'];

/** Searches all states within the bounds, breadth first. */
export function search(rules: Rules, bounds: Bounds): Finding {
  const numbers = new Map<string, Written>();
  const judged = new Map<string, boolean>();
  const written = (grant: Grant, appointed: boolean, of: number): Written => {
    const key = `${JSON.stringify(grant)} ${appointed} ${of}`;
    const known = numbers.get(key) ?? { id: numbers.size, grant, appointed };
    numbers.set(key, known);
    return known;
  };
  const first = written({ ...noGrant(1), chair: names[sites[0]] }, false, -1);
  const start = speak({
    has: names.map(() => first),
    disk: names.map(() => first),
    said: names.map(() => new Set()),
    acknowledged: [],
    left: bounds,
    lost: false,
    how: null,
  });
  let layer: Machine[] = [start];
  const seen = new Set([keyOf(start)]);
  while (layer.length > 0) {
    const next: Machine[] = [];
    for (const state of layer) {
      const wrong = brokenIn(state);
      if (wrong !== null) return { states: seen.size, broken: { property: wrong, steps: stepsTo(state) } };
      for (const made of successors(state)) {
        if ('property' in made) return { states: seen.size, broken: { property: made.property, steps: [...stepsTo(state), made.step] } };
        const key = keyOf(made);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(made);
      }
    }
    layer = next;
  }
  return { states: seen.size, broken: null };

  /** Everybody says what he has on disk (or in memory, when the disk is no matter). */
  function speak(state: Machine): Machine {
    const said = state.said.map((before, at) => {
      const what = (rules.persists ? state.disk : state.has)[at] as Written;
      return before.has(what) ? before : new Set([...before, what]);
    });
    return { ...state, said };
  }

  function* successors(state: Machine): Generator<Machine | { readonly property: Property; readonly step: string }> {
    const { left } = state;
    for (const [writer, at] of [central, ...sites].entries()) {
      // A box writes when it believes to have the chair.
      if ((left.writes[writer] ?? 0) === 0 || (at !== central && state.has[at]?.grant.chair !== names[at])) continue;
      const known = state.has[at] as Written;
      const slots = [`w${bounds.writes.reduce((sum, each) => sum + each, 0) - left.writes.reduce((sum, each) => sum + each, 0)}`];
      const made = written(rules.next(known.grant, names[at] as string, { slots }), known.appointed, known.id);
      const step = `${names[at]} writes ${brief(made.grant)}`;
      if (rules.compare(made.grant, known.grant) <= 0) yield { property: 'rises', step };
      yield wrote(state, at, made, { ...left, writes: put(left.writes, writer, (left.writes[writer] ?? 0) - 1) }, step);
    }
    if (left.appointments > 0) {
      const known = state.has[central] as Written;
      const made = written(rules.appoint(known.grant, names[sites[1]]), true, known.id);
      const step = `central hands the chair to site-2 with ${brief(made.grant)}`;
      if (rules.compare(made.grant, known.grant) <= 0) yield { property: 'rises', step };
      yield wrote(state, central, made, { ...left, appointments: 0 }, step);
    }
    for (const [from, heard] of state.said.entries())
      for (const what of heard)
        for (const to of hearers[from] ?? []) {
          const step = `${names[to]} hears ${brief(what.grant)} from ${names[from]}`;
          const after = arrive(state, from, to, what);
          if (after === null) continue;
          const before = state.has[to] as Written;
          if (!state.lost && before.appointed && !(after.has[to] as Written).appointed) yield { property: 'fresh', step };
          yield { ...speak(after), how: [step, state] };
        }
    for (const at of names.keys()) {
      // A killed process whose disk has all that it knew is as it was.
      if (left.kills > 0 && state.has[at] !== state.disk[at])
        yield {
          ...speak({ ...state, has: put(state.has, at, state.disk[at] as Written), left: { ...left, kills: left.kills - 1 } }),
          how: [`${names[at]} is killed`, state],
        };
      if (left.lostDisks > 0 && state.disk[at] !== first)
        yield {
          ...state,
          has: put(state.has, at, first),
          disk: put(state.disk, at, first),
          left: { ...left, lostDisks: left.lostDisks - 1 },
          lost: true,
          how: [`${names[at]} loses its disk`, state],
        };
    }
  }

  function wrote(state: Machine, at: number, made: Written, left: Machine['left'], step: string): Machine {
    const acknowledged = at === central ? [...state.acknowledged, made] : state.acknowledged;
    const after = { ...state, has: put(state.has, at, made), disk: put(state.disk, at, made), acknowledged, left };
    return { ...speak(after), how: [step, state] };
  }

  /** The state after an arrival; null when it changes nothing. */
  function arrive(state: Machine, from: number, to: number, what: Written): Machine | null {
    const known = state.has[to] as Written;
    const role = from === central ? 'central' : from < 3 ? 'hub' : 'edge';
    const box = { role, node: names[from] as string } as const;
    // Hubs judge; a box believes its hubs and central, and central its hubs.
    const judged = from === central || to === central || to >= 3 || rules.admits({ hubs: hubPlan }, known.grant, box, what.grant);
    const takes = judged && rules.compare(what.grant, known.grant) > 0;
    // A panel is acknowledged by a hub that takes its grant, or has it.
    const answers = role === 'edge' && (takes || known === what) && !state.acknowledged.includes(what);
    if (!takes && !answers) return null;
    return {
      ...state,
      has: takes ? put(state.has, to, what) : state.has,
      disk: takes && rules.persists ? put(state.disk, to, what) : state.disk,
      acknowledged: answers ? [...state.acknowledged, what] : state.acknowledged,
    };
  }

  function brokenIn(state: Machine): Property | null {
    if (!state.lost) {
      const all = state.said.flatMap((each) => [...each]);
      const keys = new Map<string, Written>();
      for (const what of all) {
        const key = `${what.grant.epoch} ${what.grant.by} ${what.grant.n}`;
        if ((keys.get(key) ?? what) !== what) return 'unique';
        keys.set(key, what);
      }
      for (const what of state.acknowledged) {
        const others = [central, ...hubs].map((at) => state.has[at] as Written);
        if (!others.some(({ grant }) => rules.compare(grant, what.grant) >= 0)) return 'kept';
      }
    }
    return agrees(state) ? null : 'agreed';
  }

  /** Everybody tells what he has until nothing changes. Boxes are not believed, so after a lost disk one may be ahead until the next is written. */
  function agrees(state: Machine): boolean {
    const key = `${state.has.map(({ id }) => id)} ${state.lost}`;
    const before = judged.get(key);
    if (before !== undefined) return before;
    let now = state;
    for (let changed = true; changed; ) {
      changed = false;
      for (const [from, to] of calls) {
        const has = now.has[from] as Written;
        const after = arrive({ ...now, acknowledged: [has] }, from, to, has);
        if (after === null) continue;
        now = after;
        changed = true;
      }
    }
    const counted = state.lost ? now.has.slice(0, 3) : now.has;
    const agreed = new Set(counted.map(({ grant }) => JSON.stringify(grant))).size === 1;
    judged.set(key, agreed);
    return agreed;
  }
}

const calls = hearers.flatMap((list, from) => list.map((to) => [from, to] as const));
const brief = ({ epoch, by, n }: Grant): string => `(${epoch}, ${by}, ${n})`;

/** Two hubs are alike: states that differ in their names only are one. */
function keyOf({ has, disk, said, acknowledged, left, lost }: Machine): string {
  const one = (at: number): string => `${has[at]?.id}.${disk[at]?.id}.${[...(said[at] ?? [])].map(({ id }) => id).sort()}`;
  const [a, b] = hubs.map(one).sort();
  const acks = acknowledged.map(({ id }) => id).sort((x, y) => x - y);
  return [
    one(central),
    a,
    b,
    ...sites.map(one),
    acks,
    JSON.stringify(left.writes),
    left.appointments,
    left.kills,
    left.lostDisks,
    lost,
  ].join('|');
}

function stepsTo(state: Machine): readonly string[] {
  const steps: string[] = [];
  for (let at = state; at.how !== null; at = at.how[1]) steps.unshift(at.how[0]);
  return steps;
}
