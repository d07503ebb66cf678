/** Who takes part in this meeting: sites can come and go, also while it runs. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { compareSites, matches } from '../../../../protocol/web/search.ts';
import { partOf } from '../floor.ts';
import { names } from './deeds.ts';
import { healthOf, useScene } from './scene.ts';

export function Invitation({ onClose }: { readonly onClose: () => void }) {
  const scene = useScene();
  const { t, f } = useWords();
  const [wanted, setWanted] = useState('');
  const { meeting, live, deeds, sending } = scene;
  const invited = new Set(meeting.sites.map((each) => each.site));
  const all = [...live.sites.values()].sort(compareSites);
  return (
    <Dialog title={t('meeting.inviteTitle')} onClose={onClose}>
      <Field name="search" type="search" label={t('act.search')} value={wanted} onInput={setWanted} />
      <p class="hint">{t('newMeeting.chosen', { n: f.number(invited.size), all: f.number(all.length) })}</p>
      <ul class="pick-list">
        {all
          .filter((each) => matches(`${each.name} ${each.site}`, wanted))
          .map(({ site, name }) => (
            <li key={site}>
              <label aria-busy={sending(names.invite(site))}>
                <input
                  type="checkbox"
                  name={`site-${site}`}
                  checked={invited.has(site)}
                  // Whoever speaks is not sent away by a slip of the mouse, and a meeting keeps its last site.
                  disabled={
                    deeds === null ||
                    sending(names.invite(site)) ||
                    partOf(meeting, site) === 'on-air' ||
                    (invited.size === 1 && invited.has(site))
                  }
                  onChange={(event) => deeds?.invite(site, event.currentTarget.checked)}
                />
                <span class="pick-name">{name}</span>
                <StateMark health={healthOf(scene, site)} />
              </label>
            </li>
          ))}
      </ul>
    </Dialog>
  );
}
