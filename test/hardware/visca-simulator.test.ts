/** The simulated VISCA cameras answer byte for byte as Sony's command list says, on a serial line and over IP. */
import t from 'tap';
import { simulateViscaIp } from '../../hardware/visca/ip-simulator.ts';
import { simulateVisca } from '../../hardware/visca/simulator.ts';
import { plainSettings } from '../../hardware/wire/driver.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import type { Said, Simulator } from '../../hardware/wire/simulator.ts';

const bytes = (text: string): Uint8Array => unhex(text) ?? new Uint8Array(0);
const shown = (said: readonly Said[]): readonly string[] => said.map((each) => hex(each.bytes));
const asked = (simulator: Simulator, text: string): readonly string[] => shown(simulator.feed(bytes(text)));
const camera = (address = 1, model = ''): Simulator => simulateVisca({ ...plainSettings, address, model });
const ipCamera = (model = ''): Simulator => simulateViscaIp({ ...plainSettings, model });

t.test('each command and inquiry has its answer', async (t) => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ['address set', '88 30 01 FF', ['88 30 02 FF']],
    ['interface clear to all', '88 01 00 01 FF', ['88 01 00 01 FF']],
    ['interface clear to one', '81 01 00 01 FF', ['90 50 FF']],
    ['power inquiry', '81 09 04 00 FF', ['90 50 02 FF']],
    ['power on', '81 01 04 00 02 FF', ['90 41 FF', '90 51 FF']],
    ['zoom stop', '81 01 04 07 00 FF', ['90 41 FF', '90 51 FF']],
    ['zoom tele', '81 01 04 07 02 FF', ['90 41 FF', '90 51 FF']],
    ['zoom wide at speed 7', '81 01 04 07 37 FF', ['90 41 FF', '90 51 FF']],
    ['zoom at a speed there is not', '81 01 04 07 28 FF', ['90 60 02 FF']],
    ['zoom position', '81 09 04 47 FF', ['90 50 00 00 00 00 FF']],
    ['focus mode', '81 09 04 38 FF', ['90 50 02 FF']],
    ['focus far while it is automatic', '81 01 04 08 02 FF', ['90 61 41 FF']],
    ['preset set', '81 01 04 3F 01 03 FF', ['90 41 FF', '90 51 FF']],
    ['preset recall', '81 01 04 3F 02 03 FF', ['90 41 FF', '90 51 FF']],
    ['preset there is not', '81 01 04 3F 02 10 FF', ['90 60 02 FF']],
    ['pan left', '81 01 06 01 0C 0A 01 03 FF', ['90 41 FF', '90 51 FF']],
    ['stop', '81 01 06 01 0C 0A 03 03 FF', ['90 41 FF', '90 51 FF']],
    ['a direction there is not', '81 01 06 01 0C 0A 04 03 FF', ['90 60 02 FF']],
    ['too fast', '81 01 06 01 19 0A 01 03 FF', ['90 60 02 FF']],
    ['position', '81 09 06 12 FF', ['90 50 00 00 00 00 00 00 00 00 FF']],
    ['version', '81 09 00 02 FF', ['90 50 00 20 04 0E 03 05 02 FF']],
    ['something else', '81 01 04 99 00 FF', ['90 60 02 FF']],
    ['an inquiry for something else', '81 09 04 99 FF', ['90 60 02 FF']],
    ['too long', '81 01 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 FF', ['90 60 01 FF']],
    ['too short', '81 FF', ['90 60 01 FF']],
    ['no such socket', '81 21 FF', ['90 61 05 FF']],
    ['for another camera', '82 09 04 00 FF', []],
  ];
  for (const [name, told, answers] of table) {
    t.strictSame(asked(camera(), told), answers, name);
    const slow = camera();
    t.strictSame(Array.from(bytes(told), (byte) => shown(slow.feed(Uint8Array.of(byte)))).flat(), answers, `${name}, byte by byte`);
    t.strictSame(asked(camera(), `12 FF 00 90 ${told}`), answers, `${name}, after noise`);
  }
  const both = camera();
  t.strictSame(asked(both, '81 09 04 00 FF 81 09 04 47 FF'), ['90 50 02 FF', '90 50 00 00 00 00 FF'], 'two at once');
  t.strictSame(asked(both, '81 09 04'), [], 'a part is no packet');
  t.strictSame(asked(both, '81 09 04 00 FF'), ['90 50 02 FF'], 'a header begins anew');
});

t.test('in a chain it has the address that is its place', async (t) => {
  const third = camera(3);
  t.strictSame(asked(third, '88 30 01 FF'), ['88 30 04 FF']);
  t.strictSame(asked(third, '81 09 04 00 FF'), []);
  t.strictSame(asked(third, '83 09 04 00 FF'), ['B0 50 02 FF']);
  t.strictSame(shown(third.restart()), ['B0 38 FF'], 'when it comes back the chain has changed');
  t.strictSame(shown(third.happen('network change')), ['B0 38 FF']);
  t.throws(() => third.happen('fire'), /knows network change, power on/);
});

t.test('it moves until it is told to stop, and says where it is', async (t) => {
  const one = camera();
  asked(one, '81 01 06 01 0C 0A 01 01 FF');
  asked(one, '81 01 04 07 22 FF');
  t.match(one.facts, { moving: true, going: { pan: -12, tilt: 10, zoom: 3 }, lastStop: null });
  const [first] = asked(one, '81 09 06 12 FF');
  const [second] = asked(one, '81 09 06 12 FF');
  t.not(first, second, 'it goes on');
  asked(one, '81 01 06 01 0C 0A 03 03 FF');
  t.match(one.facts, { moving: true, going: { pan: 0, tilt: 0, zoom: 3 }, lastStop: 'pan-tilt', stops: 1 });
  asked(one, '81 01 04 07 00 FF');
  t.match(one.facts, { moving: false, lastStop: 'zoom', stops: 2 });
  const { pan, tilt } = one.facts as { readonly pan: number; readonly tilt: number };
  t.ok(pan < 0 && tilt > 0, 'left is less, up is more');
  asked(one, '81 01 06 02 18 14 0F 0F 09 0C 00 00 06 04 FF');
  t.match(one.facts, { pan: -100, tilt: 100 });
  t.strictSame(asked(one, '81 09 06 12 FF'), ['90 50 0F 0F 09 0C 00 00 06 04 FF']);
  asked(one, '81 01 06 03 18 14 00 00 00 0A 0F 0F 0F 06 FF');
  t.match(one.facts, { pan: -90, tilt: 90 });
  asked(one, '81 01 04 47 01 02 03 04 FF');
  t.strictSame(asked(one, '81 09 04 47 FF'), ['90 50 01 02 03 04 FF']);
  asked(one, '81 01 04 3F 01 07 FF');
  asked(one, '81 01 06 04 FF');
  t.match(one.facts, { pan: 0, tilt: 0, preset: null });
  asked(one, '81 01 04 3F 02 07 FF');
  t.match(one.facts, { pan: -90, tilt: 90, zoom: 0x1234, preset: 7 });
  for (let step = 0; step < 200; step++) asked(one, step === 0 ? '81 01 06 01 18 17 02 02 FF' : '81 09 04 00 FF');
  t.match(one.facts, { pan: 0x8db, tilt: -0x190, moving: true }, 'it stands at the end of its way, but nobody has stopped it');
  one.restart();
  t.match(one.facts, { moving: false, pan: 0 });
  asked(one, '81 01 04 3F 02 07 FF');
  t.match(one.facts, { pan: -90 }, 'presets outlive the power');
});

t.test('what takes long is completed late; two sockets and no more', async (t) => {
  const one = camera();
  const [ack, completion] = one.feed(bytes('81 01 04 3F 02 01 FF'));
  t.equal(ack?.afterMs, 0);
  t.ok((completion?.afterMs ?? 0) > 0);
  t.strictSame(asked(one, '81 01 06 01 0C 0A 03 03 FF'), ['90 42 FF', '90 52 FF'], 'the other socket is free');
  const slow = camera();
  slow.happen('slow');
  t.strictSame(asked(slow, '81 01 04 3F 02 01 FF'), ['90 41 FF']);
  t.strictSame(asked(slow, '81 01 06 04 FF'), ['90 42 FF']);
  t.strictSame(asked(slow, '81 01 06 01 0C 0A 03 03 FF'), ['90 60 03 FF'], 'even a stop has to wait');
  t.strictSame(slow.facts.sockets, [1, 2]);
  t.strictSame(asked(slow, '81 09 04 00 FF'), ['90 50 02 FF'], 'inquiries need no socket');
  t.strictSame(asked(slow, '81 21 FF'), ['90 61 04 FF']);
  t.strictSame(asked(slow, '81 21 FF'), ['90 61 05 FF']);
  t.strictSame(asked(slow, '81 01 04 3F 02 02 FF'), ['90 41 FF']);
  t.strictSame(shown(slow.happen('finish')), ['90 51 FF', '90 52 FF']);
  t.strictSame(slow.facts.sockets, []);
  slow.happen('busy 2');
  t.strictSame(asked(slow, '81 01 04 07 00 FF'), ['90 60 03 FF']);
  t.strictSame(asked(slow, '81 01 04 07 00 FF'), ['90 60 03 FF']);
  t.strictSame(asked(slow, '81 01 04 07 00 FF').length, 2);
});

t.test('off, warming and booting cameras refuse or say nothing', async (t) => {
  const one = camera();
  asked(one, '81 01 04 07 02 FF');
  asked(one, '81 01 04 00 03 FF');
  t.match(one.facts, { power: 'off', moving: false });
  t.strictSame(asked(one, '81 09 04 00 FF'), ['90 50 03 FF']);
  t.strictSame(
    asked(one, '81 01 04 07 02 FF').map((answer) => answer.slice(-5)),
    ['41 FF'],
  );
  t.strictSame(asked(one, '81 09 04 47 FF'), ['90 60 41 FF']);
  asked(one, '81 01 04 00 02 FF');
  one.happen('warming');
  t.match(asked(one, '81 01 04 07 02 FF')[0], / 41 FF$/);
  one.happen('booting');
  for (const told of ['81 09 04 00 FF', '88 30 01 FF', '81 01 04 07 02 FF']) t.strictSame(asked(one, told), [], told);
  one.happen('ready');
  t.strictSame(asked(one, '81 09 04 00 FF'), ['90 50 02 FF']);
  one.happen('power off');
  t.equal(one.facts.power, 'off');
});

t.test('cheap cameras keep half of the answers to themselves; new ones count further', async (t) => {
  const tele = '81 01 04 07 02 FF';
  t.strictSame(asked(camera(1, 'ack-only'), tele), ['90 41 FF']);
  t.strictSame(asked(camera(1, 'completion-only'), tele), ['90 51 FF']);
  const silent = camera(1, 'silent');
  t.strictSame(asked(silent, tele), []);
  t.equal(silent.facts.moving, true);
  t.strictSame(asked(silent, '81 09 04 00 FF'), ['90 50 02 FF']);
  const wide = camera(1, 'SRG-X400');
  t.strictSame(asked(wide, '81 01 06 02 18 00 0F 0F 0F 09 0C 00 00 06 04 FF'), ['90 41 FF', '90 51 FF']);
  t.match(wide.facts, { pan: -100, tilt: 100 });
  t.strictSame(asked(wide, '81 01 06 02 18 14 0F 0F 09 0C 00 00 06 04 FF'), ['90 60 02 FF']);
});

t.test('over IP each datagram has a header, and each number is taken once', async (t) => {
  const one = ipCamera();
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ['reset', '02 00 00 01 00 00 00 00 01', ['02 01 00 01 00 00 00 00 01']],
    ['inquiry', '01 10 00 05 00 00 00 01 81 09 04 00 FF', ['01 11 00 04 00 00 00 01 90 50 02 FF']],
    [
      'command',
      '01 00 00 09 00 00 00 02 81 01 06 01 0C 0A 01 03 FF',
      ['01 11 00 03 00 00 00 02 90 41 FF', '01 11 00 03 00 00 00 02 90 51 FF'],
    ],
    ['the same once more', '01 00 00 09 00 00 00 02 81 01 06 01 0C 0A 01 03 FF', ['02 01 00 02 00 00 00 02 0F 01']],
    ['a gap is none of its business', '01 10 00 05 00 00 00 09 81 09 04 47 FF', ['01 11 00 07 00 00 00 09 90 50 00 00 00 00 FF']],
    ['an older one', '01 10 00 05 00 00 00 08 81 09 04 47 FF', ['02 01 00 02 00 00 00 08 0F 01']],
    ['a wrong length', '01 10 00 06 00 00 00 0A 81 09 04 00 FF', ['02 01 00 02 00 00 00 0A 0F 02']],
    ['a wrong type', '07 00 00 05 00 00 00 0A 81 09 04 00 FF', ['02 01 00 02 00 00 00 0A 0F 02']],
    ['another camera', '01 10 00 05 00 00 00 0A 82 09 04 00 FF', ['02 01 00 02 00 00 00 0A 0F 02']],
    ['half a header', '01 10 00 05', []],
  ];
  for (const [name, told, answers] of table) t.strictSame(asked(one, told), answers, name);
  t.equal(one.facts.moving, true, 'the repeated one was carried out once');
  t.equal(one.facts.sequenceErrors, 2);
});

t.test('over IP what is lost is known by its number; a restart forgets numbers', async (t) => {
  const one = ipCamera();
  const tele = '01 00 00 06 00 00 00 05 81 01 04 07 02 FF';
  one.happen('lose command');
  t.strictSame(asked(one, tele), []);
  t.equal(one.facts.moving, false);
  t.equal(asked(one, tele).length, 2, 'it never came: now it does');
  const stop = '01 00 00 06 00 00 00 06 81 01 04 07 00 FF';
  one.happen('lose answer');
  t.strictSame(asked(one, stop), []);
  t.equal(one.facts.moving, false);
  t.strictSame(asked(one, stop), ['02 01 00 02 00 00 00 06 0F 01'], 'it was carried out');
  one.happen('slow');
  t.strictSame(asked(one, '01 00 00 05 00 00 00 07 81 01 06 04 FF'), ['01 11 00 03 00 00 00 07 90 41 FF']);
  t.strictSame(shown(one.happen('finish')), ['01 11 00 03 00 00 00 07 90 51 FF'], 'a late completion has the number of its command');
  one.restart();
  t.equal(one.facts.sequence, null);
  t.equal(asked(one, '01 10 00 05 00 00 00 01 81 09 04 00 FF').length, 1);
  asked(one, '01 10 00 05 FF FF FF FF 81 09 04 00 FF');
  t.throws(() => one.happen('network change'), /knows lose command/);
});
