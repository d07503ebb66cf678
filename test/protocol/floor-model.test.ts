/** The model of the floor under the real rules, and under rules that are wrong in one place each: the checker must find every one of them. */
import t from 'tap';
import { type Bounds, type Kind, type Property, type Rules, realRules, search } from '../../protocol/floor-model.ts';
import { compareGrants, type Grant, nextGrant } from '../../protocol/grant.ts';
import { mayGrant } from '../../protocol/plan.ts';

const whole: readonly [string, Bounds][] = [
  ['a panel and central', { writes: [1, 2, 0], appointments: 0, refusals: 1, kills: 0, lostDisks: 0 }],
  ['the chair is handed on', { writes: [0, 2, 1], appointments: 1, refusals: 1, kills: 0, lostDisks: 0 }],
  ['a process is killed while the chair is handed on', { writes: [0, 1, 1], appointments: 1, refusals: 0, kills: 1, lostDisks: 0 }],
  ['a process is killed and a disk refuses', { writes: [0, 2, 0], appointments: 0, refusals: 1, kills: 1, lostDisks: 0 }],
  ['a disk is lost', { writes: [1, 1, 0], appointments: 0, refusals: 0, kills: 0, lostDisks: 1 }],
];
const happened = new Set<Kind>();
for (const [name, bounds] of whole)
  t.test(`${name}: every state keeps every promise`, async (t) => {
    const { states, kinds, broken } = search(realRules, bounds);
    t.comment(`${states} states`);
    t.equal(broken, null, JSON.stringify(broken));
    t.ok(states > 500, `${states} states`);
    for (const kind of kinds) happened.add(kind);
  });

t.test('everything that can happen has happened in one of them', async (t) => {
  const all: readonly Kind[] = ['writes', 'takes', 'refuses', 'is overtaken', 'appoints', 'hears', 'keeps', 'is killed', 'loses its disk'];
  t.strictSame([...happened].sort(), [...all].sort());
});

const order =
  (...parts: readonly ((a: Grant, b: Grant) => number)[]): Rules['compare'] =>
  (a, b) => {
    for (const part of parts) if (part(a, b) !== 0) return part(a, b);
    return 0;
  };
const epoch = (a: Grant, b: Grant): number => a.epoch - b.epoch;
const n = (a: Grant, b: Grant): number => a.n - b.n;
/** Central above, then by name: as compareGrants has it. */
const by = (a: Grant, b: Grant): number => compareGrants({ ...a, epoch: 1, n: 1, slots: [] }, { ...b, epoch: 1, n: 1, slots: [] });

const mutants: readonly [string, Partial<Rules>, Bounds, Property][] = [
  [
    'who writes after somebody else stays in his epoch',
    { next: (known, author, change) => ({ ...nextGrant(known, author, change), epoch: known.epoch }) },
    { writes: [1, 1, 0], appointments: 0, refusals: 0, kills: 0, lostDisks: 0 },
    'rises',
  ],
  [
    'a grant does not count on',
    { next: (known, author, change) => ({ ...nextGrant(known, author, change), n: known.n }) },
    { writes: [1, 0, 0], appointments: 0, refusals: 0, kills: 0, lostDisks: 0 },
    'rises',
  ],
  [
    'a panel that is told of central counts from its own last one',
    {
      next: (known, author, change) => ({
        ...nextGrant(known, author, change),
        epoch: 2,
        n: author === 'central' ? known.n + 1 : 1,
        by: author,
      }),
    },
    { writes: [1, 2, 0], appointments: 0, refusals: 0, kills: 0, lostDisks: 0 },
    'rises',
  ],
  ['hubs forget what they heard', { persists: false }, { writes: [0, 1, 0], appointments: 0, refusals: 0, kills: 1, lostDisks: 0 }, 'kept'],
  [
    'a panel acts on what its disk refused',
    { diskFirst: false },
    { writes: [0, 1, 0], appointments: 0, refusals: 1, kills: 0, lostDisks: 0 },
    'refused',
  ],
  [
    'who counts further wins in an epoch: (epoch, n, by)',
    { compare: order(epoch, n, by) },
    { writes: [0, 2, 0], appointments: 1, refusals: 0, kills: 0, lostDisks: 0 },
    'agreed',
  ],
  [
    'the chair is handed on within the epoch',
    { appoint: (known, chair) => ({ ...nextGrant(known, 'central', {}), chair }) },
    { writes: [0, 1, 0], appointments: 1, refusals: 0, kills: 0, lostDisks: 0 },
    'agreed',
  ],
  [
    'hubs do not take what the panel writes',
    { admits: (plan, known, from, grant) => from.role === 'hub' && mayGrant(plan, known, from, grant) },
    { writes: [0, 1, 0], appointments: 1, refusals: 0, kills: 0, lostDisks: 0 },
    'agreed',
  ],
  [
    'two grants of one number count as the same',
    { compare: order(epoch, by, n) },
    { writes: [2, 0, 0], appointments: 0, refusals: 0, kills: 0, lostDisks: 1 },
    'agreed',
  ],
];
for (const [name, change, bounds, property] of mutants)
  t.test(`the checker finds it when ${name}`, async (t) => {
    const { states, broken } = search({ ...realRules, ...change }, bounds);
    t.comment(`${states} states: ${broken?.steps.join('; ')}`);
    t.equal(broken?.property, property, JSON.stringify(broken));
    t.equal(search(realRules, bounds).broken, null, 'the real rules pass within the same bounds');
  });
