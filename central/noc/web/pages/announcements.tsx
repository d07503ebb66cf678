/** Tells those who hear the page what changed: who speaks, which site was lost, whether the figures are fresh. */
import { useEffect, useRef } from 'preact/hooks';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { floorChange, nameOf } from '../floor.ts';
import type { Live } from '../live.ts';

export function useAnnouncements(): void {
  const { feed, announcer, route } = useDesk();
  const { t, f } = useWords();
  const live = feed.live.value;
  const fresh = feed.freshness.value.is;
  const before = useRef<{ readonly live: Live | null; readonly fresh: typeof fresh }>({ live: null, fresh });

  useEffect(() => {
    const was = before.current;
    before.current = { live, fresh };
    if (was.fresh !== fresh && fresh === 'stale') announcer.warn(t('feed.staleBanner', { age: f.age(0) }));
    if (was.fresh === 'stale' && fresh === 'live') announcer.warn(t('feed.back'));
    if (live === null || was.live === null || was.live === live) return;
    const at = route.peek();
    const meeting = at.page === 'meeting' ? live.meetings.get(at.id) : undefined;
    const former = meeting === undefined ? undefined : was.live.meetings.get(meeting.id);
    if (meeting === undefined || former === undefined) return;
    const change = floorChange(former, meeting);
    if (change !== null) {
      const name = change.is === 'nobody' ? '' : nameOf(live.sites, change.site);
      announcer.say(t(change.is === 'speaker' ? 'floor.saidNow' : change.is === 'next' ? 'floor.saidNext' : 'floor.saidNobody', { name }));
    }
    for (const { site } of meeting.sites) {
      const [then, now] = [was.live.health.get(site), live.health.get(site)];
      if (then === now || (then !== 'lost' && now !== 'lost')) continue;
      const text = `${nameOf(live.sites, site)}: ${t(now === 'lost' ? 'health.lost' : 'health.good')}.`;
      if (now === 'lost' && meeting.grant.slots.includes(site)) announcer.warn(text);
      else announcer.say(text);
    }
  }, [live, fresh, t, f, announcer, route]);
}
