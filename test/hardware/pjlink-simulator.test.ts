/** The simulated projector, against the lines and the digest of the PJLink specifications 1.04 and 2.00. */
import t from 'tap';
import { countedRandom, simulatePjlink } from '../../hardware/pjlink/simulator.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import type { Said, Simulator } from '../../hardware/wire/simulator.ts';

const projector = (model = '', password = ''): Simulator => simulatePjlink({ ...plainSettings, model, password });

const text = (said: readonly Said[]): string => said.map(({ bytes }) => Buffer.from(bytes).toString('utf8')).join('');

/** What it says to one line. */
const ask = (simulator: Simulator, line: string): string => text(simulator.feed(Buffer.from(`${line}\r`))).replace(/\r$/, '');

const PASSWORD = 'JBMIAProjectorLink';
const DIGEST = '5d8409bc1c3fa39749434aa3a5c38682';

t.test('it greets first; without a password commands are taken as they are', async (t) => {
  const simulator = projector();
  t.equal(text(simulator.opened()), 'PJLINK 0\r');
  t.equal(ask(simulator, '%1POWR ?'), '%1POWR=1');
});

t.test('with a password the first command carries the digest of the example in the specification', async (t) => {
  const simulator = simulatePjlink({ ...plainSettings, password: PASSWORD }, () => '498e4a67');
  t.equal(text(simulator.opened()), 'PJLINK 1 498e4a67\r');
  t.equal(ask(simulator, `${DIGEST}%1POWR ?`), '%1POWR=1');
  t.equal(ask(simulator, '%1INPT ?'), '%1INPT=31', 'later ones need none');
  t.equal(ask(simulator, `${DIGEST}%1INPT ?`), '%1INPT=31', 'and may have it');
});

t.test('a wrong digest, or none, ends the conversation until the next connection', async (t) => {
  for (const line of [`${'0'.repeat(32)}%1POWR ?`, '%1POWR ?']) {
    const simulator = projector('', PASSWORD);
    simulator.opened();
    t.equal(ask(simulator, line), 'PJLINK ERRA');
    t.equal(ask(simulator, `${DIGEST}%1POWR ?`), '', 'closed');
    simulator.closed();
    t.equal(text(simulator.opened()), `PJLINK 1 ${countedRandom(1)}\r`);
    t.match(countedRandom(1), /^[0-9a-f]{8}$/);
    t.not(countedRandom(1), countedRandom(0), 'each greeting has a number of its own');
  }
});

t.test('it answers each command of the tables', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['%1POWR ?', '%1POWR=1'],
    ['%1POWR 1', '%1POWR=OK'],
    ['%1POWR 5', '%1POWR=ERR2'],
    ['%1INPT 32', '%1INPT=OK'],
    ['%1INPT 99', '%1INPT=ERR2'],
    ['%1AVMT ?', '%1AVMT=30'],
    ['%1AVMT 41', '%1AVMT=ERR2'],
    ['%1ERST ?', '%1ERST=000000'],
    ['%1LAMP ?', '%1LAMP=1234 1'],
    ['%1INST ?', '%1INST=11 31 32'],
    ['%1NAME ?', '%1NAME=Meeting room'],
    ['%1INF1 ?', '%1INF1=EPSON'],
    ['%1INF2 ?', '%1INF2=EB-L520U'],
    ['%1INFO ?', '%1INFO=1.07'],
    ['%1CLSS ?', '%1CLSS=2'],
    ['%2SNUM ?', '%2SNUM=X4JS1234567'],
    ['%2SVER ?', '%2SVER=1.07'],
    ['%2INNM ?31', '%2INNM=HDMI1'],
    ['%2INNM ?99', '%2INNM=ERR2'],
    ['%2IRES ?', '%2IRES=1920x1080'],
    ['%2RRES ?', '%2RRES=1920x1200'],
    ['%2FILT ?', '%2FILT=850'],
    ['%2RLMP ?', '%2RLMP=ELPLP96'],
    ['%2RFIL ?', '%2RFIL=ELPAF60'],
    ['%2FREZ 1', '%2FREZ=OK'],
    ['%2SVOL 1', '%2SVOL=OK'],
    ['%2MVOL 0', '%2MVOL=OK'],
    ['%2INST ?', '%2INST=11 31 32 3A 61'],
    ['%2INPT 3A', '%2INPT=OK'],
    ['%1NONE ?', '%1NONE=ERR1'],
    ['%2SRCH', '%2ACKN=00:11:22:33:44:55'],
    ['POWR ?', ''],
  ];
  for (const [line, reply] of table) {
    t.equal(ask(projector(), line), reply, line);
    const slow = projector();
    t.equal(
      Array.from(`${line}\r`, (byte) => text(slow.feed(Buffer.from(byte)))).join(''),
      reply === '' ? '' : `${reply}\r`,
      'byte by byte',
    );
  }
});

t.test('a class 1 projector does not know the commands of class 2', async (t) => {
  const simulator = projector('class1');
  t.equal(ask(simulator, '%1CLSS ?'), '%1CLSS=1');
  t.equal(ask(simulator, '%2SNUM ?'), '%2SNUM=ERR1');
  t.equal(ask(simulator, '%2SRCH'), '');
});

t.test('a lamp takes its time: OK means accepted, and while it changes nothing can be set', async (t) => {
  const simulator = projector();
  t.equal(ask(simulator, '%1POWR 0'), '%1POWR=OK');
  t.equal(ask(simulator, '%1POWR ?'), '%1POWR=2');
  t.equal(ask(simulator, '%1POWR 1'), '%1POWR=ERR3');
  simulator.happen('cool');
  t.equal(ask(simulator, '%1POWR ?'), '%1POWR=0');
  t.equal(ask(simulator, '%1INPT ?'), '%1INPT=ERR3', 'off');
  t.equal(ask(simulator, '%1LAMP ?'), '%1LAMP=1234 0');
  t.equal(ask(simulator, '%1POWR 1'), '%1POWR=OK');
  t.equal(ask(simulator, '%1POWR 0'), '%1POWR=ERR3', 'warming');
  t.equal(ask(simulator, '%1INPT 31'), '%1INPT=ERR3');
  const seen = Array.from({ length: 4 }, () => ask(simulator, '%1POWR ?'));
  t.strictSame(seen, ['%1POWR=3', '%1POWR=3', '%1POWR=1', '%1POWR=1'], 'asked often enough it is warm');
  t.equal(ask(simulator, '%1POWR 0'), '%1POWR=OK', 'and can be switched off');
});

t.test('picture and sound are muted each by itself, or both', async (t) => {
  const simulator = projector();
  for (const [set, shows] of [
    ['31', '31'],
    ['10', '21'],
    ['20', '30'],
    ['11', '11'],
    ['30', '30'],
    ['21', '21'],
  ] as const) {
    t.equal(ask(simulator, `%1AVMT ${set}`), '%1AVMT=OK');
    t.equal(ask(simulator, '%1AVMT ?'), `%1AVMT=${shows}`, `after ${set}`);
  }
});

t.test('it complains; and with notifications it tells by itself what has changed', async (t) => {
  const quiet = projector();
  t.equal(text(quiet.happen('lamp warning')), '');
  t.equal(text(quiet.happen('temperature error')), '');
  t.equal(ask(quiet, '%1ERST ?'), '%1ERST=012000');
  const loud = projector('notify');
  t.equal(text(loud.happen('fan error')), '%2ERST=200000\r');
  t.equal(text(loud.happen('remote power off')), '%2POWR=2\r');
  t.equal(ask(projector('class1 notify'), '%1POWR 0'), '%1POWR=OK', 'class 1 tells nothing');
  t.equal(ask(projector('notify'), '%1INPT 32'), '%1INPT=OK\r%2INPT=32');
  t.throws(() => quiet.happen('explode'), /remote power on/);
});

t.test('lines are bounded, garbage is passed over, commands may be glued', async (t) => {
  const simulator = projector();
  for (let block = 0; block < 1000; block++) simulator.feed(Buffer.alloc(1000, 0x25));
  t.equal(ask(simulator, ''), '', 'too long a line is nothing');
  t.equal(text(simulator.feed(Buffer.from('%1POWR ?\r\n%1CLSS ?\r'))), '%1POWR=1\r%1CLSS=2\r');
});

t.test('after a loss of power it is off; after half a minute without a word it has hung up', async (t) => {
  const simulator = projector();
  simulator.opened();
  simulator.restart();
  t.equal(ask(simulator, '%1POWR ?'), '%1POWR=0');
  simulator.happen('idle');
  t.equal(ask(simulator, '%1POWR ?'), '');
  simulator.closed();
  simulator.opened();
  t.equal(ask(simulator, '%1POWR ?'), '%1POWR=0');
});
