/** The simulated MXP codec, byte by byte as the integrator guides of TANDBERG MXP (D13887) and MPS (D13639) have it. */
import t from 'tap';
import { plainSettings } from '../../hardware/wire/driver.ts';
import type { Said } from '../../hardware/wire/simulator.ts';
import { simulateXacli } from '../../hardware/xacli/simulator.ts';
import { seeded } from '../support/device.ts';

const text = (said: readonly Said[]): string => said.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('');
const IDLE = '\r\n*s Call 1 (status=Disconnected, type=NA, protocol=NA, direction=NA):\r\n*s/end\r\n\r\nOK\r\n';
const OK = '\r\n*r Result (status=OK):';

function codec(model = '') {
  const simulator = simulateXacli({ ...plainSettings, model });
  simulator.opened();
  return { simulator, say: (line: string) => text(simulator.feed(Buffer.from(`${line}\r`, 'latin1'))) };
}

t.test('commands and statuses are answered as the guides show', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['xstatus call', IDLE],
    ['xcommand dial number:123 callrate:256', `${OK}\r\n  CallRef: 1\r\n  LogTag: 5\r\n*r/end\r\nOK\r\nCONNECT\r\n`],
    ['xcom disc', `${OK} /\r\n*r/end\r\nOK\r\nNO CARRIER\r\n`],
    ['xcommand dial 123 256', `${OK}\r\n  CallRef: 1\r\n  LogTag: 6\r\n*r/end\r\nOK\r\nCONNECT\r\n`],
    ['xcommand disconnect', `${OK} /\r\n*r/end\r\nOK\r\nNO CARRIER\r\n`],
    ['xstatus call', IDLE],
    ['AT', 'OK\r\n'],
    ['nonsense', 'ERROR\r\n'],
    ['', ''],
  ];
  const { say } = codec();
  for (const [line, answer] of table) t.equal(say(line), answer, line);
  t.match(say('xcommand disconnect'), /^\r\n\*r Result \(status=Error\):\r\n {2}Cause: \d+\r\n {2}Description: .*\r\n\*r\/end\r\n$/);
  t.match(say('xstatus systemunit'), /\*s SystemUnit:\r\n[\s\S]*SerialNumber: "38A17054"\r\n\*s\/end/);
});

t.test('a call in progress has its state in the header', async (t) => {
  const { say, simulator } = codec();
  say('xcommand dial number:2001 callrate:768');
  t.match(say('xstatus call'), '*s Call 1 (status=Synced, type=Vtlph, protocol=H323, direction=Outgoing):\r\n  CallRate: 768\r\n');
  simulator.happen('incoming 3003');
  t.match(say('xstatus call'), '*s Call 2 (status=AwaitInCnf, type=Vtlph, protocol=H323, direction=Incoming):');
  t.match(say('xcommand disconnect call:2'), 'NO CARRIER');
  t.strictSame(
    (simulator.facts.calls as readonly { slot: number }[]).map(({ slot }) => slot),
    [1],
  );
});

t.test('feedback comes to whoever registered, and in that session only', async (t) => {
  const { say, simulator } = codec();
  t.equal(say('xfeedback register status/call'), 'OK\r\n');
  t.equal(say('xfeedback list'), '*xf 1 status/call\r\nOK\r\n');
  const dialled = say('xcommand dial number:2001');
  const states = Array.from(dialled.matchAll(/\*s Call 1 \(status=(\w+),/g), ([, state]) => state);
  t.strictSame(states, ['Dialling', 'Alerting', 'EstablOut', 'Synced']);
  t.match(dialled, /\*s\/end\r\nCONNECT\r\n$/);
  t.match(text(simulator.happen('hang-up')), /status=Disconnected, type=NA[\s\S]*NO CARRIER/);
  t.equal(say('xfeedback deregister 1'), 'OK\r\n');
  t.equal(text(simulator.happen('incoming 5')), 'RING\r\n', 'the modem word comes all the same');
  for (let each = 0; each < 15; each++) t.equal(say('xfeedback register status/call'), 'OK\r\n');
  t.equal(say('xfeedback register status/call'), 'ERROR\r\n', 'fifteen and no more');
  simulator.closed();
  t.equal(say('xfeedback list'), 'OK\r\n');
});

t.test('feedback with a condition is told that state only', async (t) => {
  const { say } = codec();
  say('xfeedback register status/call[@status="Synced"]');
  const dialled = say('xcommand dial number:2001');
  t.strictSame(
    Array.from(dialled.matchAll(/status=(\w+), type/g), ([, state]) => state),
    ['Synced'],
  );
});

t.test('its odd ways have names', async (t) => {
  const mps = codec('mps');
  t.match(mps.say('xstatus call'), /\*s\/end\r\n$/, 'no OK after a status');
  const echo = codec('echo');
  t.match(echo.say('xstatus call'), /^xstatus call\r\n/);
  t.equal(echo.say('echo off'), 'echo off\r\nOK\r\n');
  t.equal(echo.say('AT'), 'OK\r\n');
  const { simulator, say } = codec();
  simulator.happen('command-fails');
  t.match(say('xcommand dial number:1'), 'status=Error');
  simulator.happen('far-end busy');
  t.match(say('xcommand dial number:1'), /BUSY\r\nNO CARRIER\r\n$/);
  simulator.happen('far-end rings');
  t.notMatch(say('xcommand dial number:1'), 'CONNECT');
  t.match(text(simulator.happen('answer')), 'CONNECT');
  simulator.restart();
  t.strictSame(simulator.facts.calls, []);
  t.throws(() => simulator.happen('fire'), /there are: incoming/);
});

t.test('nonsense does it no harm', async (t) => {
  const dice = seeded(7);
  const { simulator, say } = codec();
  for (let each = 0; each < 2000; each++) simulator.feed(Uint8Array.from({ length: 50 }, () => Math.floor(dice() * 256)));
  say('');
  t.equal(say('xstatus call'), IDLE);
});
