/** Ordering a drill: which parts, among which sites or in which running meeting, and who has agreed. */
import { useState } from 'preact/hooks';
import { type DrillFault, drillFaults, isSiteFault, type NewDrillBody } from '../../../../protocol/drill.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Choice, Field } from '../../../../protocol/web/components/field.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { compareSites } from '../../../../protocol/web/search.ts';
import { useDesk } from '../desk.tsx';
import type { Live } from '../live.ts';

const toggled = <T,>(all: ReadonlySet<T>, one: T): ReadonlySet<T> => {
  const next = new Set(all);
  if (!next.delete(one)) next.add(one);
  return next;
};

interface Wish {
  readonly faults: ReadonlySet<DrillFault>;
  readonly sites: ReadonlySet<string>;
  /** Empty: a meeting of its own. */
  readonly meeting: string;
  readonly target: string;
  readonly by: string;
  readonly how: string;
}

/** What is still missing, or null. */
function lacking({ faults, sites, meeting, by, how }: Wish): 'drill.needFault' | 'drill.needSites' | 'drill.needConsent' | null {
  if (faults.size === 0) return 'drill.needFault';
  if (meeting === '') return sites.size < 2 ? 'drill.needSites' : null;
  return by.trim() === '' || how.trim() === '' ? 'drill.needConsent' : null;
}

export function NewDrill({ live }: { readonly live: Live }) {
  const { api, commands, go } = useDesk();
  const { t, language } = useWords();
  const [wish, setWish] = useState<Wish>({ faults: new Set(['worker']), sites: new Set(), meeting: '', target: '', by: '', how: '' });
  const [tried, setTried] = useState(false);
  const change = (part: Partial<Wish>): void => setWish({ ...wish, ...part });
  const all = [...live.sites.values()].sort(compareSites);
  const running = [...live.meetings.values()].filter(({ state }) => state === 'running');
  const there = running.find(({ id }) => id === wish.meeting);
  const part = all.filter(({ site }) => (there === undefined ? wish.sites.has(site) : there.sites.some((each) => each.site === site)));
  const target = part.some(({ site }) => site === wish.target) ? wish.target : (part[0]?.site ?? '');
  const missing = lacking(wish);

  const start = async (): Promise<void> => {
    setTried(true);
    if (missing !== null) return;
    const faults = drillFaults.filter((each) => wish.faults.has(each));
    const place =
      there === undefined
        ? { sites: part.map(({ site }) => site) }
        : { meeting: there.id, consent: { by: wish.by.trim(), how: wish.how.trim() } };
    const body: NewDrillBody = { faults, targets: [target], language, ...place };
    const reply = await commands.run('start drill', () => api.startDrill(body), t('drill.started'));
    if (reply?.ok) go({ page: 'drill', id: reply.value.drill.id });
  };

  return (
    <form
      class="card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <p>{t('drill.intro')}</p>
      <fieldset class="pick">
        <legend>{t('drill.faults')}</legend>
        <ul class="pick-list">
          {drillFaults.map((fault) => (
            <li key={fault}>
              <label>
                <input
                  type="checkbox"
                  name={`fault-${fault}`}
                  checked={wish.faults.has(fault)}
                  onChange={() => change({ faults: toggled(wish.faults, fault) })}
                />
                <span class="pick-name">{t(`fault.${fault}`)}</span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <Choice
        name="meeting"
        label={t('drill.where')}
        value={wish.meeting}
        options={[{ value: '', text: t('drill.own') }, ...running.map(({ id, title }) => ({ value: id, text: title }))]}
        onChange={(meeting) => change({ meeting })}
      />
      {there === undefined ? (
        <fieldset class="pick">
          <legend>{t('drill.sites')}</legend>
          <ul class="pick-list">
            {all.map(({ site, name }) => (
              <li key={site}>
                <label>
                  <input
                    type="checkbox"
                    name={`site-${site}`}
                    checked={wish.sites.has(site)}
                    onChange={() => change({ sites: toggled(wish.sites, site) })}
                  />
                  <span class="pick-name">{name}</span>
                  <StateMark health={live.health.get(site) ?? 'unknown'} />
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      ) : (
        <>
          <p class="hint">{t('drill.consentHint')}</p>
          <Field name="by" label={t('drill.consentBy')} value={wish.by} onInput={(by) => change({ by })} maxLength={120} required />
          <Field name="how" label={t('drill.consentHow')} value={wish.how} onInput={(how) => change({ how })} maxLength={200} required />
        </>
      )}
      {[...wish.faults].some(isSiteFault) && part.length > 0 && (
        <Choice
          name="target"
          label={t('drill.target')}
          value={target}
          options={part.map(({ site, name }) => ({ value: site, text: name }))}
          onChange={(chosen) => change({ target: chosen })}
        />
      )}
      {tried && missing !== null && (
        <p class="error" role="alert">
          {t(missing)}
        </p>
      )}
      <div class="actions">
        <Button type="submit" look="primary" act="start-drill" sending={commands.pending.value.has('start drill')}>
          {t('drill.start')}
        </Button>
      </div>
    </form>
  );
}
