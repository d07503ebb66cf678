import t from 'tap';
import { type AnyDriver, wired, wiredNames } from '../../hardware/catalogue.ts';
import { deviceRig } from '../support/device.ts';
import { eventually } from '../support/eventually.ts';
const acts: any = {
  visca: { do: 'presetRecall', preset: '3' }, 'visca-ip': { do: 'presetRecall', preset: '3' }, pelco: { do: 'presetRecall', preset: '3' },
  xapi: { do: 'volume', level: 0.37 }, polycom: { do: 'volume', level: 0.36 }, xacli: { do: 'dial', address: '2001', protocol: 'auto', kbps: 768 },
  pjlink: { do: 'blank', on: true }, mdc: { do: 'volume', level: 0.37 }, lg: { do: 'volume', level: 0.37 }, extron: { do: 'route', input: '1', output: '3', layer: 'all' },
};
t.jobs = 10;
for (const name of wiredNames) t.test(name, async (t) => {
  const rig = await deviceRig(t, wired[name] as AnyDriver);
  await new Promise((r) => setTimeout(r, 4000));
  rig.told();
  const began = performance.now();
  const r = await rig.device.execute(acts[name]);
  const told = rig.told();
  t.comment(`${name} ${r.outcome} ${Math.round(performance.now() - began)}ms ${JSON.stringify(told.toString('latin1'))} ${told.toString('hex')}`);
  const b2 = performance.now();
  await rig.served.vanish();
  await eventually(() => (rig.device.standing.link === 'ok' ? 'ok' : undefined), { withinMs: 15000 }).catch(() => {});
  t.comment(`${name} noticed ${Math.round(performance.now() - b2)} ${rig.device.standing.because} moving ${rig.simulator.facts['moving']}`);
});
