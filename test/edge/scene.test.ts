/** How a device is brought into a scene, and what is said of a room in which something lies. Pure. */
import t from 'tap';
import { bounded } from '../../edge/devices/report.ts';
import { sceneTodo } from '../../edge/devices/scene.ts';
import { decoder } from '../../protocol/decode.ts';
import { asItIs } from '../../protocol/room.ts';
import { type Capability, type CapabilityId, type DeviceState, unknownState } from '../../protocol/schema/device.ts';
import { type DeviceScene, DevicesBody, type DrivenDevice, type FoundDevice } from '../../protocol/schema/devices.ts';

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
  readonly left?: readonly ('power' | 'input')[];
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
    name: 'an input that a person asked this system for is his',
    want: on,
    capabilities: display,
    state: state({ power: 'on', input: 'PC' }),
    settled: ['power', 'input'],
    left: ['input'],
    acts: [],
    missing: [],
  },
  {
    name: 'what a person switched off stays off, and gets nothing else',
    want: on,
    capabilities: display,
    state: state({ power: 'off' }),
    left: ['power'],
    acts: [],
    missing: [],
  },
  {
    name: 'when he switches it on again the rest follows',
    want: on,
    capabilities: display,
    state: state({ power: 'on', input: 'PC' }),
    left: ['power'],
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
    name: 'who tells only changes is told, for it may never say how it stands',
    want: on,
    capabilities: display.map((each) => ({ ...each, feedback: 'push' as const })),
    state: state({}),
    acts: ['power'],
    missing: ['power is being set'],
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

for (const { name, want: scene, capabilities, state: now, settled = [], left = [], acts, missing } of cases)
  t.test(name, async (t) => {
    const todo = sceneTodo(scene, { state: now, capabilities, settled: new Set(settled), left: new Set(left) });
    t.strictSame(
      todo.steps.map(({ act }) => act.do),
      acts,
    );
    t.strictSame(todo.missing, missing);
  });

const device = (id: string, more: Partial<DrivenDevice> = {}): DrivenDevice => ({
  id,
  name: id,
  driver: 'xapi',
  kind: 'codec',
  link: 'ok',
  because: 'answers',
  info: { make: 'Cisco', model: 'C40', firmware: 'TC7', serial: '1' },
  capabilities: [cap('power')],
  state: state({ power: 'on' }),
  seen: 1_000_012_345,
  scene: { scene: null, reached: true, because: '' },
  ...more,
});
const foundAt = (n: number, host = '10.0.0.1'): FoundDevice => ({
  key: `onvif:${n}`,
  kind: 'camera',
  driver: 'onvif',
  at: { via: 'http', host, port: 80 },
  address: 1,
  info: { make: '', model: 'x'.repeat(200), firmware: '', serial: '' },
  needsLogin: true,
  since: 1,
});
const body = decoder(DevicesBody, { maxBytes: 512 * 1024, maxDepth: 10 });

t.test('one device that tells nonsense does not silence the room', async (t) => {
  const presets = Array.from({ length: 300 }, (_, n) => ({ id: String(n), name: 'x' }));
  const liar = device('liar', {
    info: { make: 'x'.repeat(5000), model: 'M', firmware: '', serial: '' },
    capabilities: [cap('power'), { ...cap('input'), params: { input: { type: 'choice', of: ['x'.repeat(500)] } } }],
    state: state({ power: 'on', volume: 7, presets }),
  });
  const said = bounded([device('well'), liar], []);
  t.ok(body.check(said).ok, 'it is what central takes');
  t.strictSame(said.devices[0]?.state, state({ power: 'on' }));
  t.match(said.devices[1], { id: 'liar', info: { model: 'M' }, because: /not all that it tells/ });
  t.strictSame(said.devices[1]?.state, state({ power: 'on' }), 'what fits is still told');
  t.strictSame(said.devices[1]?.capabilities, [cap('power')]);
});

t.test('a room full of talkative devices and a network full of cameras fit into one message', async (t) => {
  const presets = Array.from({ length: 256 }, (_, n) => ({ id: String(n), name: 'ế'.repeat(200) }));
  const streams = Array.from({ length: 32 }, () => ({ uri: 'ế'.repeat(500), encoding: 'H264', width: 1, height: 1 }));
  const many = Array.from({ length: 32 }, (_, n) => device(`d${n}`, { state: state({ power: 'on', presets, streams }) }));
  const cameras = [foundAt(-1, 'not a host'), ...Array.from({ length: 1000 }, (_, n) => foundAt(n))];
  const said = bounded(many, cameras);
  t.ok(body.decode(Buffer.from(JSON.stringify(said))).ok);
  t.equal(said.devices.length, 32);
  t.match(said.devices[0], { state: { power: 'on', presets: null }, because: /too many presets, streams/ });
  t.equal(said.found.length, 64);
  t.equal(said.found[0]?.key, 'onvif:0', 'the one that central would not take is left out');
  t.equal(bounded([device('one', { state: state({ presets }) })], []).devices[0]?.state.presets?.length, 256, 'one may tell much');
});

t.test('a device that answers every second is no news every second; when one is lost its last word is told exactly', async (t) => {
  const seen = (more: Partial<DrivenDevice>) => bounded([device('d', more)], []).devices[0]?.seen;
  t.equal(seen({}), seen({ seen: 1_000_013_345 }));
  t.equal(seen({ link: 'disconnected' }), 1_000_012_345);
});

t.test('a login that a camera writes into the address of its picture is told to nobody', async (t) => {
  const uri = 'rtsp://10.0.0.9:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?pwd=tlJwpbo6';
  const [camera] = bounded([device('camera', { state: state({ streams: [{ uri, encoding: 'H264', width: 1, height: 1 }] }) })], []).devices;
  t.equal(camera?.state.streams?.[0]?.uri, 'rtsp://10.0.0.9:554/user=admin_password=***_channel=1_stream=0.sdp?pwd=***');
});
