/** What happened to the commands: done, or what was wrong, as a sentence. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { withNames } from '../story.ts';

export function Notices() {
  const { commands, feed } = useDesk();
  const { t, language } = useWords();
  const live = feed.live.value;
  const named = (text: string): string => (live === null ? text : withNames(live, text));
  return (
    <div class="notices" role="status" aria-live="polite">
      {commands.notices.value.map(({ id, about }) => (
        <div key={id} class="notice" data-is={about.is}>
          <p>{about.is === 'done' ? about.text : named(sentence(language, about.trouble))}</p>
          <Button icon="close" look="quiet" size="small" label={t('act.dismiss')} onPress={() => commands.dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
