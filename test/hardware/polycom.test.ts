/** The Polycom ASCII API: lines, what they mean, and which bytes each act becomes; against the forms of the maker's references. */
import t from 'tap';
import { callinfoQuestion } from '../../hardware/polycom/callinfo.ts';
import { callinfo, callstate, callstatus, inSetup, withNews, withRinging } from '../../hardware/polycom/calls.ts';
import { introduction, type Line, lines, plain, refusalIn } from '../../hardware/polycom/codec.ts';
import { Echoes } from '../../hardware/polycom/echoes.ts';
import { identityIn, newsIn } from '../../hardware/polycom/news.ts';
import { type Call, unknownState } from '../../protocol/schema/device.ts';
import { framed, fuzzFramer } from '../support/device.ts';

const said = (text: string): Line => ({ text, echo: false });
const echoed = (text: string): Line => ({ text, echo: true });

t.test('lines come with any end; prompts without one; what may be an echo is marked', async (t) => {
  const table: readonly (readonly [string, readonly Line[]])[] = [
    ['mute near on\r\n', [said('mute near on')]],
    ['dialing manual\r\r\n', [said('dialing manual')]],
    ['volume 23\r\nvolume 24\r\n', [said('volume 23'), said('volume 24')]],
    ['mute near on\n\rmute near on\r\n', [echoed('mute near on'), said('mute near on')]],
    ['-> mute near get\r\nmute near off\r\n', [echoed('mute near get'), said('mute near off')]],
    ['-> -> volume 23\r\n', [echoed('volume 23')]],
    ['User:', [said('User:')]],
    ['Password: ', [said('Password:')]],
    ['\xff\xfd\x18\xff\xfb\x01Password:', [said('Password:')]],
    ['-- login failed, retry --\r\nPassword:', [said('-- login failed, retry --'), said('Password:')]],
    ['callinfo be', []],
    ['\r\n\r\n \x00', []],
    ['\x00\x07wake\r\n', [said('wake')]],
    [Buffer.from('Hi, my name is : Phòng họp tỉnh\r\n').toString('latin1'), [said('Hi, my name is : Phòng họp tỉnh')]],
  ];
  for (const [bytes, means] of table) t.strictSame(framed(t, lines, Buffer.from(bytes, 'latin1')), means, JSON.stringify(bytes));
});

t.test('a line without an end is not kept for ever, and nonsense ends', async (t) => {
  const framer = lines();
  t.strictSame(framer.push(Buffer.alloc(2000, 'x')), []);
  t.ok(framer.held <= 512);
  fuzzFramer(t, lines, Buffer.from('notification:callstatus:outgoing:34:Demo:10.0.0.9:connected:384:0:videocall\r\n'), 512);
});

const call = (
  id: string,
  state: Call['state'],
  direction: Call['direction'],
  number: string,
  name = '',
  kbps: number | null = 384,
): Call => ({
  id,
  state,
  direction,
  number,
  name,
  protocol: '',
  kbps,
});

t.test('callinfo is read from the right: names may be empty or missing, numbers may have colons', async (t) => {
  const table: readonly (readonly [string, Call])[] = [
    [
      'callinfo:43:Polycom Group Series Demo:192.168.1.101:384:connected:notmuted:outgoing:videocall',
      call('43', 'connected', 'out', '192.168.1.101', 'Polycom Group Series Demo'),
    ],
    [
      'callinfo:1::1330378709@vc.example.com:384:connected:notmuted:outgoing:videocall',
      call('1', 'connected', 'out', '1330378709@vc.example.com'),
    ],
    ['callinfo:36:192.168.1.102:256:connected:muted:outgoing:videocall', call('36', 'connected', 'out', '192.168.1.102', '', 256)],
    [
      'callinfo:2:Rostov:sip:room@10.1.0.84:5060:512:ringing:notmuted:incoming:videocall',
      call('2', 'ringing', 'in', 'sip:room@10.1.0.84:5060', 'Rostov', 512),
    ],
    [
      'callinfo:2:sip:room@10.1.0.84:512:connected:notmuted:incoming:videocall',
      call('2', 'connected', 'in', 'sip:room@10.1.0.84', '', 512),
    ],
    ['callinfo:3:Demo:2001:db8::1:384:connected:notmuted:outgoing:videocall', call('3', 'connected', 'out', '2001:db8::1', 'Demo')],
    ['callinfo:3::2001:db8::1:384:connected:notmuted:outgoing:videocall', call('3', 'connected', 'out', '2001:db8::1')],
    ['callinfo:4:Demo:10.0.0.9:1720:384:connecting:notmuted:outgoing:videocall', call('4', 'connecting', 'out', '10.0.0.9:1720', 'Demo')],
    ['callinfo:5:Room: A:1234:384:opened:notmuted:outgoing:videocall', call('5', 'dialling', 'out', '1234', 'Room: A')],
    ['callinfo:5:Demo:1234:384:opened:notmuted:incoming:videocall', call('5', 'connecting', 'in', '1234', 'Demo')],
  ];
  for (const [text, means] of table) t.strictSame(callinfo(text), { is: 'call', call: means }, text);
  t.strictSame(callinfo('callinfo:5:Demo:1234:384:disconnected:notmuted:incoming:videocall'), { is: 'gone', id: '5' });
});

t.test('notifications of both kinds are read too', async (t) => {
  const table: readonly (readonly [string, ReturnType<typeof callstatus>])[] = [
    [
      'notification:callstatus:outgoing:34:Demo:10.0.0.9:connected:384:0:videocall',
      { is: 'call', call: call('34', 'connected', 'out', '10.0.0.9', 'Demo') },
    ],
    [
      'notification:callstatus:incoming:35::sip:a@b.vn:ringing:0:0:videocall',
      { is: 'call', call: call('35', 'ringing', 'in', 'sip:a@b.vn', '', 0) },
    ],
    [
      'notification:callstatus:outgoing:34:10.0.0.9:ringing:384:0:videocall',
      { is: 'call', call: call('34', 'ringing', 'out', '10.0.0.9') },
    ],
    ['notification:callstatus:outgoing:34:Demo:10.0.0.9:disconnected:384:0:videocall', { is: 'gone', id: '34' }],
    ['notification:callstatus:outgoing:34:Demo:10.0.0.9:inactive:384:16:videocall', { is: 'gone', id: '34' }],
    ['notification:linestatus:outgoing:10.0.0.9:34:0:0:inactive', null],
  ];
  for (const [text, means] of table) t.strictSame(callstatus(text), means, text);
  const known = [call('34', 'ringing', 'out', '192.168.1.103')];
  const older: readonly (readonly [string, ReturnType<typeof callstate>])[] = [
    ['cs: call[34] chan[0] dialstr[192.168.1.103] state[RINGING]', { is: 'call', call: call('34', 'ringing', 'out', '192.168.1.103') }],
    ['cs: call[34] chan[0] dialstr[192.168.1.103] state[COMPLETE]', { is: 'call', call: call('34', 'connected', 'out', '192.168.1.103') }],
    [
      'cs: call[7] speed[512] dialstr[10.0.0.1] state[connected]',
      { is: 'call', call: call('7', 'connected', 'unknown', '10.0.0.1', '', 512) },
    ],
    ['active: call[34] speed [384]', { is: 'call', call: call('34', 'connected', 'out', '192.168.1.103') }],
    ['active: call[34] speed[512]', { is: 'call', call: call('34', 'connected', 'out', '192.168.1.103', '', 512) }],
    ['cs: call[1] inactive', { is: 'gone', id: '1' }],
    ['cleared: call[34]', { is: 'gone', id: '34' }],
    ['ended: call[34]', { is: 'gone', id: '34' }],
    ['cs: call[34] chan[0] dialstr[x] state[EXPLODED]', null],
  ];
  for (const [text, means] of older) t.strictSame(callstate(text, known), means, text);
});

t.test('what is not understood is no call', async (t) => {
  for (const text of [
    'callinfo:1',
    'callinfo:x:Demo:1:384:connected:notmuted:outgoing:videocall',
    'callinfo:1:Demo:1:384:perhaps:notmuted:outgoing:videocall',
    'callinfo:1:Demo:1:fast:connected:notmuted:outgoing:videocall',
    'callinfo:connected:connected',
    'system is busy',
    'connected',
  ]) {
    t.equal(callinfo(text), null, text);
    t.equal(callstatus(text), null, text);
    t.equal(callstate(text, []), null, text);
    t.equal(newsIn(text, unknownState), null, text);
  }
});

t.test('a block of calls is one answer; an empty or unreadable one says nothing', async (t) => {
  const good = 'callinfo:1::a@b:384:connected:notmuted:outgoing:videocall';
  const table: readonly (readonly [string, readonly string[], readonly Call[] | null])[] = [
    ['idle', ['system is not in a call'], []],
    ['one call', ['callinfo begin', good, 'callinfo end'], [call('1', 'connected', 'out', 'a@b')]],
    ['news inside', ['callinfo begin', 'volume 20', good, 'callinfo end'], [call('1', 'connected', 'out', 'a@b')]],
    ['a begin that came twice', ['callinfo begin', good, 'callinfo begin', good, 'callinfo end'], [call('1', 'connected', 'out', 'a@b')]],
    ['empty', ['callinfo begin', 'callinfo end'], null],
    ['unreadable', ['callinfo begin', good, 'callinfo:#~', 'callinfo end'], null],
    ['the end of another one', ['callinfo end'], null],
  ];
  for (const [name, block, means] of table) {
    const { match } = callinfoQuestion();
    const answers = block.map((text) => match(text));
    t.strictSame(answers.at(-1), { is: 'answer', value: means }, name);
    t.notOk(
      answers.slice(0, -1).some((each) => each?.is === 'answer'),
      `${name}: not before its end`,
    );
  }
});

t.test('calls follow the news; one that rings without a name is replaced by the one that has it', async (t) => {
  const rings = withRinging([]);
  t.match(rings, [{ state: 'ringing', direction: 'in' }]);
  t.strictSame(withRinging(rings), rings, 'it rings again and again');
  const named = withNews(rings, { is: 'call', call: call('35', 'ringing', 'in', '2001') });
  t.strictSame(named, [call('35', 'ringing', 'in', '2001')]);
  t.ok(inSetup(named));
  const both = withNews(withNews(named, { is: 'call', call: call('35', 'connected', 'in', '2001') }), {
    is: 'call',
    call: call('36', 'connected', 'out', 'x'),
  });
  t.notOk(inSetup(both));
  t.strictSame(withNews(both, { is: 'gone', id: '35' }), [call('36', 'connected', 'out', 'x')]);
});

t.test('news becomes state', async (t) => {
  const table: readonly (readonly [string, object])[] = [
    ['mute near on', { micMuted: true }],
    ['mute near off', { micMuted: false }],
    ['notification:mutestatus:near:near:near:near:muted', { micMuted: true }],
    ['notification:mutestatus:near:near:near:near:notmuted', { micMuted: false }],
    ['volume 25', { volume: 0.5 }],
    ['Control event: vcbutton play', { presentation: 'sending' }],
    ['vcbutton play', { presentation: 'sending' }],
    ['vcbutton get stop', { presentation: 'off' }],
    ['Control event: vcbutton farplay', { presentation: 'receiving' }],
    ['Control event: vcbutton farstop', { presentation: 'off' }],
    ['listen going to sleep', { power: 'off' }],
    ['listen waking up', { power: 'on' }],
    ['camera near 2', { input: '2' }],
    ['camera near source -1', { input: null }],
    ['notification:vidsourcechange:near:1:Main:people', { input: '1' }],
    ['autoanswer donotdisturb', { dnd: true }],
    ['autoanswer yes', { dnd: false }],
  ];
  for (const [text, patch] of table) t.strictSame(newsIn(text, unknownState), patch, text);
  for (const none of [
    'notification:mutestatus:far:5:Rostov:10.1.0.84:muted',
    'mute far on',
    'mute near',
    'volume 51',
    'volume registered',
    'Control event: vcbutton source 2',
    'notification:vidsourcechange:near:4:PC:content',
    'notification:sysstatus:x',
  ])
    t.equal(newsIn(none, unknownState), null, none);
});

t.test('the introduction is known by how its lines begin, and tells who it is', async (t) => {
  for (const text of [
    'Hi, my name is : Room',
    'Here is what I know about myself:',
    'SNTP Time Service: auto',
    'Local Time is: Mon, 23 Nov',
    'MP Enabled: true',
    'Total Time In Calls: 1:02:03',
  ])
    t.ok(introduction(text), text);
  for (const text of [
    'Control event: vcbutton play',
    'notification:callstatus:x',
    'callinfo:1',
    'error: x',
    'volume 3',
    '1 Hour, 10 Minutes',
  ])
    t.equal(introduction(text), null, text);
  t.strictSame(identityIn('Model: RealPresence Group 500'), { make: 'Polycom', model: 'RealPresence Group 500' });
  t.strictSame(identityIn('Serial Number: 8213'), { make: 'Polycom', serial: '8213' });
  t.strictSame(identityIn('Software Version: Release - 6.2'), { make: 'Polycom', firmware: 'Release - 6.2' });
  t.strictSame(identityIn('systemsetting model "RealPresence Group 700"'), { model: 'RealPresence Group 700' });
});

t.test('a refusal is told from news and from answers', async (t) => {
  for (const text of [
    'error: this command is not supported on this model',
    'info: IP line (SIP) not enabled.',
    'command is not available in current system configuration',
    'answer incoming video call failed',
    'vcbutton play failed',
  ])
    t.equal(refusalIn(text), text);
  for (const text of ['mute near on', 'notification:callstatus:outgoing:1:all failed:failed', 'callinfo:1:failed', 'hanging up all'])
    t.equal(refusalIn(text), null, text);
});

t.test('an echo is no answer; a reply behind a prompt is one', async (t) => {
  const echoes = new Echoes();
  const hears = (line: Line): boolean => {
    echoes.learn(line);
    return echoes.is(line);
  };
  for (const command of ['mute near get', 'mute near on']) echoes.sent(command);
  t.ok(hears(echoed('mute near get')));
  t.ok(hears(echoed('mute near on')), 'an exchange or two late');
  t.notOk(hears(said('mute near on')), 'the confirmation');
  t.notOk(hears(echoed('mute near off')), 'never sent: a reply');
  const prompts = new Echoes();
  prompts.sent('volume get');
  prompts.sent('mute near on');
  prompts.learn(echoed('volume 23'));
  t.notOk(prompts.is(echoed('mute near on')), 'this session prints prompts before replies and echoes nothing');
});

t.test('what people type cannot end its quotes nor begin another command', async (t) => {
  t.equal(plain('10.0.0.9"\r\nreboot now\r'), '10.0.0.9reboot now');
  t.equal(plain('phòng\u0085họp\u2028'), 'phònghọp');
});
