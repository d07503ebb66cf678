/** The bar on top: where one can go, the time, whether the figures are fresh, language, help and account. */
import { useState } from 'preact/hooks';
import type { TextKey } from '../../../../protocol/web/catalogue/vi.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Icon } from '../../../../protocol/web/components/icon.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { type Language, languages } from '../../../../protocol/web/translate.ts';
import { useDesk, useMay } from '../desk.tsx';
import { hashOf, type Route } from '../route.ts';
import { Help } from './help.tsx';

interface Link {
  readonly to: Route;
  readonly text: TextKey;
  readonly forAdmin: boolean;
}

const links: readonly Link[] = [
  { to: { page: 'meetings' }, text: 'nav.meetings', forAdmin: false },
  { to: { page: 'sites' }, text: 'nav.sites', forAdmin: false },
  { to: { page: 'recordings' }, text: 'nav.recordings', forAdmin: false },
  { to: { page: 'drills' }, text: 'nav.drills', forAdmin: false },
  { to: { page: 'log' }, text: 'nav.log', forAdmin: false },
  { to: { page: 'audit' }, text: 'nav.audit', forAdmin: true },
  { to: { page: 'users' }, text: 'nav.users', forAdmin: true },
];

/** The link that a page belongs to. */
const homeOf = ({ page }: Route): Route['page'] =>
  page === 'meeting' || page === 'new-meeting' ? 'meetings' : page === 'room' ? 'sites' : page === 'drill' ? 'drills' : page;

export function Header() {
  const { route, session, now } = useDesk();
  const { administer } = useMay();
  const { t, f } = useWords();
  const [help, setHelp] = useState(false);
  const state = session.state.value;
  const here = homeOf(route.value);
  return (
    <header class="top">
      <a class="brand" href="#/">
        <img src={document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href} alt="" width="26" height="26" />
        <span>{t('app.name')}</span>
      </a>
      <nav aria-label={t('nav.label')}>
        {links
          .filter((link) => administer || !link.forAdmin)
          .map((link) => (
            <a key={link.text} href={hashOf(link.to)} aria-current={link.to.page === here ? 'page' : undefined}>
              {t(link.text)}
            </a>
          ))}
      </nav>
      <div class="top-end">
        <FreshMark />
        <time class="top-clock" title={f.day(now.value)}>
          {f.clock(now.value)}
        </time>
        <LanguageSwitch />
        <Button icon="help" look="quiet" label={t('nav.help')} act="help" onPress={() => setHelp(true)} />
        {state.is === 'in' && (
          <a
            class="account"
            href="#/account"
            aria-label={t('nav.account', { name: state.me.name })}
            title={t('nav.account', { name: state.me.name })}
          >
            <Icon name="user" />
            <span class="account-name">{state.me.name}</span>
          </a>
        )}
      </div>
      {help && <Help onClose={() => setHelp(false)} />}
    </header>
  );
}

function FreshMark() {
  const { feed } = useDesk();
  const { t } = useWords();
  const { is } = feed.freshness.value;
  return (
    <span class="fresh" data-fresh={is}>
      <span class="fresh-dot" aria-hidden="true" />
      {t(is === 'live' ? 'feed.live' : is === 'stale' ? 'feed.stale' : 'feed.connecting')}
    </span>
  );
}

const languageNames: Readonly<Record<Language, string>> = { vi: 'Tiếng Việt', en: 'English' };

export function LanguageSwitch() {
  const { prefs } = useDesk();
  const { t } = useWords();
  return (
    <fieldset class="languages">
      <legend class="unseen">{t('app.language')}</legend>
      {languages.map((each) => (
        <button
          key={each}
          type="button"
          lang={each}
          data-act={`language-${each}`}
          aria-pressed={prefs.language.value === each}
          aria-label={languageNames[each]}
          title={languageNames[each]}
          onClick={() => prefs.setLanguage(each)}
        >
          {each.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}
