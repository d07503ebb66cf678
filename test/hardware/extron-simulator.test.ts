/** The simulated Extron matrix says what its user guide says. */
import t from 'tap';
import { simulateExtron } from '../../hardware/extron/simulator.ts';
import { type DriverSettings, plainSettings } from '../../hardware/wire/driver.ts';
import type { Said } from '../../hardware/wire/simulator.ts';

const text = (said: readonly Said[]): string => said.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('');

function simulated(settings: Partial<DriverSettings> = {}) {
  const simulator = simulateExtron({ ...plainSettings, ...settings });
  return {
    simulator,
    opened: () => text(simulator.opened()),
    ask: (command: string) => text(simulator.feed(Buffer.from(command, 'latin1'))),
    happen: (what: string) => text(simulator.happen(what)),
  };
}

t.test('commands are answered as the user guide has it, without any end of line', async (t) => {
  const { ask } = simulated();
  const table: readonly (readonly [string, string])[] = [
    ['I', 'M8X8 M8X8'],
    ['Q', '1.04'],
    ['\x1b3CV\r', 'Vrb3'],
    ['\x1bCV\r', 'Vrb3'],
    ['Q', 'Ver01*1.04'],
    ['1*3!', 'Out3 In1 All'],
    ['1*3%', 'Out3 In1 Vid'],
    ['1*3&', 'Out3 In1 RGB'],
    ['1*3$', 'Out3 In1 Aud'],
    ['5*!', 'In5 All'],
    ['0*3!', 'Out3 In0 All'],
    ['3!', 'Out3 In0 All'],
    ['2,', 'Spr2'],
    ['2.', 'Rpr2'],
    ['3*1B', 'Vmt3*1'],
    ['3B', 'Vmt3*1'],
    ['3*0B', 'Vmt3*0'],
    ['3*1Z', 'Amt3*1'],
    ['3*0z', 'Amt3*0'],
    ['9*3!', 'E01'],
    ['hello\r', 'E10'],
    ['\x1b9XX\r', 'E10'],
    ['7.', 'E11'],
    ['99,', 'E11'],
    ['1*9!', 'E12'],
    ['9%', 'E12'],
    ['3*7B', 'E13'],
  ];
  for (const [command, want] of table) t.equal(ask(command), `${want}\r\n`, JSON.stringify(command));
});

t.test('commands come in any pieces, one after the other, with or without line ends', async (t) => {
  const { ask, simulator } = simulated();
  t.equal(ask('1*3!2*4%'), 'Out3 In1 All\r\nOut4 In2 Vid\r\n');
  t.equal(ask('1*'), '');
  t.equal(ask('2'), '');
  t.equal(ask('!\r\n'), 'Out2 In1 All\r\n');
  t.equal(ask('\x1b2C'), '');
  t.equal(ask('V\r3!'), 'Vrb2\r\nOut3 In1 All\r\n');
  t.match(ask('x'.repeat(5000)), /^E10/);
  t.equal(ask('\x1b'.padEnd(500, '1')), '', 'what never ends is not kept');
  t.equal(ask('3!'), 'Out3 In1 All\r\n');
  t.match(simulator.facts, { video: { 1: 1, 2: 1, 3: 1, 4: 2 }, audio: { 4: 4 }, verbose: 2 });
});

t.test('the modes decide about tags and news', async (t) => {
  const { ask, happen } = simulated();
  for (const [mode, read, news] of [
    [0, '4', ''],
    [1, '4', 'Out4 In2 All\r\n'],
    [2, 'Out4 In4 All', ''],
    [3, 'Out4 In4 All', 'Out4 In2 All\r\n'],
  ] as const) {
    t.equal(ask(`\x1b${mode}CV\r`), `Vrb${mode}\r\n`);
    ask('4*4!');
    t.equal(ask('4!'), `${read}\r\n`);
    t.equal(happen('front-panel 2*4!'), news);
    t.equal(ask('4!').includes('2'), true, 'it happened all the same');
  }
  t.equal(happen('front-panel 3*1B'), 'Vmt3*1\r\n');
  t.throws(() => happen('front-panel dance'), /front-panel/);
});

t.test('presets bring ties back, sound apart from picture', async (t) => {
  const { ask, simulator } = simulated();
  ask('1*3%2*3$5,0*!');
  t.match(simulator.facts, { video: { 3: 0 }, audio: { 3: 0 } });
  t.equal(ask('5.'), 'Rpr5\r\n');
  t.match(simulator.facts, { video: { 3: 1 }, audio: { 3: 2 }, preset: 5 });
});

t.test('larger frames write two digits', async (t) => {
  const { ask } = simulated({ model: '12x12' });
  t.equal(ask('I'), 'M12X12 M12X12\r\n');
  t.equal(ask('1*3!'), 'Out03 In01 All\r\n');
  t.equal(ask('12*12!'), 'Out12 In12 All\r\n');
  t.equal(ask('2,'), 'Spr02\r\n');
  t.equal(ask('13*3!'), 'E01\r\n');
});

t.test('whoever connects sees the banner, with a byte that is no UTF-8', async (t) => {
  const { opened, simulator } = simulated();
  t.match(opened(), /^\r\n\xa9 Copyright \d+, Extron Electronics, DXP 88 HDMI, V1\.04, 60-878-01\r\n/);
  t.ok(simulator.opened().some(({ bytes }) => bytes.includes(0xa9)));
});

t.test('with a password it asks for it', async (t) => {
  const { opened, ask, happen, simulator } = simulated({ password: 'secret' });
  t.match(opened(), /\r\nPassword:$/);
  t.equal(ask('1*3!\r'), '\r\nPassword:');
  t.equal(ask('secret\r'), '\r\nLogin Administrator\r\n');
  t.equal(ask('1*3!'), 'Out3 In1 All\r\n');
  simulator.closed();
  t.match(opened(), /Password:$/);
  t.equal(happen('login-refused'), 'Password:');
  t.equal(ask('secret\r'), '\r\nPassword:');
  happen('login-accepted');
  t.match(ask('secret\r'), /Login/);
});

t.test('it may be busy, and a restart forgets the session and nothing else', async (t) => {
  const { ask, happen, simulator } = simulated({ model: '8x8 telnet' });
  t.equal(ask('3!'), '3\r\n', 'a session by telnet begins in mode 0');
  happen('busy');
  t.equal(ask('1*3!'), 'E22\r\n');
  t.equal(ask('1*3!\x1b3CV\r'), 'Out3 In1 All\r\nVrb3\r\n');
  t.match(text(simulator.restart()), /Extron/);
  t.equal(ask('3!'), '1\r\n');
});
