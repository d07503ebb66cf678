/** What every driver must do over a real pty or socket, whatever it speaks: break, return, stop, and survive troubled lines. */
import t, { type Test } from 'tap';
import { type AnyDriver, type WiredName, wired, wiredNames } from '../../hardware/catalogue.ts';
import type { DeviceAct } from '../../protocol/schema/device.ts';
import { deviceRig } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';

/** An act that a device of this make carries out, and that nothing but a person would ask for. */
const acts: { readonly [Name in WiredName]: DeviceAct } = {
  visca: { do: 'presetRecall', preset: '3' },
  'visca-ip': { do: 'presetRecall', preset: '3' },
  pelco: { do: 'presetRecall', preset: '3' },
  xapi: { do: 'volume', level: 0.37 },
  polycom: { do: 'volume', level: 0.36 },
  xacli: { do: 'dial', address: '2001', protocol: 'auto', kbps: 768 },
  pjlink: { do: 'blank', on: true },
  mdc: { do: 'volume', level: 0.37 },
  lg: { do: 'volume', level: 0.37 },
  extron: { do: 'route', input: '1', output: '3', layer: 'all' },
};

/** Makes that answer nothing: a pulled cable cannot be noticed by an answer that does not come. */
const mute: ReadonlySet<WiredName> = new Set(['pelco']);
const movers: readonly WiredName[] = ['visca', 'visca-ip', 'pelco', 'xapi', 'polycom'];

const name = (driver: WiredName): AnyDriver => wired[driver];

for (const driver of wiredNames.filter((n) => (process.env.D ?? '').split(',').includes(n))) {
  t.test(`${driver}: pulled in the middle of a command it says so, comes back by itself, and sends nothing stale`, async (t) => {
    const rig = await deviceRig(t, name(driver));
    const act = acts[driver];
    const first = await rig.device.execute(act);
    t.match(first.outcome, /completed|accepted/, first.because);
    if (mute.has(driver)) return;
    rig.told();
    rig.served.trouble({ drop: 1 });
    const doing = rig.device.execute(act);
    const sent: Buffer[] = [];
    await eventually(() => {
      const told = rig.told();
      if (told.length > 0) sent.push(told);
      return sent.length > 0 ? undefined : 'the command was not sent';
    });
    await rig.served.vanish();
    const result = await doing;
    t.match(result, { outcome: 'unknown', because: /device\.(gone|silent)/ });
    await eventually(() => (rig.device.standing.link === 'ok' ? 'it still says that all is well' : undefined));
    t.match(await rig.device.execute(act), { outcome: 'rejected', because: /not connected/ });
    rig.told();
    rig.served.trouble({ drop: 0 });
    await rig.served.restore();
    await rig.ready();
    const command = Buffer.concat(sent);
    t.notOk(rig.told().includes(command), 'the command of before is not sent again');
    t.match((await rig.device.execute(act)).outcome, /completed|accepted/);
  });

  t.test(`${driver}: answers in single bytes, glued together, late, or with noise within, cost time at most`, async (t) => {
    const rig = await deviceRig(t, name(driver));
    const works = async (t: Test, what: string) => {
      const { outcome, because } = await rig.device.execute(acts[driver]);
      t.match(outcome, /completed|accepted/, `${what}: ${because}`);
    };
    for (const [what, trouble] of [
      ['single bytes', { oneByte: true }],
      ['glued', { oneByte: false, glue: true }],
      ['late', { glue: false, delayMs: 60 }],
    ] as const) {
      rig.served.trouble(trouble);
      await works(t, what);
    }
    rig.served.trouble({ delayMs: 0, noise: Buffer.from('\x00\xfe~\r\n', 'latin1') });
    const { outcome } = await rig.device.execute(acts[driver]);
    t.match(outcome, /completed|accepted|rejected|unknown/);
    rig.served.trouble({ noise: null });
    await rig.ready();
    await eventually(async () => {
      const after = await rig.device.execute(acts[driver]);
      return /completed|accepted/.test(after.outcome) ? undefined : `${after.outcome}: ${after.because}`;
    });
  });

  t.test(`${driver}: a device that was restarted is known again, without a word from us about before`, async (t) => {
    const rig = await deviceRig(t, name(driver));
    rig.served.restart();
    await eventually(
      async () => {
        const after = await rig.device.execute(acts[driver]);
        return /completed|accepted/.test(after.outcome) ? undefined : `${after.outcome}: ${after.because}`;
      },
      { withinMs: 60_000 },
    );
  });
}

for (const driver of movers.filter((n) => (process.env.D ?? '').split(',').includes(n)))
  t.test(`${driver}: a move ends when its limit is over, and a stop works at any time`, async (t) => {
    const rig = await deviceRig(t, name(driver));
    const moving = () => rig.simulator.facts['moving'] === true;
    t.match((await rig.device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 400 })).outcome, /completed|accepted/);
    await eventually(() => (moving() ? undefined : 'it does not move'));
    await eventually(() => (moving() ? 'it still moves' : undefined));
    await rig.device.execute({ do: 'move', pan: 0, tilt: -0.5, zoom: 0, limitMs: 10_000 });
    await eventually(() => (moving() ? undefined : 'it does not move'));
    t.match(await rig.device.execute({ do: 'move', pan: 0, tilt: 0, zoom: 0, limitMs: 50 }), { outcome: 'completed' });
    await eventually(() => (moving() ? 'it still moves' : undefined));
    await rig.device.execute({ do: 'move', pan: 0.5, tilt: 0, zoom: 0, limitMs: 10_000 });
    await eventually(() => (moving() ? undefined : 'it does not move'));
    await rig.device.stop();
    await eventually(() => (moving() ? 'it was left moving' : undefined));
  });
