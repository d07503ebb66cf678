/** The two pictures and the floor panel. */
import type { Signal } from '@preact/signals';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { nameOf } from '../floor.ts';
import { LivePicture } from '../picture/livepicture.tsx';
import { FloorPanel } from './floorpanel.tsx';
import { Layout } from './layout.tsx';
import { useScene } from './scene.ts';

export function Stage({ listening }: { readonly listening: Signal<boolean> }) {
  const { meeting, live, fresh } = useScene();
  const { t, f } = useWords();
  const [speaker] = meeting.grant.slots;
  const { mosaic } = meeting;
  return (
    <div class="stage">
      <LivePicture
        meeting={meeting.id}
        of="program"
        title={t('picture.program')}
        caption={speaker === undefined ? null : nameOf(live.sites, speaker)}
        idle={speaker === undefined ? t('floor.nobody') : null}
        listening={listening}
      >
        <Button
          icon={listening.value ? 'sound' : 'silent'}
          size="small"
          act="listen"
          pressed={listening.value}
          label={t(listening.value ? 'picture.silent' : 'picture.listen')}
          onPress={() => {
            listening.value = !listening.value;
          }}
        />
      </LivePicture>
      <div class="stage-side">
        <FloorPanel />
        <LivePicture
          meeting={meeting.id}
          of="mosaic"
          title={t('picture.mosaic')}
          caption={fresh && mosaic.state === 'running' ? t('picture.fps', { n: f.number(Math.round(mosaic.fps)) }) : null}
          idle={null}
          listening={null}
        >
          <Layout />
        </LivePicture>
      </div>
    </div>
  );
}
