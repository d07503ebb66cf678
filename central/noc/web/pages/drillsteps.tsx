/** The faults of a drill: how each stands, its figures against the goals, what the rooms saw and what was switched. */
import type { Drill, DrillStep, Figure } from '../../../../protocol/drill.ts';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { reasonIn, wordIn } from '../../../../protocol/web/words.ts';
import { Outcome } from './drills.tsx';

type Named = (node: string) => string;

export function DrillSteps({ drill, named }: { readonly drill: Drill; readonly named: Named }) {
  const { t } = useWords();
  return (
    <section aria-labelledby="outcomes">
      <h2 id="outcomes">{t('drill.outcomes')}</h2>
      <ol class="cards">
        {drill.steps.map((step) => (
          <li key={`${step.fault} ${step.node}`} class="card drill-step" data-fault={step.fault} data-state={step.state}>
            <Step step={step} named={named} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Step({ step, named }: { readonly step: DrillStep; readonly named: Named }) {
  const { t, f, language } = useWords();
  const { fault, node, state, because, figures, startedAt, wholeAt } = step;
  const told = state === 'refused' || state === 'failed' || state === 'skipped' ? because : '';
  return (
    <>
      <h3>
        {t(`fault.${fault}`)}
        {node !== null && <span class="hint"> · {named(node)}</span>} <Outcome is={state} text={t(`drillStep.${state}`)} />
      </h3>
      {told !== '' && <p class="because">{reasonIn(language, told)}</p>}
      {startedAt !== null && state !== 'refused' && (
        <p class="facts">
          <span>
            {t('drill.at')}: {f.clock(startedAt)}
          </span>
          {wholeAt !== null && (
            <span>
              {t('drill.whole')}: {f.duration(wholeAt - startedAt)}
            </span>
          )}
        </p>
      )}
      {figures.length > 0 && <Figures figures={figures} />}
      {step.rooms.length > 0 && <Rooms step={step} named={named} />}
      {step.switched.length > 0 && <Switched step={step} named={named} />}
    </>
  );
}

const units = { floorLost: 'drill.frames', eventsLost: 'drill.events' } as const;

function Figures({ figures }: { readonly figures: readonly Figure[] }) {
  const { t, f } = useWords();
  const value = (name: Figure['name'], n: number | null): string =>
    n === null ? t('drill.notMeasured') : t(name === 'floorLost' || name === 'eventsLost' ? units[name] : 'drill.ms', { n: f.number(n) });
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('drill.figure')}</th>
            <th scope="col">{t('drill.of')}</th>
            <th scope="col" class="num">
              {t('drill.measured')}
            </th>
            <th scope="col" class="num">
              {t('drill.spread')}
            </th>
            <th scope="col" class="num">
              {t('drill.goal')}
            </th>
            <th scope="col">{t('drill.verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {figures.map(({ name, of, goal, n, p50, p95, max, passed }) => (
            <tr key={`${name} ${of}`} data-figure={name}>
              <th scope="row">{t(`figure.${name}`)}</th>
              <td>
                {t(`whom.${of}`)} ({f.number(n)})
              </td>
              <td class="num">{value(name, max)}</td>
              <td class="num">{p50 === null || p95 === null ? '' : `${f.number(p50)} / ${f.number(p95)}`}</td>
              <td class="num">≤ {value(name, goal)}</td>
              <td>
                {passed !== null && <Outcome is={passed ? 'passed' : 'failed'} text={t(passed ? 'verdict.passed' : 'verdict.failed')} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Rooms({ step, named }: { readonly step: DrillStep; readonly named: Named }) {
  const { t, f } = useWords();
  const ms = (n: number | null): string => (n === null ? '' : t('drill.ms', { n: f.number(Math.round(n)) }));
  return (
    <details>
      <summary>{t('drill.rooms')}</summary>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('drill.sites')}</th>
              {(['drill.lost', 'drill.gap', 'drill.audio', 'drill.mosaic'] as const).map((key) => (
                <th key={key} scope="col" class="num">
                  {t(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {step.rooms.map(({ site, floorLost, floorGapMs, audioGapMs, mosaicGapMs }) => (
              <tr key={site}>
                <th scope="row">{named(site)}</th>
                <td class="num">{floorLost === null ? '' : f.number(floorLost)}</td>
                <td class="num">{ms(floorGapMs)}</td>
                <td class="num">{ms(audioGapMs)}</td>
                <td class="num">{ms(mosaicGapMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Switched({ step, named }: { readonly step: DrillStep; readonly named: Named }) {
  const { t, f, language } = useWords();
  return (
    <details>
      <summary>{t('drill.switched')}</summary>
      <ul class="recent">
        {step.switched.map(({ at, node, what, because, ms }) => (
          <li key={`${at} ${node} ${what} ${because}`}>
            <time>{f.clock(at)}</time> {named(node)}: {wordIn(language, what)} <span class="because">{reasonIn(language, because)}</span>
            {ms !== null && <strong> {t('drill.ms', { n: f.number(ms) })}</strong>}
          </li>
        ))}
      </ul>
    </details>
  );
}
