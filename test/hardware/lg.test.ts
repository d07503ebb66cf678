/** LG: the tables of the manuals, answers that end in x, sets that say nothing in standby and answer late when they wake. */
import t, { type Test } from 'tap';
import { encode, FRAME_LIMIT, type LgMessage, lgFramer } from '../../hardware/lg/codec.ts';
import { lg } from '../../hardware/lg/driver.ts';
import { told as means } from '../../hardware/lg/values.ts';
import { later, now, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import { deviceRig, framed, fuzzFramer, scriptedLines } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (all: Uint8Array): string => Buffer.from(all).toString('latin1');

t.test('commands are written as the manuals have them', async (t) => {
  const table: readonly (readonly [Parameters<typeof encode>, string])[] = [
    [['ka', 1, 1], 'ka 01 01\r'],
    [['ka', 1, 0], 'ka 01 00\r'],
    [['ka', 1, 0xff], 'ka 01 FF\r'],
    [['xb', 1, 0xa0], 'xb 01 A0\r'],
    [['kd', 1, 1], 'kd 01 01\r'],
    [['ke', 1, 0], 'ke 01 00\r'],
    [['kf', 1, 50], 'kf 01 32\r'],
    [['ka', 254, 0xff], 'ka FE FF\r'],
  ];
  for (const [given, want] of table) t.equal(text(encode(...given)), want);
});

const ok = (letter: string, data: string): LgMessage => ({ letter, id: 1, ok: true, data });
const answers: readonly (readonly [string, LgMessage, object])[] = [
  ['a 01 OK01x', ok('a', '01'), { power: 'on' }],
  ['a 01 OK00x', ok('a', '00'), { power: 'off' }],
  ['a 01 NG00x', { ...ok('a', '00'), ok: false }, { power: 'off' }],
  ['b 01 OKA0x', ok('b', 'A0'), { input: 'HDMI1' }],
  ['b 01 OK90x', ok('b', '90'), { input: 'HDMI1' }],
  ['b 01 OK91x', ok('b', '91'), { input: 'HDMI2' }],
  ['b 01 OKd0x', ok('b', 'D0'), { input: 'DisplayPort' }],
  ['b 01 OK70x', ok('b', '70'), { input: 'code 70' }],
  ['d 01 OK01x', ok('d', '01'), { blank: true }],
  ['e 01 OK00x', ok('e', '00'), { speakerMuted: true }],
  ['e 01 OK01x', ok('e', '01'), { speakerMuted: false }],
  ['f 01 OK32x', ok('f', '32'), { volume: 0.5 }],
  ['f 01 OKFFx', ok('f', 'FF'), { volume: null }],
  ['e 01 OKx', ok('e', ''), { speakerMuted: null }],
  ['a 01 OK07x', ok('a', '07'), { power: 'unknown' }],
  ['z 01 OK07x', ok('z', '07'), {}],
];

t.test('answers are understood in whatever pieces they come', async (t) => {
  for (const [sent, message, state] of answers) {
    t.strictSame(framed(t, lgFramer, bytes(sent)), [message], sent);
    t.strictSame(means(message.letter, message.data), state, sent);
  }
  const all = answers.map(([, message]) => message);
  t.strictSame(framed(t, lgFramer, bytes(answers.map(([sent]) => sent).join(''))), all, 'glued');
  t.strictSame(framed(t, lgFramer, bytes(answers.map(([sent]) => sent).join('\r\n'))), all, 'with line ends that should not be there');
});

t.test('damage costs the damaged answer and no other', async (t) => {
  const table: readonly (readonly [string, readonly LgMessage[]])[] = [
    ['a 01 OK01', []],
    ['\x00\xffnoise a 01 OK01x', [ok('a', '01')]],
    ['a 01 O#K01x', []],
    ['a 01 OKa 01 OK01x', [ok('a', '01')]],
    ['xxa 01 OK01xx', [ok('a', '01')]],
    ['a 01 OK0b 01 OKA0x', [ok('b', 'A0')]],
    ['ka 01 01\ra 01 OK01x', [ok('a', '01')]],
  ];
  for (const [sent, want] of table) t.strictSame(framed(t, lgFramer, bytes(sent)), want, JSON.stringify(sent));
  fuzzFramer(t, lgFramer, bytes('b 01 OKA0x'), FRAME_LIMIT);
});

/** A set that answers from a list, and nothing to what is not in it. */
const scripted = (list: Readonly<Record<string, string | (() => readonly Said[])>>): Simulator =>
  scriptedLines('', (line) => {
    const answer = list[line] ?? '';
    return typeof answer === 'function' ? answer() : now(answer);
  });

const working = {
  'ka 01 FF': 'a 01 OK01x',
  'xb 01 FF': 'b 01 OKA0x',
  'kd 01 FF': 'd 01 OK00x',
  'ke 01 FF': 'e 01 OK01x',
  'kf 01 FF': 'f 01 OK32x',
};

const rigOf = (t: Test, list: Parameters<typeof scripted>[0]) =>
  deviceRig(t, { ...lg, manners: { ...lg.manners, pollMs: 300 }, simulator: () => scripted(list) });

t.test('a set that is on tells everything; what it refuses to tell is unknown', async (t) => {
  const { device } = await rigOf(t, working);
  t.match(device.state, { power: 'on', input: 'HDMI1', blank: false, speakerMuted: false, volume: 0.5 });
  const other = await rigOf(t, { ...working, 'ke 01 FF': 'e 01 NG00x' });
  t.match(other.device.state, { power: 'on', speakerMuted: null, volume: 0.5 }, 'NG00 does not mean muted');
});

t.test('what was set is what the set says it is', async (t) => {
  const { device, told } = await rigOf(t, {
    ...working,
    'kf 01 18': 'f 01 OK18x',
    'ke 01 00': 'e 01 OK00x',
    'kd 01 01': 'd 01 OK01x',
    // It finds a computer at the socket.
    'xb 01 91': 'b 01 OKA1x',
    'xb 01 C0': 'b 01 NGC0x',
    'xb 01 D0': 'b 01 OKD0x',
  });
  t.match(await device.execute({ do: 'volume', level: 0.24 }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'input', input: 'HDMI2' }), { outcome: 'completed' });
  t.match(device.state, { volume: 0.24, speakerMuted: true, blank: true, input: 'HDMI2' });
  told();
  t.match(await device.execute({ do: 'input', input: 'DisplayPort' }), { outcome: 'completed' });
  t.equal(told().toString(), 'xb 01 C0\rxb 01 D0\r', 'a socket that is known only with computer timings');
  t.equal(device.state.input, 'DisplayPort');
  t.match(await device.execute({ do: 'input', input: 'HDMI9' }), { outcome: 'rejected' });
});

t.test('a set that says nothing is off or absent: it can be switched on, and answers late', async (t) => {
  let up = false;
  const when = (answer: string) => () => (up ? now(answer) : []);
  const list = {
    ...Object.fromEntries(Object.entries(working).map(([command, answer]) => [command, when(answer)])),
    'ka 01 01': () => {
      up = true;
      return [later(2500, 'a 01 OK01x')];
    },
    'ka 01 00': () => {
      up = false;
      return now('a 01 OK00x');
    },
  };
  const { device } = await rigOf(t, list);
  t.match(device.state, { power: 'unknown', input: null, volume: null });
  t.match(device.state.complaints, [/does not answer/]);
  const waking = device.execute({ do: 'power', on: true });
  await eventually(() => (device.state.power === 'warming' ? undefined : String(device.state.power)));
  t.match(await waking, { outcome: 'completed' }, 'the answer came when the set was up');
  t.strictSame(device.state.complaints, []);
  await eventually(() => (device.state.input === 'HDMI1' ? undefined : 'the rest is not known yet'));
  t.match(await device.execute({ do: 'power', on: false }), { outcome: 'completed' });
  await eventually(() => (device.state.input === null ? undefined : 'not asked yet'));
  t.equal(device.state.power, 'off', 'it said so before it fell silent');
  t.match(device.standing, { link: 'ok' });
});

t.test('a refusal comes with its own words; raw is one command', async (t) => {
  const { device, told } = await rigOf(t, { ...working, 'kf 01 64': 'f 01 NG64x', 'kc 01 02': 'c 01 OK02x' });
  t.match(await device.execute({ do: 'volume', level: 1 }), { outcome: 'rejected', because: /NG 64/ });
  t.equal(device.state.volume, 0.5);
  told();
  t.match(await device.execute({ do: 'raw', text: 'kc 01 02' }), { outcome: 'accepted' });
  t.match(await device.execute({ do: 'raw', text: 'ka 00 01' }), { outcome: 'accepted' }, 'nobody answers what is for all');
  t.equal(told().toString(), 'kc 01 02\rka 00 01\r');
  for (const wrong of ['kc 01', 'kc 01 02\rka 01 00', 'power off', 'KC 01 02'])
    t.match(await device.execute({ do: 'raw', text: wrong }), { outcome: 'rejected' }, wrong);
  t.notMatch(told().toString(), 'ka 01 00');
});

t.test('driver and simulator understand each other', async (t) => {
  const { device, simulator } = await deviceRig(t, lg);
  t.match(await device.execute({ do: 'power', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'volume', level: 0.4 }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'input', input: 'HDMI2' }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'completed' });
  t.match(device.state, { power: 'on', volume: 0.4, input: 'HDMI2', speakerMuted: true, blank: true }, JSON.stringify(simulator.facts));
  t.match(await device.execute({ do: 'power', on: false }), { outcome: 'completed' });
  t.equal(device.state.power, 'off');
});
