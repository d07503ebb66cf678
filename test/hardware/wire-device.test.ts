/** The life of a device behind a line that hangs, lies or comes and goes; the line is the test's own, time too. */
import t from 'tap';
import { WiredDevice } from '../../hardware/wire/device.ts';
import { lineFramer } from '../../hardware/wire/framing.ts';
import { Motion } from '../../hardware/wire/motion.ts';
import type { Line, LineHandlers } from '../../hardware/wire/port.ts';
import type { Protocol } from '../../hardware/wire/protocol.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MANNERS = { gapMs: 0, pollMs: 1000, beginMs: 5000 } as const;

/** All that follows by itself from what was done just now. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** `there`: whether the port can be opened. Lines are closed only when `closes`. */
function rig({ there = true, closes = true }: { readonly there?: boolean; readonly closes?: boolean } = {}) {
  const clock = new ManualClock();
  const lines: LineHandlers[] = [];
  const logged: string[] = [];
  const world = { there, opened: 0 };
  const protocol = (): Protocol<string> => ({
    framer: lineFramer({ limit: 100 }),
    capabilities: [{ id: 'power', feedback: 'poll', ack: 'accepted', params: {} }],
    begin: async () => undefined,
    act: async () => 'accepted',
    poll: async () => undefined,
    heard: (_talk, message) => {
      if (message === 'nonsense') throw new TypeError('a bug');
    },
    halt: null,
  });
  const note = (_facts: object, message: string): void => void logged.push(message);
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note, child: () => log };
  const device = new WiredDevice<string>({
    name: 'device',
    port: {
      name: 'port',
      open: async (handlers): Promise<Line> => {
        world.opened++;
        if (!world.there) throw new FaultError({ code: 'unreachable', what: 'port', because: 'nobody' });
        lines.push(handlers);
        return { write: async () => undefined, close: () => (closes ? Promise.resolve() : new Promise<void>(() => undefined)) };
      },
    },
    protocol,
    manners: MANNERS,
    clock,
    log,
  });
  const standings = new Set<string>();
  device.on('changed', () => standings.add(device.standing.link));
  return { clock, device, lines, logged, world, standings };
}

t.test('a line that never closes holds up neither the next try nor an end', async (t) => {
  const { clock, device, lines, world } = rig({ closes: false });
  device.start();
  await settled();
  t.equal(device.standing.link, 'ok');
  lines[0]?.ended('pulled out');
  await settled();
  clock.advance(1000);
  await settled();
  clock.advance(100);
  await settled();
  t.equal(device.standing.link, 'ok');
  t.equal(world.opened, 2);
  const stopped = device.stop();
  clock.advance(1000);
  await stopped;
  t.equal(device.standing.link, 'disconnected');
});

t.test('a driver that fails over what its device says loses the device, not the process', async (t) => {
  const { clock, device, lines, logged } = rig();
  device.start();
  await settled();
  lines[0]?.data(Buffer.from('nonsense\r\n'));
  await settled();
  t.match(device.standing, { link: 'disconnected', because: /could not be understood/ });
  t.ok(logged.some((line) => /on a bug/.test(line)));
  clock.advance(100);
  await settled();
  t.equal(device.standing.link, 'ok', 'and it is tried again');
  await device.stop();
});

t.test('a device that is switched off is tried for ever, but told of once', async (t) => {
  const { clock, device, logged, world, standings } = rig({ there: false });
  device.start();
  await settled();
  standings.clear();
  for (let second = 0; second < 60; second++) {
    clock.advance(1000);
    await settled();
  }
  t.ok(world.opened > 20, `${world.opened} tries`);
  t.equal(logged.filter((line) => line === 'device lost').length, 1);
  t.strictSame([...standings], ['disconnected'], 'it does not flicker');
  world.there = true;
  clock.advance(1500);
  await settled();
  t.equal(device.standing.link, 'ok', 'and it is back at once');
  await device.stop();
});

t.test('a device that comes and goes is not run after; one that was well for long is tried at once', async (t) => {
  const { clock, device, lines, world } = rig();
  device.start();
  await settled();
  for (let times = 0; times < 100; times++) {
    lines.at(-1)?.ended('flaps');
    await settled();
    clock.advance(100);
    await settled();
  }
  t.ok(world.opened < 20, `opened ${world.opened} times in ten seconds`);
  clock.advance(1500);
  await settled();
  t.equal(device.standing.link, 'ok');
  clock.advance(10_000);
  await settled();
  const before = world.opened;
  lines.at(-1)?.ended('once');
  await settled();
  clock.advance(100);
  await settled();
  t.equal(world.opened, before + 1);
  await device.stop();
});

t.test('a stop that is refused again and again is sent on for a minute', async (t) => {
  const clock = new ManualClock();
  let stops = 0;
  const motion = new Motion(clock, 'camera', async () => {
    stops++;
    if (stops < 12) throw new FaultError({ code: 'device.refused', device: 'camera', command: 'stop', because: 'busy' });
  });
  motion.begun(1000);
  for (let second = 0; second < 30; second++) {
    clock.advance(1000);
    await settled();
  }
  t.equal(stops, 12);
  t.notOk(motion.moving, 'the camera stands');
});
