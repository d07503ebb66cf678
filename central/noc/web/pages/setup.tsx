/** First start: the code that central printed makes the first administrator. A link `#/setup/CODE` fills it in. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { userNamePattern } from '../../../../protocol/web/limits.ts';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { Door } from './door.tsx';
import { NewPassword, PasswordAgain, Refusal } from './formparts.tsx';

export function SetupPage({ token: given }: { readonly token: string }) {
  const { api, session } = useDesk();
  const { t, language } = useWords();
  const [token, setToken] = useState(given);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const submit = async (): Promise<void> => {
    if (sending) return;
    if (password !== again) return setError(t('password.differs'));
    setSending(true);
    setError(null);
    const reply = await session.enter(api, async () => {
      const made = await api.setup({ token: token.trim(), name, password });
      return made.ok ? api.login({ name, password }) : made;
    });
    setSending(false);
    if (!reply.ok) setError(sentence(language, reply.trouble));
  };

  return (
    <Door title={t('setup.title')} onSubmit={() => void submit()}>
      <p class="hint">{t('setup.intro')}</p>
      <Field name="token" label={t('setup.token')} value={token} onInput={setToken} required autofocus={given === ''} maxLength={100} />
      <Field
        name="name"
        label={t('login.name')}
        value={name}
        onInput={setName}
        hint={t('users.nameHint')}
        autocomplete="username"
        required
        pattern={userNamePattern}
      />
      <NewPassword label={t('login.password')} value={password} onInput={setPassword} />
      <PasswordAgain value={again} onInput={setAgain} />
      <Refusal because={error} />
      <div class="actions">
        <Button type="submit" look="primary" sending={sending} act="setup">
          {t('setup.submit')}
        </Button>
      </div>
      <p class="door-other">
        <a href="#/">{t('setup.toLogin')}</a>
      </p>
    </Door>
  );
}
