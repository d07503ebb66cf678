/** What the room sends, to steer its camera by: live while a meeting with it runs, for who may steer; else a still picture with its age. */
import type { SiteView } from '../../../../protocol/api.ts';
import type { TextKey } from '../../../../protocol/web/catalogue/vi.ts';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk, useMay } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { LivePicture } from '../picture/livepicture.tsx';
import { StillPicture } from '../picture/stillpicture.tsx';

/** Why no picture is to be expected; null when one is. */
function silence(site: SiteView | undefined): TextKey | null {
  if (site?.state === 'offline' || site?.state === 'never') return 'room.notSending';
  return site?.tile === 'slate' ? 'tile.slate' : null;
}

export function RoomView({ site }: { readonly site: string }) {
  const { feed } = useDesk();
  const { run } = useMay();
  const { t } = useWords();
  const live = feed.live.value;
  const meeting = [...(live?.meetings.values() ?? [])].find(
    (each) => each.state === 'running' && each.sites.some((one) => one.site === site),
  );
  const name = nameOf(live?.sites ?? new Map(), site);
  if (meeting === undefined) return <p class="card hint">{t('room.noMeeting')}</p>;
  const still = <StillPicture meeting={meeting.id} site={site} name={name} />;
  if (!run)
    return (
      <figure class="picture" data-view="still">
        {still}
        <figcaption>
          <span class="picture-caption">{name}</span>
        </figcaption>
      </figure>
    );
  const why = silence(live?.sites.get(site));
  return (
    <LivePicture
      key={meeting.id}
      meeting={meeting.id}
      of={{ site }}
      title={t('room.live')}
      caption={name}
      idle={why === null ? null : t(why)}
      listening={null}
      instead={still}
    />
  );
}
