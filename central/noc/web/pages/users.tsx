/** People who may log in: add, change role, reset password, remove. Administrators only. */
import { useState } from 'preact/hooks';
import type { UserRole, UserView } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Choice } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { compareNames } from '../../../../protocol/web/search.ts';
import { useDesk } from '../desk.tsx';
import { useLoaded } from '../loaded.ts';
import { UserDialog } from './userdialog.tsx';

const roles: readonly UserRole[] = ['viewer', 'operator', 'admin'];

type Open = { readonly do: 'add' } | { readonly do: 'reset'; readonly name: string } | { readonly do: 'remove'; readonly name: string };

export function UsersPage() {
  const { api, commands, session } = useDesk();
  const { t, f, language } = useWords();
  const [users, reload] = useLoaded(api.users);
  const [open, setOpen] = useState<Open | null>(null);
  const state = session.state.value;
  const me = state.is === 'in' ? state.me.name : '';
  const roleOptions = roles.map((value) => ({ value, text: t(`role.${value}`) }));

  const close = (): void => {
    setOpen(null);
    void reload();
  };
  const changeRole = async (user: UserView, role: UserRole): Promise<void> => {
    await commands.run(`role ${user.name}`, () => api.changeUser(user.name, { role }));
    await reload();
  };
  const remove = async (name: string): Promise<void> => {
    await commands.run('remove user', () => api.removeUser(name));
    close();
  };

  return (
    <div class="sheet">
      <Heading title={t('users.title')}>
        <Button icon="plus" look="primary" act="add-user" onPress={() => setOpen({ do: 'add' })}>
          {t('users.add')}
        </Button>
      </Heading>
      {users.is === 'loading' && <Empty text={t('app.loading')} />}
      {users.is === 'failed' && <Empty text={sentence(language, users.trouble)} />}
      {users.is === 'here' && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('users.name')}</th>
                <th scope="col">{t('users.role')}</th>
                <th scope="col">{t('users.created')}</th>
                <th scope="col">{t('users.lastLogin')}</th>
                <th scope="col" aria-label={t('users.reset')} />
              </tr>
            </thead>
            <tbody>
              {[...users.value]
                .sort((a, b) => compareNames(a.name, b.name))
                .map((each) => (
                  <tr key={each.name} data-user={each.name}>
                    <th scope="row">
                      {each.name} {each.name === me && <span class="hint">({t('users.you')})</span>}
                    </th>
                    <td>
                      <Choice
                        name={`role-${each.name}`}
                        label={t('role.change', { name: each.name })}
                        labelHidden
                        value={each.role}
                        options={roleOptions}
                        onChange={(role) => void changeRole(each, role)}
                      />
                    </td>
                    <td class="nowrap">{f.when(each.createdAt)}</td>
                    <td class="nowrap">{each.lastLoginAt === null ? t('users.never') : f.when(each.lastLoginAt)}</td>
                    <td class="row-acts">
                      <Button size="small" onPress={() => setOpen({ do: 'reset', name: each.name })}>
                        {t('users.reset')}
                      </Button>
                      <Button
                        size="small"
                        icon="trash"
                        look="quiet"
                        label={t('users.removeTitle', { name: each.name })}
                        disabled={each.name === me}
                        onPress={() => setOpen({ do: 'remove', name: each.name })}
                      />
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
      {open?.do === 'add' && <UserDialog name={null} roles={roleOptions} onClose={close} />}
      {open?.do === 'reset' && <UserDialog name={open.name} roles={roleOptions} onClose={close} />}
      {open?.do === 'remove' && (
        <Confirm
          title={t('users.removeTitle', { name: open.name })}
          text={t('users.removeText')}
          act={t('act.remove')}
          sending={commands.pending.value.has('remove user')}
          onYes={() => void remove(open.name)}
          onNo={close}
        />
      )}
    </div>
  );
}
