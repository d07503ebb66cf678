/** TANDBERG MXP: its lines and blocks as the reference guide for system integrators (D13887.08) shows them, and a driver that lives with them. */
import t from 'tap';
import { later, now, type Simulator } from '../../hardware/wire/simulator.ts';
import { call } from '../../hardware/xacli/calls.ts';
import { type Block, callRate, LIMIT, line, type Message, xacliFramer } from '../../hardware/xacli/codec.ts';
import { xacli } from '../../hardware/xacli/driver.ts';
import { deviceRig, framed, fuzzFramer } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (said: string): Message => ({ kind: 'line', text: said });
const block = (of: string, path: string, attributes: Record<string, string>, fields: Record<string, string> = {}): Block => ({
  kind: 'block',
  of,
  path,
  attributes,
  fields,
});

const DIALLED = '\r\n*r Result (status=OK):\r\n    CallRef: 1\r\n    LogTag: 5\r\n*r/end\r\n\r\nOK\r\n';
const IDLE = '*s Call 1 (status=Disconnected, type=NA, protocol=NA, direction=NA):\r\n*s/end\r\n';
const SYNCED =
  '*s Call 1 (status=Synced, type=Vtlph, protocol=H323, direction=Outgoing):\r\n    CallRate: 768\r\n    RemoteNumber: "2001"\r\n*s/end\r\n';
const UNIT =
  '*s SystemUnit:\r\n    ProductType: "TANDBERG Codec"\r\n    ProductId: "TANDBERG MXP"\r\n    Uptime: 6600\r\n    Software:\r\n        Version: "F7.3 PAL"\r\n        ReleaseDate: "2008-05-30"\r\n    Hardware:\r\n        SerialNumber: "25A00001"\r\n*s/end\r\n';

const result = block('r', 'Result', { status: 'OK' }, { callref: '1', logtag: '5' });
const synced = block(
  's',
  'Call 1',
  { status: 'Synced', type: 'Vtlph', protocol: 'H323', direction: 'Outgoing' },
  { callrate: '768', remotenumber: '2001' },
);

t.test('commands are whole names with their values, and no value can become a second command', async (t) => {
  const table: readonly (readonly [Uint8Array, string])[] = [
    [line('xcommand dial', { number: '123', callrate: 256 }), 'xcommand dial number:123 callrate:256\r'],
    [line('xcommand dial', { number: '123', callrate: null }), 'xcommand dial number:123\r'],
    [line('xcommand disconnect'), 'xcommand disconnect\r'],
    [line('xcommand disconnect', { call: '9' }), 'xcommand disconnect call:9\r'],
    [line('xfeedback register status/call'), 'xfeedback register status/call\r'],
    [line('xcommand dial', { number: 'board room' }), 'xcommand dial number:"board room"\r'],
    [line('xcommand dial', { number: '1"\r\nxcommand boot' }), 'xcommand dial number:"1xcommand boot"\r'],
    [line('xcommand dial', { number: '1\u010dxcommand\u010aboot' }), 'xcommand dial number:1xcommandboot\r'],
  ];
  for (const [said, means] of table) t.equal(Buffer.from(said).toString('latin1'), means);
  for (const [wish, rate] of [
    [64, 64],
    [1000, 768],
    [6000, 4096],
    [1, 64],
  ] as const)
    t.equal(callRate(wish), rate);
});

t.test('what it says is understood, in whatever pieces it comes', async (t) => {
  const table: readonly (readonly [string, string, readonly Message[]])[] = [
    ['a dial', DIALLED, [result, text('OK')]],
    [
      'a result without children',
      '\r\n*r Result (status=OK): /\r\n*r/end\r\n\r\nOK\r\n',
      [block('r', 'Result', { status: 'OK' }), text('OK')],
    ],
    [
      'an error',
      '*r Result (status=Error):\r\n  Cause: 17\r\n  Description: "No such call"\r\n*r/end\r\n',
      [block('r', 'Result', { status: 'Error' }, { cause: '17', description: 'No such call' })],
    ],
    ['a call', SYNCED, [synced]],
    ['no call', IDLE, [block('s', 'Call 1', { status: 'Disconnected', type: 'NA', protocol: 'NA', direction: 'NA' })]],
    ['the list of feedback', '*xf 1 status/call\r\nOK\r\n', [text('*xf 1 status/call'), text('OK')]],
    ['modem words', 'CONNECT\r\nNO CARRIER\r\n', [text('CONNECT'), text('NO CARRIER')]],
    ['a prompt', 'Password: ', [text('Password: ')]],
    [
      'names in names',
      UNIT,
      [
        block(
          's',
          'SystemUnit',
          {},
          {
            producttype: 'TANDBERG Codec',
            productid: 'TANDBERG MXP',
            uptime: '6600',
            'software version': 'F7.3 PAL',
            'software releasedate': '2008-05-30',
            'hardware serialnumber': '25A00001',
          },
        ),
      ],
    ],
    ['two glued together', SYNCED + DIALLED, [synced, result, text('OK')]],
    [
      'news in an answer',
      `*r Result (status=OK):\r\n    CallRef: 1\r\n${SYNCED}CONNECT\r\n    LogTag: 5\r\n*r/end\r\n`,
      [synced, text('CONNECT'), result],
    ],
    ['garbage before', `\x00\xff~\x80\r\n${SYNCED}`, [text('\x00\xff~\x80'), synced]],
    ['an end without a beginning', `    CallRate: 768\r\n*s/end\r\n${SYNCED}`, [text('    CallRate: 768'), synced]],
    ['a beginning without an end', `*s Call 2 (status=Synced):\r\n    CallRate: 64\r\n${SYNCED}`, [synced]],
    ['half of it', SYNCED.slice(0, -3), []],
  ];
  for (const [name, said, means] of table) t.strictSame(framed(t, xacliFramer, bytes(said)), means, name);
});

t.test('a million bytes of nonsense', async (t) => {
  fuzzFramer(t, xacliFramer, bytes(SYNCED), LIMIT);
});

t.test('only Synced is a call that stands', async (t) => {
  const table: readonly (readonly [string, string | null])[] = [
    ['Synced', 'connected'],
    ['Dialling', 'dialling'],
    ['Alerting', 'ringing'],
    ['Disconnected', null],
    ['Connected', 'unknown'],
    ['', 'unknown'],
  ];
  for (const [status, state] of table) t.equal(call('1', block('s', 'Call 1', { status }))?.state ?? null, state, status);
  t.strictSame(call('1', synced), {
    id: '1',
    state: 'connected',
    direction: 'out',
    number: '2001',
    name: '',
    protocol: 'H323',
    kbps: 768,
  });
});

/** A codec in literal words: what it answers to each command line. */
function scripted(answer: (command: string) => string, greeting = ''): Simulator {
  let held = '';
  return {
    opened: () => now(greeting),
    closed: () => {},
    feed(said) {
      const lines = (held + Buffer.from(said).toString('latin1')).split(/[\r\n]+/);
      held = lines.pop() ?? '';
      return lines.flatMap((each) => now(answer(each)));
    },
    happen: (what) => now(what),
    restart: () => [],
    facts: {},
  };
}

/** Answers of a codec at rest; `own` first. */
const rest =
  (own: (command: string) => string | undefined = () => undefined) =>
  (command: string): string => {
    const answer = own(command);
    if (answer !== undefined) return answer;
    if (command === 'xstatus call') return `${IDLE}\r\nOK\r\n`;
    if (command === 'xstatus systemunit') return `${UNIT}\r\nOK\r\n`;
    if (command === 'xfeedback list') return '*xf 1 status/call\r\n\r\nOK\r\n';
    if (command.startsWith('xfeedback')) return '\r\nOK\r\n';
    return '*r Result (status=Error):\r\n    Cause: 1\r\n    Description: "Unknown command"\r\n*r/end\r\n';
  };

t.test('it says who it is, what calls there are, and why it refuses', async (t) => {
  const { device, served } = await deviceRig(t, { ...xacli, simulator: () => scripted(rest()) });
  t.strictSame(device.info, { make: 'TANDBERG', model: 'TANDBERG MXP', firmware: 'F7.3 PAL', serial: '25A00001' });
  t.strictSame(device.state.calls, []);
  served.happen(SYNCED);
  await eventually(() => (device.state.calls?.[0]?.state === 'connected' ? undefined : JSON.stringify(device.state.calls)));
  served.happen(IDLE);
  await eventually(() => (device.state.calls?.length === 0 ? undefined : 'still a call'));
  const dialled = await device.execute({ do: 'dial', address: '123', protocol: 'auto', kbps: 256 });
  t.equal(dialled.outcome, 'rejected');
  t.match(dialled.because, /Unknown command/);
  t.match(await device.execute({ do: 'dial', address: '"', protocol: 'auto', kbps: null }), {
    outcome: 'rejected',
    because: /nothing to dial/,
  });
  t.match(await device.execute({ do: 'micMute', on: true }), { outcome: 'rejected', because: /cannot do micMute/ });
});

t.test('a late result of a dial is no answer to the hang-up that followed it', async (t) => {
  const answers = [`${DIALLED}\r\n*r Result (status=OK): /\r\n*r/end\r\n\r\nOK\r\n`, DIALLED];
  const late = (command: string): string | undefined => (command === 'xcommand disconnect' ? answers.shift() : undefined);
  const { device } = await deviceRig(t, { ...xacli, simulator: () => scripted(rest(late)) });
  t.equal((await device.execute({ do: 'hangup', call: null })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'hangup', call: null })).outcome, 'unknown', 'only the result of a dial came');
});

t.test('a codec that forgot what to tell is asked for it again, though the line never broke', async (t) => {
  let registered = false;
  let times = 0;
  const forgetful = (command: string): string | undefined => {
    if (command === 'xfeedback register status/call') {
      registered = true;
      times++;
    }
    if (command === 'xfeedback list') return registered ? undefined : '\r\nOK\r\n';
    return undefined;
  };
  const manners = { ...xacli.manners, pollMs: 100 };
  await deviceRig(t, { ...xacli, manners, simulator: () => scripted(rest(forgetful)) });
  t.equal(times, 1);
  registered = false;
  await eventually(() => (times === 2 ? undefined : `registered ${times} times`));
});

t.test('where it asks for a login it gets one, and a wrong one is said', async (t) => {
  const guarded = (): Simulator => {
    let asks: 'name' | 'password' | null = 'name';
    return scripted((command) => {
      if (asks === 'name') {
        asks = 'password';
        return 'Password: ';
      }
      if (asks === 'password') {
        asks = command === 'secret' ? null : 'name';
        return asks === null ? '\r\nWelcome\r\n' : '\r\nLogin incorrect\r\nlogin: ';
      }
      return rest()(command);
    }, 'login: ');
  };
  const settings = { username: 'admin', password: 'secret' };
  const { device, told } = await deviceRig(t, { ...xacli, simulator: guarded }, { settings });
  t.equal(device.standing.link, 'ok');
  t.equal(told().toString('latin1').split('secret\r').length, 2, 'the password was said once, whether its prompt was seen or lost');
  const wrong = await deviceRig(t, { ...xacli, simulator: guarded }, { settings: { ...settings, password: 'wrong' }, begin: false });
  await eventually(() => (wrong.device.standing.link === 'login-refused' ? undefined : wrong.device.standing.because));
  t.notMatch(wrong.device.standing.because, /wrong/);
});

t.test('a greeting that comes after the first question is not taken for its answer', async (t) => {
  const given: string[] = [];
  const slow = (): Simulator => ({
    ...scripted(() => ''),
    feed(said) {
      const lines = Buffer.from(said).toString('latin1').split('\r').filter(Boolean);
      return lines.flatMap((command) => {
        given.push(command);
        // What was asked is taken for the name.
        if (given.length === 1) return [...now('login: '), later(100, 'Password: ')];
        return given.length === 2 ? now('\r\nWelcome\r\n') : now(rest()(command));
      });
    },
  });
  await deviceRig(t, { ...xacli, simulator: slow }, { settings: { username: 'admin', password: 'secret' } });
  t.strictSame(given.slice(0, 3), ['xstatus call', 'secret', 'xstatus call']);
});

t.test('calls with its own simulator, whatever its version says: dialled, answered, hung up at either end', async (t) => {
  for (const model of ['', 'mps', 'echo']) {
    const { device, served, told } = await deviceRig(t, xacli, { simulated: { model } });
    t.match(device.info, { make: 'TANDBERG', model: /MXP/, firmware: /F9/ });
    const is = (state: string | undefined) => () =>
      device.state.calls?.[0]?.state === state ? undefined : JSON.stringify(device.state.calls);
    t.strictSame(device.state.calls, []);
    told();
    t.equal((await device.execute({ do: 'dial', address: '2001', protocol: 'auto', kbps: 800 })).outcome, 'accepted');
    t.match(told().toString('latin1'), /xcommand dial number:2001 callrate:768\r/);
    await eventually(is('connected'));
    t.match(device.state.calls?.[0], { direction: 'out', number: '2001', protocol: 'H323', kbps: 768 });
    t.equal((await device.execute({ do: 'hangup', call: device.state.calls?.[0]?.id ?? null })).outcome, 'accepted');
    await eventually(is(undefined));
    served.happen('incoming 2002');
    await eventually(is('ringing'));
    t.equal((await device.execute({ do: 'answer', call: null })).outcome, 'accepted');
    await eventually(is('connected'));
    served.happen('hang-up');
    await eventually(is(undefined));
    t.match(await device.execute({ do: 'hangup', call: null }), { outcome: 'rejected', because: /No such call/ });
  }
});
