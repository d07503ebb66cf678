/** The event log in words, live at the top, older pages on request, with a filter. */
import { useState } from 'preact/hooks';
import type { LogEntry } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk } from '../desk.tsx';
import type { Live } from '../live.ts';
import { usePages } from '../loaded.ts';
import { everything, isWanted, type Story, story } from '../story.ts';

const pageSize = 100;

export function LogPage() {
  const { api, feed } = useDesk();
  const { t, language } = useWords();
  const [wanted, setWanted] = useState(everything);
  const old = usePages(api.log, pageSize);
  const live = feed.live.value;
  if (live === null) return <Empty text={t('app.loading')} />;

  const byId = new Map<number, LogEntry>([...old.rows, ...live.log].map((each) => [each.id, each]));
  const told = [...byId.values()].sort((a, b) => b.id - a.id).map((entry) => ({ entry, told: story(language, live, entry) }));
  const shown = told.filter((each) => isWanted(each.entry, each.told, wanted));
  const kinds = new Map(told.map((each) => [each.entry.kind, each.told.kind]));

  return (
    <div class="sheet wide">
      <Heading title={t('log.title')}>
        <Choice
          name="severity"
          label={t('log.severity')}
          value={wanted.severity}
          options={(['all', 'info', 'warning', 'error'] as const).map((value) => ({ value, text: t(`log.${value}`) }))}
          onChange={(severity) => setWanted({ ...wanted, severity })}
        />
        <Choice
          name="kind"
          label={t('log.kind')}
          value={wanted.kind}
          options={[{ value: 'all', text: t('log.all') }, ...[...kinds].map(([value, text]) => ({ value, text }))]}
          onChange={(kind) => setWanted({ ...wanted, kind })}
        />
        <Field name="search" type="search" label={t('act.search')} value={wanted.text} onInput={(text) => setWanted({ ...wanted, text })} />
      </Heading>
      {shown.length === 0 ? <Empty text={t('log.none')} /> : <LogTable rows={shown} live={live} />}
      {old.trouble !== undefined && <p class="error">{sentence(language, old.trouble)}</p>}
      {old.more && (
        <div class="actions">
          <Button sending={old.loading} onPress={() => void old.next()}>
            {t('act.more')}
          </Button>
        </div>
      )}
    </div>
  );
}

interface Row {
  readonly entry: LogEntry;
  readonly told: Story;
}

function LogTable({ rows, live }: { readonly rows: readonly Row[]; readonly live: Live }) {
  const { t, f } = useWords();
  return (
    <div class="table-frame">
      <table class="log">
        <thead>
          <tr>
            <th scope="col">{t('log.at')}</th>
            <th scope="col">{t('log.severity')}</th>
            <th scope="col">{t('log.where')}</th>
            <th scope="col">{t('log.what')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ entry, told }) => (
            <tr key={entry.id} data-severity={entry.severity}>
              <td class="nowrap">
                <span class="log-day">{f.day(entry.at)}</span> {f.clock(entry.at)}
              </td>
              <td class="nowrap">
                <span class="severity" data-severity={entry.severity}>
                  {t(`log.${entry.severity}`)}
                </span>
              </td>
              <td>{told.where}</td>
              <td class="text">
                <strong>{told.kind}</strong> {told.what} <span class="because">{told.because}</span>
                {entry.meeting !== null && live.meetings.has(entry.meeting) && (
                  <span class="hint"> · {live.meetings.get(entry.meeting)?.title}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
