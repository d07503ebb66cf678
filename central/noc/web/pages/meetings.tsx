/** All meetings: the running ones first. The page opens the only running meeting by itself when somebody arrives. */
import { useEffect } from 'preact/hooks';
import type { MeetingView } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk, useMay } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import type { Live } from '../live.ts';
import { hashOf } from '../route.ts';

const groups = ['running', 'planned', 'ended'] as const;

const newestFirst = (a: MeetingView, b: MeetingView): number => (b.startedAt ?? b.createdAt) - (a.startedAt ?? a.createdAt);

export function MeetingsPage() {
  const { feed, go } = useDesk();
  const { run } = useMay();
  const { t } = useWords();
  const live = feed.live.value;
  useArrival(live);
  if (live === null) return <Empty text={t('app.loading')} />;
  const all = [...live.meetings.values()].sort(newestFirst);
  return (
    <div class="sheet">
      <Heading title={t('meetings.title')}>
        {run && (
          <Button icon="plus" look="primary" act="new-meeting" onPress={() => go({ page: 'new-meeting' })}>
            {t('meetings.new')}
          </Button>
        )}
      </Heading>
      {all.length === 0 && <Empty text={t('meetings.none')} hint={run ? t('meetings.noneHint') : undefined} />}
      {groups.map((state) => {
        const here = all.filter((each) => each.state === state);
        if (here.length === 0) return null;
        return (
          <section key={state}>
            <h2>{t(`meetings.${state}`)}</h2>
            <ul class="cards">
              {here.map((each) => (
                <MeetingCard key={each.id} meeting={each} live={live} />
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

/** On arrival at the bare address or from the first set-up, the only running meeting is what one came for. The menu shows the list. */
function useArrival(live: Live | null): void {
  const { go, route } = useDesk();
  useEffect(() => {
    const fromSetup = route.peek().page === 'setup';
    if (live === null || (window.location.hash !== '' && !fromSetup)) return;
    const running = [...live.meetings.values()].filter((each) => each.state === 'running');
    const [only] = running;
    if (only !== undefined && running.length === 1) go({ page: 'meeting', id: only.id });
    // The code in the address is used up.
    else if (fromSetup) go({ page: 'meetings' });
  }, [live, go, route]);
}

function MeetingCard({ meeting, live }: { readonly meeting: MeetingView; readonly live: Live }) {
  const { now } = useDesk();
  const { t, f, count } = useWords();
  const [speaker] = meeting.grant.slots;
  const lasted = meeting.startedAt === null ? null : (meeting.endedAt ?? now.value) - meeting.startedAt;
  return (
    <li>
      <a class="card meeting-card" href={hashOf({ page: 'meeting', id: meeting.id })} data-state={meeting.state}>
        <h3>{meeting.title}</h3>
        <p class="facts">
          <span>{count('meetings.sites', meeting.sites.length)}</span>
          <span>
            {meeting.startedAt === null
              ? t('meetings.createdAt', { at: f.when(meeting.createdAt) })
              : t('meetings.startedAt', { at: f.when(meeting.startedAt) })}
          </span>
          {lasted !== null && (
            <span>{meeting.state === 'running' ? f.duration(lasted) : t('meetings.lasted', { time: f.duration(lasted) })}</span>
          )}
          {meeting.state === 'running' && speaker !== undefined && <span>{t('floor.saidNow', { name: nameOf(live.sites, speaker) })}</span>}
        </p>
        <span class="card-go">{t(meeting.state === 'ended' ? 'meetings.view' : 'meetings.open')}</span>
      </a>
    </li>
  );
}
