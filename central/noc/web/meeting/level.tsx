/** How loud a site is, in three bars, and whether it counts as speaking. */
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { levelBars } from '../level.ts';

export function Level({ db, speaking }: { readonly db: number | null; readonly speaking: boolean }) {
  const { t } = useWords();
  const bars = levelBars(db);
  return (
    <span class="level" data-speaking={speaking} data-bars={bars} title={speaking ? t('tile.speaking') : undefined}>
      {[1, 2, 3].map((each) => (
        <i key={each} data-on={bars >= each} />
      ))}
      {speaking && <span class="unseen">{t('tile.speaking')}</span>}
    </span>
  );
}
