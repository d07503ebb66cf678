/** Failover drills: those that were, and how to order another. */
import { useState } from 'preact/hooks';
import type { DrillView } from '../../../../protocol/drill.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { useDesk, useMay } from '../desk.tsx';
import { useLoaded } from '../loaded.ts';
import { hashOf } from '../route.ts';
import { NewDrill } from './newdrill.tsx';

export function DrillsPage() {
  const { api, feed } = useDesk();
  const { run } = useMay();
  const { t, language } = useWords();
  const [all] = useLoaded(api.drills);
  const [making, setMaking] = useState(false);
  const live = feed.live.value;
  return (
    <div class="sheet wide">
      <Heading title={t('drill.title')}>
        {run && (
          <Button act="new-drill" look="primary" pressed={making} onPress={() => setMaking(!making)}>
            {t('drill.new')}
          </Button>
        )}
      </Heading>
      {making && live !== null && <NewDrill live={live} />}
      {all.is === 'loading' && <Empty text={t('app.loading')} />}
      {all.is === 'failed' && <Empty text={sentence(language, all.trouble)} />}
      {all.is === 'here' && all.value.length === 0 && <Empty text={t('drill.none')} />}
      {all.is === 'here' && all.value.length > 0 && <DrillTable rows={all.value} />}
    </div>
  );
}

function DrillTable({ rows }: { readonly rows: readonly DrillView[] }) {
  const { t, f } = useWords();
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('drill.at')}</th>
            <th scope="col">{t('drill.by')}</th>
            <th scope="col">{t('drill.faults')}</th>
            <th scope="col">{t('drill.state')}</th>
            <th scope="col">{t('drill.verdict')}</th>
            <th scope="col">{t('drill.signed')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ drill, signOff }) => (
            <tr key={drill.id} data-drill={drill.id}>
              <th scope="row" class="nowrap">
                <a class="drill-link" href={hashOf({ page: 'drill', id: drill.id })}>
                  {f.when(drill.orderedAt)}
                </a>
              </th>
              <td>{drill.by}</td>
              <td class="text">{[...new Set(drill.steps.map(({ fault }) => t(`fault.${fault}`)))].join(', ')}</td>
              <td>{t(`drillState.${drill.state}`)}</td>
              <td>{drill.verdict === null ? '' : <Outcome is={drill.verdict} text={t(`verdict.${drill.verdict}`)} />}</td>
              <td>{signOff === null ? t('drill.unsigned') : signOff.name}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A verdict or the state of a step: the word says it, the colour only helps. */
export function Outcome({ is, text }: { readonly is: string; readonly text: string }) {
  return (
    <span class="outcome" data-outcome={is}>
      {text}
    </span>
  );
}
