/**
 * The floor as a state machine small enough to be searched completely: central, two hubs, and two boxes, the first of which has the chair. Drives
 * the real rules (compareGrants, nextGrant, appointingGrant, mayGrant); only the network around them is a model. Pure.
 *
 * The network is the worst there is: whatever a process has ever said may arrive at any time, any number of times, in any order, or never. So what
 * was said is a set: loss is an arrival that does not happen, doubling and reordering are arrivals again, a partition is a time without arrivals.
 * Everybody acts on what he has heard at once; his disk takes it in a step of its own, which may never come, and he says it on only then. What he
 * writes himself is on his disk first. Central's memory is its database: there both are one step.
 * Steps: central or a panel writes; the disk of the panel's box takes that, or refuses it, or something higher is heard before; central hands the
 * chair to the other box; something said arrives; a disk takes what was heard; a process is killed and starts with its disk; a disk is lost (a box
 * is replaced, a database set back) and its process starts with what it was given first.
 *
 * In every state that can be reached:
 * - `unique`: no two different grants have the same (epoch, by, n).
 * - `rises`: what somebody writes is higher than all that he knew, so that it takes effect wherever his knowledge had.
 * - `agreed`: let everybody go on telling what he has, and all end at the same grant. So no two act on different ones for ever.
 * - `kept`: a grant that was acknowledged is never lost: whatever becomes of the box whose panel wrote it, somebody else has it, or a higher one, on
 *   his disk. Acknowledged means for central: stored; for a panel: a hub has answered with it.
 * - `fresh`: no old command wins: what was written without knowing that the chair was handed on never replaces that grant, or one that was
 *   made of it. (Two that were written without knowing of each other under the same chair have no older and newer: the order decides.)
 * - `refused`: what a panel was told has failed is nowhere: nobody acts on it, has it on disk or has said it. So it cannot come back either.
 * That a disk is behind can be seen only of a process that is killed: so each search of kills has one process that they hit and whose disk is slow,
 * whichever it is, and the disks of all others take at once what is heard. What is not said yet is for the others as what was said and is lost.
 * When disks are lost, `unique`, `kept` and `fresh` cannot be promised; `agreed` still is, of central and the hubs. A box that has heard what they have
 * lost is not believed (it could have made it up) and joins them with what is written next.
 *
 * The first version of the rules had the chair in the plan and not in the grant; this search found the box that heard of the new grant before it
 * heard that it had lost the chair, wrote on, and was alone with its grant for ever. The second version let a box act on its panel's command before
 * the disk had taken it; the model did so in one step and was blind to a disk that refuses.
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
  /** What a panel writes is on disk before its box acts on it. */
  readonly diskFirst: boolean;
}

export const realRules: Rules = {
  compare: compareGrants,
  next: nextGrant,
  appoint: appointingGrant,
  admits: mayGrant,
  persists: true,
  diskFirst: true,
};

export interface Bounds {
  /** Grants that each may write: central, the first box, the second box. */
  readonly writes: readonly [number, number, number];
  readonly appointments: 0 | 1;
  /** How often the disk of a box may refuse what its panel writes. */
  readonly refusals: number;
  readonly kills: number;
  readonly lostDisks: number;
}

export type Property = 'unique' | 'rises' | 'agreed' | 'kept' | 'fresh' | 'refused';

export type Kind = 'writes' | 'takes' | 'refuses' | 'is overtaken' | 'appoints' | 'hears' | 'keeps' | 'is killed' | 'loses its disk';

export interface Finding {
  readonly states: number;
  /** What happened in the search. */
  readonly kinds: ReadonlySet<Kind>;
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
  /** What each panel has written and its disk has not answered for. */
  readonly pending: readonly (Written | null)[];
  /** All that each has said. */
  readonly said: readonly ReadonlySet<Written>[];
  readonly acknowledged: readonly Written[];
  /** Whom kills hit; null: nobody. */
  readonly victim: number | null;
  readonly left: Left;
  readonly lost: boolean;
  readonly how: readonly [string, Machine] | null;
}

type Left = { readonly writes: readonly number[] } & { readonly [each in 'appointments' | 'refusals' | 'kills' | 'lostDisks']: number };

type Step = { readonly step: string; readonly kind: Kind; readonly to: Machine } | { readonly step: string; readonly property: Property };

const put = <T>(list: readonly T[], at: number, value: T): readonly T[] => list.map((each, index) => (index === at ? value : each));
const hubPlan = hubs.map((at) => ({ hub: names[at] })) as unknown as Parameters<typeof mayGrant>[0]['hubs'];

/** Searches all states within the bounds, breadth first. */
export function search(rules: Rules, bounds: Bounds): Finding {
  const numbers = new Map<string, Written>();
  const judged = new Map<string, boolean>();
  const kinds = new Set<Kind>();
  const written = (grant: Grant, appointed: boolean, of: number): Written => {
    const key = `${JSON.stringify(grant)} ${appointed} ${of}`;
    const known = numbers.get(key) ?? { id: numbers.size, grant, appointed };
    numbers.set(key, known);
    return known;
  };
  const first = written({ ...noGrant(1), chair: names[sites[0]] }, false, -1);
  const victims: readonly (number | null)[] = bounds.kills > 0 ? [hubs[0], ...sites] : [null];
  const starts = victims.map((victim) =>
    speak({
      has: names.map(() => first),
      disk: names.map(() => first),
      pending: names.map(() => null),
      said: names.map(() => new Set()),
      acknowledged: [],
      victim,
      left: bounds,
      lost: false,
      how: null,
    }),
  );
  let layer: Machine[] = starts;
  const seen = new Set(starts.map(keyOf));
  while (layer.length > 0) {
    const next: Machine[] = [];
    for (const state of layer) {
      const wrong = brokenIn(state);
      if (wrong !== null) return { states: seen.size, kinds, broken: { property: wrong, steps: stepsTo(state) } };
      for (const each of successors(state)) {
        const { step } = each;
        if ('property' in each) return { states: seen.size, kinds, broken: { property: each.property, steps: [...stepsTo(state), step] } };
        kinds.add(each.kind);
        const made = { ...speak(each.to), how: [step, state] as const };
        const key = keyOf(made);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(made);
      }
    }
    layer = next;
  }
  return { states: seen.size, kinds, broken: null };

  /** Everybody says what he has on disk (or in memory, when the disk is no matter). */
  function speak(state: Machine): Machine {
    const said = state.said.map((before, at) => {
      const what = (rules.persists ? state.disk : state.has)[at] as Written;
      return before.has(what) ? before : new Set([...before, what]);
    });
    return { ...state, said };
  }

  function* successors(state: Machine): Generator<Step> {
    const { left } = state;
    for (const [writer, at] of [central, ...sites].entries()) {
      if (state.pending[at] !== null) yield* answered(state, at, state.pending[at] as Written);
      // A box writes when it believes to have the chair, one after the other.
      if ((left.writes[writer] ?? 0) === 0 || state.pending[at] !== null) continue;
      const known = state.has[at] as Written;
      if (at !== central && known.grant.chair !== names[at]) continue;
      const slots = [`w${bounds.writes.reduce((sum, each) => sum + each, 0) - left.writes.reduce((sum, each) => sum + each, 0)}`];
      const made = written(rules.next(known.grant, names[at] as string, { slots }), known.appointed, known.id);
      const step = `${names[at]} writes ${brief(made.grant)}`;
      if (rules.compare(made.grant, known.grant) <= 0) yield { property: 'rises', step };
      const after = { ...state, left: { ...left, writes: put(left.writes, writer, (left.writes[writer] ?? 0) - 1) } };
      if (at === central) yield { kind: 'writes', step, to: stored(after, made) };
      else {
        const has = rules.diskFirst ? state.has : put(state.has, at, made);
        yield { kind: 'writes', step, to: { ...after, has, pending: put(state.pending, at, made) } };
      }
    }
    if (left.appointments > 0) {
      const known = state.has[central] as Written;
      const made = written(rules.appoint(known.grant, names[sites[1]]), true, known.id);
      const step = `central hands the chair to site-2 with ${brief(made.grant)}`;
      if (rules.compare(made.grant, known.grant) <= 0) yield { property: 'rises', step };
      yield { kind: 'appoints', step, to: stored({ ...state, left: { ...left, appointments: 0 } }, made) };
    }
    for (const [from, heard] of state.said.entries())
      for (const what of heard)
        for (const to of hearers[from] ?? []) {
          const step = `${names[to]} hears ${brief(what.grant)} from ${names[from]}`;
          const after = arrive(state, from, to, what);
          if (after === null) continue;
          if (stale(state, after, to)) yield { property: 'fresh', step };
          yield { kind: 'hears', step, to: after };
        }
    for (const at of names.keys()) {
      const [has, disk] = [state.has[at] as Written, state.disk[at] as Written];
      const idle = state.pending[at] === null;
      const forgets = { ...state, pending: put(state.pending, at, null) };
      if (rules.persists && idle && has !== disk)
        yield { kind: 'keeps', step: `${names[at]} has ${brief(has.grant)} on disk`, to: { ...state, disk: put(state.disk, at, has) } };
      // A killed process whose disk has all that it knew is as it was.
      if (at === state.victim && (has !== disk || !idle)) {
        const victim = left.kills > 1 ? at : null;
        const to = { ...forgets, has: put(state.has, at, disk), victim, left: { ...left, kills: left.kills - 1 } };
        yield { kind: 'is killed', step: `${names[at]} is killed`, to };
      }
      if (left.lostDisks > 0 && disk !== first) {
        const lost = { has: put(state.has, at, first), disk: put(state.disk, at, first), lost: true };
        const to = { ...forgets, ...lost, left: { ...left, lostDisks: left.lostDisks - 1 } };
        yield { kind: 'loses its disk', step: `${names[at]} loses its disk`, to };
      }
    }
  }

  /** What becomes of that which a panel has written: its disk takes it, or refuses it, or something higher was heard before its turn came. */
  function* answered(state: Machine, at: number, made: Written): Generator<Step> {
    const idle = { ...state, pending: put(state.pending, at, null) };
    const has = state.has[at] as Written;
    const higher = rules.compare(made.grant, has.grant) > 0;
    // Also when something higher was heard while the disk was at it.
    const taken = { ...idle, has: higher ? put(state.has, at, made) : state.has, disk: put(state.disk, at, made) };
    const step = `the disk of ${names[at]} takes ${brief(made.grant)}`;
    if (stale(state, taken, at)) yield { property: 'fresh', step };
    yield { kind: 'takes', step, to: taken };
    const failures: Step[] = [];
    const { left } = state;
    if (left.refusals > 0) {
      const to = { ...idle, left: { ...left, refusals: left.refusals - 1 } };
      failures.push({ kind: 'refuses', step: `the disk of ${names[at]} refuses ${brief(made.grant)}`, to });
    }
    if (!higher && has !== made)
      failures.push({ kind: 'is overtaken', step: `${brief(made.grant)} of ${names[at]} is overtaken`, to: idle });
    const remains = [...idle.has, ...idle.disk, ...idle.said.flatMap((each) => [...each])].includes(made);
    for (const each of failures) yield remains ? { property: 'refused', step: each.step } : each;
  }

  /** What was written without knowing of the new chair replaces what was. */
  function stale(before: Machine, after: Machine, at: number): boolean {
    return !before.lost && (before.has[at] as Written).appointed && !(after.has[at] as Written).appointed;
  }

  function stored(state: Machine, made: Written): Machine {
    const acknowledged = [...state.acknowledged, made];
    return { ...state, has: put(state.has, central, made), disk: put(state.disk, central, made), acknowledged };
  }

  /** The state after an arrival; null when it changes nothing. */
  function arrive(state: Machine, from: number, to: number, what: Written): Machine | null {
    const known = state.has[to] as Written;
    const role = from === central ? 'central' : from < 3 ? 'hub' : 'edge';
    const box = { role, node: names[from] as string } as const;
    // Hubs judge; a box believes its hubs and central, and central its hubs.
    const judged = from === central || to === central || to >= 3 || rules.admits({ hubs: hubPlan }, known.grant, box, what.grant);
    const takes = judged && rules.compare(what.grant, known.grant) > 0;
    const has = takes ? put(state.has, to, what) : state.has;
    // A disk that is at what the panel has written takes nothing else meanwhile.
    const slow = to === state.victim || state.pending[to] !== null;
    const disk = takes && rules.persists && !slow ? put(state.disk, to, what) : state.disk;
    // A panel is acknowledged by a hub that has its grant on disk.
    const answers = role === 'edge' && (rules.persists ? disk : has)[to] === what && !state.acknowledged.includes(what);
    if (!takes && !answers) return null;
    return {
      ...state,
      has,
      disk,
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
        const others = [central, ...hubs].map((at) => state.disk[at] as Written);
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
function keyOf({ has, disk, pending, victim, said, acknowledged, left, lost }: Machine): string {
  const one = (at: number): string =>
    `${at === victim}.${has[at]?.id}.${disk[at]?.id}.${pending[at]?.id}.${[...(said[at] ?? [])].map(({ id }) => id).sort()}`;
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
    left.refusals,
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
