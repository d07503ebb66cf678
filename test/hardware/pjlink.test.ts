/** PJLink: the tables of the specification, the login, and what a projector does that warms up, cools down and refuses. */
import t, { type Test } from 'tap';
import { digest, encode, FRAME_LIMIT, type PjlinkMessage, parse, pjlinkFramer } from '../../hardware/pjlink/codec.ts';
import { pjlink } from '../../hardware/pjlink/driver.ts';
import * as values from '../../hardware/pjlink/values.ts';
import { now, type Simulator } from '../../hardware/wire/simulator.ts';
import { deviceRig, framed, fuzzFramer, type RigOptions, scriptedLines } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (all: Uint8Array): string => Buffer.from(all).toString('latin1');

t.test('commands are written as the specification has them, and nobody can put a second one in', async (t) => {
  const table: readonly (readonly [Parameters<typeof encode>, string])[] = [
    [['1', 'POWR', '?'], '%1POWR ?\r'],
    [['1', 'POWR', '1'], '%1POWR 1\r'],
    [['1', 'INPT', '31'], '%1INPT 31\r'],
    [['1', 'AVMT', '30'], '%1AVMT 30\r'],
    [['2', 'SNUM', '?'], '%2SNUM ?\r'],
    [['2', 'INNM', '?31'], '%2INNM ?31\r'],
    [['1', 'INPT', '31\r%1POWR 0'], '%1INPT 31%1POWR 0\r'],
  ];
  for (const [given, want] of table) t.equal(text(encode(...given)), want);
  t.equal(encode('1', 'NAME', 'x'.repeat(500)).length, 136, 'no longer than allowed');
  t.equal(digest('498e4a67', 'JBMIAProjectorLink'), '5d8409bc1c3fa39749434aa3a5c38682', 'the example of the specification');
});

const answers: readonly (readonly [string, PjlinkMessage])[] = [
  ['PJLINK 0', { is: 'greeting', salt: null }],
  ['PJLINK 1 498e4a67', { is: 'greeting', salt: '498e4a67' }],
  ['PJLINK ERRA', { is: 'login-refused' }],
  ['%1POWR=0', { is: 'value', command: 'POWR', value: '0' }],
  ['%1POWR=3', { is: 'value', command: 'POWR', value: '3' }],
  ['%1POWR=OK', { is: 'taken', command: 'POWR' }],
  ['%1powr=ok', { is: 'taken', command: 'POWR' }],
  ['%1INPT=31', { is: 'value', command: 'INPT', value: '31' }],
  ['%1AVMT=30', { is: 'value', command: 'AVMT', value: '30' }],
  ['%1ERST=000000', { is: 'value', command: 'ERST', value: '000000' }],
  ['%1LAMP=1234 1', { is: 'value', command: 'LAMP', value: '1234 1' }],
  ['%1INST=11 31 32', { is: 'value', command: 'INST', value: '11 31 32' }],
  ['%1NAME=', { is: 'value', command: 'NAME', value: '' }],
  ['%1NAME=Ph\xc3\xb2ng', { is: 'value', command: 'NAME', value: 'Phòng' }],
  ['%2SNUM=A1=B2', { is: 'value', command: 'SNUM', value: 'A1=B2' }],
  ['%1POWR=ERR3', { is: 'error', command: 'POWR', error: 'ERR3' }],
  ['%1INPT=ERR2', { is: 'error', command: 'INPT', error: 'ERR2' }],
  ['%1XXXX=ERR1', { is: 'error', command: 'XXXX', error: 'ERR1' }],
  ['%1POWR=ERR4', { is: 'error', command: 'POWR', error: 'ERR4' }],
  ['hello', { is: 'noise', text: 'hello' }],
  ['%3POWR=1', { is: 'noise', text: '%3POWR=1' }],
  ['PJLINK 1 49', { is: 'noise', text: 'PJLINK 1 49' }],
];

t.test('answers are understood in whatever pieces they come', async (t) => {
  for (const [line, means] of answers) t.strictSame(framed(t, pjlinkFramer, bytes(`${line}\r`)), [means], line);
  const all = framed(t, pjlinkFramer, bytes(answers.map(([line]) => `${line}\r`).join('')));
  t.strictSame(
    all,
    answers.map(([, means]) => means),
    'glued',
  );
  t.strictSame(framed(t, pjlinkFramer, bytes('%1POWR=')), [], 'truncated');
  t.strictSame(framed(t, pjlinkFramer, bytes('\x00\xffgarbage%1POWR=1\r')), [parse('%1POWR=1')], 'garbage before');
  t.strictSame(framed(t, pjlinkFramer, bytes('%1PO\r%1POWR=1\r')).at(-1), parse('%1POWR=1'), 'a line that was cut does not hurt the next');
  fuzzFramer(t, pjlinkFramer, bytes('%1INPT=31\r'), FRAME_LIMIT);
});

t.test('values say what they say, and nothing more', async (t) => {
  t.strictSame(['0', '1', '2', '3', '4', '', 'x'].map(values.power), ['off', 'on', 'cooling', 'warming', 'unknown', 'unknown', 'unknown']);
  t.strictSame(values.muting('31'), { blank: true, speakerMuted: true });
  t.strictSame(values.muting('30'), { blank: false, speakerMuted: false });
  t.strictSame(values.muting('11'), { blank: true, speakerMuted: false });
  t.strictSame(values.muting('21'), { blank: false, speakerMuted: true });
  for (const odd of ['', '1', '41', 'ERR'])
    t.strictSame(values.muting(odd), { blank: null, speakerMuted: null }, 'never "muted" by mistake');
  t.strictSame(values.complaints('012000'), ['lamp: warning', 'temperature: error']);
  t.strictSame(values.complaints('000000'), []);
  t.strictSame(values.complaints('0120'), []);
  t.strictSame(values.inputs('11 31 32 6A 99 3'), ['11', '31', '32', '6A']);
});

interface Script {
  /** Answers to lines without their CR; a function sees what was written before the `%` too. */
  readonly answers: Readonly<Record<string, string | (() => string)>>;
  readonly greeting?: string;
}

/** A device that answers from a list, and nothing to what is not in it. */
const scripted = ({ answers, greeting = 'PJLINK 0' }: Script): Simulator =>
  scriptedLines(`${greeting}\r`, (line) => {
    const answer = answers[line];
    return answer === undefined ? [] : now(`${typeof answer === 'string' ? answer : answer()}\r`);
  });

const class1 = {
  '%1POWR ?': '%1POWR=1',
  '%1CLSS ?': '%1CLSS=1',
  '%1INF1 ?': '%1INF1=Maker',
  '%1INF2 ?': '%1INF2=P-100',
  '%1INST ?': '%1INST=11 31 32',
  '%1INPT ?': '%1INPT=31',
  '%1AVMT ?': '%1AVMT=30',
  '%1ERST ?': '%1ERST=000000',
} as const;

const rigOf = (t: Test, script: Script, options: RigOptions = {}) =>
  deviceRig(t, { ...pjlink, manners: { ...pjlink.manners, pollMs: 300 }, simulator: () => scripted(script) }, options);

t.test('a projector of class 1 tells what it is and what it can show', async (t) => {
  const { device, told } = await rigOf(t, { answers: class1 });
  t.strictSame(device.info, { make: 'Maker', model: 'P-100', firmware: '', serial: '' });
  const { power, input, blank, speakerMuted } = device.state;
  t.strictSame({ power, input, blank, speakerMuted }, { power: 'on', input: '31', blank: false, speakerMuted: false });
  t.strictSame(device.capabilities.find(({ id }) => id === 'input')?.params, { input: { type: 'choice', of: ['11', '31', '32'] } });
  t.notMatch(told().toString(), '%2', 'no command of class 2 is sent to it');
  t.match(await device.execute({ do: 'input', input: '99' }), { outcome: 'rejected' });
});

t.test('a projector of class 2 tells its number and version, and inputs with letters', async (t) => {
  const more = { '%1CLSS ?': '%1CLSS=2', '%2SNUM ?': '%2SNUM=S1', '%2SVER ?': '%2SVER=2.0', '%2INST ?': '%2INST=31 3A' };
  const { device } = await rigOf(t, { answers: { ...class1, ...more, '%2INPT ?': '%2INPT=3A' } });
  t.match(device.info, { serial: 'S1', firmware: '2.0' });
  t.equal(device.state.input, '3A');
  const old = { '%1CLSS ?': '%1CLSS=2', '%2SNUM ?': '%2SNUM=ERR1', '%2SVER ?': '%2SVER=ERR1', '%2INST ?': '%2INST=ERR1' };
  const other = await rigOf(t, { answers: { ...class1, ...old } });
  t.equal(other.device.state.input, '31', 'where inputs are of class 1 they are asked for so');
});

t.test('the digest goes before the first command and no other', async (t) => {
  const first = '5d8409bc1c3fa39749434aa3a5c38682%1POWR ?';
  const script = { answers: { ...class1, [first]: '%1POWR=1' }, greeting: 'PJLINK 1 498e4a67' };
  const { told } = await rigOf(t, script, { settings: { password: 'JBMIAProjectorLink' } });
  const sent = told().toString();
  t.ok(sent.startsWith(`${first}\r%1CLSS ?\r`), sent);
  t.notMatch(sent, 'JBMIAProjectorLink');
});

t.test('a wrong or missing password is a refused login, not a lost line', async (t) => {
  const greeting = 'PJLINK 1 498e4a67';
  for (const [password, script] of [
    ['mistaken', { answers: { [`${digest('498e4a67', 'mistaken')}%1POWR ?`]: 'PJLINK ERRA' }, greeting }],
    ['', { answers: {}, greeting }],
    ['any', { answers: {}, greeting: 'PJLINK ERRA' }],
  ] as const) {
    const { device } = await rigOf(t, script, { settings: { password }, begin: false });
    await eventually(() => (device.standing.link === 'login-refused' ? undefined : device.standing.because));
    t.notMatch(device.standing.because, /mistaken/, 'the password is not told');
  }
});

t.test('power-on is accepted, not done: it warms up, and refuses in its own words meanwhile', async (t) => {
  let power = '0';
  const answers = {
    ...class1,
    '%1POWR ?': () => `%1POWR=${power}`,
    '%1POWR 1': () => {
      power = '3';
      return '%1POWR=OK';
    },
    '%1POWR 0': '%1POWR=ERR3',
  };
  const { device } = await rigOf(t, { answers });
  t.equal(device.state.power, 'off');
  t.equal(device.state.input, null, 'of a projector that is off nothing else is known');
  t.match(await device.execute({ do: 'power', on: true }), { outcome: 'accepted' });
  t.equal(device.state.power, 'warming');
  t.match(await device.execute({ do: 'power', on: false }), { outcome: 'rejected', because: /ERR3: not now/ });
  power = '1';
  await eventually(() => (device.state.power === 'on' ? undefined : String(device.state.power)));
  await eventually(() => (device.state.input === '31' ? undefined : 'no input'));
});

t.test('picture and sound are muted by themselves; what mutes only both says so', async (t) => {
  let muting = '30';
  const set = (value: string) => () => {
    muting = value;
    return '%1AVMT=OK';
  };
  const answers = {
    ...class1,
    '%1AVMT ?': () => `%1AVMT=${muting}`,
    '%1AVMT 11': '%1AVMT=ERR2',
    '%1AVMT 31': set('31'),
    '%1AVMT 21': set('21'),
  };
  const { device } = await rigOf(t, { answers });
  t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'accepted' });
  t.match(device.state, { blank: true, speakerMuted: true });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'accepted' });
  t.match(device.state, { blank: false, speakerMuted: true });
});

t.test('raw is one command, whoever wrote it', async (t) => {
  const { device, told } = await rigOf(t, { answers: { ...class1, '%1FILT ?': '%1FILT=10', '%1FREZ 1': '%1FREZ=ERR1' } });
  told();
  t.match(await device.execute({ do: 'raw', text: '%1FILT ?' }), { outcome: 'accepted' });
  t.match(await device.execute({ do: 'raw', text: 'filt ?' }), { outcome: 'accepted' });
  t.match(await device.execute({ do: 'raw', text: 'FREZ 1' }), { outcome: 'rejected', because: /ERR1/ });
  t.match(await device.execute({ do: 'raw', text: 'nothing known' }), { outcome: 'rejected', because: /not a PJLink command/ });
  t.match(await device.execute({ do: 'raw', text: 'FILT ?\r%1POWR 0' }), { outcome: 'rejected' });
  t.notMatch(told().toString(), 'POWR 0');
});

t.test('a command that nobody answers is unknown, and asked about', async (t) => {
  const { device, told } = await rigOf(t, { answers: class1 });
  told();
  t.match(await device.execute({ do: 'input', input: '32' }), { outcome: 'unknown', because: /device.silent/ });
  await eventually(() => (told().toString().includes('%1INPT ?') ? undefined : 'not asked yet'));
});

t.test('driver and simulator understand each other, with and without a password', async (t) => {
  for (const password of ['', 'secret']) {
    const { device, simulator } = await deviceRig(t, pjlink, { settings: { password } });
    t.not(device.info.make, '');
    t.match(await device.execute({ do: 'power', on: true }), { outcome: 'accepted' });
    await eventually(() => (device.state.power === 'on' ? undefined : `${device.state.power} ${JSON.stringify(simulator.facts)}`));
    const [input] = device.capabilities.flatMap(({ params }) => (params.input?.type === 'choice' ? params.input.of : []));
    t.match(await device.execute({ do: 'input', input: input ?? '' }), { outcome: 'accepted' });
    await eventually(() => (device.state.input === input ? undefined : String(device.state.input)));
    t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'accepted' });
    await eventually(() => (device.state.blank === true ? undefined : String(device.state.blank)));
  }
  const { device } = await deviceRig(t, pjlink, { settings: { password: 'wrong' }, simulated: { password: 'right' }, begin: false });
  await eventually(() => (device.standing.link === 'login-refused' ? undefined : device.standing.because));
});
