/** Sessions with a simulated codec over a real pty: every way in, calls, what others do at the codec, and how it comes back. */
import t, { type Test } from 'tap';
import type { XapiMessage } from '../../hardware/xapi/codec.ts';
import { xapi } from '../../hardware/xapi/driver.ts';
import { type DeviceRig, deviceRig, type RigOptions } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

type Rig = DeviceRig<XapiMessage>;
const account = { username: 'admin', password: 'b1mat"khau' };
const open = (t: Test, options: RigOptions = {}) => deviceRig(t, xapi, { settings: account, ...options });

/** Until the state has these members. */
const until = (rig: Pick<Rig, 'device'>, wants: object) =>
  eventually(() => {
    const state: object = rig.device.state;
    const have = Object.fromEntries(Object.keys(wants).map((key) => [key, Reflect.get(state, key)]));
    return JSON.stringify(have) === JSON.stringify(wants) ? undefined : JSON.stringify(have);
  });
const callStates = (rig: Pick<Rig, 'device'>): string => (rig.device.state.calls ?? []).map(({ id, state }) => `${id} ${state}`).join(', ');
const untilCalls = (rig: Pick<Rig, 'device'>, wants: string) =>
  eventually(() => (rig.device.state.calls !== null && callStates(rig) === wants ? undefined : `calls: ${callStates(rig)}`));

/** How often all that was known became unknown, from now on. */
function forgets({ device }: Pick<Rig, 'device'>): () => number {
  let times = 0;
  let knew = device.state.calls !== null;
  device.on('changed', () => {
    const knows = device.state.calls !== null;
    if (knew && !knows) times++;
    knew = knows;
  });
  return () => times;
}

/** Until it is told of everything again. */
const untilBack = (rig: Pick<Rig, 'simulator' | 'device'>) =>
  eventually(() => {
    const { feedback, peripheral } = rig.simulator.facts;
    return Array.isArray(feedback) && feedback.length === 9 && peripheral !== '' ? undefined : `feedback: ${String(feedback)}`;
  });

for (const model of ['tc5', 'tc7', 'ce9']) {
  t.test(`${model}: logs in, knows who it is and how it stands`, async (t) => {
    const rig = await open(t, { settings: { ...account, model } });
    t.match(rig.device.info, { make: /^(Cisco|TANDBERG)$/, model: /\w/, firmware: model === 'ce9' ? /^ce/ : /^TC/ });
    const { power, calls, micMuted, volume, speakerMuted, dnd, presentation, input } = rig.device.state;
    t.match(
      { power, calls, micMuted, speakerMuted, dnd, presentation },
      { power: 'on', calls: [], micMuted: false, speakerMuted: false, dnd: false, presentation: 'off' },
    );
    t.ok(volume !== null && volume >= 0 && volume <= 1);
    t.match(input, /^\d+$/);
    t.match(rig.simulator.facts, { loggedIn: true, echo: false });
    const told = rig.told().toString();
    t.ok(
      told.includes('xCommand Camera Ramp CameraId: 1 Pan: stop Tilt: stop\r') || told.includes('Tilt: stop |'),
      'whatever moves is stopped first',
    );
  });

  t.test(`${model}: a call is dialled, followed and ended`, async (t) => {
    const rig = await open(t, { settings: { ...account, model } });
    const dial = { do: 'dial', address: '2001@example.com', protocol: 'sip', kbps: 768 } as const;
    t.match(await rig.device.execute(dial), { outcome: 'accepted' });
    await untilCalls(rig, '1 connected');
    t.match(rig.device.state.calls, [{ direction: 'out', number: '2001@example.com', protocol: 'sip' }]);
    t.match(await rig.device.execute(dial), { outcome: 'rejected', because: /already in a call/ });
    t.match(await rig.device.execute({ do: 'hold', call: null, on: true }), { outcome: 'accepted' });
    await untilCalls(rig, '1 held');
    t.match(await rig.device.execute({ do: 'hold', call: null, on: false }), { outcome: 'accepted' });
    t.match(await rig.device.execute({ do: 'dtmf', call: null, digits: '12#' }), { outcome: 'accepted' });
    t.match(await rig.device.execute({ do: 'hangup', call: null }), { outcome: 'accepted' });
    await untilCalls(rig, '');
    rig.served.happen('incoming 3003');
    await untilCalls(rig, '2 ringing');
    t.match(await rig.device.execute({ do: 'answer', call: null }), { outcome: 'accepted' });
    await untilCalls(rig, '2 connected');
    rig.served.happen('hang-up');
    await untilCalls(rig, '');
    rig.served.happen('incoming 3003');
    await untilCalls(rig, '3 ringing');
    t.match(await rig.device.execute({ do: 'reject', call: '3' }), { outcome: 'accepted' });
    await untilCalls(rig, '');
    rig.served.happen('far end busy');
    await rig.device.execute(dial);
    await eventually(() => (rig.told().length > 0 ? undefined : 'nothing was said'));
    await untilCalls(rig, '');
  });

  t.test(`${model}: what is set is so, and what others set is told`, async (t) => {
    const rig = await open(t, { settings: { ...account, model } });
    const { device, served } = rig;
    t.match(await device.execute({ do: 'micMute', on: true }), { outcome: 'completed' });
    t.match(await device.execute({ do: 'volume', level: 0.3 }), { outcome: 'completed' });
    t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
    t.match(await device.execute({ do: 'power', on: false }), { outcome: 'accepted' });
    t.match(await device.execute({ do: 'dnd', on: true }), { outcome: 'completed' });
    t.match(await device.execute({ do: 'input', input: '2' }), { outcome: 'completed' });
    await until(rig, { micMuted: true, volume: 0.3, speakerMuted: true, power: 'off', dnd: true, input: '2' });
    t.match(await device.execute({ do: 'presetStore', preset: '4', name: 'Bục "chính"' }), { outcome: 'completed' });
    t.match(await device.execute({ do: 'presetRecall', preset: '4' }), { outcome: 'accepted' });
    t.match(rig.simulator.facts, { stored: 4, recalled: 4 });
    t.match(await device.execute({ do: 'raw', text: 'xConfiguration SerialPort' }), { outcome: 'accepted' });
    t.match(await device.execute({ do: 'raw', text: 'xCommand Nonsense' }), { outcome: 'rejected', because: /not recognized/ });
    t.match(await device.execute({ do: 'raw', text: 'echo on' }), { outcome: 'rejected' });
    served.happen('front-panel unmute');
    served.happen('front-panel volume 80');
    served.happen('front-panel wake');
    served.happen('log-noise');
    await until(rig, { micMuted: false, volume: 0.8, power: 'on' });
  });

  t.test(`${model}: the camera moves until its limit and no longer`, async (t) => {
    const rig = await open(t, { settings: { ...account, model } });
    t.match(await rig.device.execute({ do: 'move', pan: -1, tilt: 0.5, zoom: 1, limitMs: 1500 }), { outcome: 'accepted' });
    t.match(rig.simulator.facts, { moving: true, going: { pan: 'left', tilt: 'up', zoom: 'in' } });
    await eventually(() => (rig.simulator.facts.moving === false ? undefined : JSON.stringify(rig.simulator.facts.going)));
    t.match(rig.simulator.facts, { going: { pan: 'stop', tilt: 'stop', zoom: 'stop' } });
  });
}

t.test('without login it finds itself in a session, and in one that somebody left', async (t) => {
  const rig = await open(t, { settings: { username: '', password: '' } });
  t.match(rig.device.state.calls, []);
  await rig.device.stop();
  rig.device.start();
  await rig.ready();
  t.match(rig.device.state.power, 'on');
});

t.test('it finds its way from the middle of a login that somebody began', async (t) => {
  const rig = await open(t, { begin: false });
  await rig.device.stop();
  rig.simulator.feed(Buffer.from('somebody\r'));
  rig.device.start();
  await rig.ready();
  t.equal(rig.simulator.facts.loggedIn, true);
});

t.test('a wrong password is said to be one, and is not tried in a hurry', async (t) => {
  const rig = await open(t, { simulated: { password: 'another' }, begin: false });
  await eventually(() =>
    rig.device.standing.link === 'login-refused' ? undefined : `${rig.device.standing.link}: ${rig.device.standing.because}`,
  );
  t.notMatch(rig.device.standing.because, /b1mat/);
  t.match(await rig.device.execute({ do: 'micMute', on: true }), { outcome: 'rejected' });
});

t.test('after a restart on the same line it logs in again and is told everything again', async (t) => {
  const rig = await open(t);
  rig.served.happen('incoming 3003');
  await untilCalls(rig, '1 ringing');
  const forgotten = forgets(rig);
  rig.served.restart();
  await untilCalls(rig, '');
  await untilBack(rig);
  t.equal(forgotten(), 1, 'what was known is unknown until it is told again');
  t.equal(rig.device.standing.link, 'ok');
  rig.served.happen('front-panel mute');
  await until(rig, { micMuted: true });
  rig.served.happen('session-lost');
  await eventually(() => (forgotten() === 2 ? undefined : 'it does not know yet'));
  await untilBack(rig);
  await until(rig, { micMuted: true, calls: [] });
});

t.test('after a restart without a login its own echo tells that the session is another', async (t) => {
  const rig = await open(t, { settings: { username: '', password: '' } });
  await rig.device.execute({ do: 'micMute', on: true });
  await until(rig, { micMuted: true });
  const forgotten = forgets(rig);
  rig.served.restart();
  await rig.device.execute({ do: 'volume', level: 0.1 });
  await eventually(() => (forgotten() === 1 ? undefined : 'it does not know yet'));
  await untilBack(rig);
  await until(rig, { micMuted: false });
  rig.served.happen('front-panel mute');
  await until(rig, { micMuted: true });
});

t.test('news in the middle of answers, bare errors and errors without a reason do not confuse it', async (t) => {
  for (const model of ['tc7', 'ce9']) {
    const rig = await open(t, { settings: { ...account, model } });
    for (const quirk of ['interleave', 'bare errors', 'errors without reason']) rig.served.happen(quirk);
    t.match(await rig.device.execute({ do: 'micMute', on: true }), { outcome: 'completed' });
    await until(rig, { micMuted: true });
    t.match(await rig.device.execute({ do: 'hangup', call: '77' }), { outcome: 'rejected', because: /status=Error/ });
    t.match(await rig.device.execute({ do: 'raw', text: 'xCommand Nonsense' }), { outcome: 'rejected', because: /ERROR/ });
  }
});

t.test('on a bad line it is never in a call by mistake', async (t) => {
  const rig = await open(t);
  rig.served.trouble({ oneByte: true });
  t.match(await rig.device.execute({ do: 'micMute', on: true }), { outcome: 'completed' });
  rig.served.trouble({ oneByte: false, glue: true });
  t.match(await rig.device.execute({ do: 'micMute', on: false }), { outcome: 'completed' });
  rig.served.trouble({ glue: false, noise: Buffer.from('\x00\xfe*s Ca\r\n') });
  await rig.device.execute({ do: 'volume', level: 0.2 });
  rig.served.happen('front-panel volume 70');
  t.strictSame(rig.device.state.calls, []);
  rig.served.trouble({ noise: null });
  t.match(await rig.device.execute({ do: 'volume', level: 0.4 }), { outcome: 'completed' });
  await until(rig, { volume: 0.4, calls: [], micMuted: false });
});
