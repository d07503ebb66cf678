/** Samsung MDC: the byte tables of the specification, damaged frames, and displays that are deaf or refuse. */
import t, { type Test } from 'tap';
import { commands, dissect, encode, FRAME_LIMIT, type MdcMessage, mdcFramer } from '../../hardware/mdc/codec.ts';
import { mdc } from '../../hardware/mdc/driver.ts';
import { told as means } from '../../hardware/mdc/values.ts';
import type { Reach } from '../../hardware/wire/driver.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import { now, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import { deviceRig, framed, fuzzFramer } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => unhex(text) ?? new Uint8Array(0);

t.test('commands have the bytes of the specification', async (t) => {
  const table: readonly (readonly [Parameters<typeof encode>, string])[] = [
    [[0, commands.status], 'AA 00 00 00 00'],
    [[0, commands.power, [1]], 'AA 11 00 01 01 13'],
    [[0, commands.power, [0]], 'AA 11 00 01 00 12'],
    [[0, commands.volume, [24]], 'AA 12 00 01 18 2B'],
    [[0, commands.mute, [1]], 'AA 13 00 01 01 15'],
    [[0, commands.input, [0x21]], 'AA 14 00 01 21 36'],
    [[0, commands.power], 'AA 11 00 00 11'],
    [[0, commands.panel], 'AA F9 00 00 F9'],
    [[0xfe, commands.power, [1]], 'AA 11 FE 01 01 11'],
  ];
  for (const [given, want] of table) {
    t.equal(hex(encode(...given)), want);
    t.strictSame(dissect(bytes(want)), { id: given[0], command: given[1] });
  }
  for (const wrong of ['AA 11 00 01 01 14', 'AA 11 00 02 01 14', 'AA 11 00', '11 00 01 01 13', 'AA FF 00 03 41 11 01 55'])
    t.equal(dissect(bytes(wrong)), null, wrong);
});

const ack = (command: number, ...values: readonly number[]): MdcMessage => ({ id: 0, ok: true, command, values });
const answers: readonly (readonly [string, MdcMessage, object])[] = [
  [
    'AA FF 00 09 41 00 01 06 00 14 00 00 00 64',
    ack(0x00, 1, 6, 0, 0x14, 0, 0, 0),
    { power: 'on', volume: 0.06, speakerMuted: false, input: 'PC' },
  ],
  ['AA FF 00 03 41 11 01 55', ack(0x11, 1), { power: 'on' }],
  ['AA FF 00 03 4E 11 01 62', { ...ack(0x11, 1), ok: false }, { power: 'on' }],
  ['AA FF 00 03 41 12 18 6D', ack(0x12, 24), { volume: 0.24 }],
  ['AA FF 00 03 41 13 01 57', ack(0x13, 1), { speakerMuted: true }],
  ['AA FF 00 03 41 14 21 78', ack(0x14, 0x21), { input: 'HDMI1' }],
  ['AA FF 00 03 41 F9 00 3C', ack(0xf9, 0), { blank: false }],
];

t.test('answers are understood in whatever pieces they come', async (t) => {
  for (const [sent, message, state] of answers) {
    t.strictSame(framed(t, mdcFramer, bytes(sent)), [message], sent);
    t.strictSame(means(message.command, message.values), state);
  }
  const all = bytes(answers.map(([sent]) => sent).join(' '));
  t.strictSame(
    framed(t, mdcFramer, all),
    answers.map(([, message]) => message),
    'glued',
  );
});

t.test('damage costs the damaged frame and no other', async (t) => {
  const good = 'AA FF 00 03 41 11 01 55';
  const only = [ack(0x11, 1)];
  const table: readonly (readonly [string, string, readonly MdcMessage[]])[] = [
    ['truncated', 'AA FF 00 03 41 11 01', []],
    ['garbage before', `00 41 FF AA 12 ${good}`, only],
    ['a header before', `AA ${good}`, only],
    ['a wrong sum', `AA FF 00 03 41 11 01 56 ${good}`, only],
    ['cut short', `AA FF 00 03 41 ${good}`, only],
    ['a length beyond all frames', `AA FF 00 FF 41 11 01 55 ${good}`, only],
    ['a length too long', `AA FF 00 30 41 11 01 55 ${good}`, only],
    ['neither yes nor no', `AA FF 00 03 42 11 01 56 ${good}`, only],
    ['our own command come back', `AA 11 00 01 01 13 ${good}`, only],
    ['two at once', `${good} ${good}`, [...only, ...only]],
  ];
  for (const [name, sent, want] of table) t.strictSame(framed(t, mdcFramer, bytes(sent)), want, name);
  fuzzFramer(t, mdcFramer, bytes(good), FRAME_LIMIT);
});

t.test('values that nobody understands are unknown, never "on" or "muted"', async (t) => {
  t.strictSame(means(commands.power, [7]), { power: 'unknown' });
  t.strictSame(means(commands.mute, [0xff]), { speakerMuted: null });
  t.strictSame(means(commands.volume, [0xff]), { volume: null });
  t.strictSame(means(commands.input, [0x22]), { input: 'HDMI1' }, 'the code of a computer is the same socket');
  t.strictSame(means(commands.input, [0x30]), { input: 'code 30' });
  t.strictSame(means(commands.status, [1]), { power: 'on' });
  t.strictSame(means(commands.power, []), {});
});

/** A display that answers from a list of hex texts, and nothing to what is not in it. */
function scripted(list: Readonly<Record<string, string | (() => string | null)>>): Simulator {
  let held = new Uint8Array(0);
  return {
    opened: () => [],
    closed: () => {},
    feed(given) {
      held = Uint8Array.of(...held, ...given);
      const said: Said[] = [];
      for (let used = 5 + (held[3] ?? 0); held.length >= Math.max(5, used); used = 5 + (held[3] ?? 0)) {
        const answer = list[hex(held.subarray(0, used))];
        held = held.slice(used);
        const chosen = typeof answer === 'function' ? answer() : answer;
        if (typeof chosen === 'string') said.push(...now(bytes(chosen)));
      }
      return said;
    },
    happen: () => [],
    restart: () => [],
    facts: {},
  };
}

const working = {
  'AA 00 00 00 00': 'AA FF 00 09 41 00 01 06 00 14 00 00 00 64',
  'AA F9 00 00 F9': 'AA FF 00 03 41 F9 00 3C',
  'AA 11 00 00 11': 'AA FF 00 03 41 11 01 55',
};

const rigOf = (t: Test, list: Parameters<typeof scripted>[0], reach: Reach = 'serial', pollMs = mdc.manners.pollMs) =>
  deviceRig(t, { ...mdc, manners: { ...mdc.manners, pollMs }, simulator: () => scripted(list) }, { settings: { address: 0 }, reach });

t.test('a display tells all of it at once, over either line', async (t) => {
  for (const reach of ['serial', 'tcp'] as const) {
    const { device } = await rigOf(t, working, reach);
    t.match(device.state, { power: 'on', volume: 0.06, speakerMuted: false, input: 'PC', blank: false });
    t.match(device.info, { make: 'Samsung' });
  }
});

t.test('what was set is what the display says it is', async (t) => {
  const { device } = await rigOf(t, {
    ...working,
    'AA 12 00 01 18 2B': 'AA FF 00 03 41 12 18 6D',
    'AA 13 00 01 01 15': 'AA FF 00 03 41 13 01 57',
    // A computer was found there: the code that comes back is another.
    'AA 14 00 01 21 36': 'AA FF 00 03 41 14 22 79',
    'AA 14 00 01 18 2D': 'AA FF 00 03 4E 14 01 65',
    'AA F9 00 01 01 FB': 'AA FF 00 03 41 F9 01 3D',
  });
  t.match(await device.execute({ do: 'volume', level: 0.24 }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'input', input: 'HDMI1' }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'blank', on: true }), { outcome: 'completed' });
  t.match(device.state, { volume: 0.24, speakerMuted: true, input: 'HDMI1', blank: true });
  t.match(await device.execute({ do: 'input', input: 'DVI' }), { outcome: 'rejected', because: /NAK 01/ });
  t.match(await device.execute({ do: 'input', input: 'SCART' }), { outcome: 'rejected' });
  t.equal(device.state.input, 'HDMI1');
});

t.test('a display that starts up may be deaf for a while, and is not given up', async (t) => {
  let on = false;
  let deaf = false;
  const list = {
    'AA 00 00 00 00': () => (deaf ? null : on ? working['AA 00 00 00 00'] : 'AA FF 00 03 4E 00 01 51'),
    'AA 11 00 00 11': () => (deaf ? null : on ? 'AA FF 00 03 41 11 01 55' : 'AA FF 00 03 41 11 00 54'),
    'AA F9 00 00 F9': working['AA F9 00 00 F9'],
    'AA 11 00 01 01 13': () => {
      deaf = true;
      return 'AA FF 00 03 41 11 01 55';
    },
  };
  const { device, told } = await rigOf(t, list, 'serial', 300);
  t.match(device.state, { power: 'off', volume: null, input: null }, 'in standby it refuses all but its power');
  t.match(await device.execute({ do: 'power', on: true }), { outcome: 'accepted' });
  told();
  await eventually(() => (hex(told()).includes('AA 11 00 00 11') ? undefined : 'not asked yet'));
  t.match(device.standing, { link: 'ok' });
  t.equal(device.state.power, 'warming');
  deaf = false;
  on = true;
  await eventually(() => (device.state.power === 'on' ? undefined : String(device.state.power)));
  t.equal(device.state.input, 'PC');
});

t.test('raw takes command and data, or a whole command whose sum is right', async (t) => {
  const { device, told } = await rigOf(t, {
    ...working,
    'AA 13 00 01 01 15': 'AA FF 00 03 41 13 01 57',
    'AA 13 00 01 00 14': 'AA FF 00 03 4E 13 09 6C',
  });
  told();
  t.match(await device.execute({ do: 'raw', text: '13 01' }), { outcome: 'accepted', answer: /^AA FF 00 03 41 13 / });
  t.match(await device.execute({ do: 'raw', text: 'AA 13 00 01 01 15' }), { outcome: 'accepted' });
  t.equal(hex(told()), 'AA 13 00 01 01 15 AA 13 00 01 01 15');
  t.match(await device.execute({ do: 'raw', text: '13 00' }), { outcome: 'rejected', because: /NAK 09/ });
  t.match(await device.execute({ do: 'raw', text: 'AA 11 FE 01 01 11' }), { outcome: 'accepted' }, 'nobody answers what is for all');
  for (const text of ['AA 13 00 01 01 16', 'FF 00', 'on'])
    t.match(await device.execute({ do: 'raw', text }), { outcome: 'rejected' }, text);
});

t.test('the answer of another display on the line is not ours', async (t) => {
  const { device } = await rigOf(t, { ...working, 'AA 12 00 01 18 2B': 'AA FF 05 03 41 12 18 72' });
  t.match(await device.execute({ do: 'volume', level: 0.24 }), { outcome: 'unknown' });
  t.equal(device.state.volume, 0.06);
});

t.test('driver and simulator understand each other', async (t) => {
  const { device, simulator } = await deviceRig(t, mdc);
  t.match(await device.execute({ do: 'power', on: true }), { outcome: 'accepted' });
  await eventually(() => (device.state.power === 'on' ? undefined : `${device.state.power} ${JSON.stringify(simulator.facts)}`));
  // A start-up of the simulator may still be deaf to this one: done when the display says so.
  await eventually(async () => {
    const { outcome, because } = await device.execute({ do: 'volume', level: 0.4 });
    return outcome === 'completed' ? undefined : because;
  });
  t.match(await device.execute({ do: 'input', input: 'HDMI2' }), { outcome: 'completed' });
  t.match(await device.execute({ do: 'speakerMute', on: true }), { outcome: 'completed' });
  t.match(device.state, { volume: 0.4, input: 'HDMI2', speakerMuted: true });
  t.match(await device.execute({ do: 'power', on: false }), { outcome: 'accepted' });
  await eventually(() => (device.state.power === 'off' ? undefined : String(device.state.power)));
});
