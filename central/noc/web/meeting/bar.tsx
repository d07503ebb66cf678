/** The line above the pictures: title, time, how many sites are well, recording, layout, start and end. */
import { useState } from 'preact/hooks';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { StateMark } from '../../../../protocol/web/components/statemark.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { healths, marks } from '../../../../protocol/web/health.ts';
import { useDesk } from '../desk.tsx';
import { ChairPanel } from './chairpanel.tsx';
import { names } from './deeds.ts';
import { Invitation } from './invitation.tsx';
import { Recording } from './recording.tsx';
import { healthOf, useScene } from './scene.ts';

export function Bar() {
  const { meeting } = useScene();
  return (
    <div class="bar">
      <p class="bar-title" title={meeting.title}>
        {meeting.title}
      </p>
      {meeting.startedAt !== null && <Elapsed from={meeting.startedAt} to={meeting.endedAt} />}
      <Counts />
      <div class="bar-acts">
        {meeting.state === 'running' && <ChairPanel />}
        {meeting.state === 'running' && <Recording />}
        <Life />
      </div>
    </div>
  );
}

function Elapsed({ from, to }: { readonly from: number; readonly to: number | null }) {
  const { now } = useDesk();
  const { t, f } = useWords();
  return (
    <time class="elapsed" title={t('meeting.elapsed')}>
      {f.duration((to ?? now.value) - from)}
    </time>
  );
}

/** How many sites are in each state: what a glance must tell. */
function Counts() {
  const scene = useScene();
  const { t, f } = useWords();
  const all = scene.meeting.sites.map((each) => healthOf(scene, each.site));
  return (
    <ul class="counts" aria-label={t('meeting.summary')}>
      {healths.map((health) => {
        const n = all.filter((each) => each === health).length;
        return n === 0 ? null : (
          <li key={health}>
            <StateMark health={health} />
            <span class="count-word" aria-hidden="true">
              {t(marks[health].label)}
            </span>
            <b>{f.number(n)}</b>
          </li>
        );
      })}
    </ul>
  );
}

/** Start, end, and who takes part. */
function Life() {
  const { meeting, deeds, sending } = useScene();
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const [inviting, setInviting] = useState(false);
  if (deeds === null) return null;
  return (
    <>
      <Button act="invite" onPress={() => setInviting(true)}>
        {t('meeting.invite')}
      </Button>
      {meeting.state === 'planned' && (
        <Button look="primary" icon="play" act="start" sending={sending(names.start)} onPress={deeds.start}>
          {t('meeting.start')}
        </Button>
      )}
      {meeting.state === 'running' && (
        <Button icon="stop" act="end" sending={sending(names.end)} onPress={() => setAsking(true)}>
          {t('meeting.end')}
        </Button>
      )}
      {inviting && <Invitation onClose={() => setInviting(false)} />}
      {asking && (
        <Confirm
          title={t('meeting.endTitle')}
          text={t('meeting.endText')}
          act={t('meeting.end')}
          onYes={() => {
            setAsking(false);
            deeds.end();
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
}
