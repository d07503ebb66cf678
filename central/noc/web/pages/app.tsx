/** The page as a whole: language, login or not, and the page that the address names. */
import { useErrorBoundary } from 'preact/hooks';
import { LiveRegions } from '../../../../protocol/web/components/announce.tsx';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords, WordsIn } from '../../../../protocol/web/components/words.tsx';
import { useDesk, useMay } from '../desk.tsx';
import { MeetingPage } from '../meeting/meetingpage.tsx';
import { RoomPage } from '../room/roompage.tsx';
import type { Route } from '../route.ts';
import { AccountPage } from './account.tsx';
import { useAnnouncements } from './announcements.tsx';
import { AuditPage } from './audit.tsx';
import { DrillPage } from './drill.tsx';
import { DrillsPage } from './drills.tsx';
import { Header } from './header.tsx';
import { LogPage } from './log.tsx';
import { LoginPage } from './login.tsx';
import { MeetingsPage } from './meetings.tsx';
import { NewMeetingPage } from './newmeeting.tsx';
import { Notices } from './notices.tsx';
import { RecordingsPage } from './recordings.tsx';
import { SetupPage } from './setup.tsx';
import { SitesPage } from './sites.tsx';
import { StaleBanner } from './stalebanner.tsx';
import { UsersPage } from './users.tsx';

export function App() {
  const { prefs, announcer } = useDesk();
  return (
    <WordsIn language={prefs.language.value}>
      <Whole />
      <LiveRegions announcer={announcer} />
    </WordsIn>
  );
}

/** Catches what a part throws, so that an operator sees a sentence and a button instead of a black page. */
function Whole() {
  const { t } = useWords();
  const [broken] = useErrorBoundary();
  if (broken === undefined) return <Inside />;
  return (
    <main class="door">
      <div class="card" role="alert">
        <p>{t('app.broken', { because: broken instanceof Error ? broken.message : String(broken) })}</p>
        <Button look="primary" onPress={() => window.location.reload()}>
          {t('app.reload')}
        </Button>
      </div>
    </main>
  );
}

function Inside() {
  const { session, route } = useDesk();
  const { t } = useWords();
  const state = session.state.value;
  switch (state.is) {
    case 'asking':
      return (
        <main class="door">
          <p role="status">{t('app.loading')}</p>
          <Notices />
        </main>
      );
    case 'out':
      return route.value.page === 'setup' ? <SetupPage token={route.value.token} /> : <LoginPage ended={state.ended} />;
    case 'in':
      return <Desktop />;
    default:
      return state satisfies never;
  }
}

function Desktop() {
  const { route } = useDesk();
  const { t } = useWords();
  const { administer } = useMay();
  useAnnouncements();
  const at = route.value;
  return (
    <div class="desktop" data-page={at.page}>
      <div class="skips">
        <Skip to="main" text={t('app.skipMain')} />
        {at.page === 'meeting' && <Skip to="floor" text={t('app.skipFloor')} />}
        {at.page === 'meeting' && <Skip to="sites" text={t('app.skipSites')} />}
      </div>
      <Header />
      <StaleBanner />
      <main id="main" tabIndex={-1}>
        <Page route={at} administer={administer} />
      </main>
      <Notices />
    </div>
  );
}

/** Leads past the header. A button, because the address belongs to the route. */
function Skip({ to, text }: { readonly to: string; readonly text: string }) {
  return (
    <button type="button" class="skip" onClick={() => document.getElementById(to)?.focus()}>
      {text}
    </button>
  );
}

function Page({ route, administer }: { readonly route: Route; readonly administer: boolean }) {
  switch (route.page) {
    case 'meeting':
      return <MeetingPage key={route.id} id={route.id} />;
    case 'new-meeting':
      return <NewMeetingPage />;
    case 'sites':
      return <SitesPage />;
    case 'room':
      return <RoomPage key={route.site} site={route.site} />;
    case 'recordings':
      return <RecordingsPage />;
    case 'drills':
      return <DrillsPage />;
    case 'drill':
      return <DrillPage key={route.id} id={route.id} />;
    case 'log':
      return <LogPage />;
    case 'audit':
      return administer ? <AuditPage /> : <MeetingsPage />;
    case 'users':
      return administer ? <UsersPage /> : <MeetingsPage />;
    case 'account':
      return <AccountPage />;
    case 'meetings':
    case 'setup':
      return <MeetingsPage />;
    default:
      return route satisfies never;
  }
}
