/** Says loudly that the figures are old, for as long as they are. */
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';

export function StaleBanner() {
  const { feed } = useDesk();
  const { t, f } = useWords();
  const fresh = feed.freshness.value;
  if (fresh.is !== 'stale') return null;
  return (
    <div class="stale" data-part="stale">
      {fresh.ageMs === null ? t('feed.neverBanner') : t('feed.staleBanner', { age: f.age(fresh.ageMs) })}
    </div>
  );
}
