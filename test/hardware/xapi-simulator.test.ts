/** The simulated Cisco/TANDBERG codec says what real ones say, byte for byte where the guides and field traces show it. */
import t from 'tap';
import { type DriverSettings, plainSettings } from '../../hardware/wire/driver.ts';
import type { Said, Simulator } from '../../hardware/wire/simulator.ts';
import { simulateXapi } from '../../hardware/xapi/simulator.ts';

const text = (said: readonly Said[]): string =>
  said
    .toSorted((a, b) => a.afterMs - b.afterMs)
    .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
    .join('');
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('');
const tell = (simulator: Simulator, line: string): string => text(simulator.feed(Buffer.from(`${line}\r`, 'latin1')));

/** Without login and echo, with feedback of everything a driver wants. */
function quiet(model: string, more: Partial<DriverSettings> = {}): Simulator {
  const simulator = simulateXapi({ ...plainSettings, model, ...more });
  tell(simulator, 'echo off');
  for (const path of ['/Status/Call', '/Status/Audio', '/Status/Standby', '/Status/Conference/Presentation', '/Event'])
    tell(simulator, `xFeedback register ${path}`);
  return simulator;
}

t.test('a password is asked for with prompts that have no end of line; a wrong one brings the prompt again', async (t) => {
  const simulator = simulateXapi({ ...plainSettings, password: 'secret' });
  t.equal(text(simulator.opened()), '\r\nlogin: ');
  t.equal(tell(simulator, ''), '\r\nlogin: ', 'a bare return asks for the prompt');
  t.equal(tell(simulator, 'admin'), 'admin\r\nPassword: ');
  t.equal(tell(simulator, 'wrong'), '\r\nLogin incorrect\r\n\r\nlogin: ');
  t.notOk(simulator.facts.loggedIn);
  tell(simulator, 'admin');
  const greeting = tell(simulator, 'secret');
  t.match(greeting, /Welcome to .*\r\nCisco Codec Release .*\r\nSW Release Date: .*\r\n\*r Login successful\r\n\r\nOK\r\n/);
  t.notMatch(greeting, /secret/, 'a password is not echoed');
  t.ok(simulator.facts.loggedIn);
  t.equal(tell(simulator, 'bye'), 'bye\r\n\r\nlogin: ');
  simulator.happen('login-refused');
  tell(simulator, 'admin');
  t.match(tell(simulator, 'secret'), /Login incorrect/);
});

t.test('without a password there is no greeting, and statuses are answered at once', async (t) => {
  const simulator = simulateXapi(plainSettings);
  t.equal(text(simulator.opened()), '');
  t.match(tell(simulator, 'xStatus SystemUnit Uptime'), /\*s SystemUnit Uptime: \d+\r\n\*\* end\r\n\r\nOK\r\n$/);
});

t.test('it echoes until it is told not to', async (t) => {
  const simulator = simulateXapi({ ...plainSettings, model: 'tc7' });
  t.equal(tell(simulator, 'xStatus Call'), lines('xStatus Call', '** end', '', 'OK'));
  t.equal(
    tell(simulator, 'xCommand Audio Microphones Mute'),
    lines('xCommand Audio Microphones Mute', '', 'OK', '*r MicrophonesMuteResult (status=OK):', '** end'),
    'as a field trace has it',
  );
  t.equal(tell(simulator, 'echo off'), lines('echo off', '', 'OK'));
  t.equal(tell(simulator, 'xStatus Call'), lines('** end', '', 'OK'));
  t.ok(tell(simulateXapi(plainSettings), 'echo off').includes('\x1b[?1034h'), 'CE sends terminal noise first');
});

t.test('CR, LF and both are one end of a line, in whatever pieces they come', async (t) => {
  for (const end of ['\r', '\n', '\r\n']) {
    const simulator = quiet('ce9');
    const whole = text(simulator.feed(Buffer.from(`xStatus Call${end}xStatus Standby${end}`)));
    t.equal(whole, lines('** end', '', 'OK', '*s Standby State: Off', '** end', '', 'OK'), JSON.stringify(end));
  }
  const simulator = quiet('ce9');
  const pieces = Array.from('xStatus Standby\r\n', (char) => text(simulator.feed(Buffer.from(char)))).join('');
  t.equal(pieces, lines('*s Standby State: Off', '** end', '', 'OK'));
  simulator.feed(Buffer.alloc(1_000_000, 'x'));
  t.match(tell(simulator, ''), /Command not recognized/, 'a line without an end is bounded');
});

t.test('TC and CE write results, events and ends of calls each in their own way', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    [
      'tc7',
      'xCommand Dial Number: "2001@example.com"',
      lines('', 'OK', '*r DialResult (status=OK):', '  CallId: 1', '  ConferenceId: 1', '** end'),
    ],
    [
      'ce9',
      'xCommand Dial Number: "2001@example.com"',
      lines('', 'OK', '*r DialResult (status=OK):', '*r DialResult CallId: 1', '*r DialResult ConferenceId: 1', '** end'),
    ],
    ['tc7', 'xCommand Preset Activate PresetId: 3', lines('', 'OK', '*r PresetActivateResult (status=OK)', '** end')],
    ['ce9', 'xCommand Camera Preset Activate PresetId: 3', lines('', 'OK', '*r CameraPresetActivateResult (status=OK):', '** end')],
    ['ce9', 'xCommand Preset Activate PresetId: 3', lines('Command not recognized.')],
    ['tc7', 'xCommand Audio Volume Set Level: 50', lines('', 'OK', '*r VolumeSetResult (status=OK):', '** end')],
    ['ce9', 'xCommand Audio Volume Set Level: 50', lines('', 'OK', '*r AudioVolumeSetResult (status=OK):', '** end')],
    [
      'ce9',
      'xCommand Audio Volume Set Level: 500',
      lines(
        '',
        'OK',
        '*r AudioVolumeSetResult (status=ParameterError):',
        '*r AudioVolumeSetResult Reason: "Missing or invalid parameter(s): Level"',
        '** end',
      ),
    ],
    ['tc5', 'xCommand Standby Deactivate', lines('', 'OK', '*r StandbyDeactivateResult (status=OK):', '*r/end', 'OK')],
    [
      'ce9',
      'xCommand Call Accept CallId: 9',
      lines('', 'OK', '*r CallAcceptResult (status=Error):', '*r CallAcceptResult Reason: "No such call"', '** end'),
    ],
    [
      'ce9',
      'xcommand STANDBY deactivate | resultId="a7"',
      lines('', 'OK', '*r StandbyDeactivateResult (status=OK):', '** resultId: "a7"', '** end'),
    ],
    ['ce9', 'xStatus Standby | resultId="q1"', lines('*s Standby State: Off', '** resultId: "q1"', '** end', '', 'OK')],
    ['tc7', 'xStatus Standby | resultId="q1"', lines('*s Standby Active: Off', '** end', '', 'OK')],
    ['ce9', 'xConfiguration SerialPort LoginRequired', lines('*c xConfiguration SerialPort LoginRequired: Off', '** end', '', 'OK')],
    ['ce9', 'xConfiguration SerialPort Mode: On', lines('** end', 'OK')],
    ['ce9', 'xPreferences outputmode terminal', lines('** end', 'OK')],
    [
      'ce9',
      'xCommand Peripherals HeartBeat ID: "agent1" Timeout: 35',
      lines(
        '',
        'OK',
        '*r PeripheralsHeartBeatResult (status=Error):',
        '*r PeripheralsHeartBeatResult Reason: "No such peripheral"',
        '** end',
      ),
    ],
    ['ce9', 'xCommand Make Coffee', lines('Command not recognized.')],
    ['ce9', 'nonsense', lines('Command not recognized.')],
    ['ce9', 'xCommand Dial Number: "2001', lines('Command not recognized.')],
  ];
  for (const [model, command, answer] of table) {
    const simulator = simulateXapi({ ...plainSettings, model });
    tell(simulator, 'echo off');
    t.equal(tell(simulator, command), answer, `${model}: ${command}`);
  }
});

t.test('a call dials, rings, connects and goes, told to who has registered', async (t) => {
  const simulator = quiet('tc7');
  const told = tell(simulator, 'xCommand Dial Number: "2001@example.com" CallRate: 768');
  const order = [
    '*r DialResult (status=OK):',
    '*e OutgoingCallIndication CallId: 1',
    '*s Call 1 Status: Dialling',
    '*s Call 1 RemoteNumber: "2001@example.com"',
    '*s Call 1 Status: Ringing',
    '*s Call 1 Status: Connected',
    '*e CallSuccessful CallId: 1 Protocol: "sip" Direction: "outgoing" CallRate: 768 RemoteURI: "sip:2001@example.com" EncryptionIn: "Off" EncryptionOut: "Off"',
  ].map((line) => told.indexOf(`${line}\r\n`));
  t.strictSame(
    order,
    order.toSorted((a, b) => a - b),
  );
  t.notOk(order.includes(-1), told);
  t.match(told, /Connected\r\n\*\* end\r\n\*e/, 'feedback ends without an OK');
  t.match(tell(simulator, 'xStatus Call'), /\*s Call 1 Encryption Type: "Aes-128"\r\n/, 'keys may have two words');
  const ended = tell(simulator, 'xCommand Call Disconnect CallId: 1');
  t.match(
    ended,
    /DisconnectCallResult \(status=OK\):[\s\S]*Status: Disconnecting[\s\S]*CauseType: LocalDisconnect[\s\S]*\*s Call 1 \(ghost=True\)\r\n\*\* end\r\n$/,
  );
  t.match(tell(quiet('ce9'), 'xCommand Call Disconnect'), /status=Error/);
  const ce = quiet('ce9');
  tell(ce, 'xCommand Dial Number: 2001');
  t.match(
    tell(ce, 'xCommand Call Disconnect'),
    /\*e CallDisconnect CallId: 1\r\n\*e CallDisconnect CauseValue: 0\r\n[\s\S]*\*s Call 1 \(ghost=True\):\r\n/,
  );
});

t.test('whatever order things happen in, the last word about a call is true', async (t) => {
  const simulator = quiet('ce9');
  const command = (line: string) => simulator.feed(Buffer.from(`${line}\r`));
  const all = [...command('xCommand Dial Number: 2001'), ...command('xCommand Call Disconnect CallId: 1')];
  t.match(text(all), /\(ghost=True\):\r\n\*\* end\r\n$/);
  t.strictSame(simulator.facts.calls, []);
});

t.test('far ends may ring for ever, be busy, call and leave', async (t) => {
  const simulator = quiet('ce9');
  simulator.happen('far end rings');
  tell(simulator, 'xCommand Dial Number: 2001');
  t.match(simulator.facts.calls, [{ status: 'Ringing', incoming: false }]);
  t.match(text(simulator.happen('answer')), /\*s Call 1 Status: Connected/);
  t.match(text(simulator.happen('hang-up')), /CauseType: RemoteDisconnect/);
  simulator.happen('far end busy');
  t.match(tell(simulator, 'xCommand Dial Number: 2003'), /CauseType: RemoteBusy[\s\S]*ghost/);
  t.strictSame(simulator.facts.calls, []);
  t.match(text(simulator.happen('incoming 0912')), /\*s Call 3 Status: Ringing[\s\S]*\*e IncomingCallIndication RemoteURI: "sip:0912"/);
  t.match(tell(simulator, 'xCommand Call Accept CallId: 3'), /CallAcceptResult \(status=OK\):[\s\S]*\*s Call 3 Status: Connected/);
  t.match(tell(simulator, 'xCommand Call Hold CallId: 3'), /\*s Call 3 Status: OnHold/);
  t.match(tell(simulator, 'xCommand Call Resume CallId: 3'), /\*s Call 3 Status: Connected/);
  t.match(tell(simulator, 'xCommand Call DTMFSend CallId: 3 DTMFString: "1#"'), /CallDTMFSendResult \(status=OK\)/);
  tell(simulator, 'xCommand Conference DoNotDisturb Activate');
  t.equal(text(simulator.happen('incoming 2005')), '', 'not to be disturbed');
  t.throws(() => simulator.happen('earthquake'), /a codec knows: incoming, .*not earthquake/);
});

t.test('feedback belongs to a session and to what was registered', async (t) => {
  const simulator = quiet('ce9', { password: 'x' });
  t.notOk(simulator.facts.loggedIn);
  t.equal(text(simulator.happen('front-panel mute')), '', 'nobody is told before a login');
  const open = quiet('ce9');
  t.equal(text(open.happen('front-panel mute')), lines('*s Audio Microphones Mute: On', '** end'));
  t.equal(text(open.happen('front-panel mute')), '', 'what is so already is no news');
  t.equal(text(open.happen('front-panel volume 70')), lines('*s Audio Volume: 70', '** end'));
  t.match(tell(open, 'xCommand Standby Activate'), /Standby State: EnteringStandby[\s\S]*Standby State: Standby/);
  t.equal(tell(open, 'xFeedback deregister /Status/Audio'), lines('** end', 'OK'));
  t.equal(text(open.happen('front-panel volume 30')), '');
  t.equal(
    tell(open, 'xFeedback list'),
    lines('/Status/Call', '/Status/Standby', '/Status/Conference/Presentation', '/Event', '** end', 'OK'),
  );
  open.closed();
  t.strictSame(open.facts.feedback, [], 'another session begins with none');
  t.ok(open.facts.echo);
});

t.test('a restart speaks at another speed, ends calls and sessions, and asks for the login again', async (t) => {
  const simulator = quiet('ce9');
  tell(simulator, 'xCommand Dial Number: 2001');
  t.match(tell(simulator, 'xCommand SystemUnit Boot Action: Restart'), /BootResult \(status=OK\):/);
  t.match(simulator.facts, { calls: [], restarts: 1, feedback: [], echo: true });
  const locked = simulateXapi({ ...plainSettings, password: 'x' });
  t.match(text(locked.restart()), /\r\nlogin: $/);
});

t.test('presentation, camera, input and layout are remembered and told', async (t) => {
  const simulator = quiet('tc7');
  t.match(tell(simulator, 'xCommand Presentation Start PresentationSource: 2 SendingMode: LocalRemote'), /Mode: Sending/);
  t.match(tell(simulator, 'xCommand Presentation Stop'), /LocalInstance 1 \(ghost=True\)[\s\S]*Mode: Off/);
  tell(simulator, 'xCommand Camera Ramp CameraId: 1 Pan: left PanSpeed: 3');
  t.match(simulator.facts, { moving: true, going: { pan: 'left', tilt: 'stop', zoom: 'stop' } });
  tell(simulator, 'xCommand Camera Ramp CameraId: 1 Pan: stop Tilt: stop Zoom: stop');
  t.match(simulator.facts, { moving: false, going: { pan: 'stop' } });
  t.match(tell(simulator, 'xCommand Camera Ramp CameraId: 1 Pan: upwards'), /ParameterError/);
  tell(simulator, 'xCommand Video Input SetMainVideoSource ConnectorId: 2');
  t.match(tell(simulator, 'xStatus Video Input'), /\*s Video Input MainVideoSource: 2/);
  tell(simulator, 'xCommand Video PictureLayoutSet LayoutFamily: equal');
  t.match(simulator.facts.status, { 'Video Layout LayoutFamily Local': 'equal' });
  tell(simulator, 'xCommand Peripherals Connect ID: "agent1" Name: "Agent" Type: ControlSystem');
  t.match(tell(simulator, 'xCommand Peripherals HeartBeat ID: "agent1" Timeout: 35'), /status=OK/);
});

t.test('quirks can be switched on: bare errors, errors without a reason, feedback inside a result, log noise', async (t) => {
  const simulator = quiet('ce9');
  for (const quirk of ['bare errors', 'errors without reason', 'interleave']) simulator.happen(quirk);
  t.equal(tell(simulator, 'nonsense'), lines('ERROR'));
  t.equal(
    tell(simulator, 'xCommand Call Accept'),
    lines('', 'OK', '*s Audio Volume: 50', '** end', '*r CallAcceptResult (status=Error):', '** end'),
  );
  t.match(text(simulator.happen('log-noise')), /^tshell:/);
  t.equal(text(quiet('ce9', { password: 'x' }).happen('session-lost')), '\r\nlogin: ');
});
