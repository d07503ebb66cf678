/** Recording on and off, and whether it really records. */
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { names } from './deeds.ts';
import { useScene } from './scene.ts';

export function Recording() {
  const { meeting, deeds, sending } = useScene();
  const { t, f, language } = useWords();
  const { recording } = meeting;
  return (
    <>
      {recording !== null && (
        <span class="rec" data-state={recording.state} title={reasonIn(language, recording.because)}>
          <span class="rec-dot" aria-hidden="true" />
          {recording.state === 'running' && `${t('meeting.recording')} ${f.bytes(recording.bytes)}`}
          {recording.state === 'starting' && t('meeting.recordStarting')}
          {recording.state === 'failed' && t('meeting.recordFailed')}
        </span>
      )}
      {deeds !== null && (
        <Button act="record" pressed={recording !== null} sending={sending(names.record)} onPress={deeds.record}>
          {t(recording === null ? 'meeting.record' : 'meeting.recordStop')}
        </Button>
      )}
    </>
  );
}
