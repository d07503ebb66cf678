/** The door: name and password. Paste and password managers work (WCAG 3.3.8). */
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { Door } from './door.tsx';
import { Refusal } from './formparts.tsx';

export function LoginPage({ ended }: { readonly ended: boolean }) {
  const { api, session, commands } = useDesk();
  const { t, language } = useWords();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const [first, setFirst] = useState(false);

  // Once there is an administrator, the way to make the first one only confuses. No answer: no link, and the printed address still works.
  useEffect(() => {
    let here = true;
    void api.setupState().then((reply) => {
      if (here && reply.ok) setFirst(reply.value.needed);
    });
    return () => {
      here = false;
    };
  }, [api]);

  const submit = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    setError(null);
    const reply = await session.enter(api, () => api.login({ name: name.trim(), password }));
    setSending(false);
    if (!reply.ok) setError(reply.trouble?.status === 401 ? t('login.wrong') : sentence(language, reply.trouble));
    else for (const each of commands.notices.peek()) commands.dismiss(each.id);
  };

  return (
    <Door title={t('login.title')} onSubmit={() => void submit()}>
      {ended && error === null && (
        <p class="hint" role="status">
          {t('login.ended')}
        </p>
      )}
      <Field name="name" label={t('login.name')} value={name} onInput={setName} autocomplete="username" required autofocus />
      <Field
        name="password"
        type="password"
        label={t('login.password')}
        value={password}
        onInput={setPassword}
        autocomplete="current-password"
        required
      />
      <Refusal because={error} />
      <div class="actions">
        <Button type="submit" look="primary" sending={sending} act="login">
          {t('login.submit')}
        </Button>
      </div>
      {first && (
        <p class="door-other">
          <a href="#/setup/">{t('login.first')}</a>
        </p>
      )}
    </Door>
  );
}
