/** What every driver must do over a real pty or socket, whatever it speaks: break, return, stop what moves, and survive troubled lines. */
import type { Test } from 'tap';
import { type AnyDriver, type WiredName, wired } from '../../hardware/catalogue.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { type DeviceRig, deviceRig } from './device.ts';
import { eventually } from './eventually.ts';

interface Sample {
  /** A device of this make carries it out, and nothing but a person would ask for it. */
  readonly act: DeviceAct;
  /** Its bytes on the line, that nothing else has. */
  readonly says: Buffer;
  /** Must be done before `act` can be done again. */
  readonly undo?: DeviceAct;
  /** After a loss of power it is in standby, and takes no act before it was switched on. */
  readonly standby?: true;
}

const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

const presetRecall: DeviceAct = { do: 'presetRecall', preset: '3' };
const volume: DeviceAct = { do: 'volume', level: 0.37 };

const samples: { readonly [Name in WiredName]: Sample } = {
  visca: { act: presetRecall, says: hex('81 01 04 3f 02 03 ff') },
  'visca-ip': { act: presetRecall, says: hex('81 01 04 3f 02 03 ff') },
  pelco: { act: presetRecall, says: hex('ff 01 00 07 00 03 0b') },
  xapi: { act: volume, says: text('xCommand Audio Volume Set Level: 37') },
  polycom: { act: { do: 'volume', level: 0.36 }, says: text('volume set 18\r') },
  xacli: {
    act: { do: 'dial', address: '2001', protocol: 'auto', kbps: 768 },
    says: text('xcommand dial number:2001 callrate:768\r'),
    undo: { do: 'hangup', call: null },
  },
  pjlink: { act: { do: 'blank', on: true }, says: text('%1AVMT 11\r'), standby: true },
  mdc: { act: volume, says: hex('aa 12 01 01 25 39') },
  lg: { act: volume, says: text('kf 01 25\r'), standby: true },
  extron: { act: { do: 'route', input: '1', output: '3', layer: 'all' }, says: text('1*3!') },
};

/** Makes that answer nothing: no command is ever on its way. */
const mute: ReadonlySet<WiredName> = new Set(['pelco']);
const DONE = /^(?:completed|accepted)$/;
/** A device is looked after every few seconds, and a line that died in silence is known to be dead after two looks. */
const NOTICED = { withinMs: 40_000 };

// biome-ignore lint/suspicious/noExplicitAny: whatever the driver's messages are
type Rig = DeviceRig<any>;

/** Tests one make, as subtests of `t`. */
export function conforms(t: Test, name: WiredName): void {
  const driver: AnyDriver = wired[name];
  const { act, says, undo, standby } = samples[name];

  /** Carries it out; what stands in the way of doing it again is put away before. */
  const again = async ({ device }: Rig): Promise<string | undefined> => {
    if (undo !== undefined) await device.execute(undo);
    const { outcome, because } = await device.execute(act);
    return DONE.test(outcome) ? undefined : `${outcome}: ${because}`;
  };

  t.test(`${name}: pulled in the middle of a command it says so, comes back by itself, and sends nothing stale`, async (t) => {
    const rig = await deviceRig(t, driver);
    const { device, served } = rig;
    t.equal(await again(rig), undefined);
    if (undo !== undefined) await device.execute(undo);
    rig.told();
    served.trouble({ drop: 1 });
    const doing = device.execute(act);
    let told = Buffer.alloc(0);
    await eventually(() => {
      told = Buffer.concat([told, rig.told()]);
      return told.includes(says) ? undefined : `not sent, but ${told.toString('latin1')}`;
    });
    await served.vanish();
    const result = await doing;
    // What answers nothing has it, or the line was seen to go before the time for a refusal was over.
    if (mute.has(name)) t.match(result.outcome, /^(?:accepted|unknown)$/);
    else t.match(result, { outcome: 'unknown', because: driver.reach[0] === 'tcp' ? /device\.gone/ : /device\.(?:gone|silent)/ });
    await eventually(() => (device.standing.link === 'ok' ? 'it still says that all is well' : undefined), NOTICED);
    t.match(await device.execute(act), { outcome: 'rejected', because: /not connected/ });
    t.same(device.state.calls, null, 'what was known is not known any more');
    rig.told();
    served.trouble({ drop: 0 });
    await served.restore();
    await rig.ready();
    t.notOk(rig.told().includes(says), 'the command of before is not sent again');
    t.equal(await again(rig), undefined);
  });

  t.test(`${name}: answers in single bytes, glued together, late, or with noise within, cost time at most`, async (t) => {
    const rig = await deviceRig(t, driver);
    for (const [what, trouble] of [
      ['single bytes', { oneByte: true }],
      ['glued', { oneByte: false, glue: true }],
      ['late', { glue: false, delayMs: 60 }],
    ] as const) {
      rig.served.trouble(trouble);
      t.equal(await again(rig), undefined, what);
    }
    rig.served.trouble({ delayMs: 0, noise: text('\x00\xfe~\r\n') });
    t.match((await rig.device.execute(act)).outcome, /^(?:completed|accepted|rejected|unknown)$/);
    rig.served.trouble({ noise: null });
    await rig.ready();
    await eventually(() => again(rig));
  });

  t.test(`${name}: a device that was restarted is known again, and does nothing of before`, async (t) => {
    const rig = await deviceRig(t, driver);
    t.equal(await again(rig), undefined);
    rig.told();
    rig.served.restart();
    if (standby) {
      await eventually(() => (rig.device.state.power === 'off' ? undefined : `power: ${rig.device.state.power}`), NOTICED);
      // Its power is the first that is told; the rest is still asked for.
      await rig.ready();
      t.notOk(rig.told().includes(says), 'the command of before is not sent again');
      t.match(await rig.device.execute({ do: 'power', on: true }), { outcome: DONE });
    }
    await eventually(() => again(rig), NOTICED);
  });
}

/** Tests one make of camera or codec with a camera, as subtests of `t`. */
export function movesSafely(t: Test, name: WiredName): void {
  const joined = async (t: Test) => {
    const rig: Rig = await deviceRig(t, wired[name]);
    const moves = () => eventually(() => (rig.simulator.facts.moving === true ? undefined : 'it does not move'));
    const stands = () => eventually(() => (rig.simulator.facts.moving === false ? undefined : 'it still moves'));
    return { ...rig, moves, stands };
  };

  t.test(`${name}: a move ends when its limit is over, and a stop works at any time`, async (t) => {
    const { device, moves, stands } = await joined(t);
    // Whose time is over before its turn comes, behind what is still asked, was not sent.
    await eventually(async () => {
      const { outcome, because } = await device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 3000 });
      return DONE.test(outcome) ? undefined : `${outcome}: ${because}`;
    });
    await moves();
    await stands();
    await device.execute({ do: 'move', pan: 0, tilt: -0.5, zoom: 0, limitMs: 10_000 });
    await moves();
    t.match(await device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 }), { outcome: 'completed' });
    await stands();
    await device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 10_000 });
    await moves();
    await device.stop();
    await stands();
  });

  t.test(`${name}: what moved when the line was lost is stopped first thing when it is back`, async (t) => {
    const { device, served, simulator, ready, moves, stands } = await joined(t);
    await device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 10_000 });
    await moves();
    await served.vanish();
    await eventually(() => (device.standing.link === 'ok' ? 'it still says that all is well' : undefined), NOTICED);
    t.equal(simulator.facts.moving, true, 'nobody could stop it');
    await served.restore();
    await stands();
    await ready();
    t.equal(simulator.facts.moving, false);
  });
}
