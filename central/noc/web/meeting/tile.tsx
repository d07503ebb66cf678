/** One site: its picture, how it is, what it has to do with the floor, and what can be done with it. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Icon } from '../../../../protocol/web/components/icon.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { isMuted, nameOf, partOf } from '../floor.ts';
import { names } from './deeds.ts';
import { Level } from './level.tsx';
import { healthOf, useScene } from './scene.ts';
import { Thumb } from './thumb.tsx';

export function Tile({ site }: { readonly site: string }) {
  const scene = useScene();
  const { t, f } = useWords();
  const { meeting, live, inspect, fresh } = scene;
  const view = live.sites.get(site);
  const name = nameOf(live.sites, site);
  const health = healthOf(scene, site);
  const part = partOf(meeting, site);
  const muted = isMuted(meeting, site);
  const speaking = fresh && view?.speaking === true && !muted;
  return (
    <li class="tile" data-site={site} data-health={health} data-part={part} data-speaking={speaking}>
      {part === 'on-air' && <span class="tally">{t('floor.now')}</span>}
      {part === 'next' && <span class="tally">{t('floor.next')}</span>}
      <div class="tile-head">
        <Thumb site={site} name={name} health={health} />
        <div class="tile-who">
          <button
            type="button"
            class="tile-name"
            title={t('tile.details', { name })}
            aria-label={t('tile.details', { name })}
            onClick={() => inspect(site)}
          >
            {name}
          </button>
          <p class="tile-marks">
            <StateMark health={health} />
            <Level db={fresh ? (view?.levelDb ?? null) : null} speaking={speaking} />
            {muted && (
              <span class="muted" title={t('tile.muted')}>
                <Icon name="muted" />
                <span class="unseen">{t('tile.muted')}</span>
              </span>
            )}
          </p>
        </div>
      </div>
      <dl class="tile-figures">
        <Figure name={t('site.loss')} value={f.percent(view?.lossPercent ?? null)} />
        <Figure name={t('site.rtt')} value={f.ms(view?.rttMs ?? null)} />
        <Figure name={t('site.up')} value={f.rate(view?.upKbps ?? null)} />
      </dl>
      {meeting.state === 'running' && scene.deeds !== null && <Acts site={site} name={name} muted={muted} />}
    </li>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div title={name}>
      <dt class="unseen">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Acts({ site, name, muted }: { readonly site: string; readonly name: string; readonly muted: boolean }) {
  const { meeting, deeds, sending } = useScene();
  const { t } = useWords();
  if (deeds === null) return null;
  const part = partOf(meeting, site);
  const next = part === 'next';
  return (
    <div class="tile-acts">
      {part === 'on-air' ? (
        <Button size="small" act="take" sending={sending(names.take)} label={t('floor.takeHint')} onPress={deeds.take}>
          {t('tile.take')}
        </Button>
      ) : (
        <Button
          size="small"
          act="give"
          sending={sending(names.give(site))}
          label={t('tile.giveHint', { name })}
          onPress={() => deeds.give(site)}
        >
          {t('tile.give')}
        </Button>
      )}
      <Button
        size="small"
        act="next"
        pressed={next}
        disabled={part === 'on-air'}
        sending={sending(names.next(site))}
        label={t(next ? 'tile.nextUndo' : 'tile.nextHint', { name })}
        onPress={() => deeds.next(site)}
      >
        {t('tile.next')}
      </Button>
      <Button
        size="small"
        act="mute"
        icon={muted ? 'muted' : 'mic'}
        pressed={muted}
        sending={sending(names.mute(site))}
        label={t(muted ? 'tile.unmute' : 'tile.mute', { name })}
        onPress={() => deeds.mute(site)}
      />
    </div>
  );
}
