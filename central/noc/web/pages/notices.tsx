/** What happened to the commands: done, or what was wrong, as a sentence. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';

export function Notices() {
  const { commands } = useDesk();
  const { t, language } = useWords();
  return (
    <div class="notices" role="status" aria-live="polite">
      {commands.notices.value.map(({ id, about }) => (
        <div key={id} class="notice" data-is={about.is}>
          <p>{about.is === 'done' ? about.text : sentence(language, about.trouble)}</p>
          <Button icon="close" look="quiet" size="small" label={t('act.dismiss')} onPress={() => commands.dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
