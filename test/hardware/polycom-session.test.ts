/** Sessions with a Polycom: over a real pty and a real socket with the simulator, and by literal lines where real ones were seen to fail. */
import { setImmediate as breath } from 'node:timers/promises';
import t from 'tap';
import type { Line } from '../../hardware/polycom/codec.ts';
import { polycom } from '../../hardware/polycom/driver.ts';
import { type DriverSettings, plainSettings } from '../../hardware/wire/driver.ts';
import { Exchange, Superseded } from '../../hardware/wire/exchange.ts';
import type { Did, Talk } from '../../hardware/wire/protocol.ts';
import { FaultError } from '../../protocol/fault.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { type DeviceAct, type DeviceInfo, type DeviceState, unknownState } from '../../protocol/schema/device.ts';
import { deviceRig, faultCode } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';

t.jobs = 4;

/** What an idle one answers. */
const IDLE: Readonly<Record<string, string>> = {
  whoami: 'Here is what I know about myself:\r\nModel: HDX 8000\r\nSerial Number: 82\r\n',
  'callinfo all': 'system is not in a call\r\n',
  'mute near get': 'mute near off\r\n',
  'notify callstatus': 'notify callstatus success\r\n',
  'notify mutestatus': 'info: event/notification already active:mutestatus\r\n',
  'notify vidsourcechanges': 'notify vidsourcechanges success\r\n',
  'volume register': 'volume registered\r\n',
  'vcbutton register': 'vcbutton registered\r\n',
  'sleep register': 'sleep registered\r\n',
  'listen video': 'listen video registered\r\n',
  'volume get': 'volume 23\r\n',
  'camera near source': 'camera near source 1\r\n',
  'vcbutton get': 'vcbutton get stop\r\nvcbutton get succeeded\r\n',
  'systemsetting get model': 'systemsetting model "HDX 8000"\r\n',
  'autoanswer get': 'autoanswer no\r\n',
};

/** A session by literal lines: commands are answered from `answers`, time stands still unless somebody waits for it. */
function desk(answers: Readonly<Record<string, string>> = {}, settings: Partial<DriverSettings> = {}) {
  const clock = new ManualClock();
  const protocol = polycom.protocol({ ...plainSettings, ...settings });
  const replies: Record<string, string> = { ...IDLE, ...answers };
  const sent: string[] = [];
  const seen: { state: DeviceState; info: Partial<DeviceInfo> } = { state: unknownState, info: {} };
  const say = (text: string): void => {
    for (const line of protocol.framer.push(Buffer.from(text))) if (!exchange.take(line)) protocol.heard(talk, line);
  };
  const exchange: Exchange<Line> = new Exchange<Line>({
    device: 'codec',
    clock,
    async write(bytes) {
      const command = Buffer.from(bytes).toString().replace(/\r$/, '');
      if (command !== '') sent.push(command);
      const reply = replies[command];
      if (reply !== undefined) queueMicrotask(() => say(reply));
    },
  });
  const talk: Talk<Line> = {
    ask: (question) => exchange.ask(question),
    tell: (patch) => Object.assign(seen, { state: { ...seen.state, ...patch } }),
    inform: (info) => Object.assign(seen, { info: { ...seen.info, ...info } }),
    state: () => seen.state,
    clock,
    log: silentLog(),
  };
  /** Lets time go by until `run` has ended. */
  const through = async <T>(run: Promise<T>): Promise<T> => {
    let over = false;
    const end = () => {
      over = true;
    };
    run.then(end, end);
    for (let turns = 0; !over && turns < 5000; turns++) {
      await breath();
      if (!over) clock.advance(50);
    }
    return run;
  };
  return {
    sent,
    seen,
    replies,
    say,
    through,
    clock,
    /** Until it is of use, and everything that can wait was asked too. */
    async begin() {
      await through(protocol.begin(talk));
      await through(eventually(() => (seen.state.dnd === null ? 'not everything was asked' : undefined)));
    },
    poll: () => through(protocol.poll(talk)),
    act: (act: DeviceAct): Promise<Did> => protocol.act(talk, act),
    halt: () => through(protocol.halt?.(talk) ?? Promise.resolve()),
  };
}

const dial: DeviceAct = { do: 'dial', address: '10.0.0.9', protocol: 'h323', kbps: null };
const mute = (on: boolean): DeviceAct => ({ do: 'micMute', on });

t.test('over a serial line: it learns who it is and everything that is so', async (t) => {
  const { device, simulator } = await deviceRig(t, polycom, { settings: { model: 'group' } });
  t.match(device.info, { make: 'Polycom', model: /RealPresence Group/, firmware: /./, serial: /./ });
  t.match(device.state, { calls: [], micMuted: false });
  await eventually(() => (device.state.dnd === null ? 'not everything was asked' : undefined));
  t.match(device.state, { volume: 0.46, input: '1', presentation: 'off', dnd: false });
  t.equal(simulator.facts.moving, false);
});

t.test('a call is dialled, told, muted and ended; a second one is refused', async (t) => {
  const { device, told } = await deviceRig(t, polycom, { settings: { model: 'group slow-far late-echo' } });
  await eventually(() => (device.state.dnd === null ? 'not everything was asked' : undefined));
  told();
  t.same(await device.execute(dial), { outcome: 'accepted', because: 'the device has taken it' });
  t.match(told().toString(), /dial manual auto "10\.0\.0\.9" h323\r$/);
  await eventually(() => (device.state.calls?.length === 1 ? undefined : 'no call'));
  t.match(await device.execute(dial), { outcome: 'rejected', because: /in a call already/ });
  t.notMatch(told().toString(), /dial/);
  t.match(await device.execute(mute(true)), { outcome: 'completed' });
  t.equal(device.state.micMuted, true);
  t.match(await device.execute({ do: 'hangup', call: null }), { outcome: 'accepted' });
  await eventually(() => (device.state.calls?.length === 0 ? undefined : 'still in the call'));
});

t.test('what happens in the room is told: calls, microphone, volume, sleep, presentation, camera', async (t) => {
  const { device, served } = await deviceRig(t, polycom, { settings: { model: 'g7500' }, reach: 'tcp' });
  await eventually(() => (device.state.dnd === null ? 'not everything was asked' : undefined));
  const shows = (what: string, has: (state: DeviceState) => boolean) => {
    served.happen(what);
    return eventually(() => (has(device.state) ? undefined : `${what}: ${JSON.stringify(device.state)}`));
  };
  await shows('front-panel mute', ({ micMuted }) => micMuted === true);
  await shows('front-panel volume 50', ({ volume }) => volume === 1);
  await shows('front-panel sleep', ({ power }) => power === 'off');
  await shows('front-panel wake', ({ power }) => power === 'on');
  await shows('front-panel presentation 2', ({ presentation }) => presentation === 'sending');
  await shows('front-panel input 3', ({ input }) => input === '3');
  await shows('incoming 2001 Rostov', ({ calls }) => calls?.[0]?.state === 'ringing' && calls.length === 1);
  t.match(await device.execute({ do: 'answer', call: null }), { outcome: 'completed' });
  await eventually(() => (device.state.calls?.[0]?.state === 'connected' ? undefined : 'not answered'));
  t.match(device.state.calls, [{ direction: 'in', number: '2001' }]);
});

t.test('an HDX echoes everything, and its echo is never taken for an answer', async (t) => {
  const { device, simulator } = await deviceRig(t, polycom, { settings: { model: 'hdx' } });
  t.match(device.info, { model: /HDX/ });
  for (const on of [true, false]) {
    t.match(await device.execute(mute(on)), { outcome: 'completed' });
    t.equal(simulator.facts.micMuted, on);
  }
  t.match(await device.execute({ do: 'presetRecall', preset: '7' }), { outcome: 'accepted' });
  t.match(await device.execute({ do: 'volume', level: 0.5 }), { outcome: 'completed' });
  t.equal(simulator.facts.volume, 25);
});

t.test('a camera moves one way at a time until it is stopped', async (t) => {
  const { device, simulator, told } = await deviceRig(t, polycom);
  await eventually(() => (device.state.dnd === null ? 'not everything was asked' : undefined));
  told();
  await device.execute({ do: 'move', pan: -1, tilt: 0.5, zoom: 0, limitMs: 10_000 });
  t.match(simulator.facts, { moving: true, towards: 'left' });
  await device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 1, limitMs: 10_000 });
  await device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 1000 });
  t.equal(simulator.facts.moving, false);
  t.same(
    told().toString().split('\r').filter(Boolean),
    ['left', 'stop', 'zoom+', 'stop'].map((way) => `camera near move ${way}`),
  );
});

t.test('a stop takes the place of a move that waits for its turn', async (t) => {
  const room = desk({ 'volume set 25': '' });
  await room.begin();
  const slow = room.act({ do: 'volume', level: 0.5 });
  const move = room.act({ do: 'move', pan: 1, tilt: 0, zoom: 0, limitMs: 400 });
  const outcome = t.rejects(move, Superseded);
  await breath();
  const halt = room.halt();
  room.say('volume 25\r\n');
  t.equal(await slow, 'completed');
  await halt;
  await outcome;
  t.strictSame(room.sent.slice(-2), ['volume set 25', 'camera near move stop']);
});

t.test('a login is asked for and given; nothing but the password is tried at a prompt', async (t) => {
  const { told } = await deviceRig(t, polycom, { settings: { password: 'secret' }, reach: 'tcp' });
  t.match(told().toString(), /^secret\rcamera near move stop\r/);
});

t.test('a wrong password is tried once, and then there is a long pause', async (t) => {
  const { device, told } = await deviceRig(t, polycom, {
    settings: { password: 'wrong' },
    simulated: { password: 'right' },
    reach: 'tcp',
    begin: false,
  });
  await eventually(() => (device.standing.link === 'login-refused' ? undefined : device.standing.link));
  t.equal(told().toString(), 'wrong\r');
  t.notMatch(device.standing.because, /wrong\b/, 'the password is no secret of the log');
});

t.test('a serial line that stands at its prompts, unseen: the probe costs one try and no more', async (t) => {
  const { device } = await deviceRig(t, polycom, { settings: { username: 'admin', password: 'secret' } });
  t.equal(device.standing.link, 'ok');
});

t.test('"Authentication failed" is a refused login, without a password a wanted one', async (t) => {
  const failed = desk({ secret: 'Authentication failed\r\n' }, { password: 'secret' });
  queueMicrotask(() => failed.say('Password:'));
  t.equal(await faultCode(failed.begin()), 'device.login');
  t.strictSame(failed.sent, ['secret']);
  const wanted = desk({ whoami: '-- login failed, retry --\r\nPassword:' });
  t.equal(await faultCode(wanted.begin()), 'device.login');
});

t.test('nothing is sent to stop a camera before the login is done: it would be a password', async (t) => {
  const early = desk();
  await early.halt();
  t.strictSame(early.sent, []);
  await early.begin();
  t.equal(early.sent[1], 'camera near move stop', 'but first thing after it');
});

t.test('an odd answer to callinfo never means "in a call"', async (t) => {
  for (const odd of ['callinfo begin\r\ncallinfo end\r\n', 'callinfo begin\r\ncallinfo:?\r\ncallinfo end\r\n', 'error: try later\r\n']) {
    const room = desk({ 'callinfo all': odd });
    await room.begin();
    t.equal(room.seen.state.calls, null, odd);
    t.equal(room.sent.filter((command) => command === 'callinfo all').length, 3, 'asked again');
    room.sent.length = 0;
    t.equal(await faultCode(room.through(room.act(dial))), 'conflict', 'who may be in a call does not dial');
    t.notOk(room.sent.includes('dial manual auto "10.0.0.9" h323'));
    room.replies['callinfo all'] = 'system is not in a call\r\n';
    await room.poll();
    t.strictSame(room.seen.state.calls, [], 'nor for hours');
  }
});

t.test('the greeting may come inside a reply', async (t) => {
  const room = desk();
  await room.begin();
  const calls = [
    'callinfo begin',
    'Hi, my name is : Room',
    'Model: G7500',
    'callinfo:1::a@b:384:connected:notmuted:outgoing:videocall',
    'IP Video Number: 1.2.3.4',
    'callinfo end',
  ];
  room.replies['callinfo all'] = `${calls.join('\r\n')}\r\n`;
  await room.poll();
  t.match(room.seen.state.calls, [{ id: '1', number: 'a@b', state: 'connected' }]);
  t.equal(room.seen.info.model, 'G7500');
});

t.test('a confirmation that comes an exchange late confirms nothing else', async (t) => {
  const room = desk({ 'mute near on': '', 'mute near off': '' });
  await room.begin();
  const on = room.through(room.act(mute(true)));
  on.catch(() => {}); // looked at below
  t.equal(await faultCode(on), 'device.silent');
  const off = room.act(mute(false));
  await breath();
  room.say('mute near on\r\n');
  t.equal(room.seen.state.micMuted, true, 'it is news of what is so');
  room.say('mute near off\r\n');
  t.equal(await off, 'completed');
  t.equal(room.seen.state.micMuted, false);
});

t.test('"info:" is an answer: the caller hears it at once, in the device’s words', async (t) => {
  const room = desk({ 'dial manual auto "a@b" sip': 'info: IP line (SIP) not enabled.\r\n' });
  await room.begin();
  const before = room.clock.mono();
  await t.rejects(room.through(room.act({ do: 'dial', address: 'a@b', protocol: 'sip', kbps: null })), /IP line \(SIP\) not enabled/);
  t.ok(room.clock.mono() - before < 1000);
});

t.test('two who ask at once get their own answers, one after the other', async (t) => {
  const { device, told } = await deviceRig(t, polycom);
  await eventually(() => (device.state.dnd === null ? 'not everything was asked' : undefined));
  told();
  const both = await Promise.all([device.execute(mute(true)), device.execute({ do: 'volume', level: 1 })]);
  t.match(both, [{ outcome: 'completed' }, { outcome: 'completed' }]);
  t.equal(told().toString(), 'mute near on\rvolume set 50\r');
  t.match(device.state, { micMuted: true, volume: 1 });
});

t.test('while a call is set up nothing is asked; a hang-up may take 15 s', async (t) => {
  const room = desk();
  await room.begin();
  room.say('notification:callstatus:outgoing:34:Demo:10.0.0.9:ringing:384:0:videocall\r\n');
  await room.through(Promise.resolve());
  room.sent.length = 0;
  await room.poll();
  t.strictSame(room.sent, []);
  room.say('notification:callstatus:outgoing:34:Demo:10.0.0.9:connected:384:0:videocall\r\n');
  const hangup = room.act({ do: 'hangup', call: '34' });
  await breath();
  room.clock.advance(15_000);
  room.say('hanging up video\r\n');
  t.equal(await hangup, 'accepted');
  t.strictSame(room.sent, ['hangup video "34"']);
});

t.test('a session that ends while the line stays is begun again', async (t) => {
  const room = desk();
  await room.begin();
  room.say('listen video ringing\r\n');
  t.match(room.seen.state.calls, [{ state: 'ringing', direction: 'in' }]);
  room.say('User:Password:');
  room.sent.length = 0;
  t.equal(await faultCode(room.poll()), 'device.login', 'without a password that is all there is to say');
  t.strictSame(room.sent, []);
});

t.test('each act has its words, and what is typed stays within them', async (t) => {
  const table: readonly (readonly [DeviceAct, string, string])[] = [
    [{ do: 'dial', address: 'x"\rreboot now', protocol: 'sip', kbps: 384 }, 'dial manual 384 "xreboot now" sip', 'dialing manual "x"'],
    [{ do: 'dial', address: '10.0.0.9', protocol: 'auto', kbps: null }, 'dial auto 10.0.0.9', 'dialing manual'],
    [{ do: 'power', on: false }, 'sleep', 'sleep'],
    [{ do: 'layout', layout: 'discussion' }, 'mpmode discussion', 'mpmode discussion'],
    [{ do: 'presentation', on: true, source: '2' }, 'vcbutton play 2', 'vcbutton play succeeded'],
    [{ do: 'presentation', on: false, source: null }, 'vcbutton stop', 'vcbutton stop succeeded'],
    [{ do: 'dnd', on: true }, 'autoanswer donotdisturb', 'autoanswer donotdisturb'],
    [{ do: 'dnd', on: false }, 'autoanswer no', 'autoanswer no'],
    [{ do: 'presetStore', preset: '5', name: 'x' }, 'preset near set 5', 'preset near set 5'],
    [{ do: 'input', input: '2' }, 'camera near 2', 'camera near 2'],
    [{ do: 'dtmf', call: null, digits: '#' }, 'gendial #', ''],
    [{ do: 'hangup', call: null }, 'hangup all', 'system is not in a call'],
    [{ do: 'reboot' }, 'reboot now', ''],
    [{ do: 'raw', text: 'uptime get\r\nreboot now' }, 'uptime getreboot now', '1 Hour, 10 Minutes'],
  ];
  for (const [act, command, reply] of table) {
    const room = desk({ [command]: reply === '' ? '' : `${reply}\r\n` });
    await room.begin();
    t.match(await room.through(room.act(act)), /accepted|completed/, command);
    t.ok(room.sent.includes(command), `${command} in ${room.sent.slice(-2).join(', ')}`);
  }
  const room = desk();
  await room.begin();
  await t.rejects(room.act({ do: 'reject', call: null }), FaultError, 'nobody rings');
});
