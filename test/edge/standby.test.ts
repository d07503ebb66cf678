/** When a second hub is asked for, whose mosaic and mix are wanted, which ways rest: decided on the box, with the time in hand. */
import t from 'tap';
import { noStandby, reachOf, type StandbyInput, step } from '../../edge/link/standby.ts';
import { plannedWays } from '../../edge/link/ways.ts';
import { plan } from '../support/plan.ts';

const twoHubs = [
  { hub: 'hub-1', port: 9710 },
  { hub: 'hub-2', port: 9711 },
];

t.test('a second hub is asked for at once and let go when the first has been there for long enough', async (t) => {
  const warm = plannedWays(plan({ hubs: twoHubs, protection: 'warm', paths: ['a', 'b'] }), 'site-1');
  const run = (...inputs: readonly [number, StandbyInput][]) => inputs.reduce((state, [at, input]) => step(state, input, at), noStandby);
  const begin: [number, StandbyInput] = [0, { type: 'plan', protection: 'warm', ways: warm }];
  const up = (at: number, way: string): [number, StandbyInput] => [at, { type: 'way', way, alive: true, because: '' }];
  const down = (at: number, way: string): [number, StandbyInput] => [at, { type: 'way', way, alive: false, because: 'silent' }];
  const time = (at: number): [number, StandbyInput] => [at, { type: 'time' }];
  const both = [begin, up(10, 'hub-1.a'), up(20, 'hub-1.b')];
  const woken = (...inputs: readonly [number, StandbyInput][]) => reachOf(run(...inputs)).woken;
  t.strictSame(woken(begin, time(2900)), [], 'at the beginning it is waited for');
  t.strictSame(woken(begin, time(3000)), ['hub-2'], 'but not for long');
  t.strictSame(woken(...both, down(100, 'hub-1.a')), [], 'one path is left');
  const lost = [...both, down(100, 'hub-1.a'), down(110, 'hub-1.b')];
  t.strictSame(woken(...lost), ['hub-2']);
  t.match(run(...lost).because, /hub-1 is lost: silent/);
  const back = [...lost, up(1000, 'hub-1.a')];
  t.strictSame(woken(...back, time(3900)), ['hub-2'], 'it has to be trusted first');
  t.strictSame(woken(...back, time(4000)), []);
  const shows = (at: number, hub: string): [number, StandbyInput] => [at, { type: 'shown', view: 'mosaic', hub }];
  const composing = [...back.slice(0, -1), shows(200, 'hub-2'), up(1000, 'hub-1.a'), time(4000)];
  t.strictSame(woken(...composing), ['hub-2'], 'its mosaic is still the one that is looked at');
  t.strictSame(woken(...composing, shows(5300, 'hub-1')), [], 'until the first hub has composed its own');
  t.strictSame(woken(...composing, [4100, { type: 'dark' }]), [], 'or until nothing is shown any more');
  t.strictSame(woken(...composing, time(18_900)), ['hub-2']);
  t.strictSame(woken(...composing, time(19_000)), [], 'but not for ever: to a narrow way it sends none');
  const again = [...back, time(4000), down(5000, 'hub-1.a'), up(6000, 'hub-1.a')];
  t.strictSame(woken(...again, time(9500)), ['hub-2'], 'lost again soon, it is trusted later');
  t.strictSame(woken(...again, time(12_000)), []);
  const stalled: [number, StandbyInput] = [100, { type: 'stream', stream: 'floor', stalled: true }];
  t.strictSame(woken(...both, stalled), ['hub-2'], 'the speaker may have lost our hub alone');
  t.strictSame(woken(...both, stalled, [400, { type: 'stream', stream: 'floor', stalled: false }], time(9000)), ['hub-2']);
  t.strictSame(woken(...both, stalled, [400, { type: 'stream', stream: 'floor', stalled: false }], time(10_400)), []);
  t.strictSame(woken([0, { type: 'plan', protection: 'hot', ways: warm }], ...lost.slice(1)), [], 'a hot site needs nobody to be woken');
});

t.test('mosaic and mix come from the hub that has who has the floor', async (t) => {
  const ways = plannedWays(plan({ hubs: twoHubs, protection: 'warm' }), 'site-1');
  const at = (when: number, one: boolean | null, two: boolean | null): [number, StandbyInput] => {
    const known = Object.entries({ 'hub-1': one, 'hub-2': two }).filter((each): each is [string, boolean] => each[1] !== null);
    return [when, { type: 'speaker', at: new Map(known) }];
  };
  const time = (when: number): [number, StandbyInput] => [when, { type: 'time' }];
  const up = (hub: string): [number, StandbyInput] => [0, { type: 'way', way: hub, alive: true, because: '' }];
  const run = (protection: 'hot' | 'warm', ...inputs: readonly [number, StandbyInput][]) =>
    reachOf(
      [[0, { type: 'plan', protection, ways }] as [number, StandbyInput], up('hub-1'), up('hub-2'), ...inputs].reduce(
        (state, [when, input]) => step(state, input, when),
        noStandby,
      ),
    );
  const lost = [at(1000, false, true), time(1300)];
  t.strictSame(run('hot', at(1000, false, true), time(1299)).leads, null, 'connections come one by one');
  t.strictSame(run('hot', ...lost), { woken: [], resting: [], leads: 'hub-2' });
  t.strictSame(run('warm', ...lost), { woken: ['hub-2'], resting: [], leads: 'hub-2' }, 'a warm site asks for it');
  t.strictSame(run('hot', at(1000, false, false), time(5000)).leads, null, 'who is nowhere is nowhere');
  t.strictSame(run('hot', at(1000, false, null), time(5000)).leads, null, 'what the other hub has not said is not known');
  t.strictSame(run('hot', at(1000, false, true), [1100, { type: 'way', way: 'hub-2', alive: false, because: '' }], time(5000)).leads, null);
  t.strictSame(run('hot', ...lost, at(2000, true, true), time(11_900)).leads, 'hub-2', 'it has to be trusted first');
  t.strictSame(run('hot', ...lost, at(2000, true, true), time(12_000)).leads, null);
  t.strictSame(run('hot', ...lost, at(2000, true, false), time(2300)).leads, null, 'unless the other one is without the next speaker');
  t.strictSame(run('warm', ...lost, at(2000, true, true), time(12_000)).woken, ['hub-2'], 'and is let go after that');
  t.strictSame(run('warm', ...lost, at(2000, true, true), time(12_000), time(22_000)).woken, []);
});

t.test('a way that comes and goes rests while another leads to the same hub, longer each time; the last one never does', async (t) => {
  const ways = plannedWays(plan({ protection: 'warm', paths: ['a', 'b'] }), 'site-1');
  let state = step(noStandby, { type: 'plan', protection: 'warm', ways }, 0);
  const way = (at: number, name: string, alive: boolean) => {
    state = step(state, { type: 'way', way: `hub-1.${name}`, alive, because: 'flap' }, at);
  };
  const flap = (from: number) => {
    for (let n = 0; n < 3; n++) {
      way(from + n * 1000, 'b', true);
      way(from + n * 1000 + 500, 'b', false);
    }
  };
  way(0, 'a', true);
  flap(1000);
  t.strictSame(reachOf(state).resting, ['hub-1.b']);
  state = step(state, { type: 'time' }, 13_400);
  t.strictSame(reachOf(state).resting, ['hub-1.b']);
  state = step(state, { type: 'time' }, 13_600);
  t.strictSame(reachOf(state).resting, [], 'ten seconds later it may try again');
  flap(14_000);
  state = step(state, { type: 'time' }, 30_000);
  t.strictSame(reachOf(state).resting, ['hub-1.b'], 'the second rest is longer');
  way(30_100, 'a', false);
  t.strictSame(reachOf(state).resting, [], 'with the other gone it is needed');
});
