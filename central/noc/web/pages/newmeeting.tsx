/** Making a meeting: its title and the sites that take part. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameMax } from '../../../../protocol/web/limits.ts';
import { compareSites, matches } from '../../../../protocol/web/search.ts';
import { useDesk } from '../desk.tsx';

export function NewMeetingPage() {
  const { api, commands, feed, go } = useDesk();
  const { t, f, language } = useWords();
  const [title, setTitle] = useState('');
  const [wanted, setWanted] = useState('');
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const live = feed.live.value;
  if (live === null) return <Empty text={t('app.loading')} />;

  const all = [...live.sites.values()].sort(compareSites);
  const shown = all.filter((each) => matches(`${each.name} ${each.site}`, wanted));
  // Everybody is invited unless unchecked: so it is in most meetings, and a site that joins the registry meanwhile is not forgotten.
  const chosen = all.filter((each) => !left.has(each.site));
  const titleError = tried && title.trim() === '' ? t('newMeeting.needName') : null;
  const sitesError = tried && chosen.length === 0 ? t('newMeeting.needSite') : null;

  const leave = (sites: readonly string[], out: boolean): void => {
    const next = new Set(left);
    for (const site of sites) {
      if (out) next.add(site);
      else next.delete(site);
    }
    setLeft(next);
  };
  const create = async (): Promise<void> => {
    setTried(true);
    if (title.trim() === '' || chosen.length === 0) return;
    const body = { title: title.trim().normalize('NFC'), sites: chosen.map((each) => each.site), language };
    const reply = await commands.run('create meeting', () => api.addMeeting(body));
    if (reply?.ok) go({ page: 'meeting', id: reply.value.id });
  };

  return (
    <div class="sheet">
      <Heading title={t('newMeeting.title')} />
      <form
        class="card new-meeting"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field
          name="title"
          label={t('newMeeting.name')}
          value={title}
          onInput={setTitle}
          placeholder={t('newMeeting.namePlaceholder')}
          error={titleError}
          maxLength={nameMax}
          required
          autofocus
        />
        <fieldset class="pick">
          <legend>
            {t('newMeeting.sites')}{' '}
            <span class="count">{t('newMeeting.chosen', { n: f.number(chosen.length), all: f.number(all.length) })}</span>
          </legend>
          <div class="pick-bar">
            <Field name="search" type="search" label={t('act.search')} value={wanted} onInput={setWanted} />
            <Button
              act="all"
              onPress={() =>
                leave(
                  shown.map((each) => each.site),
                  false,
                )
              }
            >
              {t('newMeeting.all')}
            </Button>
            <Button
              act="none"
              onPress={() =>
                leave(
                  shown.map((each) => each.site),
                  true,
                )
              }
            >
              {t('newMeeting.none')}
            </Button>
          </div>
          {shown.length === 0 && <Empty text={wanted === '' ? t('registry.none') : t('newMeeting.noMatch', { text: wanted })} />}
          <ul class="pick-list">
            {shown.map((each) => (
              <li key={each.site}>
                <label>
                  <input
                    type="checkbox"
                    name={`site-${each.site}`}
                    checked={!left.has(each.site)}
                    onChange={(event) => leave([each.site], !event.currentTarget.checked)}
                  />
                  <span class="pick-name">{each.name}</span>
                  <StateMark health={live.health.get(each.site) ?? 'unknown'} />
                </label>
              </li>
            ))}
          </ul>
          {sitesError !== null && <p class="error">{sitesError}</p>}
        </fieldset>
        <div class="actions">
          <Button type="submit" look="primary" act="create" sending={commands.pending.value.has('create meeting')}>
            {t('newMeeting.create')}
          </Button>
          <Button onPress={() => go({ page: 'meetings' })}>{t('act.cancel')}</Button>
        </div>
      </form>
    </div>
  );
}
