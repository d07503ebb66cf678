/** What every driver stands on: framing, one question at a time, motion that ends, troubles made on purpose. */
import t from 'tap';
import { refusal } from '../../hardware/wire/allow.ts';
import { Exchange, type Question, Superseded } from '../../hardware/wire/exchange.ts';
import { framer, hex, lineFramer, unhex } from '../../hardware/wire/framing.ts';
import { Motion } from '../../hardware/wire/motion.ts';
import { later, now } from '../../hardware/wire/simulator.ts';
import { noTroubles, troubled } from '../../hardware/wire/trouble.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Capability } from '../../protocol/schema/device.ts';
import { faultCode, framed, fuzzFramer, seeded } from '../support/device.ts';
import { ManualClock } from '../support/manual-clock.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

t.test('lines end with any run of CR and LF; a prompt is a message without an end; every byte survives', async (t) => {
  const make = () => lineFramer({ limit: 64, prompt: (tail) => /(login|Password): $/.test(tail) });
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['OK\r\n', ['OK']],
    ['\r\n\r\n*r A\r\r\n** end\n', ['*r A', '** end']],
    ['\r\nlogin: ', ['login: ']],
    ['half', []],
    ['\xa9 Extron\r\n', ['\xa9 Extron']],
    ['\r\n\n\r', []],
  ];
  for (const [said, means] of table) t.strictSame(framed(t, make, bytes(said)), means, JSON.stringify(said));
  const long = make();
  t.equal(long.push(bytes('x'.repeat(200))).join('').length, 192, 'a line without an end is cut, not kept');
  t.ok(long.held < 64);
  long.reset();
  t.equal(long.held, 0);
});

t.test('a framer goes on after a million bytes of nonsense', async (t) => {
  fuzzFramer(t, () => lineFramer({ limit: 200 }), bytes('*s Call 2 Status: Connected\r\n'), 200);
  const delimited = () =>
    framer<string>((held) => {
      const end = held.indexOf(0xff);
      return end < 0 ? { kind: 'wait' } : { kind: 'message', used: end + 1, message: hex(held.subarray(0, end + 1)) };
    }, 16);
  fuzzFramer(t, delimited, Uint8Array.of(0x90, 0x50, 0x02, 0xff), 16);
});

t.test('hex is read as it is written', async (t) => {
  t.strictSame(unhex('81 01 04 00 02 FF'), Uint8Array.of(0x81, 1, 4, 0, 2, 0xff));
  t.equal(hex(Uint8Array.of(0x81, 1, 0xff)), '81 01 FF');
  for (const wrong of ['', '8', 'zz', '81 0']) t.equal(unhex(wrong), null, JSON.stringify(wrong));
});

function rig(gapMs = 0) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const exchange = new Exchange<string>({
    device: 'camera',
    clock,
    gapMs,
    write: async (data) => void sent.push(Buffer.from(data).toString('latin1')),
  });
  const ask = (name: string, more: Partial<Question<string, string>> = {}) => {
    const asked = exchange.ask<string>({
      name,
      bytes: bytes(name),
      timeoutMs: 500,
      match: (said) => {
        if (said === `${name} ok`) return { is: 'answer', value: said };
        if (said === `${name} part`) return { is: 'part' };
        if (said === `${name} busy`) return { is: 'busy', forMs: 100 };
        return said === `${name} no` ? { is: 'refusal', because: 'it says no' } : null;
      },
      ...more,
    });
    asked.catch(() => {}); // looked at later
    return asked;
  };
  return { clock, sent, exchange, ask };
}

t.test('one question at a time; news in between is nobody’s answer', async (t) => {
  const { sent, exchange, ask } = rig();
  const [first, second] = [ask('one'), ask('two')];
  t.strictSame(sent, ['one']);
  t.notOk(exchange.take('news'));
  t.notOk(exchange.take('two ok'), 'not before it was asked');
  t.ok(exchange.take('one part'));
  t.ok(exchange.take('one ok'));
  t.equal(await first, 'one ok');
  t.strictSame(sent, ['one', 'two']);
  exchange.take('two no');
  t.equal(await faultCode(second), 'device.refused');
});

t.test('silence is a fault of its own; only what may be done twice is sent again', async (t) => {
  const { clock, sent, ask } = rig();
  const dial = ask('dial');
  clock.advance(500);
  t.equal(await faultCode(dial), 'device.silent');
  const status = ask('status', { again: 1 });
  clock.advance(500);
  t.strictSame(sent, ['dial', 'status', 'status']);
  clock.advance(500);
  t.equal(await faultCode(status), 'device.silent');
  const mute = ask('mute', { silence: { value: 'sent' } });
  clock.advance(500);
  t.equal(await mute, 'sent', 'a device that never answers is no failure');
});

t.test('a busy device is asked again, not for ever', async (t) => {
  const { clock, sent, exchange, ask } = rig();
  const asked = ask('zoom');
  for (let tries = 0; tries < 21; tries++) {
    exchange.take('zoom busy');
    clock.advance(100);
  }
  t.equal(await faultCode(asked), 'device.refused');
  t.equal(sent.length, 21);
});

t.test('a newer wish takes the place of an older one that waits; a stop goes first', async (t) => {
  const { sent, exchange, ask } = rig();
  const open = ask('status');
  const old = ask('tele', { key: 'zoom' });
  ask('name');
  ask('wide', { key: 'zoom' });
  ask('stop', { urgent: true });
  await t.rejects(old, Superseded);
  for (const each of ['status', 'stop', 'name', 'wide']) exchange.take(`${each} ok`);
  await open;
  t.strictSame(sent, ['status', 'stop', 'name', 'wide']);
});

t.test('between an answer and the next question the device may breathe', async (t) => {
  const { clock, sent, exchange, ask } = rig(200);
  ask('one');
  ask('two');
  exchange.take('one ok');
  t.strictSame(sent, ['one']);
  clock.advance(200);
  t.strictSame(sent, ['one', 'two']);
});

t.test('the end of the line answers everybody, and nothing is sent after it', async (t) => {
  const { sent, exchange, ask } = rig();
  const all = [ask('one'), ask('two')];
  exchange.end('the cable was pulled');
  exchange.end('again');
  for (const each of all) t.equal(await faultCode(each), 'device.gone');
  t.equal(await faultCode(ask('three')), 'device.gone');
  t.strictSame(sent, ['one']);
});

t.test('a flood of commands is refused, not kept', async (t) => {
  const { ask } = rig();
  const all = Array.from({ length: 80 }, (_, index) => ask(`n${index}`));
  t.equal(await faultCode(all.at(-1) ?? Promise.resolve()), 'exhausted');
});

t.test('what moves is stopped when its time is over, and again until the stop was taken', async (t) => {
  const clock = new ManualClock();
  let stops = 0;
  const motion = new Motion(clock, 'camera', async () => {
    stops++;
    if (stops < 3) throw new FaultError({ code: 'device.silent', device: 'camera', command: 'stop', afterMs: 1 });
  });
  motion.begun(1000);
  motion.begun(1000);
  clock.advance(999);
  t.equal(stops, 0);
  clock.advance(1);
  for (let tries = 0; tries < 3; tries++) {
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(200);
  }
  t.equal(stops, 3);
  t.notOk(motion.moving);
  motion.begun(1000);
  motion.forget();
  clock.advance(5000);
  t.equal(stops, 3, 'a line that is gone is owed nothing');
});

t.test('a stop that is answered late says nothing of a newer move', async (t) => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  const motion = new Motion(clock, 'camera', () => new Promise((resolve) => answers.push(resolve)));
  motion.begun(100);
  clock.advance(100);
  motion.begun(1000);
  answers[0]?.();
  await Promise.resolve();
  await Promise.resolve();
  t.ok(motion.moving, 'the newer one goes on');
  clock.advance(1000);
  t.equal(answers.length, 2, 'and is stopped when its own time is over');
  answers[1]?.();
  await Promise.resolve();
  await Promise.resolve();
  t.notOk(motion.moving);
});

t.test('a stop that overtook its move is sent again when the move is out', async (t) => {
  const clock = new ManualClock();
  let stops = 0;
  const motion = new Motion(clock, 'camera', async () => {
    stops++;
  });
  const first = motion.begun(100);
  clock.advance(100);
  await Promise.resolve();
  await Promise.resolve();
  t.equal(stops, 1);
  motion.sent(first);
  t.ok(motion.moving);
  t.equal(stops, 2);
  const second = motion.begun(100);
  motion.sent(first);
  motion.sent(second);
  t.equal(stops, 2, 'nothing was stopped yet');
  clock.advance(100);
  t.equal(stops, 3);
});

t.test('what a device cannot do is refused by name before anything is sent', async (t) => {
  const can: readonly Capability[] = [
    { id: 'presetRecall', feedback: 'none', ack: 'completed', params: { preset: { type: 'choice', of: ['0', '1'] } } },
    { id: 'move', feedback: 'none', ack: 'accepted', params: { zoom: { type: 'number', min: 0, max: 0 } } },
  ];
  t.equal(refusal(can, { do: 'presetRecall', preset: '1' }), null);
  t.match(refusal(can, { do: 'presetRecall', preset: '9' }), /preset must be one of 0, 1, not 9/);
  t.match(refusal(can, { do: 'move', pan: 1, tilt: 0, zoom: 0.5, limitMs: 100 }), /zoom must be 0 to 0/);
  t.match(refusal(can, { do: 'reboot' }), /cannot do reboot/);
});

t.test('troubles spoil what a simulator says, in ways a cable knows', async (t) => {
  const said = [...now('OK\r\n'), later(50, 'END\r\n')];
  const spoil = (change: object) => troubled(said, { ...noTroubles, ...change }, seeded(3));
  const text = (all: ReturnType<typeof spoil>) => all.map((each) => Buffer.from(each.bytes).toString('latin1'));
  t.strictSame(spoil({}), said);
  t.equal(spoil({ oneByte: true }).length, 9);
  t.strictSame(text(spoil({ glue: true })), ['OK\r\nEND\r\n']);
  t.strictSame(text(spoil({ noise: bytes('#') })), ['OK#\r\n', 'EN#D\r\n']);
  t.strictSame(
    spoil({ delayMs: 10 }).map(({ afterMs }) => afterMs),
    [10, 60],
  );
  t.strictSame(spoil({ drop: 1 }), []);
  t.notSame(text(spoil({ corrupt: 1 })), ['OK\r\n', 'END\r\n']);
});
