/** The simulated LG display, against the lines of the maker's tables. */
import t from 'tap';
import { simulateLg } from '../../hardware/lg/simulator.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import type { Simulator } from '../../hardware/wire/simulator.ts';

const display = (model = '', address = 1): Simulator => simulateLg({ ...plainSettings, address, model });

const ask = (simulator: Simulator, line: string): string =>
  simulator
    .feed(Buffer.from(line, 'latin1'))
    .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
    .join('');

t.test('it answers each command of the table; the end is the letter x and nothing else', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['power on', 'ka 01 01\r', 'a 01 OK01x'],
    ['power off', 'ka 01 00\r', 'a 01 OK00x'],
    ['power?', 'ka 01 FF\r', 'a 01 OK01x'],
    ['no such power', 'ka 01 07\r', 'a 01 NG00x'],
    ['input HDMI1 with PC timing', 'xb 01 A0\r', 'b 01 OKA0x'],
    ['input?', 'xb 01 FF\r', 'b 01 OK90x'],
    ['no such input', 'xb 01 55\r', 'b 01 NG00x'],
    ['screen off', 'kd 01 01\r', 'd 01 OK01x'],
    ['screen on', 'kd 01 00\r', 'd 01 OK00x'],
    ['sound off', 'ke 01 00\r', 'e 01 OK00x'],
    ['sound on', 'ke 01 01\r', 'e 01 OK01x'],
    ['half volume', 'kf 01 32\r', 'f 01 OK32x'],
    ['too much volume', 'kf 01 65\r', 'f 01 NG00x'],
    ['no such command', 'zz 01 FF\r', 'z 01 NG00x'],
  ];
  for (const [name, line, reply] of table) {
    t.equal(ask(display(), line), reply, name);
    const slow = display();
    t.equal(Array.from(line, (byte) => ask(slow, byte)).join(''), reply, `${name}, byte by byte`);
  }
});

t.test('00 mutes the sound and 01 lets it through', async (t) => {
  const simulator = display();
  ask(simulator, 'ke 01 00\r');
  t.equal(simulator.facts.muted, true);
  ask(simulator, 'ke 01 01\r');
  t.equal(simulator.facts.muted, false);
});

t.test('glued commands are both answered, noise is not, and an address is a hex number', async (t) => {
  t.equal(ask(display(), 'ka 01 FF\rkf 01 FF\r'), 'a 01 OK01xf 01 OK0Fx');
  t.equal(ask(display(), '\xff\x00\x80!ka 01 FF\r'), 'a 01 OK01x', 'garbage before');
  t.equal(ask(display(), 'hello\rka 01\r'), '');
  t.equal(ask(display('', 0x1f), 'ka 1F FF\r'), 'a 1F OK01x');
  t.equal(ask(display('', 0x1f), 'ka 01 FF\r'), '', 'another display');
  const noisy = display();
  for (let block = 0; block < 1000; block++) ask(noisy, 'x'.repeat(1000));
  ask(noisy, '\r');
  t.equal(ask(noisy, 'ka 01 FF\r'), 'a 01 OK01x', 'after a million bytes without an end');
});

t.test('all displays obey address 00, and none answers', async (t) => {
  const simulator = display();
  t.equal(ask(simulator, 'kf 00 10\r'), '');
  t.equal(simulator.facts.volume, 16);
});

t.test('power-on is acknowledged when the set is up; power-off at once', async (t) => {
  const simulator = display();
  const [off] = simulator.feed(Buffer.from('ka 01 00\r'));
  t.equal(off?.afterMs, 0);
  const [on] = simulator.feed(Buffer.from('ka 01 01\r'));
  t.ok((on?.afterMs ?? 0) >= 1000, `after ${on?.afterMs} ms`);
  t.equal(Buffer.from(on?.bytes ?? []).toString(), 'a 01 OK01x');
});

t.test('in standby it takes nothing but power; the silent model does not even answer', async (t) => {
  const simulator = display();
  ask(simulator, 'ka 01 00\r');
  t.equal(ask(simulator, 'kf 01 20\r'), 'f 01 NG00x');
  t.equal(ask(simulator, 'ka 01 FF\r'), 'a 01 OK00x');
  const silent = display('silent');
  t.equal(ask(silent, 'ka 01 00\r'), 'a 01 OK00x');
  for (const line of ['ka 01 FF\r', 'xb 01 FF\r', 'kf 01 20\r']) t.equal(ask(silent, line), '', line);
  t.equal(ask(silent, 'ka 01 01\r'), 'a 01 OK01x');
  t.equal(ask(silent, 'ka 01 FF\r'), 'a 01 OK01x');
});

t.test('with PC timing an input has another name', async (t) => {
  const simulator = display('pc');
  ask(simulator, 'xb 01 90\r');
  t.equal(ask(simulator, 'xb 01 FF\r'), 'b 01 OKA0x');
  ask(simulator, 'xb 01 C0\r');
  t.equal(ask(simulator, 'xb 01 FF\r'), 'b 01 OKD0x');
});

t.test('people have a remote control, sets refuse, and power may fail', async (t) => {
  const simulator = display();
  for (const what of ['remote volume 30', 'remote mute', 'remote input 91']) t.strictSame(simulator.happen(what), []);
  t.match(simulator.facts, { volume: 30, muted: true, input: '91' });
  simulator.happen('refuse');
  t.equal(ask(simulator, 'kf 01 32\r'), 'f 01 NG00x');
  t.equal(ask(simulator, 'kf 01 32\r'), 'f 01 OK32x');
  simulator.restart();
  t.match(simulator.facts, { power: 'off', volume: 50 });
  t.throws(() => simulator.happen('explode'), /remote power on/);
});
