/** What the box has found by itself, and adopting it with one press; a device that tells nothing before a login asks for it. */
import { useState } from 'preact/hooks';
import type { DevicesView, NewDeviceBody } from '../../../../protocol/api.ts';
import { driverLabels } from '../../../../protocol/drivers.ts';
import type { FoundDevice } from '../../../../protocol/schema/devices.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk, useMay } from '../desk.tsx';
import { Refusal } from '../pages/formparts.tsx';
import { kindNames } from './devicecard.tsx';
import { idFor } from './naming.ts';
import { SourceCheck } from './sourcecheck.tsx';

interface FoundProps {
  readonly room: DevicesView;
  readonly onChanged: (room: DevicesView) => void;
}

/** Where it hangs, in a few words. */
const place = ({ at }: FoundDevice): string =>
  at.via === 'serial' ? (at.path.split('/').at(-1) ?? at.path) : `${at.host}${at.port === null ? '' : `:${at.port}`}`;

export function Found({ room, onChanged }: FoundProps) {
  const { t, f } = useWords();
  const { run } = useMay();
  const { api, commands } = useDesk();
  const [login, setLogin] = useState<FoundDevice | null>(null);
  if (room.found.length === 0) return null;
  const adopt = (found: FoundDevice): void => {
    if (found.needsLogin) {
      setLogin(found);
      return;
    }
    void commands
      .run(`adopt ${found.key}`, () => api.adoptDevice(room.site, wishFor(room, found, titleOf(found, t(kindNames[found.kind])), '', '')))
      .then((reply) => {
        if (reply?.ok === true) onChanged(reply.value);
      });
  };
  return (
    <section class="card found" aria-label={t('room.found')}>
      <h2>{t('room.found')}</h2>
      <ul>
        {room.found.map((each) => (
          <li key={each.key} class="found-row" data-found={each.key}>
            <span class="found-what">
              {t(kindNames[each.kind])}:{' '}
              <strong>{each.info.model === '' ? t('room.unknownModel') : `${each.info.make} ${each.info.model}`}</strong>
            </span>
            <span class="facts">
              <span>{place(each)}</span>
              <span>{driverLabels[each.driver]}</span>
              {each.info.firmware !== '' && <span>{each.info.firmware}</span>}
              {each.needsLogin && <span>{t('room.needsLogin')}</span>}
              <span>{t('room.foundAt', { at: f.clock(each.since) })}</span>
            </span>
            {run && (
              <Button look="primary" act="adopt" sending={commands.pending.value.has(`adopt ${each.key}`)} onPress={() => adopt(each)}>
                {t('room.adopt')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {login !== null && <LoginDialog room={room} found={login} onChanged={onChanged} onClose={() => setLogin(null)} />}
    </section>
  );
}

const titleOf = ({ info }: FoundDevice, kind: string): string => (info.model === '' ? kind : `${kind} ${info.model}`).slice(0, 120);

function wishFor(
  room: DevicesView,
  { driver, at, address, kind }: FoundDevice,
  name: string,
  username: string,
  password: string,
): NewDeviceBody {
  const taken = room.devices.map(({ wish }) => wish.id);
  return { id: idFor(kind, taken), name, driver, at, address, username, password, model: '' };
}

function LoginDialog({ room, found, onChanged, onClose }: FoundProps & { readonly found: FoundDevice; readonly onClose: () => void }) {
  const { api } = useDesk();
  const { t, language } = useWords();
  const [username, setUsername] = useState('admin');
  const [password, setPassword] = useState('');
  const [source, setSource] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const taken = room.devices.find(({ wish }) => wish.source === true)?.wish.name;
  const adopt = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    const wish = wishFor(room, found, titleOf(found, t(kindNames[found.kind])), username, password);
    const reply = await api.adoptDevice(room.site, source ? { ...wish, source } : wish);
    setSending(false);
    if (!reply.ok) return setError(sentence(language, reply.trouble));
    onChanged(reply.value);
    onClose();
  };
  return (
    <Dialog title={t('room.loginTitle')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void adopt();
        }}
      >
        <p>{t('room.loginText')}</p>
        <Field name="username" label={t('device.username')} value={username} onInput={setUsername} maxLength={64} />
        <Field
          name="password"
          type="password"
          label={t('login.password')}
          autocomplete="off"
          value={password}
          onInput={setPassword}
          maxLength={128}
          autofocus
        />
        {found.kind === 'camera' && <SourceCheck checked={source} streams={found.at.via === 'http'} taken={taken} onChange={setSource} />}
        <Refusal because={error} />
        <div class="actions">
          <Button type="submit" look="primary" act="adopt-login" sending={sending}>
            {t('room.adopt')}
          </Button>
          <Button onPress={onClose}>{t('act.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
