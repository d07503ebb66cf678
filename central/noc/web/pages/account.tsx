/** One's own account: role, new password, log out. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { NewPassword, PasswordAgain, Refusal } from './formparts.tsx';

export function AccountPage() {
  const { api, session, commands } = useDesk();
  const { t, language } = useWords();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const state = session.state.value;
  if (state.is !== 'in') return null;

  const change = async (): Promise<void> => {
    if (sending) return;
    if (password !== again) return setError(t('password.differs'));
    setSending(true);
    const reply = await api.password({ old, password });
    setSending(false);
    if (!reply.ok) return setError(reply.trouble?.status === 401 ? t('password.wrong') : sentence(language, reply.trouble));
    setError(null);
    // The server ended all sessions of this person and began a new one here, with a new token.
    await session.ask(api);
    for (const clear of [setOld, setPassword, setAgain]) clear('');
    commands.say(t('password.changed'));
  };
  const leave = async (): Promise<void> => {
    const reply = await commands.run('logout', () => api.logout());
    if (reply?.ok) session.left({ ended: false });
  };

  return (
    <div class="sheet narrow">
      <Heading title={state.me.name}>
        <Button act="logout" onPress={() => void leave()}>
          {t('login.logout')}
        </Button>
      </Heading>
      <p class="hint">{t(`role.${state.me.role}`)}</p>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <h2>{t('password.title')}</h2>
        {/* Lets a password manager know whose password it is. */}
        <span class="unseen" aria-hidden="true">
          <input type="text" autocomplete="username" value={state.me.name} readOnly tabIndex={-1} />
        </span>
        <Field name="old" type="password" label={t('password.old')} value={old} onInput={setOld} autocomplete="current-password" required />
        <NewPassword label={t('password.new')} value={password} onInput={setPassword} />
        <PasswordAgain value={again} onInput={setAgain} />
        <Refusal because={error} />
        <div class="actions">
          <Button type="submit" look="primary" sending={sending}>
            {t('password.title')}
          </Button>
        </div>
      </form>
    </div>
  );
}
