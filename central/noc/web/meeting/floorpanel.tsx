/** Who has the floor and since when, who is next, and the three moves: on to the next, back to the previous, to nobody. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { nameOf, returnsTo } from '../floor.ts';
import { names } from './deeds.ts';
import { healthOf, isAbsent, useScene } from './scene.ts';

export function FloorPanel() {
  const { deeds } = useScene();
  const { t } = useWords();
  return (
    <section class="floor" id="floor" tabIndex={-1} aria-label={t('floor.title')}>
      <Now />
      <Next />
      {deeds !== null && <Moves />}
    </section>
  );
}

function Now() {
  const scene = useScene();
  const { now } = useDesk();
  const { t, f } = useWords();
  const { meeting, live, fresh } = scene;
  const [speaker] = meeting.grant.slots;
  const { switched, viewers } = meeting.floor;
  return (
    <div class="floor-now" data-speaker={speaker ?? ''}>
      <h2>{t('floor.now')}</h2>
      <p class="floor-name">{speaker === undefined ? t('floor.nobody') : nameOf(live.sites, speaker)}</p>
      {speaker !== undefined && (
        <p class="floor-facts">
          <StateMark health={healthOf(scene, speaker)} full />
          {meeting.floorSince !== null && (
            <span>
              {t('floor.since', { at: f.clockShort(meeting.floorSince) })} · <b>{f.duration(now.value - meeting.floorSince)}</b>
            </span>
          )}
          {fresh && viewers > 0 && (
            <span>
              {switched < viewers && isAbsent(scene, speaker)
                ? t('floor.absent')
                : switched >= viewers
                  ? t('floor.everywhere', { all: f.number(viewers) })
                  : t('floor.switching', { n: f.number(switched), all: f.number(viewers) })}
            </span>
          )}
        </p>
      )}
    </div>
  );
}

function Next() {
  const scene = useScene();
  const { t } = useWords();
  const { next } = scene.meeting.grant;
  return (
    <div class="floor-next" data-next={next ?? ''}>
      <h2>{t('floor.next')}</h2>
      <p class="floor-name">{next === null ? t('floor.nextNone') : nameOf(scene.live.sites, next)}</p>
      {next !== null && (
        <p class="floor-facts">
          <StateMark health={healthOf(scene, next)} full />
        </p>
      )}
    </div>
  );
}

function Moves() {
  const { meeting, live, deeds, sending } = useScene();
  const { t } = useWords();
  if (deeds === null) return null;
  const [speaker] = meeting.grant.slots;
  const { next } = meeting.grant;
  const back = returnsTo(meeting);
  const backHint = back === null ? t('floor.returnNone') : t('floor.returnHint', { name: nameOf(live.sites, back) });
  return (
    <div class="floor-moves">
      <Button
        look="primary"
        icon="next"
        act="give-next"
        disabled={next === null}
        sending={next !== null && sending(names.give(next))}
        label={next === null ? t('floor.giveNextNone') : t('floor.giveNextHint', { name: nameOf(live.sites, next) })}
        onPress={deeds.giveNext}
      >
        {t('floor.giveNext')}
      </Button>
      <Button icon="back" act="back" disabled={back === null} sending={sending(names.back)} label={backHint} onPress={deeds.back}>
        {t('floor.return')}
      </Button>
      <Button
        icon="stop"
        act="take"
        disabled={speaker === undefined}
        sending={sending(names.take)}
        label={t('floor.takeHint')}
        onPress={deeds.take}
      >
        {t('floor.take')}
      </Button>
    </div>
  );
}
