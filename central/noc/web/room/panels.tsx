/** What can be done with a device, by what it can do: power, input, sound, presets, calls. Nothing here knows a make. */
import { useState } from 'preact/hooks';
import type { Call, DeviceAct } from '../../../../protocol/schema/device.ts';
import type { DrivenDevice } from '../../../../protocol/schema/devices.ts';
import type { TextKey } from '../../../../protocol/web/catalogue/vi.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { can, choices } from './can.ts';

export interface PanelProps {
  readonly device: DrivenDevice;
  readonly disabled: boolean;
  readonly sending: (name: string) => boolean;
  readonly onAct: (act: DeviceAct) => void;
}

/** A switch between two states; where the state is not known, both can be asked for. */
function Switch({ label, on, off, disabled, sending, onSet, name }: SwitchProps) {
  const { t } = useWords();
  const [yes, no] = off ? (['device.off', 'device.on'] as const) : (['device.on', 'device.off'] as const);
  const set = (
    <Button act={`${name}-on`} size="small" pressed={on === true} disabled={disabled} sending={sending} onPress={() => onSet(true)}>
      {t(yes)}
    </Button>
  );
  const unset = (
    <Button act={`${name}-off`} size="small" pressed={on === false} disabled={disabled} sending={sending} onPress={() => onSet(false)}>
      {t(no)}
    </Button>
  );
  return (
    <fieldset class="switch">
      <legend>{label}</legend>
      {off ? [unset, set] : [set, unset]}
    </fieldset>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly name: string;
  readonly on: boolean | null;
  /** It is the being off of what the label names: "microphone: off" is muted. */
  readonly off: boolean;
  readonly disabled: boolean;
  readonly sending: boolean;
  readonly onSet: (on: boolean) => void;
}

export function Switches({ device, disabled, sending, onAct }: PanelProps) {
  const { t } = useWords();
  const { state, capabilities } = device;
  const power = state.power === 'on' ? true : state.power === 'off' ? false : null;
  const all = [
    { id: 'power', label: 'device.power', on: power, off: false },
    { id: 'micMute', label: 'device.microphone', on: state.micMuted, off: true },
    { id: 'speakerMute', label: 'device.speaker', on: state.speakerMuted, off: true },
    { id: 'blank', label: 'device.picture', on: state.blank, off: true },
    { id: 'dnd', label: 'device.dnd', on: state.dnd, off: false },
  ] as const satisfies readonly {
    readonly id: DeviceAct['do'];
    readonly label: TextKey;
    readonly on: boolean | null;
    readonly off: boolean;
  }[];
  const here = all.filter(({ id }) => can(capabilities, id));
  return here.length === 0 ? null : (
    <div class="switches">
      {here.map(({ id, label, on, off }) => (
        <Switch
          key={id}
          name={id}
          label={t(label)}
          on={on}
          off={off}
          disabled={disabled}
          sending={sending(id)}
          onSet={(to) => onAct({ do: id, on: to })}
        />
      ))}
    </div>
  );
}

export function Input({ device, disabled, onAct }: PanelProps) {
  const { t } = useWords();
  const inputs = choices(device.capabilities, 'input', 'input');
  if (inputs.length === 0 || disabled) return null;
  const now = device.state.input ?? '';
  const options = [
    ...(inputs.includes(now) ? [] : [{ value: now, text: now === '' ? t('device.unknown') : now }]),
    ...inputs.map((each) => ({ value: each, text: each })),
  ];
  return (
    <Choice name="input" label={t('device.input')} value={now} options={options} onChange={(input) => onAct({ do: 'input', input })} />
  );
}

export function Volume({ device, disabled, onAct }: PanelProps) {
  const { t, f } = useWords();
  if (!can(device.capabilities, 'volume')) return null;
  const level = device.state.volume;
  return (
    <div class="field">
      <label for={`volume-${device.id}`}>
        {t('device.volume')} {level === null ? '' : f.percent(level * 100)}
      </label>
      <input
        id={`volume-${device.id}`}
        name="volume"
        type="range"
        min="0"
        max="100"
        step="5"
        disabled={disabled}
        value={String(Math.round((level ?? 0) * 100))}
        onChange={(event) => onAct({ do: 'volume', level: Number(event.currentTarget.value) / 100 })}
      />
    </div>
  );
}

/** Presets that the device has told of, or the first few where it does not tell. */
export function Presets({ device, disabled, sending, onAct }: PanelProps) {
  const { t } = useWords();
  const [storing, setStoring] = useState(false);
  const { capabilities, state } = device;
  if (!can(capabilities, 'presetRecall')) return null;
  const known = state.presets ?? [];
  const named =
    known.length > 0
      ? known
      : choices(capabilities, 'presetRecall', 'preset')
          .slice(0, 8)
          .map((id) => ({ id, name: '' }));
  const list = named.length > 0 ? named : ['1', '2', '3', '4', '5', '6'].map((id) => ({ id, name: '' }));
  return (
    <fieldset class="presets">
      <legend>{t('device.presets')}</legend>
      {list.map(({ id, name }) => (
        <Button
          key={id}
          act={`preset-${id}`}
          size="small"
          look={storing ? 'danger' : 'plain'}
          disabled={disabled}
          sending={sending('presetRecall')}
          onPress={() => {
            onAct(storing ? { do: 'presetStore', preset: id, name } : { do: 'presetRecall', preset: id });
            setStoring(false);
          }}
        >
          {name === '' ? t('device.preset', { n: id }) : name}
        </Button>
      ))}
      {can(capabilities, 'presetStore') && (
        <Button act="preset-store" size="small" look="quiet" pressed={storing} disabled={disabled} onPress={() => setStoring(!storing)}>
          {t('device.presetStore')}
        </Button>
      )}
    </fieldset>
  );
}

export function Calls({ device, disabled, sending, onAct }: PanelProps) {
  const { t } = useWords();
  const [address, setAddress] = useState('');
  const { capabilities, state } = device;
  const calls = state.calls ?? [];
  if (!can(capabilities, 'dial') && calls.length === 0) return null;
  return (
    <fieldset class="calls">
      <legend>{t('device.calls')}</legend>
      {calls.map((call) => (
        <CallRow key={call.id} call={call} device={device} disabled={disabled} sending={sending} onAct={onAct} />
      ))}
      {can(capabilities, 'dial') && (
        <form
          class="dial"
          onSubmit={(event) => {
            event.preventDefault();
            onAct({ do: 'dial', address: address.trim(), protocol: 'auto', kbps: null });
          }}
        >
          <Field name="address" label={t('device.address')} value={address} onInput={setAddress} required maxLength={200} />
          <Button type="submit" act="dial" look="primary" disabled={disabled} sending={sending('dial')}>
            {t('device.dial')}
          </Button>
        </form>
      )}
    </fieldset>
  );
}

const callStates: Readonly<Record<Call['state'], TextKey>> = {
  dialling: 'call.dialling',
  ringing: 'call.ringing',
  connecting: 'call.connecting',
  connected: 'call.connected',
  held: 'call.held',
  disconnecting: 'call.disconnecting',
  unknown: 'call.unknown',
};

function CallRow({ call, device, disabled, sending, onAct }: PanelProps & { readonly call: Call }) {
  const { t } = useWords();
  const incoming = call.direction === 'in' && (call.state === 'ringing' || call.state === 'dialling');
  return (
    <div class="call" data-state={call.state}>
      <span class="call-who">{call.name === '' ? call.number : `${call.name} (${call.number})`}</span>
      <span class="call-state">{t(callStates[call.state])}</span>
      {incoming && can(device.capabilities, 'answer') && (
        <Button
          act="answer"
          size="small"
          look="primary"
          disabled={disabled}
          sending={sending('answer')}
          onPress={() => onAct({ do: 'answer', call: call.id })}
        >
          {t('device.answer')}
        </Button>
      )}
      <Button
        act="hangup"
        size="small"
        look="danger"
        disabled={disabled}
        sending={sending('hangup')}
        onPress={() => onAct({ do: 'hangup', call: call.id })}
      >
        {t('device.hangup')}
      </Button>
    </div>
  );
}
