/** The still picture of a site, which says how old it is: it must never look like a live one. */
import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import type { Still } from '../effects.ts';
import { urls } from '../urls.ts';

interface Shown extends Still {
  /** Monotonic ms: when it was taken. */
  readonly takenAt: number;
}

export function StillPicture({ meeting, site, name }: { readonly meeting: string; readonly site: string; readonly name: string }) {
  const { clock, turn, now, askStill } = useDesk();
  const { t, f } = useWords();
  const [shown, setShown] = useState<Shown | null>(null);
  const asked = turn.value;
  useEffect(() => {
    let current = true;
    void askStill(urls.thumb(meeting, site, asked)).then((still) => {
      if (still === null) return;
      if (current) setShown({ ...still, takenAt: clock.mono() - still.ageMs });
      else still.drop();
    });
    return () => {
      current = false;
    };
  }, [askStill, clock, meeting, site, asked]);
  useEffect(() => () => shown?.drop(), [shown]);
  // Its age is told anew each second, also when no newer one comes.
  void now.value;
  return (
    <div class="still" data-still={shown === null ? 'none' : 'shown'}>
      {shown !== null && <img src={shown.url} alt={t('tile.thumb', { name })} />}
      <span class="still-age">{shown === null ? t('room.noStill') : t('room.still', { age: f.age(clock.mono() - shown.takenAt) })}</span>
    </div>
  );
}
