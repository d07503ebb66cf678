/** The simulated Pelco-D dome does what Pelco's manual says and keeps silent about it. */
import t from 'tap';
import { simulatePelco } from '../../hardware/pelco/simulator.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import type { Simulator } from '../../hardware/wire/simulator.ts';

const dome = (address = 1, model = ''): Simulator => simulatePelco({ ...plainSettings, address, model });
const told = (simulator: Simulator, text: string): readonly string[] =>
  simulator.feed(unhex(text) ?? new Uint8Array(0)).map((said) => hex(said.bytes));

t.test('each command moves it as it should, without a word', async (t) => {
  const table: readonly (readonly [string, string, object])[] = [
    ['up', 'FF 01 00 08 00 20 29', { moving: true, going: { pan: 0, tilt: -32, zoom: 0 } }],
    ['down', 'FF 01 00 10 00 20 31', { moving: true, going: { pan: 0, tilt: 32, zoom: 0 } }],
    ['left', 'FF 01 00 04 20 00 25', { moving: true, going: { pan: -32, tilt: 0, zoom: 0 } }],
    ['right', 'FF 01 00 02 20 00 23', { moving: true, going: { pan: 32, tilt: 0, zoom: 0 } }],
    ['up and left', 'FF 01 00 0C 20 20 4D', { moving: true, going: { pan: -32, tilt: -32, zoom: 0 } }],
    ['zoom tele', 'FF 01 00 20 00 00 21', { moving: true, going: { pan: 0, tilt: 0, zoom: 1 } }],
    ['zoom wide', 'FF 01 00 40 00 00 41', { moving: true, going: { pan: 0, tilt: 0, zoom: -1 } }],
    ['left as fast as it can', 'FF 01 00 04 FF 00 04', { moving: true, going: { pan: -64, tilt: 0, zoom: 0 } }],
    ['stop', 'FF 01 00 00 00 00 01', { moving: false, lastStop: 'all', stops: 1 }],
    ['preset set', 'FF 01 00 03 00 09 0D', { presets: [1, 2, 3, 4, 5, 6, 9] }],
    ['preset clear', 'FF 01 00 05 00 01 07', { presets: [2, 3, 4, 5, 6] }],
    ['preset call', 'FF 01 00 07 00 02 0A', { preset: 2, pan: 4500, moving: false }],
    ['preset that was never set', 'FF 01 00 07 00 20 28', { preset: null }],
    ['camera off', 'FF 01 08 00 00 00 09', { power: 'off' }],
    ['for another', 'FF 02 00 08 00 20 2A', { moving: false, frames: 0 }],
    ['wrong sum', 'FF 01 00 08 00 20 2A', { moving: false, frames: 0, wrong: 1 }],
    ['pan query', 'FF 01 00 51 00 00 52', { moving: false, frames: 1 }],
  ];
  for (const [name, bytes, facts] of table) {
    const one = dome();
    t.strictSame(told(one, bytes), [], `${name}: no answer`);
    t.match(one.facts, facts, name);
    const slow = dome();
    for (const byte of bytes.split(' ')) told(slow, byte);
    t.match(slow.facts, facts, `${name}, byte by byte`);
    const noisy = dome();
    told(noisy, `00 12 ${bytes}`);
    t.match(noisy.facts, facts, `${name}, after noise`);
  }
});

t.test('it finds the next frame after a torn one', async (t) => {
  const one = dome();
  told(one, 'FF 01 00 04 FF 01 00 02 20 00 23');
  t.match(one.facts, { going: { pan: 32 }, frames: 1 });
  told(one, 'FF 01 00 00 00 00 01 FF 01 00 08 00 20 29');
  t.match(one.facts, { going: { pan: 0, tilt: -32 }, stops: 1 });
});

t.test('it goes on until it is stopped, or loses its power', async (t) => {
  const one = dome();
  told(one, 'FF 01 00 02 20 00 23');
  for (let frame = 0; frame < 3; frame++) told(one, 'FF 02 00 00 00 00 02');
  t.match(one.facts, { moving: true, pan: 960, stops: 0 }, 'the stop was for another');
  told(one, 'FF 01 00 00 00 00 01');
  t.match(one.facts, { moving: false, lastStop: 'all' });
  told(one, 'FF 01 00 04 20 00 25');
  for (let frame = 0; frame < 5; frame++) told(one, 'FF 02 00 00 00 00 02');
  t.equal(one.facts.pan, 36_000 + 1280 - 1600, 'it goes round');
  one.restart();
  t.match(one.facts, { moving: false, pan: 0 });
  one.happen('power off');
  told(one, 'FF 01 00 04 20 00 25');
  t.match(one.facts, { moving: false, power: 'off' });
  one.happen('power on');
  t.throws(() => one.happen('fire'), /knows power off/);
});

t.test('one that can says where it is', async (t) => {
  const one = dome(1, 'position');
  one.happen('hand 12345 4500');
  const table: readonly (readonly [string, string])[] = [
    ['FF 01 00 51 00 00 52', 'FF 01 00 59 30 39 C3'],
    ['FF 01 00 53 00 00 54', 'FF 01 00 5B 11 94 01'],
    ['FF 01 00 55 00 00 56', 'FF 01 00 5D 00 00 5E'],
  ];
  for (const [question, answer] of table) t.strictSame(told(one, question), [answer]);
  t.strictSame(told(dome(9, 'position'), 'FF 09 00 51 00 00 5A'), ['FF 09 00 59 00 00 62']);
});

t.test('on a Pelco-P bus it takes the same commands in their other wrapping', async (t) => {
  const table: readonly (readonly [string, string, object])[] = [
    ['up', 'A0 00 00 08 00 20 AF 27', { moving: true, going: { pan: 0, tilt: -32, zoom: 0 } }],
    ['left', 'A0 00 00 04 20 00 AF 2B', { moving: true, going: { pan: -32, tilt: 0, zoom: 0 } }],
    ['zoom tele', 'A0 00 00 20 00 00 AF 2F', { moving: true, going: { pan: 0, tilt: 0, zoom: 1 } }],
    ['preset call', 'A0 00 00 07 00 01 AF 09', { preset: 1 }],
    ['stop', 'A0 00 00 00 00 00 AF 0F', { moving: false, lastStop: 'all' }],
    ['wrong check', 'A0 00 00 08 00 20 AF 28', { moving: false, wrong: 1 }],
    ['for the second', 'A0 01 00 08 00 20 AF 26', { moving: false, frames: 0 }],
  ];
  for (const [name, bytes, facts] of table) {
    const one = dome(1, 'pelco-p');
    t.strictSame(told(one, `A0 00 ${bytes}`), [], name);
    t.match(one.facts, name === 'wrong check' ? { ...facts, wrong: 2 } : facts, `${name}, after a torn one`);
  }
});
