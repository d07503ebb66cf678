/** The chair's panel as operators see it: that it rules now, and the PIN to read out to the chair. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { PanelLink } from './panellink.tsx';
import { useScene } from './scene.ts';

export function ChairPanel() {
  const { meeting, live, deeds } = useScene();
  const { api } = useDesk();
  const { t } = useWords();
  const [pin, setPin] = useState<string | null>(null);
  const { by, chair } = meeting.grant;
  const url = chair === null ? null : (live.sites.get(chair)?.panel ?? null);
  const show = async (): Promise<void> => {
    const answer = await api.panel(meeting.id);
    if (answer.ok) setPin(answer.value.pin);
  };
  return (
    <>
      {by !== 'central' && (
        <span class="panel-rules" role="status">
          {t('panel.rules', { site: nameOf(live.sites, by) })}
        </span>
      )}
      {deeds !== null && chair !== null && (
        <Button act="panel" onPress={() => void show()}>
          {t('panel.title')}
        </Button>
      )}
      {pin !== null && chair !== null && (
        <Dialog title={t('panel.title')} onClose={() => setPin(null)}>
          <p>{t('panel.pinOf', { site: nameOf(live.sites, chair), pin })}</p>
          {url !== null && <PanelLink url={url} />}
        </Dialog>
      )}
    </>
  );
}
