/** The table of media hubs, below the sites. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { hubHealth } from '../../../../protocol/web/health.ts';
import { compareNames } from '../../../../protocol/web/search.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import type { Live } from '../live.ts';
import type { Change } from './registrydialog.tsx';

export interface HubTableProps {
  readonly live: Live;
  readonly fresh: boolean;
  readonly onChange: ((change: Change) => void) | null;
}

export function HubTable({ live, fresh, onChange }: HubTableProps) {
  const { t, f, language } = useWords();
  const hubs = [...live.hubs.values()].sort((a, b) => compareNames(a.name, b.name));
  return (
    <section>
      <div class="heading">
        <h2>{t('registry.hubs')}</h2>
        <div class="heading-acts">
          {onChange !== null && (
            <Button icon="plus" act="add-hub" onPress={() => onChange({ do: 'add-hub' })}>
              {t('registry.addHub')}
            </Button>
          )}
        </div>
      </div>
      {hubs.length === 0 ? (
        <Empty text={t('registry.none')} />
      ) : (
        <div class="table-frame">
          <table data-stale={!fresh}>
            <thead>
              <tr>
                <th scope="col">{t('site.name')}</th>
                <th scope="col">{t('site.state')}</th>
                <th scope="col">{t('registry.address')}</th>
                <th scope="col" class="num">
                  {t('registry.cores')}
                </th>
                <th scope="col">{t('site.because')}</th>
                <th scope="col">{t('site.since')}</th>
                {onChange !== null && <th scope="col" aria-label={t('act.remove')} />}
              </tr>
            </thead>
            <tbody>
              {hubs.map((each) => (
                <tr key={each.hub}>
                  <th scope="row">
                    {each.name} <code>{each.hub}</code>
                  </th>
                  <td>
                    <StateMark health={fresh ? hubHealth(each.state) : 'unknown'} full />
                  </td>
                  <td>{each.host === null ? f.number(null) : `${each.host}:${each.port ?? ''}`}</td>
                  <td class="num">{f.number(each.cores, 2)}</td>
                  <td class="text">{reasonIn(language, each.because)}</td>
                  <td class="nowrap">{f.when(each.since)}</td>
                  {onChange !== null && (
                    <td class="row-acts">
                      <Button
                        icon="trash"
                        size="small"
                        look="quiet"
                        label={t('registry.removeHub', { name: each.name })}
                        onPress={() => onChange({ do: 'remove-hub', hub: each.hub, name: each.name })}
                      />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
