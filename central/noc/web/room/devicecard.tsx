/** One device: how it stands, and what can be done with it. */
import { useCallback, useState } from 'preact/hooks';
import type { DevicesView } from '../../../../protocol/api.ts';
import { driverLabels } from '../../../../protocol/drivers.ts';
import type { DeviceAct, DeviceKind, LinkState } from '../../../../protocol/schema/device.ts';
import type { DrivenDevice } from '../../../../protocol/schema/devices.ts';
import type { TextKey } from '../../../../protocol/web/catalogue/vi.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import type { Health } from '../../../../protocol/web/health.ts';
import { complaintIn, reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk, useMay } from '../desk.tsx';
import { can } from './can.ts';
import { CodecPictureRow } from './codecpicture.tsx';
import { LIMIT_MS, type Speeds } from './hold.ts';
import { Calls, Input, Presets, Switches, Volume } from './panels.tsx';
import { PtzPad } from './ptzpad.tsx';
import { RawDialog } from './rawdialog.tsx';
import { SettingsDialog } from './settingsdialog.tsx';

export type Driven = DevicesView['devices'][number];

export const kindNames: Readonly<Record<DeviceKind, TextKey>> = {
  camera: 'device.camera',
  codec: 'device.codec',
  display: 'device.display',
  switcher: 'device.switcher',
};

const linkTexts: Readonly<Record<LinkState, TextKey>> = {
  ok: 'device.linkOk',
  connecting: 'device.linkConnecting',
  disconnected: 'device.linkLost',
  'login-refused': 'device.linkLogin',
  degraded: 'device.linkDegraded',
};
const linkHealth: Readonly<Record<LinkState, Health>> = {
  ok: 'good',
  connecting: 'unknown',
  disconnected: 'lost',
  'login-refused': 'poor',
  degraded: 'degraded',
};

interface CardProps {
  readonly site: string;
  readonly online: boolean;
  readonly driven: Driven;
  readonly onChanged: () => void;
}

type Asked = 'settings' | 'raw' | 'release';

export function DeviceCard({ site, online, driven: { wish, report }, onChanged }: CardProps) {
  const { api, commands } = useDesk();
  const { run, administer } = useMay();
  const { t, f, language } = useWords();
  const [asked, setAsked] = useState<Asked | null>(null);
  const link = online ? (report?.link ?? 'connecting') : 'disconnected';
  const info = report?.info;
  const facts = [info?.make, info?.model, info?.firmware, info?.serial].filter((each) => each !== undefined && each !== '');
  const because = !online ? t('room.offline') : report === null ? t('room.notYet') : reasonIn(language, report.because);
  return (
    <section class="card device" data-device={wish.id} data-link={link} aria-label={wish.name}>
      <header class="device-head">
        <h2>{wish.name}</h2>
        <span class="device-kind">
          {report !== null && t(kindNames[report.kind])} · {driverLabels[wish.driver]}
        </span>
        <StateMark health={linkHealth[link]} />
        <span class="device-link">{t(linkTexts[link])}</span>
      </header>
      <p class="facts">
        {facts.length > 0 && <span class="device-info">{facts.join(' · ')}</span>}
        {link !== 'ok' && <span class="device-because">{because}</span>}
        {report?.seen != null && <span>{t('device.seen', { at: f.clock(report.seen) })}</span>}
      </p>
      {report !== null && report.scene.scene !== null && (
        <p class="device-scene" data-reached={report.scene.reached}>
          {t(report.scene.scene === 'on' ? 'room.sceneOn' : 'room.sceneOff')}
          {': '}
          {report.scene.reached ? t('room.sceneReached') : reasonIn(language, report.scene.because)}
        </p>
      )}
      {online && report?.picture != null && <CodecPictureRow site={site} device={report} picture={report.picture} may={run} />}
      {report !== null && report.state.complaints.length > 0 && (
        <ul class="complaints">
          {report.state.complaints.map((each) => (
            <li key={each} title={each}>
              {complaintIn(language, each)}
            </li>
          ))}
        </ul>
      )}
      {report !== null && run && <Panels site={site} device={report} disabled={link !== 'ok'} />}
      {run && (
        <footer class="row-acts">
          <Button size="small" look="quiet" icon="edit" act="settings" onPress={() => setAsked('settings')}>
            {t('device.settings')}
          </Button>
          {administer && report !== null && can(report.capabilities, 'raw') && (
            <Button size="small" look="quiet" act="raw" onPress={() => setAsked('raw')}>
              {t('device.raw')}
            </Button>
          )}
          <Button size="small" look="quiet" icon="trash" act="release" onPress={() => setAsked('release')}>
            {t('device.release')}
          </Button>
        </footer>
      )}
      {asked === 'settings' && (
        <SettingsDialog site={site} driven={{ wish, report }} onChanged={onChanged} onClose={() => setAsked(null)} />
      )}
      {asked === 'raw' && <RawDialog site={site} device={wish.id} name={wish.name} onClose={() => setAsked(null)} />}
      {asked === 'release' && (
        <Confirm
          title={t('device.releaseTitle', { name: wish.name })}
          text={t('device.releaseText')}
          act={t('device.release')}
          sending={commands.pending.value.has('release')}
          onYes={() =>
            void commands
              .run('release', () => api.releaseDevice(site, wish.id))
              .then(() => {
                setAsked(null);
                onChanged();
              })
          }
          onNo={() => setAsked(null)}
        />
      )}
    </section>
  );
}

function Panels({ site, device, disabled }: { readonly site: string; readonly device: DrivenDevice; readonly disabled: boolean }) {
  const { api, commands } = useDesk();
  const { t, language } = useWords();
  const { id, capabilities } = device;
  const name = (act: string): string => `${site} ${id} ${act}`;
  const act = (what: DeviceAct): void => {
    void commands
      .run(name(what.do), () => api.actOn(site, id, what))
      .then((reply) => {
        if (reply?.ok !== true) return;
        const { outcome, because } = reply.value;
        if (outcome === 'rejected' || outcome === 'unknown')
          commands.say(t(outcome === 'rejected' ? 'device.rejected' : 'device.unanswered', { because: reasonIn(language, because) }));
      });
  };
  const move = useCallback(
    (speeds: Speeds): Promise<void> =>
      // Not through the commands: a stop must not wait for the answer to a move.
      api.actOn(site, id, { do: 'move', ...speeds, limitMs: LIMIT_MS }).then((reply) => {
        if (!reply.ok) commands.trouble(reply.trouble);
      }),
    [api, commands, site, id],
  );
  const sending = (what: string): boolean => commands.pending.value.has(name(what));
  const props = { device, disabled, sending, onAct: act };
  return (
    <div class="panels">
      <Switches {...props} />
      <Input {...props} />
      <Volume {...props} />
      <Calls {...props} />
      {can(capabilities, 'move') && <PtzPad disabled={disabled} onMove={move} />}
      <Presets {...props} />
    </div>
  );
}
