/** The still picture of a site, new every two seconds; says so when there is none. */
import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import type { Health } from '../../../../protocol/web/health.ts';
import { useDesk } from '../desk.tsx';
import { urls } from '../urls.ts';
import { useScene } from './scene.ts';

export interface ThumbProps {
  readonly site: string;
  readonly name: string;
  readonly health: Health;
}

export function Thumb({ site, name, health }: ThumbProps) {
  const { turn } = useDesk();
  const { meeting, live, fresh } = useScene();
  const { t } = useWords();
  const [failed, setFailed] = useState(false);
  const tile = live.sites.get(site)?.tile ?? null;
  const expected = meeting.state === 'running' && health !== 'lost' && health !== 'never';
  // Old figures freeze the picture too: a fresh one beside old figures would lend them its freshness.
  const [shown, setShown] = useState(turn.peek());
  const now = turn.value;
  useEffect(() => {
    if (fresh) setShown(now);
  }, [fresh, now]);
  const why = tile === 'slate' ? 'tile.slate' : tile === 'banned' ? 'tile.banned' : 'tile.noPicture';
  return (
    <div class="thumb" data-empty={!expected || failed}>
      {expected && (
        <img
          src={urls.thumb(meeting.id, site, shown)}
          alt={t('tile.thumb', { name })}
          decoding="async"
          onLoad={() => setFailed(false)}
          onError={() => setFailed(true)}
        />
      )}
      {(!expected || failed) && <span class="thumb-none">{t(why)}</span>}
    </div>
  );
}
