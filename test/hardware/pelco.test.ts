/** Pelco-D: every frame of the table, positions where a camera tells them, and a line on which nobody answers. */
import t from 'tap';
import {
  drive,
  focus,
  panOf,
  pelcoD,
  pelcoFramer,
  pelcoP,
  presetCall,
  presetClear,
  presetSet,
  query,
  readPelcoD,
  stop,
  tiltOf,
  zoomOf,
} from '../../hardware/pelco/codec.ts';
import { pelco } from '../../hardware/pelco/driver.ts';
import { hex, unhex } from '../../hardware/wire/framing.ts';
import { now, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import { deviceRig, framed, fuzzFramer } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

const bytes = (text: string): Uint8Array => {
  const read = unhex(text);
  if (read === null) throw new Error(`no hex: ${text}`);
  return read;
};
const address = 1;
/** Speed 20 of 3F. */
const half = 0x20 / 0x3f;

t.test('frames are the bytes of the table', async (t) => {
  const table: readonly (readonly [string, Parameters<typeof pelcoD>[0]])[] = [
    ['FF 01 00 08 00 20 29', { address, ...drive(0, half, 0) }],
    ['FF 01 00 10 00 20 31', { address, ...drive(0, -half, 0) }],
    ['FF 01 00 04 20 00 25', { address, ...drive(-half, 0, 0) }],
    ['FF 01 00 02 20 00 23', { address, ...drive(half, 0, 0) }],
    ['FF 01 00 0C 20 20 4D', { address, ...drive(-half, half, 0) }],
    ['FF 01 00 20 00 00 21', { address, ...drive(0, 0, 1) }],
    ['FF 01 00 40 00 00 41', { address, ...drive(0, 0, -0.1) }],
    ['FF 01 00 80 00 00 81', { address, ...focus('far') }],
    ['FF 01 01 00 00 00 02', { address, ...focus('near') }],
    ['FF 01 00 00 00 00 01', { address, ...stop }],
    ['FF 01 00 00 00 00 01', { address, ...drive(0, 0, 0) }],
    ['FF 01 00 03 00 01 05', { address, ...presetSet(1) }],
    ['FF 01 00 05 00 01 07', { address, ...presetClear(1) }],
    ['FF 01 00 07 00 01 09', { address, ...presetCall(1) }],
    ['FF 01 00 51 00 00 52', { address, ...query('pan') }],
    ['FF 01 00 53 00 00 54', { address, ...query('tilt') }],
    ['FF 01 00 55 00 00 56', { address, ...query('zoom') }],
    ['FF FF 00 02 01 00 02', { address: 255, ...drive(0.001, 0, 0) }],
  ];
  for (const [wire, frame] of table) {
    t.equal(hex(pelcoD(frame)), wire, wire);
    t.strictSame(readPelcoD(bytes(wire)), frame);
  }
  const wrapped: readonly (readonly [string, Parameters<typeof pelcoD>[0]])[] = [
    ['A0 00 00 08 00 20 AF 27', { address, ...drive(0, half, 0) }],
    ['A0 00 00 04 20 00 AF 2B', { address, ...drive(-half, 0, 0) }],
    ['A0 00 00 20 00 00 AF 2F', { address, ...drive(0, 0, 1) }],
    ['A0 00 00 07 00 01 AF 09', { address, ...presetCall(1) }],
    ['A0 00 00 00 00 00 AF 0F', { address, ...stop }],
  ];
  for (const [wire, frame] of wrapped) t.equal(hex(pelcoP(frame)), wire, wire);
});

t.test('answers are found among garbage, and none with a wrong sum is believed', async (t) => {
  const pan = { address: 1, command1: 0, command2: 0x59, data1: 0x23, data2: 0x28 };
  const table: readonly (readonly [string, readonly unknown[], string])[] = [
    ['FF 01 00 59 23 28 A5', [pan], 'a position'],
    ['FF 01 00 59 23 28 A5 FF 01 00 59 23 28 A5', [pan, pan], 'glued'],
    ['00 FF FF 01 00 59 23 28 A5', [pan], 'garbage before'],
    ['FF 01 00 59 FF 01 00 59 23 28 A5', [pan], 'one cut off before'],
    ['FF 01 00 51 00 00 52 FF 02 00 59 23 28 A6 FF 01 00 59 23 28 A5', [pan], 'our own and those of others'],
    ['FF 01 00 59 23 28 A6', [], 'a wrong sum'],
    ['FF 01 00 59 23', [], 'cut off'],
  ];
  for (const [wire, means, what] of table)
    t.strictSame(
      framed(t, () => pelcoFramer(1), bytes(wire)),
      means,
      what,
    );
  t.equal(readPelcoD(bytes('FF 01 00 59 23 28')), null);
  fuzzFramer(t, () => pelcoFramer(1), bytes('FF 01 00 59 23 28 A5'), 14);
});

t.test('positions in hundredths of a degree become -1…1', async (t) => {
  const near = (value: number, wanted: number, what: string) => t.ok(Math.abs(value - wanted) < 0.001, `${what}: ${value}`);
  near(panOf(0), 0, 'ahead');
  near(panOf(9000), 0.5, 'right');
  near(panOf(27_000), -0.5, 'left');
  near(tiltOf(0), 0, 'level');
  near(tiltOf(9000), -1, 'down');
  near(tiltOf(31_500), 0.5, 'up');
  near(zoomOf(0xffff), 1, 'tele');
});

/** A line that takes everything and answers what the test says. */
function rigWith(answer: (frame: string) => string | null) {
  const heard: string[] = [];
  const nothing = (): readonly Said[] => [];
  const feed = (all: Uint8Array): readonly Said[] =>
    (hex(all).match(/FF(?: ..){6}|A0(?: ..){7}/g) ?? []).flatMap((frame) => {
      heard.push(frame);
      const said = answer(frame);
      return said === null ? [] : now(bytes(said));
    });
  const simulator: Simulator = { opened: nothing, closed() {}, feed, happen: nothing, restart: nothing, facts: {} };
  return { heard, driver: { ...pelco, simulator: () => simulator } };
}

const STOP = 'FF 01 00 00 00 00 01';

t.test('a silent camera is driven all the same, stopped twice, and asked for nothing after the beginning', async (t) => {
  const { heard, driver } = rigWith(() => null);
  const { device } = await deviceRig(t, { ...driver, manners: { ...pelco.manners, pollMs: 50 } });
  t.strictSame(heard.splice(0), [STOP, STOP, 'FF 01 00 51 00 00 52', 'FF 01 00 53 00 00 54']);
  t.strictSame(
    device.capabilities.map(({ feedback, ack }) => `${feedback} ${ack}`),
    Array(4).fill('none none'),
  );
  t.equal((await device.execute({ do: 'move', pan: half, tilt: 0, zoom: 0, limitMs: 5000 })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 })).outcome, 'completed');
  t.equal((await device.execute({ do: 'presetStore', preset: '1', name: '' })).outcome, 'accepted');
  t.equal((await device.execute({ do: 'presetRecall', preset: '1' })).outcome, 'accepted');
  await eventually(() => (heard.length >= 5 ? undefined : heard.join('\n')));
  t.strictSame(heard, ['FF 01 00 02 20 00 23', STOP, STOP, 'FF 01 00 03 00 01 05', 'FF 01 00 07 00 01 09']);
  t.equal(device.state.position, null, 'what it does not tell is not known');
  t.equal(device.standing.link, 'ok');
});

t.test('a newer motion takes the place of one that waits, and a stop the place of both', async (t) => {
  const { heard, driver } = rigWith(() => null);
  const { device } = await deviceRig(t, driver);
  heard.splice(0);
  const move = (pan: number) => device.execute({ do: 'move', pan, tilt: 0, zoom: 0, limitMs: 5000 });
  t.equal((await move(half)).outcome, 'accepted');
  // Before the next frame there is a pause: what is wished meanwhile waits.
  const all = await Promise.all([move(0.1), move(-half), device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 })]);
  t.strictSame(all.map(({ outcome }) => outcome).slice(0, 2), ['superseded', 'superseded']);
  t.equal(all[2]?.outcome, 'completed');
  await eventually(() => (heard.length >= 3 ? undefined : heard.join('\n')));
  t.strictSame(heard, ['FF 01 00 02 20 00 23', STOP, STOP]);
});

t.test('raw is one frame with a right sum', async (t) => {
  const { heard, driver } = rigWith(() => null);
  const { device } = await deviceRig(t, driver);
  heard.splice(0);
  for (const wrong of ['FF 01 00 08 00 20 28', 'FF 01 00 08 00 20 29 FF 01 00 00 00 00 01', 'up'])
    t.match(await device.execute({ do: 'raw', text: wrong }), { outcome: 'rejected', because: /input.invalid|characters/ });
  t.equal((await device.execute({ do: 'raw', text: 'FF0100080020 29' })).outcome, 'accepted');
  await eventually(() => (heard.length > 0 ? undefined : 'nothing came'));
  t.strictSame(heard, ['FF 01 00 08 00 20 29']);
});

t.test('Pelco-P is spoken to who wants it', async (t) => {
  const { heard, driver } = rigWith(() => null);
  const { device } = await deviceRig(t, driver, { settings: { model: 'pelco-p' } });
  await device.execute({ do: 'presetRecall', preset: '1' });
  await eventually(() => (heard.length >= 3 ? undefined : heard.join('\n')));
  t.strictSame(heard, ['A0 00 00 00 00 00 AF 0F', 'A0 00 00 00 00 00 AF 0F', 'A0 00 00 07 00 01 AF 09']);
});

t.test('a camera that tells where it stands is asked, and taken for gone when it does not any more', async (t) => {
  const replies = new Map([
    ['FF 01 00 51 00 00 52', 'FF 01 00 59 23 28 A5'],
    ['FF 01 00 53 00 00 54', 'FF 01 00 5B 00 00 5C'],
    ['FF 01 00 55 00 00 56', 'FF 01 00 5D FF FF 5C'],
  ]);
  // Half-duplex adapters send our own frames back; those of other cameras pass by.
  const { driver } = rigWith((frame) => `${frame} FF 02 00 59 00 00 5B ${replies.get(frame) ?? ''}`);
  const { device } = await deviceRig(t, { ...driver, manners: { ...pelco.manners, pollMs: 100 } });
  t.strictSame(device.state.position, { pan: 0.5, tilt: 0, zoom: 1 });
  t.equal(device.capabilities[0]?.feedback, 'poll');
  replies.clear();
  await eventually(() => (device.standing.because.includes('device.silent') ? undefined : device.standing.because));
});

t.test('with the simulated camera: it moves, stops and remembers', async (t) => {
  const { device, simulator } = await deviceRig(t, pelco);
  await device.execute({ do: 'move', pan: 0.5, tilt: 0.5, zoom: 0, limitMs: 5000 });
  await eventually(() => (simulator.facts.moving === true ? undefined : JSON.stringify(simulator.facts)));
  await device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 });
  await eventually(() => (simulator.facts.moving === false ? undefined : JSON.stringify(simulator.facts)));
  await device.execute({ do: 'presetStore', preset: '5', name: '' });
  await device.execute({ do: 'presetRecall', preset: '5' });
  await eventually(() => (simulator.facts.preset === 5 || simulator.facts.preset === '5' ? undefined : JSON.stringify(simulator.facts)));
});
