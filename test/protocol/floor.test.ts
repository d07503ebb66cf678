import t from 'tap';
import { FaultError } from '../../protocol/fault.ts';
import { type Floor, type FloorInput, reduce } from '../../protocol/floor.ts';
import { type Grant, noGrant } from '../../protocol/grant.ts';

const floor = (grant: Partial<Grant>, muted: readonly string[] = []): Floor => ({
  grant: { ...noGrant(1), n: 5, muted: [...muted], ...grant },
  sites: ['a', 'b', 'c'],
});

/** Grant before, input, grant fields after (n included when it must change), kinds of effects. */
const rows: readonly [string, Partial<Grant>, FloorInput, Partial<Grant>, readonly string[], RegExp][] = [
  ['the first speaker has no previous', {}, { type: 'give', site: 'a' }, { n: 6, slots: ['a'] }, ['on-air'], /a is given/],
  [
    'a second speaker makes the first the previous',
    { slots: ['a'] },
    { type: 'give', site: 'b' },
    { n: 6, slots: ['b'], previous: 'a' },
    ['on-air'],
    /b is given/,
  ],
  [
    'giving the floor to next clears next',
    { slots: ['a'], next: 'b' },
    { type: 'give', site: 'b' },
    { n: 6, slots: ['b'], next: null, previous: 'a' },
    ['on-air'],
    /prepared/,
  ],
  [
    'giving the floor to another keeps next',
    { slots: ['a'], next: 'b' },
    { type: 'give', site: 'c' },
    { n: 6, slots: ['c'], next: 'b', previous: 'a' },
    ['on-air'],
    /c is given/,
  ],
  ['giving the floor to its owner changes nothing', { slots: ['a'] }, { type: 'give', site: 'a' }, { slots: ['a'] }, [], /already/],
  [
    'the last speaker is remembered through a pause',
    { previous: 'a' },
    { type: 'give', site: 'b' },
    { n: 6, slots: ['b'], previous: 'a' },
    ['on-air'],
    /b is given/,
  ],
  [
    'nobody is their own previous',
    { previous: 'a' },
    { type: 'give', site: 'a' },
    { n: 6, slots: ['a'], previous: null },
    ['on-air'],
    /a is given/,
  ],
  [
    'taking the floor leaves nobody on air',
    { slots: ['a'], next: 'b' },
    { type: 'take' },
    { n: 6, slots: [], next: 'b', previous: 'a' },
    ['on-air'],
    /taken from a/,
  ],
  ['taking it from nobody changes nothing', {}, { type: 'take' }, {}, [], /nobody/],
  [
    'preparing does not change who is on air',
    { slots: ['a'] },
    { type: 'prepare', site: 'b' },
    { n: 6, slots: ['a'], next: 'b' },
    ['next'],
    /b is prepared/,
  ],
  [
    'preparing another replaces next',
    { slots: ['a'], next: 'b' },
    { type: 'prepare', site: 'c' },
    { n: 6, slots: ['a'], next: 'c' },
    ['next'],
    /c is prepared/,
  ],
  ['preparing the same changes nothing', { next: 'b' }, { type: 'prepare', site: 'b' }, { next: 'b' }, [], /already/],
  [
    'preparing nobody clears next',
    { slots: ['a'], next: 'b' },
    { type: 'prepare', site: null },
    { n: 6, slots: ['a'], next: null },
    ['next'],
    /no longer/,
  ],
  ['preparing nobody when nobody is prepared changes nothing', {}, { type: 'prepare', site: null }, {}, [], /nobody/],
  [
    'the floor returns to the previous speaker',
    { slots: ['b'], previous: 'a', next: 'c' },
    { type: 'back' },
    { n: 6, slots: ['a'], previous: 'b', next: 'c' },
    ['on-air'],
    /returns to a/,
  ],
  [
    'the floor returns after a pause',
    { previous: 'a' },
    { type: 'back' },
    { n: 6, slots: ['a'], previous: null },
    ['on-air'],
    /returns to a/,
  ],
  [
    'returning to a prepared one clears next',
    { slots: ['b'], previous: 'a', next: 'a' },
    { type: 'back' },
    { n: 6, slots: ['a'], previous: 'b', next: null },
    ['on-air'],
    /returns/,
  ],
  [
    'a lost speaker keeps the floor and is reported',
    { slots: ['a'] },
    { type: 'lost', site: 'a' },
    { slots: ['a'] },
    ['warn'],
    /keeps the floor/,
  ],
  [
    'a lost next stays prepared and is reported',
    { slots: ['a'], next: 'b' },
    { type: 'lost', site: 'b' },
    { slots: ['a'], next: 'b' },
    ['warn'],
    /stays prepared/,
  ],
  ['a lost listener is nobody’s business here', { slots: ['a'] }, { type: 'lost', site: 'c' }, { slots: ['a'] }, [], /neither/],
  [
    'a speaker who leaves frees the floor',
    { slots: ['a'], previous: 'b' },
    { type: 'gone', site: 'a' },
    { n: 6, slots: [], previous: 'b' },
    ['on-air'],
    /spoke and left/,
  ],
  [
    'a next who leaves is prepared no more',
    { slots: ['a'], next: 'b', previous: 'b' },
    { type: 'gone', site: 'b' },
    { n: 6, slots: ['a'], next: null, previous: null },
    ['next'],
    /was next/,
  ],
  [
    'a previous who leaves is forgotten',
    { slots: ['a'], previous: 'b' },
    { type: 'gone', site: 'b' },
    { n: 6, slots: ['a'], previous: null },
    ['on-air'],
    /previous/,
  ],
  [
    'a listener who leaves changes the participants only',
    { slots: ['a'] },
    { type: 'gone', site: 'c' },
    { slots: ['a'] },
    ['sites'],
    /left/,
  ],
  ['one who joins changes the participants only', { slots: ['a'] }, { type: 'joined', site: 'd' }, { slots: ['a'] }, ['sites'], /joined/],
  ['one who takes part joins without effect', { slots: ['a'] }, { type: 'joined', site: 'b' }, { slots: ['a'] }, [], /already/],
  [
    'muting keeps the floor',
    { slots: ['a'] },
    { type: 'mute', site: 'a', muted: true },
    { n: 6, slots: ['a'], muted: ['a'] },
    ['mute'],
    /muted/,
  ],
  ['the muted are in order', { muted: ['c'] }, { type: 'mute', site: 'a', muted: true }, { n: 6, muted: ['a', 'c'] }, ['mute'], /muted/],
  ['unmuting', { muted: ['a', 'c'] }, { type: 'mute', site: 'a', muted: false }, { n: 6, muted: ['c'] }, ['mute'], /unmuted/],
  ['one who was muted and leaves is forgotten', { muted: ['a'] }, { type: 'gone', site: 'a' }, { n: 6, muted: [] }, ['mute'], /left/],
  [
    'the end takes the floor from everybody',
    { slots: ['a'], next: 'b', previous: 'c', muted: ['b'] },
    { type: 'end' },
    { n: 6, slots: [], next: null, previous: null, ended: true },
    ['end'],
    /ended/,
  ],
  ['unmuting the unmuted changes nothing', {}, { type: 'mute', site: 'a', muted: false }, {}, [], /already/],
];

for (const [name, before, input, after, effects, because] of rows)
  t.test(name, async (t) => {
    const state = floor(before);
    const step = reduce(state, input, 'central');
    if (!step.ok) throw new FaultError(step.fault);
    t.strictSame(step.value.state.grant, { ...state.grant, ...after });
    t.strictSame(
      step.value.effects.map((each) => (each.do === 'publish' ? each.kind : each.do)),
      effects,
    );
    t.match(step.value.because, because);
    if (effects.length === 0) t.equal(step.value.state, state, 'the very same state');
  });

const refusals: readonly [string, Partial<Grant>, FloorInput, string][] = [
  ['a stranger cannot speak', {}, { type: 'give', site: 'x' }, 'not-found'],
  ['a stranger cannot be prepared', {}, { type: 'prepare', site: 'x' }, 'not-found'],
  ['a stranger cannot be muted', {}, { type: 'mute', site: 'x', muted: true }, 'not-found'],
  ['a stranger cannot leave', {}, { type: 'gone', site: 'x' }, 'not-found'],
  ['the speaker cannot be next', { slots: ['a'] }, { type: 'prepare', site: 'a' }, 'conflict'],
  ['nothing follows the end', { ended: true }, { type: 'take' }, 'conflict'],
  ['nobody to return to', { slots: ['a'] }, { type: 'back' }, 'conflict'],
];
for (const [name, before, input, code] of refusals)
  t.test(name, async (t) => {
    const step = reduce(floor(before), input, 'central');
    t.equal(step.ok ? 'accepted' : step.fault.code, code);
  });

t.test('whatever is asked, n only rises, and rises with every change of the grant', async (t) => {
  const sites = ['a', 'b', 'c'];
  let state = floor({ n: 0 });
  let seed = 7;
  const pick = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  for (let i = 0; i < 3000; i++) {
    const site = sites[pick(3)] ?? 'a';
    const inputs: readonly FloorInput[] = [
      { type: 'give', site },
      { type: 'take' },
      { type: 'prepare', site },
      { type: 'prepare', site: null },
      { type: 'back' },
      { type: 'mute', site, muted: pick(2) === 0 },
      { type: 'lost', site },
    ];
    const step = reduce(state, inputs[pick(inputs.length)] ?? { type: 'take' }, 'central');
    if (!step.ok) continue;
    const { n: had, ...before } = state.grant;
    const { n, ...after } = step.value.state.grant;
    const same = JSON.stringify(before) === JSON.stringify(after);
    if (n !== had + (same ? 0 : 1)) t.fail(`n went from ${had} to ${n}`);
    const { slots, next, previous } = step.value.state.grant;
    if (slots.length > 1 || (next !== null && slots.includes(next)) || (previous !== null && slots.includes(previous)))
      t.fail(JSON.stringify(after));
    state = step.value.state;
  }
  t.pass('3000 requests');
});

t.test('who writes after somebody else begins an epoch, who goes on does not', async (t) => {
  const sites = ['a', 'b', 'c'];
  const write = (grant: Grant, site: string, by: string): Grant => {
    const step = reduce({ grant, sites }, { type: 'give', site }, by);
    if (!step.ok) throw new FaultError(step.fault);
    return step.value.state.grant;
  };
  const first = write(noGrant(1), 'a', 'central');
  t.match(first, { epoch: 1, n: 1, by: 'central' });
  const taken = write(first, 'b', 'c');
  t.match(taken, { epoch: 2, n: 2, by: 'c' });
  t.match(write(taken, 'a', 'c'), { epoch: 2, n: 3, by: 'c' });
  t.match(write(taken, 'a', 'central'), { epoch: 3, n: 3, by: 'central' });
});
