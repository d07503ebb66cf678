/** A room: what stands in it, how it stands, and what was found there. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { PanelLink } from '../meeting/panellink.tsx';
import { DeviceCard } from './devicecard.tsx';
import { Found } from './found.tsx';
import { RoomView } from './roomview.tsx';
import { useRoom } from './useroom.ts';

export function RoomPage({ site }: { readonly site: string }) {
  const { feed, go } = useDesk();
  const { t, language } = useWords();
  const [known, take] = useRoom(site);
  const live = feed.live.value;
  if (live === null || known.is === 'loading') return <Empty text={t('app.loading')} />;
  if (known.is === 'failed') return <Empty text={sentence(language, known.trouble)} />;
  const { room } = known;
  const state = live.sites.get(site)?.state;
  const panel = live.sites.get(site)?.panel ?? null;
  const there = room.online && (state === 'online' || state === 'degraded');
  const fresh = feed.freshness.value.is === 'live';
  const health = fresh ? (live.health.get(site) ?? 'unknown') : 'unknown';
  return (
    <div class="sheet wide room">
      <Heading title={t('room.title', { name: nameOf(live.sites, site) })}>
        <StateMark health={health} full />
        <Button icon="back" act="to-sites" onPress={() => go({ page: 'sites' })}>
          {t('nav.sites')}
        </Button>
      </Heading>
      {panel !== null && <PanelLink url={panel} />}
      <Found room={room} onChanged={take} />
      <div class="room-grid">
        <RoomView key={site} site={site} />
        {room.devices.length === 0 && <Empty text={t('room.none')} hint={t('room.noneHint')} />}
        {room.devices.map((each) => (
          <DeviceCard key={each.wish.id} site={site} online={there} driven={each} onChanged={() => take(null)} />
        ))}
      </div>
    </div>
  );
}
