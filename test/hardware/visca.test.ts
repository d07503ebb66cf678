/** Sony VISCA, over a serial line and over IP: every packet of the manuals, and how the driver gets on with real cameras' ways. */
import t, { type Test } from 'tap';
import {
  nibbles,
  readViscaPacket,
  signedFromNibbles,
  type ViscaMessage,
  viscaErrorText,
  viscaFramer,
  viscaPacket,
} from '../../hardware/visca/codec.ts';
import {
  absolute,
  addressSet,
  cancel,
  drive,
  focus,
  focusModeInquiry,
  interfaceClear,
  panTiltHome,
  panTiltInquiry,
  power,
  powerInquiry,
  preset,
  relative,
  versionInquiry,
  zoom,
  zoomDirect,
  zoomInquiry,
} from '../../hardware/visca/commands.ts';
import { visca, viscaIp } from '../../hardware/visca/driver.ts';
import { ipDatagram, ipFramer, ipReset, ipTypes } from '../../hardware/visca/ip-codec.ts';
import { viscaModel } from '../../hardware/visca/model.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import { later, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { deviceRig, framed, fuzzFramer } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => {
  const read = unhex(text);
  if (read === null) throw new Error(`no hex: ${text}`);
  return read;
};

t.test('commands and inquiries are the bytes of the manual', async (t) => {
  const plain = viscaModel('');
  const table: readonly (readonly [string, number | null, readonly number[]])[] = [
    ['88 30 01 FF', null, addressSet],
    ['88 01 00 01 FF', null, interfaceClear],
    ['81 01 00 01 FF', 1, interfaceClear],
    ['81 21 FF', 1, cancel(1)],
    ['87 22 FF', 7, cancel(2)],
    ['81 01 04 00 02 FF', 1, power(true)],
    ['82 01 04 00 03 FF', 2, power(false)],
    ['81 09 04 00 FF', 1, powerInquiry],
    ['81 01 04 07 00 FF', 1, zoom(0)],
    ['81 01 04 07 27 FF', 1, zoom(1)],
    ['81 01 04 07 20 FF', 1, zoom(0.01)],
    ['81 01 04 07 37 FF', 1, zoom(-1)],
    ['81 01 04 47 01 02 03 04 FF', 1, zoomDirect(0x1234)],
    ['81 09 04 47 FF', 1, zoomInquiry],
    ['81 01 04 38 02 FF', 1, focus('auto')],
    ['81 01 04 38 03 FF', 1, focus('manual')],
    ['81 09 04 38 FF', 1, focusModeInquiry],
    ['81 01 04 08 00 FF', 1, focus('stop')],
    ['81 01 04 08 02 FF', 1, focus('far')],
    ['81 01 04 08 03 FF', 1, focus('near')],
    ['81 01 04 3F 00 03 FF', 1, preset('reset', 3)],
    ['81 01 04 3F 01 00 FF', 1, preset('set', 0)],
    ['81 01 04 3F 02 03 FF', 1, preset('recall', 3)],
    ['81 01 06 01 0C 01 01 03 FF', 1, drive(-0.5, 0, plain)],
    ['81 01 06 01 18 01 02 03 FF', 1, drive(1, 0, plain)],
    ['81 01 06 01 01 17 03 01 FF', 1, drive(0, 1, plain)],
    ['81 01 06 01 01 17 03 02 FF', 1, drive(0, -1, plain)],
    ['81 01 06 01 18 17 01 01 FF', 1, drive(-1, 1, plain)],
    ['81 01 06 01 18 17 02 01 FF', 1, drive(1, 1, plain)],
    ['81 01 06 01 18 17 01 02 FF', 1, drive(-1, -1, plain)],
    ['81 01 06 01 18 14 02 02 FF', 1, drive(1, -1, viscaModel('EVI-D100P'))],
    ['81 01 06 01 01 01 03 03 FF', 1, drive(0, 0, plain)],
    ['81 01 06 02 18 17 0F 07 02 05 00 04 0B 00 FF', 1, absolute(-1, 1, viscaModel('EVI-D70'))],
    ['81 01 06 02 18 00 0F 0D 0E 00 00 01 02 00 00 FF', 1, absolute(-1, 1, viscaModel('SRG-X400'))],
    ['81 01 06 03 18 17 0F 0F 0F 0E 00 00 00 02 FF', 1, relative(-2, 2, plain)],
    ['81 01 06 04 FF', 1, panTiltHome],
    ['81 09 06 12 FF', 1, panTiltInquiry],
    ['81 09 00 02 FF', 1, versionInquiry],
  ];
  for (const [wire, address, payload] of table) t.equal(hex(viscaPacket(address, payload)), wire, wire);
  for (const place of [0, 1, -1, 0x0990, -0x0990, 0x7fff, -0x8000]) t.equal(signedFromNibbles(nibbles(place, 4)), place);
  t.equal(signedFromNibbles([0x1f, 0, 0, 0]), null, 'a byte that is no nibble is no position');
});

const replies: readonly (readonly [string, ViscaMessage])[] = [
  ['90 41 FF', { kind: 'ack', from: 1, socket: 1 }],
  ['F0 42 FF', { kind: 'ack', from: 7, socket: 2 }],
  ['90 52 FF', { kind: 'done', from: 1, socket: 2 }],
  ['A0 50 FF', { kind: 'done', from: 2, socket: 0 }],
  ['90 50 02 FF', { kind: 'data', from: 1, socket: 0, data: [2] }],
  ['90 50 01 02 03 04 FF', { kind: 'data', from: 1, socket: 0, data: [1, 2, 3, 4] }],
  ['90 50 00 01 04 0E 01 10 02 FF', { kind: 'data', from: 1, socket: 0, data: [0, 1, 4, 0x0e, 1, 0x10, 2] }],
  ['90 60 01 FF', { kind: 'error', from: 1, socket: 0, code: 1 }],
  ['90 60 02 FF', { kind: 'error', from: 1, socket: 0, code: 2 }],
  ['90 60 03 FF', { kind: 'error', from: 1, socket: 0, code: 3 }],
  ['90 62 04 FF', { kind: 'error', from: 1, socket: 2, code: 4 }],
  ['90 61 05 FF', { kind: 'error', from: 1, socket: 1, code: 5 }],
  ['90 61 41 FF', { kind: 'error', from: 1, socket: 1, code: 0x41 }],
  ['90 38 FF', { kind: 'joined', from: 1 }],
  ['88 30 02 FF', { kind: 'addressed', cameras: 1 }],
  ['88 30 08 FF', { kind: 'addressed', cameras: 7 }],
  ['88 01 00 01 FF', { kind: 'cleared' }],
];

t.test('what a camera says is understood whole, in pieces, glued, after garbage and broken into', async (t) => {
  for (const [wire, means] of replies) t.strictSame(framed(t, viscaFramer, bytes(wire)), [means], wire);
  const all = replies.map(([wire]) => wire).join(' ');
  t.strictSame(
    framed(t, viscaFramer, bytes(all)),
    replies.map(([, means]) => means),
    'glued',
  );
  const [ack, , , , data] = replies.map(([, means]) => means);
  const table: readonly (readonly [string, readonly unknown[], string])[] = [
    ['00 13 F8 90 41 FF', [ack], 'garbage before'],
    ['90 90 41 FF', [ack], 'a header that lost its packet'],
    ['90 50 01 02 90 50 02 FF', [data], 'a reply cut off by the next'],
    ['90 50 90 38 FF 02 FF', [{ kind: 'joined', from: 1 }], 'news in the middle of a reply'],
    ['81 09 04 00 FF 90 50 02 FF', [data], 'our own packet sent back by the adapter'],
    [`${'90 '.repeat(60)}90 41 FF`, [ack], 'a flood of headers'],
    ['90 FF', [], 'too short'],
  ];
  for (const [wire, means, what] of table) t.strictSame(framed(t, viscaFramer, bytes(wire)), means, what);
  const slow = viscaFramer();
  t.strictSame(slow.push(bytes('90 50')), []);
  t.equal(slow.held, 2, 'a packet that is not whole yet is kept');
  t.equal(readViscaPacket(bytes('91 41 FF')), null, 'not said to the controller');
  for (const code of [1, 2, 3, 4, 5, 0x41, 0x77]) t.ok(viscaErrorText(code).length > 5);
});

t.test('over IP each packet has a header with a number', async (t) => {
  t.equal(hex(ipDatagram(ipTypes.inquiry, 1, viscaPacket(1, powerInquiry))), '01 10 00 05 00 00 00 01 81 09 04 00 FF');
  t.equal(hex(ipDatagram(ipTypes.command, 0x01020304, viscaPacket(1, power(true)))), '01 00 00 06 01 02 03 04 81 01 04 00 02 FF');
  t.equal(hex(ipReset()), '02 00 00 01 00 00 00 00 01');
  const answer = { kind: 'visca', sequence: 1, message: { kind: 'data', from: 1, socket: 0, data: [2] } };
  const table: readonly (readonly [string, readonly unknown[], string])[] = [
    ['01 11 00 04 00 00 00 01 90 50 02 FF', [answer], 'reply'],
    ['02 01 00 01 00 00 00 00 01', [{ kind: 'reset', sequence: 0 }], 'reset'],
    ['02 01 00 02 00 00 00 07 0F 01', [{ kind: 'out of step', sequence: 7 }], 'sequence abnormal'],
    ['02 01 00 02 FF FF FF FF 0F 02', [{ kind: 'abnormal', sequence: 0xffffffff }], 'message abnormal'],
    ['01 10 00 05 00 00 00 01 81 09 04 00 FF 01 11 00 04 00 00 00 01 90 50 02 FF', [answer], 'our own sent back'],
    ['01 11 00 04 00 00 00 01 90 50 02 01 11 00 04 00 00 00 01 90 50 02 FF', [answer], 'one cut off before'],
    ['01 11 00 40 00 00 00 01 01 11 00 04 00 00 00 01 90 50 02 FF', [answer], 'a length that cannot be'],
    ['01 11 00 04 00 00', [], 'half a header'],
  ];
  for (const [wire, means, what] of table) t.strictSame(framed(t, ipFramer, bytes(wire)), means, what);
});

t.test('a million bytes of nonsense are survived', async (t) => {
  fuzzFramer(t, viscaFramer, bytes('90 50 01 02 03 04 FF'), 16);
  fuzzFramer(t, ipFramer, bytes('01 11 00 04 00 00 00 01 90 50 02 FF'), 24);
});

/** A camera of which each test says what it answers: by the beginning of a packet, without its header; the longest that fits counts. */
interface Scripted {
  readonly says: Map<string, readonly (string | readonly [afterMs: number, hex: string])[]>;
  readonly heard: string[];
  readonly simulator: Simulator;
}

function scripted(): Scripted {
  const heard: string[] = [];
  const says: Scripted['says'] = new Map([
    ['30 01', ['88 30 02 FF']],
    ['01 00 01', ['88 01 00 01 FF']],
    ['09 04 00', ['90 50 02 FF']],
    ['09 00 02', ['90 50 00 01 04 0E 01 10 02 FF']],
    ['09 06 12', ['90 50 00 00 00 00 00 00 00 00 FF']],
    ['09 04 47', ['90 50 00 00 00 00 FF']],
    ['01', ['90 41 FF 90 51 FF']],
  ]);
  const answer = (packet: string): readonly Said[] => {
    heard.push(packet);
    const [found] = [...says.keys()].filter((key) => packet.startsWith(key, 3)).toSorted((a, b) => b.length - a.length);
    const lines = says.get(found ?? '') ?? [];
    return lines.map((line) => (typeof line === 'string' ? later(0, bytes(line)) : later(line[0], bytes(line[1]))));
  };
  const nothing = (): readonly Said[] => [];
  const feed = (all: Uint8Array): readonly Said[] => (hex(all).match(/.*?FF/g) ?? []).flatMap((packet) => answer(packet.trim()));
  return { says, heard, simulator: { opened: nothing, closed() {}, feed, happen: nothing, restart: nothing, facts: {} } };
}

async function scriptedRig(t: Test, change: (camera: Scripted) => void = () => {}) {
  const camera = scripted();
  change(camera);
  const rig = await deviceRig(t, { ...visca, simulator: () => camera.simulator });
  return { ...rig, ...camera, since: () => camera.heard.splice(0) };
}

const move: DeviceAct = { do: 'move', pan: -0.5, tilt: 0, zoom: 0, limitMs: 5000 };
const halt: DeviceAct = { do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 };
const place: DeviceAct = { do: 'position', pan: 0, tilt: 0, zoom: 0.5 };

t.test('it begins with stops, addresses and clears the chain, and asks who is there', async (t) => {
  const { heard, device } = await scriptedRig(t);
  t.strictSame(heard.slice(0, 6), [
    '81 01 06 01 01 01 03 03 FF',
    '81 01 04 07 00 FF',
    '88 30 01 FF',
    '88 01 00 01 FF',
    '81 09 04 00 FF',
    '81 09 00 02 FF',
  ]);
  t.match(device.info, { make: 'Sony', model: 'EVI-D70', firmware: 'ROM 0110' });
  t.match(device.state, { power: 'on', position: { pan: 0, tilt: 0, zoom: 0 } });
});

t.test('a camera that does not know its address yet is stopped after it was told', async (t) => {
  const { heard } = await scriptedRig(t, ({ says, heard }) => {
    const early = (): boolean => !heard.some((packet) => packet.startsWith('88 01'));
    says.get = (key) => (early() && key === '01' ? [] : Map.prototype.get.call(says, key));
  });
  const cleared = heard.indexOf('88 01 00 01 FF');
  t.ok(heard.indexOf('81 01 06 01 01 01 03 03 FF', cleared) > cleared, heard.join('\n'));
});

t.test('cameras with a fixed address answer no broadcast and work all the same', async (t) => {
  const { device, heard } = await scriptedRig(t, ({ says }) => void says.set('30 01', []).set('01 00 01', []));
  t.equal(heard.filter((packet) => packet === '88 30 01 FF').length, 2, 'asked twice');
  t.equal((await device.execute(place)).outcome, 'accepted');
});

t.test('a pan of seconds holds up no stop, and its end is nobody’s answer', async (t) => {
  const { device, says, since } = await scriptedRig(t);
  says
    .set('01 06 02', ['90 41 FF', [700, '90 51 FF']])
    .set('01 06 01', ['90 42 FF', '90 52 FF'])
    .set('01 04 47', ['90 42 FF 90 52 FF']);
  since();
  t.equal((await device.execute(place)).outcome, 'accepted');
  t.equal((await device.execute(move)).outcome, 'accepted');
  says.set('09 06 12', ['90 50 0F 0D 09 0C 00 00 00 00 FF']);
  t.equal((await device.execute(halt)).outcome, 'completed');
  // Nothing but the end of the long pan answers nothing: the preset below is not "completed" by it.
  says.set('01 04 3F', [[800, '90 42 FF 90 52 FF']]);
  await eventually(() => ((device.state.position?.pan ?? 0) < -0.2 ? undefined : 'the end was no news'));
  t.ok(since().includes('81 01 06 01 01 01 03 03 FF'));
});

t.test('both sockets in use: a stop cancels what they do and is sent again', async (t) => {
  const { device, says, since, heard } = await scriptedRig(t);
  says.set('01 06 02', ['90 41 FF']).set('01 04 47', ['90 42 FF']);
  says.set('21', ['90 61 04 FF']).set('22', ['90 62 04 FF']);
  await device.execute(place);
  const full = (): boolean => !heard.some((packet) => packet === '81 22 FF');
  since();
  says.get = (key) => (full() && key === '01' ? ['90 60 03 FF'] : Map.prototype.get.call(says, key));
  t.equal((await device.execute(halt)).outcome, 'completed');
  const last = heard.lastIndexOf('81 01 06 01 01 01 03 03 FF');
  t.ok(last > heard.indexOf('81 21 FF'), heard.join('\n'));
});

t.test('buffer full means again, not executable means no', async (t) => {
  const { device, says, heard } = await scriptedRig(t);
  let left = 2;
  const key = '01 04 3F 02';
  says.set(key, []);
  says.get = (asked) => (asked === key ? (left-- > 0 ? ['90 60 03 FF'] : ['90 41 FF', '90 51 FF']) : Map.prototype.get.call(says, asked));
  t.equal((await device.execute({ do: 'presetRecall', preset: '3' })).outcome, 'accepted');
  t.equal(heard.filter((packet) => packet === '81 01 04 3F 02 03 FF').length, 3);
  says.set('01 04 3F 01', ['90 61 41 FF']);
  t.match(await device.execute({ do: 'presetStore', preset: '3', name: '' }), { outcome: 'rejected', because: /not executable now/ });
  t.match(await device.execute({ do: 'presetRecall', preset: '16' }), { outcome: 'rejected', because: /preset must be one of home, 0/ });
});

t.test('each expectation is optional: only the end, or nothing at all', async (t) => {
  const { device, says } = await scriptedRig(t, ({ says }) => void says.set('01', ['90 51 FF']));
  t.equal((await device.execute({ do: 'power', on: true })).outcome, 'completed');
  t.equal(device.state.power, 'on');
  says.set('01 04 00', []);
  t.match(await device.execute({ do: 'power', on: true }), { outcome: 'unknown', because: /device.silent/ });
  const mute = scripted();
  mute.says.clear();
  const silent = await deviceRig(t, { ...visca, simulator: () => mute.simulator }, { settings: { model: 'silent' } });
  t.equal((await silent.device.execute(move)).outcome, 'accepted');
  t.equal(silent.device.state.power, null, 'nothing is claimed of it');
});

t.test('a camera without pan and tilt has none', async (t) => {
  const { device, heard, since } = await scriptedRig(
    t,
    ({ says }) => void says.set('09 06 12', ['90 60 02 FF']).set('01 06', ['90 60 02 FF']),
  );
  t.match(await device.execute(move), { outcome: 'rejected', because: /pan must be 0 to 0/ });
  since();
  t.equal((await device.execute({ ...move, pan: 0, zoom: 1 } as DeviceAct)).outcome, 'accepted');
  t.strictSame(
    heard.filter((packet) => packet.includes(' 01 ')),
    ['81 01 04 07 27 FF'],
  );
});

t.test('a camera that was plugged in has the whole chain addressed anew', async (t) => {
  const { says, heard, since, device } = await scriptedRig(t);
  says.set('01 04 3F', ['90 41 FF 90 38 FF']);
  since();
  await device.execute({ do: 'presetRecall', preset: '1' });
  await eventually(() => (heard.includes('81 09 00 02 FF') ? undefined : heard.join('\n')));
  t.strictSame(heard.slice(1, 3), ['88 30 01 FF', '88 01 00 01 FF']);
});

t.test('raw is one packet and nothing else', async (t) => {
  const { device, heard, since } = await scriptedRig(t);
  t.equal((await device.execute({ do: 'raw', text: '81 09 04 00 ff' })).outcome, 'completed');
  since();
  for (const wrong of ['hello', '81 FF', '81 01 04 00 03 FF 81 01 04 00 02 FF', '90 41 FF', '81 01 04 00 03'])
    t.match(await device.execute({ do: 'raw', text: wrong }), { outcome: 'rejected', because: /input.invalid/ }, wrong);
  t.notOk(
    heard.some((packet) => packet.includes(' 01 ')),
    'nothing of it was sent',
  );
});

t.test('with the simulated camera: power, position, presets, motion', async (t) => {
  const { device, simulator } = await deviceRig(t, visca);
  t.equal((await device.execute({ do: 'position', pan: 0.5, tilt: -0.5, zoom: 0.25 })).outcome, 'accepted');
  await eventually(() => {
    const { pan, tilt, zoom } = device.state.position ?? { pan: 9, tilt: 9, zoom: 9 };
    const off = Math.max(Math.abs(pan - 0.5), Math.abs(tilt + 0.5), Math.abs(zoom - 0.25));
    return off < 0.01 ? undefined : JSON.stringify({ state: device.state.position, facts: simulator.facts });
  });
  t.equal((await device.execute({ do: 'presetStore', preset: '3', name: '' })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'presetRecall', preset: 'home' })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'presetRecall', preset: '3' })).outcome, 'accepted');
  t.equal((await device.execute(move)).outcome, 'accepted');
  t.equal((await device.execute(halt)).outcome, 'completed');
  t.equal((await device.execute({ do: 'power', on: false })).outcome, 'accepted');
  await eventually(() => (device.state.power === 'off' ? undefined : `power is ${device.state.power}`));
  t.match(await device.execute(move), { outcome: 'rejected', because: /not executable now/ });
});

t.test('the simulated camera at its worst: slow, full, starting, warming, plugged in anew', async (t) => {
  const { device, simulator, served } = await deviceRig(t, visca);
  served.happen('slow');
  t.equal((await device.execute(place)).outcome, 'accepted');
  t.equal((await device.execute(halt)).outcome, 'completed', 'both sockets are in use, and still it stops');
  t.equal(simulator.facts.moving, false);
  served.happen('finish');
  served.happen('busy 2');
  t.equal((await device.execute({ do: 'presetRecall', preset: '1' })).outcome, 'accepted');
  served.happen('warming');
  t.match(await device.execute(move), { outcome: 'rejected', because: /not executable now/ });
  served.happen('ready');
  served.happen('network change');
  await eventually(async () => {
    const { outcome, because } = await device.execute(move);
    return outcome === 'accepted' ? undefined : because;
  });
});

t.test('over IP an answer that was lost is asked for with the same number, so that nothing is done twice', async (t) => {
  const { device, simulator, served, told } = await deviceRig(t, viscaIp);
  for (const lost of ['lose answer', 'lose command']) {
    served.happen(lost);
    told();
    t.equal((await device.execute({ do: 'presetRecall', preset: '2' })).outcome, 'accepted', lost);
    const sent = hex(told()).match(/01 00 00 07 (.. .. .. ..) 81 01 04 3F 02 02 FF/g) ?? [];
    t.equal(sent.length, 2, lost);
    t.equal(new Set(sent).size, 1, 'with the same number');
  }
  t.equal((await device.execute(move)).outcome, 'accepted');
  t.equal((await device.execute(halt)).outcome, 'completed');
  t.equal(simulator.facts.power, 'on');
});

t.test('over IP a camera that counts from elsewhere is reset, and the command sent once more', async (t) => {
  const { device, served, told } = await deviceRig(t, viscaIp);
  told();
  served.restart();
  t.equal((await device.execute({ do: 'presetRecall', preset: '2' })).outcome, 'accepted', hex(told()));
});
