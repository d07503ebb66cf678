/** Class `codec`: the far end hangs up on the codec that a speaking site's picture comes from. The capture behind it goes on delivering. */
import { join } from 'node:path';
import { wired } from '../../../hardware/catalogue.ts';
import { plainSettings } from '../../../hardware/wire/driver.ts';
import { servePty } from '../../../hardware/wire/serve.ts';
import type { DevicesView, NewDeviceBody } from '../../../protocol/api.ts';
import { eventually } from '../../support/eventually.ts';
import { patient, pictures } from '../../support/lab-story.ts';
import { clock } from '../../support/site.ts';
import { distribution } from '../summary.ts';
import { filmed, speaker, viewers, withCameras } from './cameras.ts';
import { type Measure, Rounds, withLab } from './round.ts';

export const codec: Measure = (n, say) =>
  withLab(withCameras, async (lab) => {
    await filmed(lab);
    const path = join(lab.folder, 'codec');
    const served = await servePty(wired.xapi.simulator({ ...plainSettings, model: 'tc7' }), path, clock, Math.random);
    try {
      const at = `/sites/${speaker}/devices`;
      const device: NewDeviceBody = {
        id: 'codec',
        name: 'Codec phòng họp',
        driver: 'xapi',
        at: { via: 'serial', path, baud: null },
        address: 1,
        username: '',
        password: '',
        model: '',
        source: true,
      };
      await lab.call('POST', at, device);
      const inCall = (shown: boolean): Promise<void> =>
        eventually(async () => {
          const { devices } = await lab.call<DevicesView>('GET', at);
          const report = devices[0]?.report;
          return report?.link === 'ok' && (!shown || report.picture?.shown === true) ? undefined : JSON.stringify(report);
        }, patient);
      await inCall(false);
      await lab.call('POST', `${at}/codec/act`, { do: 'dial', address: '2001', protocol: 'auto', kbps: null });
      await inCall(true);
      const rounds = new Rounds(lab, viewers);
      const standMs: number[] = [];
      for (let index = 0; index < n; index++) {
        await rounds.round(async (from) => {
          const ordered = Date.now();
          served.happen('hang-up');
          const backup = await from.told(
            'the backup is on the air',
            ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'backup',
          );
          standMs.push(backup.at - ordered);
          await pictures(lab, viewers, 25);
          await from.told('the codec is back', ({ node, kind, what }) => node === speaker && kind === 'source' && what === 'returned');
        });
        say(`codec ${index + 1}/${n}: ${standMs.at(-1)} ms`);
      }
      // Pictures go on coming, all the same: a viewer's time without one is from the hang-up until another source is on the air.
      return { codec: { n, ...rounds.base(), gapMs: distribution(standMs), packetGapMs: rounds.floor().gapMs } };
    } finally {
      await served.stop();
    }
  });
