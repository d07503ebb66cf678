/** The simulated Samsung display, against bytes and sums of the maker's tables. */
import t from 'tap';
import { simulateMdc } from '../../hardware/mdc/simulator.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import type { Simulator } from '../../hardware/wire/simulator.ts';

const display = (model = '', address = 0): Simulator => simulateMdc({ ...plainSettings, address, model });

/** What it says to bytes in hex, in hex. */
const ask = (simulator: Simulator, command: string): string =>
  simulator
    .feed(unhex(command) ?? new Uint8Array(0))
    .map(({ bytes }) => hex(bytes))
    .join(' | ');

t.test('it answers each command of the table', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['full status', 'AA 00 00 00 00', 'AA FF 00 09 41 00 01 06 00 14 00 00 00 64'],
    ['power on', 'AA 11 00 01 01 13', 'AA FF 00 03 41 11 01 55'],
    ['power off', 'AA 11 00 01 00 12', 'AA FF 00 03 41 11 00 54'],
    ['power?', 'AA 11 00 00 11', 'AA FF 00 03 41 11 01 55'],
    ['volume 24', 'AA 12 00 01 18 2B', 'AA FF 00 03 41 12 18 6D'],
    ['mute on', 'AA 13 00 01 01 15', 'AA FF 00 03 41 13 01 57'],
    ['input HDMI1', 'AA 14 00 01 21 36', 'AA FF 00 03 41 14 21 78'],
    ['panel state', 'AA F9 00 00 F9', 'AA FF 00 03 41 F9 00 3C'],
    ['volume 101', 'AA 12 00 01 65 78', 'AA FF 00 03 4E 12 01 63'],
    ['no such command', 'AA 77 00 00 77', 'AA FF 00 03 4E 77 01 C8'],
  ];
  for (const [name, command, reply] of table) {
    const whole = display();
    const said = ask(whole, command);
    t.equal(said, reply, name);
    const slow = display();
    const single = Array.from(unhex(command) ?? [], (byte) => ask(slow, hex(Uint8Array.of(byte)))).join('');
    t.equal(single, said, `${name}, byte by byte`);
  }
});

t.test('a rejected command is a NAK with a code', async (t) => {
  const simulator = display();
  simulator.happen('reject');
  t.equal(ask(simulator, 'AA 11 00 01 00 12'), 'AA FF 00 03 4E 11 01 62');
  t.equal(simulator.facts.power, 'on', 'it was not done');
  t.equal(ask(simulator, 'AA 11 00 01 00 12'), 'AA FF 00 03 41 11 00 54');
});

t.test('wrong sums, other addresses and noise are not answered; a good frame after them is', async (t) => {
  const simulator = display();
  t.equal(ask(simulator, 'AA 11 00 01 00 13'), '', 'wrong sum');
  t.equal(ask(simulator, 'AA 11 01 01 00 13'), '', 'another display');
  t.equal(simulator.facts.power, 'on');
  t.equal(ask(simulator, '00 55 AA AA FF F0 AA 11 00 01 01 13'), 'AA FF 00 03 41 11 01 55', 'garbage before');
  t.equal(ask(simulator, 'AA 11 00 00 11 AA 12 00 00 12'), 'AA FF 00 03 41 11 01 55 | AA FF 00 03 41 12 06 5B', 'glued');
  t.equal(ask(simulator, 'AA 12 00'), '', 'half a frame waits');
  t.equal(ask(simulator, '01 18 2B'), 'AA FF 00 03 41 12 18 6D');
});

t.test('all displays obey a broadcast, and none answers', async (t) => {
  const simulator = display('', 7);
  t.equal(ask(simulator, 'AA 13 FE 01 01 13'), '');
  t.equal(simulator.facts.muted, true);
  t.equal(ask(simulator, 'AA 13 07 00 1A'), 'AA FF 07 03 41 13 01 5E');
});

t.test('models differ: PC timing renames an input, and a slow set is deaf after power-on', async (t) => {
  const pc = display('pc');
  t.equal(ask(pc, 'AA 14 00 01 21 36'), 'AA FF 00 03 41 14 22 79');
  const slow = display('slow');
  ask(slow, 'AA 11 00 01 00 12');
  t.equal(ask(slow, 'AA 11 00 01 01 13'), 'AA FF 00 03 41 11 01 55', 'the power-on itself is answered');
  const answers = Array.from({ length: 4 }, () => ask(slow, 'AA 11 00 00 11'));
  t.strictSame(answers, ['', '', '', 'AA FF 00 03 41 11 01 55']);
});

t.test('a million bytes of nothing are held in a few', async (t) => {
  const simulator = display();
  for (let block = 0; block < 1000; block++) simulator.feed(new Uint8Array(1000).fill(0xaa));
  simulator.feed(new Uint8Array(64));
  t.equal(ask(simulator, 'AA 11 00 00 11'), 'AA FF 00 03 41 11 01 55');
});

t.test('people have a remote control, and power may fail', async (t) => {
  const simulator = display();
  for (const what of ['remote power off', 'remote volume 30', 'remote mute', 'remote input 23']) t.strictSame(simulator.happen(what), []);
  t.match(simulator.facts, { power: 'off', volume: 30, muted: true, input: '23' });
  simulator.happen('deaf');
  t.equal(ask(simulator, 'AA 11 00 00 11'), '');
  simulator.restart();
  t.match(simulator.facts, { power: 'off', volume: 30, muted: false });
  t.equal(ask(simulator, 'AA 11 00 00 11'), 'AA FF 00 03 41 11 00 54');
  t.throws(() => simulator.happen('explode'), /remote power on/);
});
