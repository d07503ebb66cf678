/** Extron SIS: the tables of the user guide, lines in any pieces, news in the middle of answers, and sessions over real ptys and sockets. */
import t, { type Test } from 'tap';
import { encode, parse, type Reply, replies } from '../../hardware/extron/codec.ts';
import { extron } from '../../hardware/extron/driver.ts';
import { now, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import { deviceRig, framed, fuzzFramer } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

t.jobs = 4;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (all: Uint8Array): string => Buffer.from(all).toString('latin1');

t.test('commands are written as the user guide has them', async (t) => {
  const table: readonly (readonly [Uint8Array, string])[] = [
    [encode.identify, 'I'],
    [encode.verbose(3), '\x1b3CV\r'],
    [encode.tie(1, 3, 'all'), '1*3!'],
    [encode.tie(1, 3, 'video'), '1*3%'],
    [encode.tie(1, 3, 'audio'), '1*3$'],
    [encode.tieAll(5, 'all'), '5*!'],
    [encode.tie(0, 3, 'all'), '0*3!'],
    [encode.recall(2), '2.'],
    [encode.save(2), '2,'],
    [encode.mute(3, 'video', true), '3*1B'],
    [encode.mute(3, 'video', false), '3*0B'],
    [encode.mute(3, 'audio', true), '3*1Z'],
    [encode.mute(3, 'audio', false), '3*0Z'],
    [encode.askTie(3, 'all'), '3!'],
    [encode.askTie(3, 'video'), '3%'],
    [encode.askTie(3, 'audio'), '3$'],
    [encode.password('se\r\ncret'), 'secret\r'],
    [encode.raw('3!\r\x1b3CV'), '3!3CV'],
  ];
  for (const [given, want] of table) t.equal(text(given), want);
});

const tie = (output: number | null, input: number, layer: 'all' | 'video' | 'audio'): Reply => ({ is: 'tie', output, input, layer });

/** Numbers count, not columns: a larger frame writes two digits. */
const answers: readonly (readonly [string, Reply])[] = [
  ['M12X12 M12X12', { is: 'size', inputs: 12, outputs: 12, text: 'M12X12 M12X12' }],
  ['V8X4 A8X4', { is: 'size', inputs: 8, outputs: 4, text: 'V8X4 A8X4' }],
  ['Vrb3', { is: 'verbose', level: 3 }],
  ['Out3 In1 All', tie(3, 1, 'all')],
  ['Out3 In1 Vid', tie(3, 1, 'video')],
  ['Out3 In1 RGB', tie(3, 1, 'video')],
  ['Out3 In1 Aud', tie(3, 1, 'audio')],
  ['Out03 In01 All', tie(3, 1, 'all')],
  ['Out12 In11 Vid', tie(12, 11, 'video')],
  ['In5 All', tie(null, 5, 'all')],
  ['Out3 In0 All', tie(3, 0, 'all')],
  ['Rpr2', { is: 'recalled', preset: 2 }],
  ['Rpr02', { is: 'recalled', preset: 2 }],
  ['Spr2', { is: 'saved', preset: 2 }],
  ['Spr02', { is: 'saved', preset: 2 }],
  ['Vmt3*1', { is: 'mute', output: 3, layer: 'video', on: true }],
  ['Vmt03*0', { is: 'mute', output: 3, layer: 'video', on: false }],
  ['Amt3*1', { is: 'mute', output: 3, layer: 'audio', on: true }],
  ['1', { is: 'number', value: 1 }],
  ['01', { is: 'number', value: 1 }],
  ['E01', { is: 'error', number: 1, because: 'E01: bad input' }],
  ['E10', { is: 'error', number: 10, because: 'E10: unrecognised command' }],
  ['E11', { is: 'error', number: 11, because: 'E11: bad preset' }],
  ['E12', { is: 'error', number: 12, because: 'E12: bad output' }],
  ['E13', { is: 'error', number: 13, because: 'E13: bad parameter' }],
  ['E14', { is: 'error', number: 14, because: 'E14: not valid for this unit' }],
  ['E17', { is: 'error', number: 17, because: 'E17: timed out, or not valid in this configuration' }],
  ['E22', { is: 'error', number: 22, because: 'E22: busy' }],
  ['E24', { is: 'error', number: 24, because: 'E24: not allowed for this user' }],
  ['E99', { is: 'error', number: 99, because: 'E99: unknown error' }],
  ['\xa9 Copyright 2011, Extron Electronics, DXP 88 HDMI, V1.04, 60-878-01', { is: 'banner', model: 'DXP 88 HDMI', firmware: '1.04' }],
  ['Login Administrator', { is: 'welcome' }],
  ['Mon, 23 Nov 2026 08:00:00', { is: 'text', text: 'Mon, 23 Nov 2026 08:00:00' }],
];

t.test('answers are understood in whatever pieces they come', async (t) => {
  for (const [line, means] of answers) t.strictSame(framed(t, replies, bytes(`${line}\r\n`)), [means], line);
  const all = answers.map(([, means]) => means);
  t.strictSame(framed(t, replies, bytes(answers.map(([line]) => `${line}\r\n`).join(''))), all, 'glued');
  t.strictSame(framed(t, replies, bytes('\r\nPassword:')), [{ is: 'prompt' }], 'the prompt has no end of line');
  t.strictSame(framed(t, replies, bytes('\r\nPassword:\r\nLogin User\r\n')), [{ is: 'prompt' }, { is: 'welcome' }]);
});

t.test('what is cut off, or spoiled, is never a tie', async (t) => {
  const good = tie(3, 1, 'all');
  const table: readonly (readonly [string, readonly Reply[]])[] = [
    ['Out3 In1 All', []],
    ['Out3 In1 A', []],
    ['\x00\x07Out3 In1 All\r\n', [good]],
    ['\x00\xfe~\r\nOut3 In1 All\r\n', [{ is: 'text', text: '\xfe~' }, good]],
    ['Out3 In\r\nOut3 In1 All\r\n', [{ is: 'text', text: 'Out3 In' }, good]],
    ['Out3 InOut3 In1 All\r\n', [{ is: 'text', text: 'Out3 InOut3 In1 All' }]],
    [`${'x'.repeat(300)}\r\nOut3 In1 All\r\n`, [{ is: 'text', text: 'x'.repeat(44) }, good]],
  ];
  for (const [sent, means] of table) t.strictSame(framed(t, replies, bytes(sent)), means, JSON.stringify(sent));
  for (const odd of ['Out In1 All', 'Out3 In1 Xyz', 'Out3', 'Out3333 In1 All', 'Vmt3', 'Vmt3*2', '1234', 'E1', 'Rpr', 'MXX'])
    t.match(parse(odd), { is: 'text' }, odd);
});

t.test('after a million bytes of nonsense it understands the next line', async (t) => {
  fuzzFramer(t, replies, bytes('Out3 In1 All\r\n'), 256);
});

const COMMAND = /^[\r\n]*(I|\W\dCV(?=\r)|[\d*]+[!%$.,BZ])/;

/** A matrix 2X2 that answers from a list, then as the list of all has it; `-` stands for no answer. */
function scripted(list: Readonly<Record<string, string | (() => string)>> = {}): Simulator {
  const all: Readonly<Record<string, string | (() => string)>> = {
    '\x1b3CV': 'Vrb3',
    I: 'M2X2 M2X2',
    '1%': 'Out1 In1 Vid',
    '2%': 'Out2 In2 Vid',
    ...list,
  };
  let held = '';
  const say = (command: string): readonly Said[] => {
    const found = all[command] ?? 'E10';
    const line = typeof found === 'function' ? found() : found;
    return line === '-' ? [] : now(`${line}\r\n`);
  };
  return {
    opened: () => [],
    closed: () => {},
    feed(given) {
      held += text(given);
      const said: Said[] = [];
      for (;;) {
        const [whole, command] = COMMAND.exec(held) ?? [];
        if (whole === undefined || command === undefined) return said;
        held = held.slice(whole.length);
        said.push(...say(command));
      }
    },
    happen: (line) => now(`${line}\r\n`),
    restart: () => [],
    facts: {},
  };
}

const rigOf = (t: Test, list: Parameters<typeof scripted>[0] = {}, pollMs = 60_000) =>
  deviceRig(t, { ...extron, manners: { ...extron.manners, pollMs }, simulator: () => scripted(list) });

const route = (input: string, output: string, layer: 'all' | 'video' | 'audio' = 'all') => ({ do: 'route', input, output, layer }) as const;

t.test('news in the middle of an answer are told, and are not taken for it', async (t) => {
  const { device } = await rigOf(t, {
    '1*2!': 'Out1 In2 All\r\nVmt1*1\r\nOut2 In2 Vid\r\nOut2 In1 All',
    '2*2!': 'Out2 In1 All\r\nOut1 In2 All',
    '1.': 'Spr1\r\nRpr2\r\nRpr1',
  });
  t.strictSame(device.state.routes, { 1: '1', 2: '2' });
  t.match(await device.execute(route('1', '2')), { outcome: 'completed' });
  t.strictSame(device.state.routes, { 1: '2', 2: '1' });
  t.match(await device.execute(route('2', '2')), { outcome: 'unknown', because: /device\.silent/ }, 'others were told, this was not');
  t.match(await device.execute({ do: 'presetRecall', preset: '1' }), { outcome: 'completed' });
  t.strictSame(device.state.routes, { 1: '1', 2: '2' }, 'the ties are asked for after a preset');
});

t.test('busy is tried again, other errors are told in words', async (t) => {
  let tries = 0;
  const { device, told } = await rigOf(t, { '1*2!': () => (++tries < 3 ? 'E22' : 'Out2 In1 All'), '2*2!': 'E14', '7.': 'E11' });
  told();
  t.match(await device.execute(route('1', '2')), { outcome: 'completed' });
  t.equal(text(told()), '1*2!1*2!1*2!');
  t.match(await device.execute(route('2', '2')), { outcome: 'rejected', because: /E14: not valid for this unit/ });
  t.match(await device.execute({ do: 'presetRecall', preset: '7' }), { outcome: 'rejected', because: /E11: bad preset/ });
  t.match(await device.execute(route('3', '2')), { outcome: 'rejected' }, 'it has two inputs');
  t.match(await device.execute(route('1', '2!2*')), { outcome: 'rejected' }, 'nothing but a number');
  t.match(await device.execute({ do: 'dnd', on: true }), { outcome: 'rejected' });
});

t.test('a unit that knows no verbose modes answers with bare numbers', async (t) => {
  const { device } = await rigOf(t, { '\x1b3CV': 'E10', '1%': '02', '2%': '0' });
  t.strictSame(device.state.routes, { 1: '2', 2: '0' });
});

t.test('one output after the other is looked at, also after a preset of somebody else', async (t) => {
  let input = 1;
  const { device, served } = await rigOf(t, { '1%': () => `Out1 In${input} Vid` }, 100);
  input = 2;
  await eventually(() => (device.state.routes?.['1'] === '2' ? undefined : JSON.stringify(device.state.routes)));
  input = 1;
  served.happen('Rpr4');
  await eventually(() => (device.state.routes?.['1'] === '1' ? undefined : JSON.stringify(device.state.routes)));
});

t.test('driver and simulator understand each other', async (t) => {
  const { device, simulator, served } = await deviceRig(t, extron, { settings: { model: '12x4' } });
  t.match(device.info, { make: 'Extron' });
  t.match(device.capabilities.find(({ id }) => id === 'route')?.params.output, { of: ['1', '2', '3', '4'] });
  t.strictSame(device.state.routes, { 1: '1', 2: '2', 3: '3', 4: '4' });
  t.match(await device.execute(route('12', '3')), { outcome: 'completed' });
  t.match(await device.execute(route('11', '4', 'audio')), { outcome: 'completed' });
  t.match(simulator.facts, { video: { 3: 12, 4: 4 }, audio: { 3: 12, 4: 11 } });
  t.strictSame(device.state.routes, { 1: '1', 2: '2', 3: '12', 4: '4' }, 'routes are those of the picture');
  t.match(await device.execute({ do: 'presetStore', preset: '2', name: '' }), { outcome: 'completed' });
  t.match(await device.execute(route('0', '3', 'video')), { outcome: 'completed' });
  t.equal(device.state.routes?.['3'], '0');
  t.match(await device.execute({ do: 'presetRecall', preset: '2' }), { outcome: 'completed' });
  t.equal(device.state.routes?.['3'], '12');
  t.equal(device.state.blank, null, 'nobody has told yet');
  t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
  t.match(simulator.facts, { videoMuted: { 1: true, 4: true }, audioMuted: { 1: true, 4: true } });
  t.match(device.state, { blank: true, speakerMuted: true });
  served.happen('front-panel 3*0B');
  served.happen('front-panel 7*1!');
  await eventually(() => (device.state.routes?.['1'] === '7' ? undefined : JSON.stringify(device.state.routes)));
  t.equal(device.state.blank, null, 'one of them shows a picture, the others none');
  served.happen('busy');
  t.match(await device.execute(route('2', '1')), { outcome: 'completed' });
  t.match(await device.execute({ do: 'raw', text: '5*2!' }), { outcome: 'accepted', answer: /Out0?2 In0?5 All/ });
  t.equal(device.state.routes?.['2'], '5');
  t.match(await device.execute({ do: 'raw', text: '1*9!' }), { outcome: 'rejected', because: /E12/, answer: 'E12' });
});

t.test('over the network it says who it is, and lets in who has the password', async (t) => {
  const inside = await deviceRig(t, extron, { settings: { model: '8x8 telnet', password: 'secret' }, reach: 'tcp' });
  t.match(inside.device.info, { make: 'Extron', model: 'DXP 88 HDMI', firmware: '1.04' });
  t.ok(text(inside.told()).startsWith('secret\r\x1b3CV\rI'), 'nothing but the password at the prompt');
  inside.served.restart();
  await eventually(() => (inside.simulator.facts.verbose === 3 ? undefined : 'the session is not set up again'));
  await inside.ready();
  const wrong = await deviceRig(t, extron, {
    settings: { password: 'wrong' },
    simulated: { password: 'right' },
    reach: 'tcp',
    begin: false,
  });
  await eventually(() => (wrong.device.standing.link === 'login-refused' ? undefined : wrong.device.standing.because));
  t.equal(text(wrong.told()), 'wrong\r');
  t.notMatch(wrong.device.standing.because, /wrong\b/, 'the password is no secret of the log');
  const none = await deviceRig(t, extron, { simulated: { password: 'right' }, reach: 'tcp', begin: false });
  await eventually(() => (none.device.standing.link === 'login-refused' ? undefined : none.device.standing.because));
  t.match(none.device.standing.because, /asks for a password/);
});
