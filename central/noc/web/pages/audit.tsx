/** Who did what: every intent that central took or refused. Administrators only. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { matches } from '../../../../protocol/web/search.ts';
import { wordIn } from '../../../../protocol/web/words.ts';
import { useDesk } from '../desk.tsx';
import { usePages } from '../loaded.ts';
import { nodeName, particulars } from '../story.ts';

const pageSize = 100;

export function AuditPage() {
  const { api, feed } = useDesk();
  const { t, f, language } = useWords();
  const [wanted, setWanted] = useState('');
  const audit = usePages(api.audit, pageSize);
  const live = feed.live.value;
  const named = (target: string): string => live?.meetings.get(target)?.title ?? (live === null ? target : nodeName(live, target));
  const shown = audit.rows.filter((each) =>
    matches(`${each.by} ${each.act} ${wordIn(language, each.act)} ${each.target} ${named(each.target)} ${each.outcome}`, wanted),
  );
  return (
    <div class="sheet wide">
      <Heading title={t('audit.title')}>
        <Field name="search" type="search" label={t('act.search')} value={wanted} onInput={setWanted} />
      </Heading>
      {audit.trouble !== undefined && <p class="error">{sentence(language, audit.trouble)}</p>}
      {shown.length === 0 && <Empty text={audit.loading ? t('app.loading') : t('audit.none')} />}
      {shown.length > 0 && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('log.at')}</th>
                <th scope="col">{t('audit.by')}</th>
                <th scope="col">{t('audit.act')}</th>
                <th scope="col">{t('audit.target')}</th>
                <th scope="col">{t('audit.detail')}</th>
                <th scope="col">{t('audit.outcome')}</th>
                <th scope="col">{t('audit.from')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each) => (
                <tr key={each.id}>
                  <td class="nowrap">
                    <span class="log-day">{f.day(each.at)}</span> {f.clock(each.at)}
                  </td>
                  <th scope="row">{each.by}</th>
                  <td>{wordIn(language, each.act)}</td>
                  <td class="text">{named(each.target)}</td>
                  <td class="text">{live === null ? '' : particulars(language, live, each.detail)}</td>
                  <td>{wordIn(language, each.outcome)}</td>
                  <td class="nowrap">
                    <code>{each.from}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {audit.more && (
        <div class="actions">
          <Button sending={audit.loading} onPress={() => void audit.next()}>
            {t('act.more')}
          </Button>
        </div>
      )}
    </div>
  );
}
