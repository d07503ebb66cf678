/** The panel: who speaks, who is next, and a row of large buttons for every site. */
import { useState } from 'preact/hooks';
import type { PanelAct, PanelState } from '../../../protocol/panel.ts';
import { Button } from '../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../protocol/web/components/dialog.tsx';
import { Icon } from '../../../protocol/web/components/icon.tsx';
import { useWords } from '../../../protocol/web/components/words.tsx';

type Meeting = NonNullable<PanelState['meeting']>;

export interface PanelProps {
  readonly meeting: Meeting;
  readonly sending: boolean;
  readonly onAct: (act: PanelAct) => void;
}

export function Panel({ meeting, sending, onAct }: PanelProps) {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const { grant, sites, hubs } = meeting;
  const nameOf = (site: string | null): string => sites.find((each) => each.site === site)?.name ?? t('panel.nobody');
  const [speaker = null] = grant.slots;
  const { next, previous } = grant;
  return (
    <main id="main">
      <section class="now" aria-live="polite">
        <p data-on-air={speaker !== null}>
          <span class="dim">{t('panel.speaks')}</span> <strong data-now>{nameOf(speaker)}</strong>
        </p>
        <p>
          <span class="dim">{t('panel.next')}</span> <strong data-next>{nameOf(next)}</strong>
        </p>
      </section>
      <div class="acts">
        <Button
          act="give-next"
          icon="next"
          look="primary"
          disabled={next === null || sending}
          onPress={() => next !== null && onAct({ type: 'give', site: next })}
        >
          {t('panel.giveNext')}
        </Button>
        <Button act="back" icon="back" disabled={previous === null || sending} onPress={() => onAct({ type: 'back' })}>
          {previous === null ? t('panel.back') : t('panel.backTo', { name: nameOf(previous) })}
        </Button>
        <Button act="take" icon="grid" disabled={speaker === null || sending} onPress={() => onAct({ type: 'take' })}>
          {t('panel.take')}
        </Button>
      </div>
      <section>
        <h2>{t('panel.sites')}</h2>
        <ul class="sites">
          {sites.map(({ site, name }) => (
            <SiteRow key={site} site={site} name={name} grant={grant} sending={sending} onAct={onAct} />
          ))}
        </ul>
      </section>
      <footer class="foot">
        <p class="hubs dim">
          {t('panel.hubs')}:
          {hubs.map(({ hub, confirmed }) => (
            <span key={hub} class="hub" data-hub={hub} data-confirmed={confirmed}>
              {confirmed ? '✓' : '…'} {hub} {t(confirmed ? 'panel.has' : 'panel.hasNot')}
            </span>
          ))}
        </p>
        <Button act="end" icon="stop" look="danger" disabled={sending} onPress={() => setAsking(true)}>
          {t('panel.end')}
        </Button>
      </footer>
      {asking && (
        <Confirm
          title={t('panel.endAsk')}
          text={t('panel.endText')}
          act={t('panel.end')}
          sending={sending}
          onYes={() => {
            setAsking(false);
            onAct({ type: 'end' });
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </main>
  );
}

interface SiteRowProps {
  readonly site: string;
  readonly name: string;
  readonly grant: Meeting['grant'];
  readonly sending: boolean;
  readonly onAct: (act: PanelAct) => void;
}

/** One site: what it is now, and what can be done with it. */
function SiteRow({ site, name, grant, sending, onAct }: SiteRowProps) {
  const { t } = useWords();
  const speaks = grant.slots.includes(site);
  const isNext = grant.next === site;
  const muted = grant.muted.includes(site);
  return (
    <li data-site={site} data-on-air={speaks} aria-current={speaks ? 'true' : undefined}>
      <span class="name">
        {name}
        {speaks && (
          <span class="tag" data-tag="on-air">
            {t('panel.speaks')}
          </span>
        )}
        {isNext && (
          <span class="tag" data-tag="next">
            {t('panel.next')}
          </span>
        )}
        {muted && (
          <span class="tag" data-tag="muted">
            <Icon name="muted" /> {t('panel.muted')}
          </span>
        )}
      </span>
      <span class="acts-of">
        <Button
          act="give"
          look={isNext ? 'primary' : 'plain'}
          label={t('panel.giveTo', { name })}
          disabled={speaks || sending}
          onPress={() => onAct({ type: 'give', site })}
        >
          {t('panel.give')}
        </Button>
        <Button
          act="prepare"
          label={t('panel.prepareFor', { name })}
          pressed={isNext}
          disabled={speaks || sending}
          onPress={() => onAct({ type: 'prepare', site: isNext ? null : site })}
        >
          {t('panel.prepare')}
        </Button>
        <Button
          act="mute"
          label={t(muted ? 'panel.unmuteOf' : 'panel.muteOf', { name })}
          disabled={sending}
          onPress={() => onAct({ type: 'mute', site, muted: !muted })}
        >
          {t(muted ? 'panel.unmute' : 'panel.mute')}
        </Button>
      </span>
    </li>
  );
}
