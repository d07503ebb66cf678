/** What tells who a device on a serial line is, and what only looks so. Answers of real devices are in the tests of their drivers. */
import t from 'tap';
import { rounds } from '../../edge/devices/discover/questions.ts';
import { encode } from '../../hardware/mdc/codec.ts';

const who = (answer: Uint8Array) => rounds.at(-1)!.questions.flatMap(({ judge }) => judge(answer) ?? []);
const text = (line: string): Uint8Array => Buffer.from(line, 'latin1');
const frame = (id: number): number[] => [0xaa, 0xff, id, 3, 0x4e, 0x11, 0x01, (0xff + id + 3 + 0x4e + 0x11 + 1) & 0xff];

t.test('a display says its number in a whole frame; noise and our own question say nothing', async (t) => {
  t.match(who(Uint8Array.of(0x00, 0xaa, ...frame(5))), [
    { driver: 'mdc', address: 5 },
    { driver: 'mdc', address: 5 },
  ]);
  const damaged = frame(5);
  damaged[6] = 0x02;
  for (const noise of [damaged, frame(5).slice(0, 5), [0xaa, 0xff, 1, 2, 3, 4, 5, 6], [...encode(1, 0x11)]])
    t.strictSame(who(Uint8Array.from(noise)), [], Buffer.from(noise).toString('hex'));
});

t.test('a model alone makes no codec: many a machine prints it when it starts', async (t) => {
  t.strictSame(who(text('U-Boot 2011.03\r\nModel: Some Board\r\nDRAM: 512 MiB\r\n')), []);
  t.match(who(text('Model: RealPresence Group 500\r\nSerial Number: 82\r\n')), [{ driver: 'polycom', info: { serial: '82' } }]);
  const short = 'Here is what I know about myself:\r\nModel: HDX 8000\r\n';
  t.match(who(text(short)), [{ driver: 'polycom', info: { model: 'HDX 8000', serial: '' } }]);
});

t.test('who wants a login is known by the prompt at the end, without a line end', async (t) => {
  for (const [prompt, driver] of [
    ['\r\nlogin: ', 'xapi'],
    ['\r\nPassword: ', 'polycom'],
  ] as const) {
    const said = who(text(prompt));
    t.match(said[0], { driver, needsLogin: true });
    t.equal(new Set(said.map((each) => each.driver)).size, 1, 'whichever question it answers');
  }
  t.strictSame(who(text('login: failed\r\n')), []);
});
