/** Asked before the floor goes to a site that is not there: whoever speaks now would lose it to a black picture. */
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameOf } from '../floor.ts';
import { useScene } from './scene.ts';

export function AbsentQuestion({ site, onClose }: { readonly site: string; readonly onClose: () => void }) {
  const { deeds, live } = useScene();
  const { t } = useWords();
  if (deeds === null) return null;
  return (
    <Confirm
      title={t('floor.absentTitle', { name: nameOf(live.sites, site) })}
      text={t('floor.absentText')}
      act={t('floor.absentGive')}
      onYes={() => {
        onClose();
        deeds.giveAnyway(site);
      }}
      onNo={onClose}
    />
  );
}
