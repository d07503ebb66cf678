/** The sheet of shortcuts and marks, with the switch that turns single keys off. */

import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { healths } from '../../../../protocol/web/health.ts';
import { bindings } from '../../../../protocol/web/keys.ts';
import { useDesk } from '../desk.tsx';

export function Help({ onClose }: { readonly onClose: () => void }) {
  const { prefs } = useDesk();
  const { t } = useWords();
  return (
    <Dialog title={t('help.title')} onClose={onClose}>
      <label class="switch">
        <input
          type="checkbox"
          name="shortcuts"
          checked={prefs.shortcuts.value}
          onChange={(event) => prefs.setShortcuts(event.currentTarget.checked)}
        />
        <span>{t('help.enable')}</span>
      </label>
      <p class="hint">{t('help.enableHint')}</p>
      <h3>{t('help.keys')}</h3>
      <dl class="keys" data-off={!prefs.shortcuts.value}>
        {bindings.map((each) => (
          <div key={each.key}>
            <dt>
              <kbd>{each.key.toUpperCase()}</kbd>
            </dt>
            <dd>{t(each.label)}</dd>
          </div>
        ))}
      </dl>
      <p>{t('help.arrows')}</p>
      <h3>{t('help.marks')}</h3>
      <ul class="marks">
        {healths.map((each) => (
          <li key={each}>
            <StateMark health={each} full />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
