/** A new user, or a new password for one. */
import { useState } from 'preact/hooks';
import type { UserRole } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { userNamePattern } from '../../../../protocol/web/limits.ts';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { NewPassword, Refusal } from './formparts.tsx';

export interface UserDialogProps {
  /** Whose password is reset; null for a new user. */
  readonly name: string | null;
  readonly roles: readonly { readonly value: UserRole; readonly text: string }[];
  readonly onClose: () => void;
}

export function UserDialog({ name: existing, roles, onClose }: UserDialogProps) {
  const { api } = useDesk();
  const { t, language } = useWords();
  const [name, setName] = useState(existing ?? '');
  const [role, setRole] = useState<UserRole>('operator');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const submit = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    const reply = existing === null ? await api.addUser({ name, password, role }) : await api.changeUser(existing, { password });
    setSending(false);
    if (reply.ok) onClose();
    else setError(sentence(language, reply.trouble));
  };

  return (
    <Dialog title={existing === null ? t('users.add') : t('users.resetTitle', { name: existing })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {existing === null && (
          <>
            <Field
              name="name"
              label={t('users.name')}
              value={name}
              onInput={setName}
              hint={t('users.nameHint')}
              required
              pattern={userNamePattern}
              autofocus
            />
            <Choice name="role" label={t('users.role')} value={role} options={roles} onChange={setRole} />
          </>
        )}
        <NewPassword label={t('password.new')} value={password} onInput={setPassword} autofocus={existing !== null} />
        <Refusal because={error} />
        <div class="actions">
          <Button type="submit" look="primary" act="save" sending={sending}>
            {t(existing === null ? 'act.add' : 'act.save')}
          </Button>
          <Button onPress={onClose}>{t('act.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}
