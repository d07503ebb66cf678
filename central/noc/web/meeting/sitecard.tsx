/** Everything known of one site, its recent events, and the restart of its media. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm, Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nothing } from '../../../../protocol/web/format.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { aboutNode, story, withNames } from '../story.ts';
import { healthOf, useScene } from './scene.ts';

/** Events shown in the card. */
const recent = 6;

export function SiteCard({ site, onClose }: { readonly site: string; readonly onClose: () => void }) {
  const { api, commands } = useDesk();
  const scene = useScene();
  const { t, f, language } = useWords();
  const [asking, setAsking] = useState(false);
  const { live, deeds, fresh } = scene;
  const view = live.sites.get(site);
  const name = nameOf(live.sites, site);
  const events = live.log.filter((each) => aboutNode(each) === site || each.facts['site'] === site).slice(0, recent);
  const restart = async (): Promise<void> => {
    setAsking(false);
    await commands.run(`restart ${site}`, () => api.restartMedia(site), t('site.restarted', { name }));
  };
  const facts: readonly (readonly [name: string, value: string])[] = [
    [t('site.because'), view === undefined ? nothing : withNames(live, reasonIn(language, view.because)) || nothing],
    [t('site.since'), f.when(view?.since ?? null)],
    [t('site.loss'), f.percent(view?.lossPercent ?? null)],
    [t('site.rtt'), f.ms(view?.rttMs ?? null)],
    [t('site.up'), f.rate(view?.upKbps ?? null)],
    [t('site.down'), f.rate(view?.downKbps ?? null)],
    [t('site.lostFrames'), f.number(view?.lostFrames ?? null)],
    [t('site.level'), f.db(view?.levelDb ?? null)],
    [t('site.hub'), view?.hub == null ? nothing : (live.hubs.get(view.hub)?.name ?? view.hub)],
    [t('site.source'), view?.source ?? nothing],
    [t('site.encoder'), view?.encoder ?? nothing],
    [t('site.version'), view?.version ?? nothing],
    [t('site.id'), site],
  ];
  if (asking)
    return (
      <Confirm
        title={t('site.restartTitle', { name })}
        text={t('site.restartText')}
        act={t('site.restart')}
        onYes={() => void restart()}
        onNo={() => setAsking(false)}
      />
    );
  return (
    <Dialog title={name} onClose={onClose}>
      <p class="card-state">
        <StateMark health={healthOf(scene, site)} full /> {!fresh && <span class="hint">({t('feed.old')})</span>}
      </p>
      <dl class="facts-list" data-stale={!fresh}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {events.length > 0 && (
        <>
          <h3>{t('site.recent')}</h3>
          <ul class="recent">
            {events.map((entry) => {
              const told = story(language, live, entry);
              return (
                <li key={entry.id}>
                  <time>{f.clock(entry.at)}</time> <strong>{told.kind}</strong> {told.what} <span class="because">{told.because}</span>
                </li>
              );
            })}
          </ul>
        </>
      )}
      {deeds !== null && (
        <div class="actions">
          <Button act="restart" sending={commands.pending.value.has(`restart ${site}`)} onPress={() => setAsking(true)}>
            {t('site.restart')}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
