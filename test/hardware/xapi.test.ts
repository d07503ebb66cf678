/** The driver of Cisco and TANDBERG codecs: what it says, what it understands, and that it stays right when the codec does not behave. */
import t from 'tap';
import {
  type Block,
  commandLine,
  commandResult,
  commandWords,
  eventOf,
  fits,
  leaves,
  quoted,
  type XapiMessage,
  xapiFramer,
} from '../../hardware/xapi/codec.ts';
import { type Knowledge, type PlannedAct, steps, turn, zoom } from '../../hardware/xapi/commands.ts';
import { command, feedbackList, rawText, setting, status, tagProbe } from '../../hardware/xapi/questions.ts';
import { Calls, stateOf } from '../../hardware/xapi/status.ts';
import type { Call } from '../../protocol/schema/device.ts';
import { framed, fuzzFramer } from '../support/device.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const lines = (...all: readonly string[]): Uint8Array => bytes(all.map((line) => `${line}\r\n`).join(''));
const block = (of: Block['of'], all: readonly string[], tag: string | null = null): Block => ({
  is: 'block',
  of,
  lines: all,
  tag,
  torn: false,
});
const line = (text: string): XapiMessage => ({ is: 'line', text });
const end = '** end';

t.test('what a codec says becomes prompts, blocks and loose lines, in whatever pieces it comes', async (t) => {
  const table: readonly (readonly [string, Uint8Array, readonly XapiMessage[]])[] = [
    ['a prompt has no end', bytes('\r\nlogin: '), [{ is: 'prompt', wants: 'login' }]],
    [
      'both prompts, echo between',
      bytes('login: admin\r\nPassword: '),
      [{ is: 'prompt', wants: 'login' }, line('admin'), { is: 'prompt', wants: 'password' }],
    ],
    [
      'greeting',
      lines('', 'Welcome to Phòng họp', 'Cisco Codec Release TC7.3.3.c84180a', '*r Login successful', '', 'OK'),
      [line('Welcome to Phòng họp'), line('Cisco Codec Release TC7.3.3.c84180a'), line('*r Login successful'), line('OK')],
    ],
    ['escape noise', bytes('\x1b[?1034hOK\r\n'), [line('OK')]],
    ['telnet options', Uint8Array.of(0xff, 0xfd, 0x18, 0xff, 0xfb, 0x01, ...bytes('login: ')), [{ is: 'prompt', wants: 'login' }]],
    ['speed garbage', Uint8Array.of(0x00, 0x1c, 0x0d, 0x0a, ...lines('OK')), [line('OK')]],
    ['status', lines('*s Audio Volume: 50', end, '', 'OK'), [block('s', ['*s Audio Volume: 50']), line('OK')]],
    ['nothing to tell', lines(end, '', 'OK'), [block(null, []), line('OK')]],
    [
      'configuration',
      lines('*c xConfiguration SerialPort Mode: On', end, 'OK'),
      [block('c', ['*c xConfiguration SerialPort Mode: On']), line('OK')],
    ],
    [
      'TC result',
      lines('OK', '*r DialResult (status=OK):', '  CallId: 2', '  ConferenceId: 1', end),
      [line('OK'), block('r', ['*r DialResult (status=OK):', 'CallId: 2', 'ConferenceId: 1'])],
    ],
    [
      'CE result',
      lines('OK', '*r CallHistoryGetResult (status=OK):', '*r CallHistoryGetResult Entry 0 CallHistoryId: 73', end),
      [line('OK'), block('r', ['*r CallHistoryGetResult (status=OK):', '*r CallHistoryGetResult Entry 0 CallHistoryId: 73'])],
    ],
    ['TC5 result', lines('*r BootResult (status=OK)', '*r/end', 'OK'), [block('r', ['*r BootResult (status=OK)']), line('OK')]],
    ['tag', lines('*s Audio Volume: 50', '** resultId: "d7"', end), [block('s', ['*s Audio Volume: 50'], 'd7')]],
    ['not known', lines('Command not recognized.', 'ERROR'), [line('Command not recognized.'), line('ERROR')]],
    [
      'news inside a result',
      lines('*r DialResult (status=OK):', '*e OutgoingCallIndication CallId: 2', end, '  CallId: 2', end),
      [block('e', ['*e OutgoingCallIndication CallId: 2']), block('r', ['*r DialResult (status=OK):', 'CallId: 2'])],
    ],
    [
      'an end that was lost spoils one block',
      lines('*s Audio Volume: 50', '*r VolumeSetResult (status=OK):', end, '*s Audio Volume: 60', end),
      [block('r', ['*r VolumeSetResult (status=OK):']), block('s', ['*s Audio Volume: 50', '*s Audio Volume: 60'])],
    ],
    ['log noise inside', lines('*s Audio Volume: 50', 'tshell: late', end), [line('tshell: late'), block('s', ['*s Audio Volume: 50'])]],
    ['a restart inside', bytes('*s Audio Volume: 50\r\n\r\nlogin: '), [{ is: 'prompt', wants: 'login' }]],
    [
      'mixed line ends, glued',
      bytes('\n\r*s Call 2 Status: Connected\r\r\n** end\n** end\r'),
      [block('s', ['*s Call 2 Status: Connected']), block(null, [])],
    ],
    ['truncated', bytes('*s Call 2 Status: Conn'), []],
  ];
  for (const [name, said, means] of table)
    t.strictSame(
      framed(t, () => xapiFramer(), said),
      means,
      name,
    );
});

t.test('a million bytes of nonsense neither stop it nor fill it', async (t) => {
  const make = () => xapiFramer({ line: 120, block: 300 });
  fuzzFramer(t, make, lines('*s Call 2 Status: Connected', end), 420);
  const flooded = make();
  const [torn] = flooded.push(
    lines('*r PhonebookSearchResult (status=OK):', ...Array.from({ length: 50 }, (_, at) => `  Contact ${at}: "somebody"`), end),
  );
  t.match(torn, { is: 'block', torn: true, lines: ['*r PhonebookSearchResult (status=OK):'] });
  t.equal(flooded.held, 0);
});

t.test('values, ghosts, results and events are read in all their shapes', async (t) => {
  const said = [
    '*s Call 2 Encryption Type: "Aes-128"',
    '*s Call 2 CallbackNumber: "sip:a@b"',
    '*s Call 204 (ghost=True):',
    '*s Call 205 (ghost=True)',
    '*s Call 3 DisplayName: ""',
    '*s nonsense',
  ];
  t.strictSame(leaves(block('s', said)), [
    { path: 'Call 2 Encryption Type', value: 'Aes-128' },
    { path: 'Call 2 CallbackNumber', value: 'sip:a@b' },
    { path: 'Call 204', value: null },
    { path: 'Call 205', value: null },
    { path: 'Call 3 DisplayName', value: '' },
  ]);
  const results: readonly (readonly [readonly string[], object | null])[] = [
    [['*r PresetActivateResult (status=OK)'], { name: 'PresetActivate', ok: true }],
    [
      ['*r DialResult (status=Error):', 'Cause: 17', '*r DialResult Description: "busy"'],
      { ok: false, words: 'status=Error; Cause: 17; Description: "busy"' },
    ],
    [['*r Result (status=ParameterError):'], { name: '', ok: false, words: 'status=ParameterError' }],
    [['*r DialResult CallId: 2'], null],
  ];
  for (const [all, means] of results) {
    if (means === null) t.equal(commandResult(block('r', all)), null);
    else t.match(commandResult(block('r', all)), means);
  }
  const tc = ['*e CallDisconnect CallId: 2 CauseValue: 0 CauseString: "" CauseType: LocalDisconnect OrigCallDirection: "outgoing"'];
  const ce = ['*e CallDisconnect CallId: 2', '*e CallDisconnect CauseType: "LocalDisconnect"'];
  for (const all of [tc, ce]) {
    const event = eventOf(block('e', all));
    t.strictSame([event?.name, event?.fields.get('CallId'), event?.fields.get('CauseType')], ['CallDisconnect', '2', 'LocalDisconnect']);
  }
});

t.test('a result is known for a command’s whatever the release calls it', async (t) => {
  const same: readonly (readonly [string, string])[] = [
    ['Audio Microphones Mute', 'MicrophonesMute'],
    ['Audio Microphones Mute', 'AudioMicrophonesMute'],
    ['Audio Volume Set', 'VolumeSet'],
    ['Call Disconnect', 'DisconnectCall'],
    ['Call Disconnect', 'CallDisconnect'],
    ['Call DTMFSend', 'DTMFSend'],
    ['Camera Preset Activate', 'PresetActivate'],
    ['SystemUnit Boot', 'Boot'],
    ['Video Layout LayoutFamily Set', 'LayoutFamilySet'],
    ['Dial', ''],
  ];
  for (const [words, name] of same) t.ok(fits(words.split(' '), name), `${words}: ${name}`);
  const other: readonly (readonly [string, string])[] = [
    ['Audio Microphones Mute', 'MicrophonesUnmute'],
    ['Audio Microphones Unmute', 'MicrophonesMute'],
    ['Audio Volume Mute', 'MicrophonesMute'],
    ['Call Accept', 'CallReject'],
    ['Standby Activate', 'StandbyDeactivate'],
    ['Call Disconnect', 'DisconnectAll'],
  ];
  for (const [words, name] of other) t.notOk(fits(words.split(' '), name), `${words}: not ${name}`);
  t.strictSame(commandWords('xCommand Audio Volume Set Level: 50'), ['Audio', 'Volume', 'Set']);
});

const call = (id: string, change: Partial<Call> = {}): Call => ({
  id,
  state: 'connected',
  direction: 'out',
  number: '2001',
  name: '',
  protocol: 'sip',
  kbps: null,
  ...change,
});
const idle: Knowledge = { calls: [], tc: false };
const busy: Knowledge = { calls: [call('2')], tc: false };

t.test('each act is the command that the reference guide says', async (t) => {
  const table: readonly (readonly [PlannedAct, Knowledge, readonly (readonly string[])[]])[] = [
    [{ do: 'power', on: true }, idle, [['xCommand Standby Deactivate']]],
    [{ do: 'power', on: false }, idle, [['xCommand Standby Activate']]],
    [
      { do: 'dial', address: '2001@example.com', protocol: 'sip', kbps: 768 },
      idle,
      [['xCommand Dial Number: "2001@example.com" Protocol: Sip CallRate: 768']],
    ],
    [{ do: 'dial', address: 'a"\r\nxCommand Boot', protocol: 'auto', kbps: null }, idle, [['xCommand Dial Number: "axCommand Boot"']]],
    [{ do: 'answer', call: '3' }, idle, [['xCommand Call Accept CallId: 3']]],
    [
      { do: 'answer', call: null },
      { ...idle, calls: [call('2'), call('7', { state: 'ringing', direction: 'in' })] },
      [['xCommand Call Accept CallId: 7']],
    ],
    [{ do: 'reject', call: null }, idle, [['xCommand Call Reject']]],
    [{ do: 'hangup', call: '2' }, busy, [['xCommand Call Disconnect CallId: 2']]],
    [
      { do: 'hangup', call: null },
      { ...idle, calls: [call('2'), call('5')] },
      [['xCommand Call Disconnect CallId: 2'], ['xCommand Call Disconnect CallId: 5']],
    ],
    [{ do: 'hangup', call: null }, { calls: null, tc: true }, [['xCommand Call DisconnectAll', 'xCommand Call Disconnect']]],
    [{ do: 'hold', call: null, on: true }, busy, [['xCommand Call Hold CallId: 2']]],
    [{ do: 'hold', call: '2', on: false }, busy, [['xCommand Call Resume CallId: 2']]],
    [
      { do: 'dtmf', call: null, digits: '1#' },
      busy,
      [['xCommand Call DTMFSend CallId: 2 DTMFString: "1#"', 'xCommand DTMFSend CallId: 2 DTMFString: "1#"']],
    ],
    [{ do: 'micMute', on: true }, idle, [['xCommand Audio Microphones Mute']]],
    [{ do: 'micMute', on: false }, idle, [['xCommand Audio Microphones Unmute']]],
    [{ do: 'volume', level: 0.505 }, idle, [['xCommand Audio Volume Set Level: 51']]],
    [{ do: 'speakerMute', on: true }, idle, [['xCommand Audio Volume Mute']]],
    [{ do: 'presetRecall', preset: '3' }, idle, [['xCommand Camera Preset Activate PresetId: 3', 'xCommand Preset Activate PresetId: 3']]],
    [
      { do: 'presetRecall', preset: '3' },
      { ...idle, tc: true },
      [['xCommand Preset Activate PresetId: 3', 'xCommand Camera Preset Activate PresetId: 3']],
    ],
    [{ do: 'presetStore', preset: '3', name: '' }, idle, [['xCommand Camera Preset Store CameraId: 1 PresetId: 3']]],
    [{ do: 'input', input: '2' }, idle, [['xCommand Video Input SetMainVideoSource ConnectorId: 2']]],
    [{ do: 'layout', layout: 'equal' }, idle, [['xCommand Video Layout LayoutFamily Set Target: local LayoutFamily: equal']]],
    [{ do: 'presentation', on: true, source: '2' }, idle, [['xCommand Presentation Start PresentationSource: 2']]],
    [{ do: 'presentation', on: false, source: null }, idle, [['xCommand Presentation Stop']]],
    [{ do: 'dnd', on: true }, idle, [['xCommand Conference DoNotDisturb Activate']]],
    [{ do: 'reboot' }, idle, [['xCommand SystemUnit Boot Action: Restart', 'xCommand Boot']]],
  ];
  for (const [act, know, wants] of table)
    t.strictSame(
      steps(act, know).map(({ tries }) => tries),
      wants,
      JSON.stringify(act),
    );
  t.equal(turn(-1, 0.5), 'xCommand Camera Ramp CameraId: 1 Pan: left PanSpeed: 15 Tilt: up TiltSpeed: 8');
  t.equal(turn(0, 0), 'xCommand Camera Ramp CameraId: 1 Pan: stop Tilt: stop');
  t.equal(zoom(0.01), 'xCommand Camera Ramp CameraId: 1 Zoom: in ZoomSpeed: 1');
  const never: readonly (readonly [PlannedAct, Knowledge, RegExp])[] = [
    [{ do: 'dial', address: 'SIP:2001', protocol: 'auto', kbps: null }, busy, /already in a call with 2001/],
    [{ do: 'answer', call: '3 Reject' }, idle, /not a number/],
    [{ do: 'hold', call: null, on: true }, { ...idle, calls: [call('2'), call('5')] }, /more than one/],
    [{ do: 'layout', layout: 'x y' }, idle, /not one of/],
  ];
  for (const [act, know, because] of never) t.throws(() => steps(act, know), because, JSON.stringify(act));
  t.strictSame(Buffer.from(commandLine('xStatus\rBoot', 'd1')).toString(), 'xStatus Boot | resultId="d1"\r');
  t.equal(quoted('a"b\u0007'), '"ab"');
});

t.test('status becomes state; what is not understood is never a call and never muted', async (t) => {
  const table: readonly (readonly [string, object])[] = [
    ['Standby State: Off', { power: 'on' }],
    ['Standby State: Standby', { power: 'off' }],
    ['Standby State: HalfWake', { power: 'off' }],
    ['Standby State: EnteringStandby', { power: 'cooling' }],
    ['Standby State: Dreaming', { power: 'unknown' }],
    ['Standby Active: On', { power: 'off' }],
    ['Standby Active: Off', { power: 'on' }],
    ['Audio Volume: 50', { volume: 0.5 }],
    ['Audio Volume: 5000', {}],
    ['Audio VolumeMute: On', { speakerMuted: true }],
    ['Audio Microphones Mute: On', { micMuted: true }],
    ['Audio Microphones Mute: Off', { micMuted: false }],
    ['Audio Microphones Mute: O', {}],
    ['Conference DoNotDisturb: Active', { dnd: true }],
    ['Conference Presentation Mode: Sending', { presentation: 'sending' }],
    ['Conference Presentation LocalInstance 1 Source: 2', {}],
    ['Video Input MainVideoSource: 1', { input: '1' }],
    ['Video Layout LayoutFamily Local: Equal', { layout: 'equal' }],
  ];
  for (const [said, means] of table) t.strictSame(stateOf(leaves(block('s', [`*s ${said}`]))), means, said);
  const states: readonly (readonly [string, string])[] = [
    ['Dialling', 'dialling'],
    ['Ringing', 'ringing'],
    ['Connecting', 'connecting'],
    ['EarlyMedia', 'connecting'],
    ['Connected', 'connected'],
    ['OnHold', 'held'],
    ['Disconnecting', 'disconnecting'],
    ['Preserved', 'unknown'],
    ['Connec', 'unknown'],
  ];
  for (const [said, means] of states) {
    const calls = new Calls();
    calls.hear([{ path: 'Call 2 Status', value: said }]);
    t.equal(calls.list()[0]?.state, means, said);
  }
  const calls = new Calls();
  calls.hear(
    leaves(
      block('s', [
        '*s Call 2 Status: Connected',
        '*s Call 2 Direction: Incoming',
        '*s Call 2 RemoteNumber: "2001"',
        '*s Call 2 TransmitCallRate: 768',
      ]),
    ),
  );
  t.strictSame(calls.list(), [{ ...call('2'), direction: 'in', protocol: '', kbps: 768 }]);
  calls.hear([{ path: 'Call 2 Status', value: 'Idle' }]);
  t.strictSame(calls.list(), []);
  calls.hear(Array.from({ length: 40 }, (_, at) => ({ path: `Call ${at} Status`, value: 'Ringing' })));
  t.equal(calls.list().length, 16, 'never more than a report may hold');
  calls.hear([{ path: 'Call 39', value: null }]);
  t.equal(calls.list().length, 15);
});

t.test('an answer is known by what it says', async (t) => {
  const mute = command('micMute', 'xCommand Audio Microphones Mute', null);
  const tagged = command('micMute', 'xCommand Audio Microphones Mute', 'd5');
  const result = (name: string, how: string, tag: string | null = null) => block('r', [`*r ${name}Result (status=${how}):`], tag);
  const done = { is: 'answer', value: { is: 'done' } };
  const no = (known: boolean) => ({ is: 'answer', value: { is: 'no', known } });
  t.match(mute.match(result('MicrophonesMute', 'OK')), done);
  t.match(mute.match(result('MicrophonesMute', 'Error')), no(true));
  t.match(mute.match(result('MicrophonesMute', 'ParameterError')), no(false));
  t.match(mute.match(line('Command not recognized.')), no(false));
  t.match(mute.match(line('ERROR')), no(false));
  t.match(mute.match({ is: 'prompt', wants: 'login' }), { is: 'answer', value: { is: 'lost', at: 'login' } });
  for (const other of [
    result('Dial', 'OK'),
    line('OK'),
    line('xCommand Audio Microphones Mute'),
    block('s', ['*s Audio Microphones Mute: On']),
    block(null, []),
  ])
    t.equal(mute.match(other), null, JSON.stringify(other));
  t.match(tagged.match(result('WhoKnows', 'OK', 'd5')), done, 'the tag decides');
  t.equal(tagged.match(result('MicrophonesMute', 'OK', 'd4')), null, 'a late answer to another');
  const calls = status('Call', 'd6');
  const connected = ['*s Call 2 Status: Connected'];
  t.match(calls.match(block('s', connected, 'd6')), { value: { is: 'done', value: [{ path: 'Call 2 Status', value: 'Connected' }] } });
  t.equal(calls.match(block('s', connected)), null, 'news, not the answer');
  t.match(calls.match(block(null, [])), { value: { is: 'done', value: [] } });
  t.match(status('Call', null).match(block('s', connected)), done);
  t.equal(status('Call', null).match(block('s', ['*s Audio Volume: 5'])), null);
  t.match(status('Call', null).match({ ...block('s', connected), torn: true }), no(true));
  t.match(tagProbe('d0').match(block('s', ['*s SystemUnit Uptime: 5'], 'd0')), { value: { value: true } });
  t.match(tagProbe('d0').match(block('s', ['*s SystemUnit Uptime: 5'])), { value: { value: false } });
  t.match(setting('xFeedback register /Status/Call').match(block(null, [])), done);
  const list = feedbackList();
  t.match(list.match(line('/Status/Call')), { is: 'part' });
  const told = list.match(block(null, []));
  t.ok(told?.is === 'answer' && told.value.is === 'done' && told.value.value.has('/status/call'));
  t.match(rawText('xStatus Audio', null).match(block('s', ['*s Audio Volume: 5'])), done);
  t.equal(rawText('xCommand Boot', null).match(block('s', ['*s Audio Volume: 5'])), null);
});

t.test('a trace of a real codec with its echo on: the result is found among the rest', async (t) => {
  const trace = lines('', 'OK', 'xCommand Audio Microphones Mute', '', 'OK', '*r MicrophonesMuteResult (status=OK):', end);
  const asked = command('micMute', 'xCommand Audio Microphones Mute', null);
  const answers = framed(t, () => xapiFramer(), trace).map((message) => asked.match(message));
  t.strictSame(answers.slice(0, -1), [null, null, null]);
  t.match(answers.at(-1), { is: 'answer', value: { is: 'done' } });
});

t.test('a whole call, as it is told: out, up, down and gone', async (t) => {
  const told = [
    lines('*s Call 2 Status: Dialling', '*s Call 2 Direction: Outgoing', '*s Call 2 RemoteNumber: "2001@example.com"', end),
    lines('*s Call 2 Status: Connected', end),
    lines('*s Call 2 Status: Disconnecting', end),
    lines('*s Call 2 (ghost=True):', end),
  ];
  const calls = new Calls();
  const framer = xapiFramer();
  const seen = told.map((said) => {
    for (const message of framer.push(said)) if (message.is === 'block') calls.hear(leaves(message));
    return calls.list().map(({ state, direction, number }) => `${direction} ${number} ${state}`);
  });
  t.strictSame(seen, [['out 2001@example.com dialling'], ['out 2001@example.com connected'], ['out 2001@example.com disconnecting'], []]);
});
