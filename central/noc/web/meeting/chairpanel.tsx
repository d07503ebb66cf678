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
  /** Of the room that was in the chair when it was asked for. */
  const [shown, setShown] = useState<{ readonly site: string; readonly pin: string } | null>(null);
  const { by, chair } = meeting.grant;
  const url = chair === null ? null : (live.sites.get(chair)?.panel ?? null);
  const show = async (): Promise<void> => {
    const answer = await api.panel(meeting.id);
    const { pin } = answer.ok ? answer.value : { pin: null };
    if (chair !== null && pin !== null) setShown({ site: chair, pin });
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
      {shown !== null && shown.site === chair && (
        <Dialog title={t('panel.title')} onClose={() => setShown(null)}>
          <p>{t('panel.pinOf', { site: nameOf(live.sites, shown.site), pin: shown.pin })}</p>
          {url !== null && <PanelLink url={url} />}
        </Dialog>
      )}
    </>
  );
}
