/** The root of the chair's page: asks the box how things are, once a second, and shows the lock or the panel. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../../../protocol/api.ts';
import type { PanelAct, PanelState } from '../../../protocol/panel.ts';
import { Button } from '../../../protocol/web/components/button.tsx';
import { Field } from '../../../protocol/web/components/field.tsx';
import { useWords, WordsIn } from '../../../protocol/web/components/words.tsx';
import { sentence } from '../../../protocol/web/problem.ts';
import { type Language, languageOf, languages } from '../../../protocol/web/translate.ts';
import { box } from './box.ts';
import { Panel } from './panel.tsx';

const everyMs = 1000;

function Lock({
  onOpen,
  error,
  sending,
}: {
  readonly onOpen: (pin: string) => void;
  readonly error: string | null;
  readonly sending: boolean;
}) {
  const { t } = useWords();
  const [pin, setPin] = useState('');
  return (
    <main id="main">
      <form
        class="lock"
        onSubmit={(event) => {
          event.preventDefault();
          onOpen(pin);
        }}
      >
        <Field
          name="pin"
          label={t('panel.pin')}
          hint={t('panel.pinHint')}
          type="password"
          value={pin}
          onInput={setPin}
          error={error}
          required
          minLength={6}
          maxLength={6}
          inputMode="numeric"
          pattern="[0-9]{6}"
          autofocus
        />
        <Button act="open" type="submit" look="primary" sending={sending}>
          {t('panel.open')}
        </Button>
      </form>
    </main>
  );
}

function Page({ onLanguage }: { readonly onLanguage: (language: Language) => void }) {
  const { t, language } = useWords();
  const [state, setState] = useState<PanelState | null>(null);
  const [lost, setLost] = useState(false);
  const [said, setSaid] = useState<{ readonly text: string; readonly bad: boolean } | null>(null);
  const [sending, setSending] = useState(false);
  useEffect(() => {
    let over = false;
    const look = async (): Promise<void> => {
      const answer = await box.state();
      if (over) return;
      setLost(!answer.ok);
      if (answer.ok) setState(answer.value);
      window.setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      over = true;
    };
  }, []);
  const complaint = (problem: Problem | null): string => (problem === null ? t('panel.lost') : sentence(language, problem));
  const act = async (wish: PanelAct): Promise<void> => {
    setSending(true);
    const answer = await box.act(wish);
    setSending(false);
    if (!answer.ok) {
      const locked = answer.problem?.code === 'auth.required';
      setSaid({ text: locked ? t('panel.locked') : complaint(answer.problem), bad: true });
      return;
    }
    const { changed, confirmed, state: now } = answer.value;
    setState(now);
    const heard = confirmed.length > 0;
    const text = !changed ? t('panel.same') : heard ? t('panel.done', { hubs: confirmed.join(', ') }) : t('panel.waits');
    setSaid({ text, bad: !heard });
  };
  const open = async (pin: string): Promise<void> => {
    setSending(true);
    const answer = await box.open(pin);
    setSending(false);
    const wrong = !answer.ok && answer.problem?.code === 'auth.required';
    setSaid(answer.ok ? null : { text: wrong ? t('panel.wrongPin') : complaint(answer.problem), bad: true });
    if (answer.ok) setState(answer.value);
  };
  const close = async (): Promise<void> => {
    const answer = await box.close();
    if (answer.ok) setState(answer.value);
  };
  return (
    <>
      <header class="head">
        <div class="head-title">
          <h1>{state?.meeting?.title ?? t('panel.title')}</h1>
          <p class="dim">{state?.name}</p>
        </div>
        {languages.map((each) => (
          <Button
            key={each}
            act={`language-${each}`}
            look="quiet"
            size="small"
            pressed={each === language}
            onPress={() => onLanguage(each)}
          >
            {each === 'vi' ? 'Tiếng Việt' : 'English'}
          </Button>
        ))}
        {state?.panel === 'open' && (
          <Button act="lock" onPress={() => void close()}>
            {t('panel.lock')}
          </Button>
        )}
      </header>
      <div class="said" role="status" aria-live="polite">
        {!lost && state?.panel === 'open' && (
          <p class="banner" data-central={state.central}>
            {t(state.central ? 'panel.here' : 'panel.away')}
          </p>
        )}
        {said?.bad === false && state?.panel === 'open' && <p class="banner good">{said.text}</p>}
      </div>
      <div class="said" role="alert" aria-live="assertive">
        {lost && <p class="banner bad">{t('panel.lost')}</p>}
        {said?.bad === true && state?.panel === 'open' && <p class="banner bad">{said.text}</p>}
      </div>
      {state === null && <p class="dim">{t('app.loading')}</p>}
      {state?.panel === 'none' && (
        <main id="main">
          <p class="nothing">{t('panel.none')}</p>
        </main>
      )}
      {state?.panel === 'locked' && (
        <Lock onOpen={(pin) => void open(pin)} error={said?.bad === true ? said.text : null} sending={sending} />
      )}
      {state?.panel === 'open' && state.meeting !== null && (
        <Panel meeting={state.meeting} sending={sending} onAct={(wish) => void act(wish)} />
      )}
    </>
  );
}

function Root() {
  const [language, setLanguage] = useState<Language>(languageOf(window.localStorage.getItem('language')));
  const choose = (chosen: Language): void => {
    window.localStorage.setItem('language', chosen);
    document.documentElement.lang = chosen;
    setLanguage(chosen);
  };
  return (
    <WordsIn language={language}>
      <Page onLanguage={choose} />
    </WordsIn>
  );
}

const root = document.getElementById('page');
if (root !== null) render(<Root />, root);
