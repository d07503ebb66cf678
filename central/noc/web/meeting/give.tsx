/** The button that gives a site the floor. It asks first when that site is not there: whoever speaks now would lose the floor to a black picture. */
import { useState } from 'preact/hooks';
import { Button, type ButtonProps } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameOf } from '../floor.ts';
import { names } from './deeds.ts';
import { isAbsent, useScene } from './scene.ts';

export function Give({ site, ...look }: { readonly site: string } & Omit<ButtonProps, 'onPress' | 'sending'>) {
  const scene = useScene();
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const { deeds, live, sending } = scene;
  if (deeds === null) return null;
  return (
    <>
      <Button {...look} sending={sending(names.give(site))} onPress={() => (isAbsent(scene, site) ? setAsking(true) : deeds.give(site))} />
      {asking && (
        <Confirm
          title={t('floor.absentTitle', { name: nameOf(live.sites, site) })}
          text={t('floor.absentText')}
          act={t('floor.absentGive')}
          onYes={() => {
            setAsking(false);
            deeds.give(site);
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}
