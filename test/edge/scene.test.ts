/** How a device is brought into a scene. Pure. */
import t from 'tap';
import { sceneTodo } from '../../edge/devices/scene.ts';
import { asItIs } from '../../protocol/room.ts';
import { type Capability, type CapabilityId, type DeviceState, unknownState } from '../../protocol/schema/device.ts';
import type { DeviceScene } from '../../protocol/schema/devices.ts';

const cap = (id: CapabilityId, feedback: Capability['feedback'] = 'poll'): Capability => ({ id, feedback, ack: 'accepted', params: {} });
const display = [cap('power'), cap('input'), cap('volume')];
const blind = [cap('power', 'none'), cap('input', 'none')];
const state = (known: Partial<DeviceState>): DeviceState => ({ ...unknownState, ...known });
const want = (scene: Partial<DeviceScene>): DeviceScene => ({ ...asItIs, ...scene });
const on = want({ power: true, input: 'HDMI1' });

const cases: readonly {
  readonly name: string;
  readonly want: DeviceScene;
  readonly capabilities: readonly Capability[];
  readonly state: DeviceState;
  readonly settled?: readonly ('power' | 'input' | 'volume' | 'preset' | 'micMuted')[];
  readonly acts: readonly string[];
  readonly missing: readonly string[];
}[] = [
  { name: 'nothing is wanted', want: asItIs, capabilities: display, state: state({}), acts: [], missing: [] },
  {
    name: 'what is off is switched on first',
    want: on,
    capabilities: display,
    state: state({ power: 'off' }),
    acts: ['power'],
    missing: ['power is being set'],
  },
  {
    name: 'what warms up is waited for',
    want: on,
    capabilities: display,
    state: state({ power: 'warming' }),
    acts: [],
    missing: ['it is warming'],
  },
  {
    name: 'then the input',
    want: on,
    capabilities: display,
    state: state({ power: 'on', input: 'PC' }),
    acts: ['input'],
    missing: ['input is being set'],
  },
  { name: 'and it stands', want: on, capabilities: display, state: state({ power: 'on', input: 'HDMI1' }), acts: [], missing: [] },
  {
    name: 'an input that somebody changed is changed back',
    want: on,
    capabilities: display,
    state: state({ power: 'on', input: 'PC' }),
    settled: ['power', 'input'],
    acts: ['input'],
    missing: ['input is being set'],
  },
  {
    name: 'a volume that somebody changed is left to him',
    want: want({ volume: 0.5 }),
    capabilities: display,
    state: state({ volume: 0.9 }),
    settled: ['volume'],
    acts: [],
    missing: [],
  },
  {
    name: 'a volume near enough is right',
    want: want({ volume: 0.5 }),
    capabilities: display,
    state: state({ volume: 0.53 }),
    acts: [],
    missing: [],
  },
  {
    name: 'what has not told yet is waited for',
    want: on,
    capabilities: display,
    state: state({}),
    acts: [],
    missing: ['power is not known yet'],
  },
  { name: 'what never tells is told', want: on, capabilities: blind, state: state({}), acts: ['power'], missing: ['power is being set'] },
  { name: 'once', want: on, capabilities: blind, state: state({}), settled: ['power', 'input'], acts: [], missing: [] },
  {
    name: 'what is switched off gets nothing else',
    want: want({ power: false, input: 'PC' }),
    capabilities: display,
    state: state({ power: 'on' }),
    acts: ['power'],
    missing: ['power is being set'],
  },
  {
    name: 'what is off stays alone',
    want: want({ power: false, input: 'PC' }),
    capabilities: display,
    state: state({ power: 'off', input: 'HDMI1' }),
    acts: [],
    missing: [],
  },
  {
    name: 'what it cannot do is said',
    want: want({ micMuted: false }),
    capabilities: display,
    state: state({ power: 'on' }),
    acts: [],
    missing: ['it cannot do micMute'],
  },
  {
    name: 'a preset is recalled once',
    want: want({ preset: '3' }),
    capabilities: [cap('presetRecall', 'poll')],
    state: state({}),
    acts: ['presetRecall'],
    missing: ['preset is being set'],
  },
  {
    name: 'and not again',
    want: want({ preset: '3' }),
    capabilities: [cap('presetRecall', 'none')],
    state: state({}),
    settled: ['preset'],
    acts: [],
    missing: [],
  },
];

for (const { name, want: scene, capabilities, state: now, settled = [], acts, missing } of cases)
  t.test(name, async (t) => {
    const todo = sceneTodo(scene, { state: now, capabilities, settled: new Set(settled) });
    t.strictSame(
      todo.steps.map(({ act }) => act.do),
      acts,
    );
    t.strictSame(todo.missing, missing);
  });
