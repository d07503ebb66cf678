/** How a device is called, reached and logged in to, and how it stands in the two scenes of the room. */
import { useState } from 'preact/hooks';
import { asItIs } from '../../../../protocol/room.ts';
import type { DeviceScene } from '../../../../protocol/schema/devices.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameMax } from '../../../../protocol/web/limits.ts';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { Refusal } from '../pages/formparts.tsx';
import { can, choices } from './can.ts';
import type { Driven } from './devicecard.tsx';
import { SourceCheck } from './sourcecheck.tsx';

interface SettingsProps {
  readonly site: string;
  readonly driven: Driven;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

export function SettingsDialog({ site, driven: { wish, report }, onChanged, onClose }: SettingsProps) {
  const { api } = useDesk();
  const { t, language } = useWords();
  const [name, setName] = useState(wish.name);
  const [username, setUsername] = useState(wish.username);
  const [password, setPassword] = useState('');
  const [on, setOn] = useState(wish.scenes.on);
  const [off, setOff] = useState(wish.scenes.off);
  const [source, setSource] = useState(wish.source ?? false);
  const [returns, setReturns] = useState(wish.return ?? 'auto');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const codec = report?.kind === 'codec';
  const save = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    // An empty password field leaves the one that is kept.
    const secret = password === '' ? {} : { password };
    const place = { name: name.trim().normalize('NFC'), username, scenes: { on, off }, source, ...(codec ? { return: returns } : {}) };
    const reply = await api.changeDevice(site, wish.id, { ...place, ...secret });
    setSending(false);
    if (!reply.ok) return setError(sentence(language, reply.trouble));
    onChanged();
    onClose();
  };
  return (
    <Dialog title={t('device.settingsTitle', { name: wish.name })} onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field name="name" label={t('site.name')} value={name} onInput={setName} required maxLength={nameMax} autofocus />
        <Field name="username" label={t('device.username')} value={username} onInput={setUsername} maxLength={64} />
        <Field
          name="password"
          type="password"
          label={t('login.password')}
          hint={t(wish.hasPassword ? 'device.passwordKept' : 'device.passwordNone')}
          autocomplete="new-password"
          value={password}
          onInput={setPassword}
          maxLength={128}
        />
        {report?.kind !== 'display' && <SourceCheck checked={source} streams={wish.at.via === 'http'} onChange={setSource} />}
        {codec && source && (
          <Choice
            name="return"
            label={t('codec.returns')}
            value={returns}
            options={[
              { value: 'auto', text: t('codec.returnsAuto') },
              { value: 'operator', text: t('codec.returnsOperator') },
            ]}
            onChange={setReturns}
          />
        )}
        <Scene title={t('room.sceneOn')} prefix="on" scene={on} report={report} onChange={setOn} />
        <Scene title={t('room.sceneOff')} prefix="off" scene={off} report={report} onChange={setOff} />
        <Refusal because={error} />
        <div class="actions">
          <Button type="submit" look="primary" act="save" sending={sending}>
            {t('act.save')}
          </Button>
          <Button onPress={onClose}>{t('act.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface SceneProps {
  readonly title: string;
  readonly prefix: string;
  readonly scene: DeviceScene;
  readonly report: Driven['report'];
  readonly onChange: (scene: DeviceScene) => void;
}

type Tri = 'keep' | 'yes' | 'no';
const tri = (value: boolean | null): Tri => (value === null ? 'keep' : value ? 'yes' : 'no');
/** A microphone that is on is one that is not muted. */
const not = (value: boolean | null): boolean | null => (value === null ? null : !value);
const untri = (value: Tri): boolean | null => (value === 'keep' ? null : value === 'yes');

/** Only what the device can do is asked for. */
function Scene({ title, prefix, scene, report, onChange }: SceneProps) {
  const { t } = useWords();
  const capabilities = report?.capabilities ?? [];
  const keep = { value: 'keep', text: t('room.keep') } as const;
  const yesNo = [keep, { value: 'yes', text: t('device.on') }, { value: 'no', text: t('device.off') }] as const;
  const inputs = choices(capabilities, 'input', 'input');
  const presets = choices(capabilities, 'presetRecall', 'preset');
  return (
    <fieldset class="scene">
      <legend>{title}</legend>
      {can(capabilities, 'power') && (
        <Choice
          name={`${prefix}-power`}
          label={t('device.power')}
          value={tri(scene.power)}
          options={yesNo}
          onChange={(value) => onChange({ ...scene, power: untri(value) })}
        />
      )}
      {inputs.length > 0 && (
        <Choice
          name={`${prefix}-input`}
          label={t('device.input')}
          value={scene.input ?? 'keep'}
          options={[keep, ...inputs.map((each) => ({ value: each, text: each }))]}
          onChange={(value) => onChange({ ...scene, input: value === 'keep' ? null : value })}
        />
      )}
      {can(capabilities, 'micMute') && (
        <Choice
          name={`${prefix}-mic`}
          label={t('device.microphone')}
          value={tri(not(scene.micMuted))}
          options={yesNo}
          onChange={(value) => onChange({ ...scene, micMuted: not(untri(value)) })}
        />
      )}
      {can(capabilities, 'presetRecall') && presets.length === 0 && (
        <Field
          name={`${prefix}-preset`}
          label={t('device.preset', { n: '' })}
          value={scene.preset ?? ''}
          onInput={(value) => onChange({ ...scene, preset: value.trim() === '' ? null : value.trim() })}
          maxLength={64}
        />
      )}
      {presets.length > 0 && (
        <Choice
          name={`${prefix}-preset`}
          label={t('device.preset', { n: '' })}
          value={scene.preset ?? 'keep'}
          options={[keep, ...presets.map((each) => ({ value: each, text: each }))]}
          onChange={(value) => onChange({ ...scene, preset: value === 'keep' ? null : value })}
        />
      )}
      {JSON.stringify(scene) === JSON.stringify(asItIs) && <p class="hint">{t('room.sceneNothing')}</p>}
    </fieldset>
  );
}
