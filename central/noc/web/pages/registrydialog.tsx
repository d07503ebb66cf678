/** Adding, changing and removing what the registry holds. */
import { useState } from 'preact/hooks';
import type { Protection } from '../../../../protocol/schema/plan.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm, Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameMax, nodeIdPattern } from '../../../../protocol/web/limits.ts';
import { sentence } from '../../../../protocol/web/problem.ts';
import type { Reply } from '../api.ts';
import { useDesk } from '../desk.tsx';
import { Refusal } from './formparts.tsx';

export type Change =
  | { readonly do: 'add-site' }
  | { readonly do: 'add-hub' }
  | { readonly do: 'change-site'; readonly site: string; readonly name: string; readonly protection: Protection }
  | { readonly do: 'remove-site'; readonly site: string; readonly name: string }
  | { readonly do: 'remove-hub'; readonly hub: string; readonly name: string };

/** From the most to the least. */
const protections: readonly Protection[] = ['hot', 'warm', 'none'];

export function RegistryDialog({ change, onClose }: { readonly change: Change; readonly onClose: () => void }) {
  switch (change.do) {
    case 'add-site':
    case 'add-hub':
    case 'change-site':
      return <Entry change={change} onClose={onClose} />;
    case 'remove-site':
    case 'remove-hub':
      return <Removal change={change} onClose={onClose} />;
    default:
      return change satisfies never;
  }
}

function Entry({
  change,
  onClose,
}: {
  readonly change: Extract<Change, { do: 'add-site' | 'add-hub' | 'change-site' }>;
  readonly onClose: () => void;
}) {
  const { api } = useDesk();
  const { t, language } = useWords();
  const [id, setId] = useState('');
  const [name, setName] = useState(change.do === 'change-site' ? change.name : '');
  const [protection, setProtection] = useState<Protection>(change.do === 'change-site' ? change.protection : 'warm');
  const [error, setError] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const send = (): Promise<Reply<unknown>> => {
    const written = name.trim().normalize('NFC');
    switch (change.do) {
      case 'add-site':
        return api.addSite({ site: id, name: written, protection });
      case 'add-hub':
        return api.addHub({ hub: id, name: written });
      case 'change-site':
        return api.changeSite(change.site, { name: written, protection });
      default:
        return change satisfies never;
    }
  };
  const submit = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    const reply = await send();
    setSending(false);
    if (reply.ok) onClose();
    else setError(sentence(language, reply.trouble));
  };

  const title =
    change.do === 'change-site'
      ? t('registry.changeTitle', { name: change.name })
      : t(change.do === 'add-site' ? 'registry.addSite' : 'registry.addHub');
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field name="name" label={t('site.name')} value={name} onInput={setName} required maxLength={nameMax} autofocus />
        {change.do !== 'change-site' && (
          <Field name="id" label={t('site.id')} value={id} onInput={setId} hint={t('registry.idHint')} required pattern={nodeIdPattern} />
        )}
        {change.do !== 'add-hub' && (
          <>
            <Choice
              name="protection"
              label={t('registry.protection')}
              value={protection}
              options={protections.map((each) => ({ value: each, text: t(`protection.${each}`) }))}
              onChange={setProtection}
            />
            <p class="hint">{t(`protection.${protection}Hint`)}</p>
          </>
        )}
        <Refusal because={error} />
        <div class="actions">
          <Button type="submit" look="primary" act="save" sending={sending}>
            {t(change.do === 'change-site' ? 'act.save' : 'act.add')}
          </Button>
          <Button onPress={onClose}>{t('act.cancel')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Removal({
  change,
  onClose,
}: {
  readonly change: Extract<Change, { do: 'remove-site' | 'remove-hub' }>;
  readonly onClose: () => void;
}) {
  const { api, commands } = useDesk();
  const { t } = useWords();
  const site = change.do === 'remove-site';
  const remove = async (): Promise<void> => {
    await commands.run('remove', () => (change.do === 'remove-site' ? api.removeSite(change.site) : api.removeHub(change.hub)));
    onClose();
  };
  return (
    <Confirm
      title={t(site ? 'registry.removeSite' : 'registry.removeHub', { name: change.name })}
      text={t(site ? 'registry.removeSiteText' : 'registry.removeHubText')}
      act={t('act.remove')}
      sending={commands.pending.value.has('remove')}
      onYes={() => void remove()}
      onNo={onClose}
    />
  );
}
