/** The simulated Polycom says what the integrator's manuals and real ones say. */
import t from 'tap';
import { simulatePolycom } from '../../hardware/polycom/simulator.ts';
import { type DriverSettings, plainSettings } from '../../hardware/wire/driver.ts';
import type { Said } from '../../hardware/wire/simulator.ts';

const text = (said: readonly Said[]): string => said.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('');

function simulated(settings: Partial<DriverSettings> = {}) {
  const simulator = simulatePolycom({ ...plainSettings, ...settings });
  return {
    simulator,
    opened: () => text(simulator.opened()),
    ask: (command: string) => text(simulator.feed(Buffer.from(`${command}\r`, 'latin1'))),
    happen: (what: string) => text(simulator.happen(what)),
  };
}

t.test('commands are answered as the manuals have it', async (t) => {
  const { ask } = simulated();
  const table: readonly (readonly [string, string])[] = [
    ['dial addressbook "Nobody"', 'info: no match(s) found\r\n'],
    ['hangup all', 'system is not in a call\r\n'],
    ['callinfo all', 'system is not in a call\r\n'],
    ['answer video', 'answer incoming video call failed\r\n'],
    ['mute near get', 'mute near off\r\n'],
    ['mute near on', 'mute near on\r\n'],
    ['mute near toggle', 'mute near off\r\n'],
    ['mute far get', 'mute far no call connected\r\n'],
    ['volume get', 'volume 23\r\n'],
    ['volume set 50', 'volume 50\r\n'],
    ['volume up', 'volume 50\r\n'],
    ['volume down', 'volume 49\r\n'],
    ['volume set 0', 'volume 0\r\n'],
    ['volume down', 'volume 0\r\n'],
    ['volume set 51', 'error: volume is out of range\r\n'],
    ['videomute near on', 'videomute near on\r\n'],
    ['camera near 2', 'camera near 2\r\n'],
    ['camera near source', 'camera near source 2\r\n'],
    ['camera near tracking on', 'camera near tracking on\r\n'],
    ['camera near move continuous', 'camera near move continuous\r\n'],
    ['preset near set 7', 'preset near set 7\r\n'],
    ['preset near go 7', 'preset near go 7\r\n'],
    ['preset far go 15', 'preset far go 15\r\n'],
    ['vcbutton play 1', 'vcbutton play succeeded\r\n'],
    ['vcbutton source get', 'vcbutton source get 1\r\nvcbutton source get succeeded\r\n'],
    ['vcbutton play 5', 'vcbutton play failed\r\n'],
    ['vcbutton stop', 'vcbutton stop succeeded\r\n'],
    ['vcbutton source get', 'vcbutton source get none\r\nvcbutton source get succeeded\r\n'],
    ['sleep', 'sleep\r\n'],
    ['wake', 'wake\r\n'],
    ['mpmode discussion', 'mpmode discussion\r\n'],
    ['systemsetting get selfview', 'systemsetting selfview On\r\n'],
    ['systemsetting get model', 'systemsetting model "RealPresence Group 500"\r\n'],
    ['uptime get', '1 Hour, 10 Minutes\r\n'],
    ['autoanswer donotdisturb', 'autoanswer donotdisturb\r\n'],
    ['autoanswer get', 'autoanswer donotdisturb\r\n'],
    ['gendial #', 'gendial #\r\n'],
    ['echo #tag 7#', '#tag 7#\r\n'],
    ['make coffee', 'error: this command is not supported on this model\r\n'],
  ];
  for (const [command, want] of table) t.equal(ask(command), want, command);
  t.match(ask('addrbook all'), /^addrbook 0\. "Ha Noi" h323_spd:1024 .*\r\naddrbook 1\. .*\r\naddrbook all done\r\n$/);
  t.match(ask('whoami'), /^Here is what I know about myself:\r\nModel: RealPresence Group 500\r\nSerial Number: \w+\r\n/);
});

t.test('a call goes through its states, and whoever registered is told', async (t) => {
  const { ask, happen, simulator } = simulated();
  t.equal(ask('notify callstatus'), 'notify callstatus success\r\n');
  t.equal(ask('notify mutestatus'), 'notify mutestatus success\r\n');
  t.equal(ask('notify'), 'registered for 2 notifications:callstatus:mutestatus\r\n');
  const call = 'outgoing:34::10.0.0.9';
  t.equal(
    ask('dial manual auto "10.0.0.9" h323'),
    [
      'dialing manual',
      `notification:callstatus:${call}:opened:384:0:videocall`,
      `notification:callstatus:${call}:ringing:384:0:videocall`,
      `notification:callstatus:${call}:connecting:384:0:videocall`,
      `notification:callstatus:${call}:connected:384:0:videocall`,
      '',
    ].join('\r\n'),
  );
  t.equal(ask('mute near on'), 'mute near on\r\nnotification:mutestatus:near:near:near:near:muted\r\n');
  t.equal(ask('callinfo all'), 'callinfo begin\r\ncallinfo:34::10.0.0.9:384:connected:muted:outgoing:videocall\r\ncallinfo end\r\n');
  t.equal(happen('far mute'), 'notification:mutestatus:far:34::10.0.0.9:muted\r\n');
  t.match(ask('getcallstate'), /^cs: call\[34\] speed\[384\] dialstr\[10\.0\.0\.9\] state\[connected\]\r\ncs: call\[1\] inactive\r\n/);
  t.equal(ask('hangup video "99"'), 'error: connection 99 is not active\r\n');
  t.equal(ask('hangup all'), `hanging up all\r\nnotification:callstatus:${call}:disconnected:384:16:videocall\r\n`);
  t.strictSame(simulator.facts.calls, []);
});

t.test('calls come in, are answered, refused or left alone', async (t) => {
  const { ask, happen, simulator } = simulated();
  for (const command of ['listen video', 'notify callstatus']) ask(command);
  t.equal(
    happen('incoming 2001 Da Nang'),
    'listen video ringing\r\nnotification:callstatus:incoming:34:Da Nang:2001:ringing:384:0:videocall\r\n',
  );
  t.match(ask('answer video'), /^answer incoming video call passed\r\n.*:connected:384:0:videocall\r\n$/s);
  t.match(happen('hang-up'), /:disconnected:/);
  ask('autoanswer yes');
  t.match(happen('incoming 2002'), /:connected:/);
  happen('hang-up');
  ask('autoanswer donotdisturb');
  t.match(happen('incoming 2003'), /:disconnected:/);
  t.strictSame(simulator.facts.calls, []);
  happen('far slow');
  t.notMatch(ask('dial manual 384 "user@example.com" sip'), /:connected:/);
  t.match(happen('far busy'), /:disconnected:/);
  ask('dial auto 10.0.0.9');
  t.match(happen('far answers'), /:connected:/);
  t.throws(() => simulator.happen('an earthquake'), /incoming/);
});

t.test('what it refuses it says with info', async (t) => {
  const { ask, happen } = simulated();
  happen('sip off');
  t.equal(ask('dial manual 384 "user@example.com" sip'), 'info: IP line (SIP) not enabled.\r\n');
  t.equal(ask('dial phone sip "1234"'), 'info: IP line (SIP) not enabled.\r\n');
  happen('sip on');
  t.equal(ask('dial phone sip "1234"'), 'dialing voice_sip\r\n');
});

t.test('registrations outlive the session and the device, and are not taken twice', async (t) => {
  const { ask, happen, simulator } = simulated();
  for (const [topic, event, said] of [
    ['mute', 'front-panel mute', 'mute near on\r\n'],
    ['volume', 'front-panel volume 30', 'volume 30\r\n'],
    ['vcbutton', 'far presentation', 'Control event: vcbutton farplay\r\n'],
    ['sleep', 'front-panel sleep', 'listen going to sleep\r\n'],
  ] as const) {
    t.equal(ask(`${topic} register`), `${topic} registered\r\n`);
    t.equal(ask(`${topic} register`), `info: event/notification already active:${topic}\r\n`);
    t.equal(happen(event), said);
  }
  ask('notify callstatus');
  t.equal(ask('notify callstatus'), 'info: event/notification already active:callstatus\r\n');
  simulator.closed();
  simulator.restart();
  t.equal(ask('mute register'), 'info: event/notification already active:mute\r\n');
  t.equal(ask('mute unregister'), 'mute unregistered\r\n');
  t.equal(happen('front-panel mute'), '');
  t.equal(ask('nonotify callstatus'), 'nonotify callstatus success\r\n');
});

t.test('a camera that is told to move says nothing and moves until it is told to stop', async (t) => {
  const { ask, simulator } = simulated();
  for (const way of ['left', 'right', 'up', 'down', 'zoom+', 'zoom-']) {
    t.equal(ask(`camera near move ${way}`), '');
    t.match(simulator.facts, { moving: true, towards: way });
  }
  simulator.closed();
  t.match(simulator.facts, { moving: true, towards: 'zoom-' }, 'also when nobody is there any more');
  t.equal(ask('camera near move stop'), '');
  t.match(simulator.facts, { moving: false, towards: null });
  t.equal(ask('camera near setposition "-100" "20" "3"'), 'camera near setposition "-100" "20" "3"\r\n');
  t.equal(ask('camera near getposition'), 'camera near position -100 20 3\r\n');
});

t.test('with a password it prompts without a line end, greets, and introduces itself', async (t) => {
  const { opened, ask, happen } = simulated({ password: 'secret' });
  t.equal(opened(), 'Password:');
  t.equal(ask('mute near on'), '\r\n-- login failed, retry --\r\nPassword:');
  t.match(ask('secret'), /^Hi, my name is : Phong hop 1\r\nHere is what I know about myself:\r\nModel: /);
  t.equal(ask('mute near get'), 'mute near off\r\n');
  t.equal(ask('exit'), 'Password:');
  t.equal(happen('login-refused'), 'Password:');
  t.match(ask('secret'), /login failed/);
  happen('login-accepted');
  t.match(ask('secret'), /^Hi/);
  t.equal(happen('session lost'), 'Password:');
  const named = simulated({ username: 'admin', password: 'secret' });
  t.equal(named.opened(), 'User:');
  t.equal(named.ask('admin'), 'Password:');
  t.match(named.ask('secret'), /^Hi/);
});

t.test('an HDX echoes each command with its ends the wrong way round, and has no greeting', async (t) => {
  const { opened, ask } = simulated({ model: 'hdx' });
  t.equal(opened(), '');
  t.equal(ask('mute near on'), 'mute near on\n\rmute near on\r\n');
  t.equal(ask('nonsense'), 'nonsense\n\rerror: this command is not supported on this model\r\n');
  ask('dial manual auto "10.0.0.9"');
  t.equal(ask('hangup all'), 'hangup all\n\rhanging up video\r\n');
  t.equal(ask('systemsetting get model'), 'systemsetting get model\n\rsystemsetting model "HDX 8000 HD"\r\n');
});

t.test('the odd ways of real ones can be had by name', async (t) => {
  const late = simulated({ model: 'group late-echo' });
  t.equal(late.ask('mute near on'), 'mute near on\r\n');
  t.equal(late.ask('volume get'), '-> mute near on\r\nvolume 23\r\n');

  const greeting = simulated({ model: 'group late-greeting' });
  t.equal(greeting.opened(), '');
  greeting.ask('');
  t.match(greeting.ask('vcbutton source get'), /^vcbutton source get none\r\nHi, my name is .*\r\nHere is what .*succeeded\r\n$/s);
  t.equal(greeting.ask('volume get'), 'volume 23\r\n');

  const empty = simulated();
  empty.ask('dial addressbook "Ha Noi"');
  empty.happen('empty callinfo');
  t.equal(empty.ask('callinfo all'), 'callinfo begin\r\ncallinfo end\r\n');
  t.match(empty.ask('callinfo all'), 'callinfo:34:Ha Noi:10.1.0.10:1024:connected:notmuted:outgoing:videocall');
  empty.happen('late mute');
  t.equal(empty.ask('mute near on'), '');
  t.equal(empty.ask('volume get'), 'mute near on\r\nvolume 23\r\n');

  for (const [model, want] of [
    ['name-empty', 'callinfo:34::10.1.0.10:1024:'],
    ['name-missing', 'callinfo:34:10.1.0.10:1024:'],
  ] as const) {
    const { ask } = simulated({ model });
    ask('dial addressbook "Ha Noi"');
    t.match(ask('callinfo all'), want);
  }
  t.equal(simulated({ model: 'dial-address' }).ask('dial manual auto "10.0.0.9" h323'), 'dialing manual "10.0.0.9"\r\n');
  t.equal(simulated({ model: 'crcrlf' }).ask('volume get'), 'volume 23\r\r\n');
  const bare = simulated({ model: 'bare-vcbutton' });
  bare.ask('vcbutton register');
  t.equal(bare.ask('vcbutton play 2'), 'vcbutton play succeeded\r\nvcbutton source 2\r\nvcbutton play\r\n');
});

t.test('a hang-up may take 15 s to be reported', async (t) => {
  const { ask, simulator } = simulated({ model: 'slow-hangup' });
  ask('notify callstatus');
  ask('dial manual auto "10.0.0.9"');
  const said = simulator.feed(Buffer.from('hangup all\r'));
  t.strictSame(
    said.map(({ afterMs }) => afterMs),
    [15_000, 15_000],
  );
  t.match(text(said), /^hanging up all\r\nnotification:callstatus:.*:disconnected:/);
  t.equal(simulated({ model: 'slow-hangup=300' }).ask('volume get'), 'volume 23\r\n');
});

t.test('both ways to hear of calls have their own words; only one should be used', async (t) => {
  const { ask, happen } = simulated();
  t.equal(ask('callstate register'), 'callstate registered\r\n');
  t.equal(
    ask('dial manual auto "10.0.0.9"'),
    [
      'dialing manual',
      ...['ALLOCATED', 'RINGING', 'BONDING', 'CONNECTED'].map((state) => `cs: call[34] chan[0] dialstr[10.0.0.9] state[${state}]`),
    ]
      .concat('active: call[34] speed [384]', '')
      .join('\r\n'),
  );
  t.equal(happen('hang-up'), 'cs: call[34] chan[0] dialstr[10.0.0.9] state[COMPLETE]\r\ncleared: call[34]\r\nended: call[34]\r\n');
  ask('notify linestatus');
  ask('dial manual auto "10.0.0.9"');
  t.match(happen('hang-up'), 'notification:linestatus:outgoing:10.0.0.9:35:0:0:inactive\r\n');
});

t.test('a restart ends calls and session; CR LF is as good as CR; what never ends is not kept', async (t) => {
  const { ask, simulator } = simulated({ password: 'secret' });
  ask('secret');
  ask('dial manual auto "10.0.0.9"');
  t.equal(text(simulator.restart()), 'Password:');
  t.strictSame(simulator.facts.calls, []);
  t.equal(simulator.facts.session, 'password');
  t.equal(text(simulator.feed(Buffer.from('secret\r\nvolume get\r\n'))).slice(-11), 'volume 23\r\n');
  t.equal(text(simulator.feed(Buffer.from('x'.repeat(5000)))), '');
  t.match(ask(''), /^error/);
  t.equal(ask('reboot now'), 'Password:');
});
