/** One drill, live while it is under way; its report, to be signed, printed and downloaded when it is over. */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DrillView } from '../../../../protocol/drill.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Field } from '../../../../protocol/web/components/field.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk, useMay } from '../desk.tsx';
import { useLoaded } from '../loaded.ts';
import { nodeName, withNames } from '../story.ts';
import { Outcome } from './drills.tsx';
import { DrillSteps } from './drillsteps.tsx';

const EVERY_MS = 2000;

export function DrillPage({ id }: { readonly id: string }) {
  const { api, now } = useDesk();
  const { t, language } = useWords();
  const ask = useCallback(() => api.drill(id), [api, id]);
  const [loaded, reload] = useLoaded(ask);
  const over = loaded.is === 'here' && loaded.value.drill.verdict !== null;
  const beat = Math.floor(now.value / EVERY_MS);
  useEffect(() => {
    if (!over && beat > 0) void reload();
  }, [over, beat, reload]);
  if (loaded.is === 'loading') return <Empty text={t('app.loading')} />;
  if (loaded.is === 'failed') return <Empty text={sentence(language, loaded.trouble)} />;
  return <Report view={loaded.value} reload={reload} />;
}

function Report({ view, reload }: { readonly view: DrillView; readonly reload: () => Promise<void> }) {
  const { feed, commands, api } = useDesk();
  const { run } = useMay();
  const { t, f, language } = useWords();
  const [asking, setAsking] = useState(false);
  const { drill, signOff } = view;
  const live = feed.live.value;
  const named = (node: string): string => (live === null ? node : nodeName(live, node));
  const over = drill.verdict !== null;
  const meeting = drill.meeting === null ? undefined : live?.meetings.get(drill.meeting)?.title;
  const abort = async (): Promise<void> => {
    setAsking(false);
    await commands.run('abort drill', () => api.abortDrill(drill.id), t('drill.aborted'));
    await reload();
  };
  return (
    <div class="sheet wide drill">
      <Heading title={`${t('drill.title')} · ${f.when(drill.orderedAt)}`}>
        {!over && run && (
          <Button act="abort-drill" look="danger" sending={commands.pending.value.has('abort drill')} onPress={() => setAsking(true)}>
            {t('drill.abort')}
          </Button>
        )}
        {over && (
          <Button act="print" onPress={printed}>
            {t('drill.print')}
          </Button>
        )}
        {signOff !== null && (
          <a
            class="button"
            data-act="download"
            href={`/api/v1/drills/${encodeURIComponent(drill.id)}/report.json`}
            download={`${drill.id}.json`}
          >
            {t('drill.download')}
          </a>
        )}
      </Heading>
      <dl class="facts-list card" aria-live="polite">
        <div>
          <dt>{t('drill.state')}</dt>
          <dd data-drill-state={drill.state}>
            {t(`drillState.${drill.state}`)}
            {drill.because !== '' && (
              <span class="hint"> · {live === null ? drill.because : withNames(live, reasonIn(language, drill.because))}</span>
            )}
          </dd>
        </div>
        {drill.verdict !== null && (
          <Fact name={t('drill.verdict')}>{<Outcome is={drill.verdict} text={t(`verdict.${drill.verdict}`)} />}</Fact>
        )}
        <Fact name={t('drill.by')}>{drill.by}</Fact>
        <Fact name={t('drill.meeting')}>{meeting ?? drill.meeting ?? ''}</Fact>
        <Fact name={t('drill.sites')}>{drill.sites.map(named).join(', ')}</Fact>
        {drill.consent !== null && <Fact name={t('drill.consent')}>{`${drill.consent.by}: ${drill.consent.how}`}</Fact>}
        {drill.endedAt !== null && <Fact name={t('drill.took')}>{f.duration(drill.endedAt - drill.orderedAt)}</Fact>}
        {signOff !== null && (
          <Fact name={t('drill.signed')}>
            {t('drill.signedBy', { name: signOff.name, by: signOff.by, at: f.when(signOff.at) })}
            {signOff.remark !== '' && <span class="hint"> · {signOff.remark}</span>}
          </Fact>
        )}
      </dl>
      <DrillSteps drill={drill} named={named} />
      {over && signOff === null && run && <Sign id={drill.id} reload={reload} />}
      {asking && (
        <Confirm
          title={t('drill.abort')}
          text={t('drill.abortText')}
          act={t('drill.abort')}
          onYes={() => void abort()}
          onNo={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** On paper nothing can be unfolded. */
function printed(): void {
  for (const each of document.querySelectorAll('.drill details')) each.setAttribute('open', '');
  window.print();
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Sign({ id, reload }: { readonly id: string; readonly reload: () => Promise<void> }) {
  const { api, commands } = useDesk();
  const { t } = useWords();
  const [name, setName] = useState('');
  const [remark, setRemark] = useState('');
  const sign = async (): Promise<void> => {
    const body = { name: name.trim().normalize('NFC'), remark: remark.trim().normalize('NFC') };
    const reply = await commands.run('sign drill', () => api.signDrill(id, body), t('drill.signDone'));
    if (reply?.ok) await reload();
  };
  return (
    <form
      class="card no-print"
      onSubmit={(event) => {
        event.preventDefault();
        void sign();
      }}
    >
      <h2>{t('drill.sign')}</h2>
      <p class="hint">{t('drill.signHint')}</p>
      <Field name="name" label={t('drill.signName')} value={name} onInput={setName} maxLength={120} required />
      <Field name="remark" label={t('drill.remark')} value={remark} onInput={setRemark} maxLength={1000} />
      <div class="actions">
        <Button type="submit" look="primary" act="sign" sending={commands.pending.value.has('sign drill')}>
          {t('drill.sign')}
        </Button>
      </div>
    </form>
  );
}
