/** The meeting view: who speaks, who is next, what everybody sees, and how every site is, without scrolling. */
import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk, useMay } from '../desk.tsx';
import { Help } from '../pages/help.tsx';
import { AbsentQuestion } from './absentquestion.tsx';
import { Bar } from './bar.tsx';
import { deeds } from './deeds.ts';
import { isAbsent, type Scene, SceneProvider } from './scene.ts';
import { SiteCard } from './sitecard.tsx';
import { Stage } from './stage.tsx';
import { Tiles } from './tiles.tsx';
import { useShortcuts } from './useshortcuts.ts';

export function MeetingPage({ id }: { readonly id: string }) {
  const { feed } = useDesk();
  const { t } = useWords();
  const live = feed.live.value;
  if (live === null) return <Empty text={t('app.loading')} />;
  const meeting = live.meetings.get(id);
  if (meeting === undefined) return <Empty text={t('meeting.notFound')} />;
  return <Meeting meeting={meeting} live={live} fresh={feed.freshness.value.is === 'live'} />;
}

function Meeting({ meeting, live, fresh }: Pick<Scene, 'meeting' | 'live' | 'fresh'>) {
  const desk = useDesk();
  const { run } = useMay();
  const { t } = useWords();
  const [inspected, setInspected] = useState<string | null>(null);
  const [absent, setAbsent] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const listening = useSignal(false);
  const pending = desk.commands.pending.value;
  const scene: Scene = {
    meeting,
    live,
    fresh,
    deeds: run && meeting.state !== 'ended' ? deeds(desk, meeting, (site) => isAbsent({ live, fresh }, site), setAbsent) : null,
    sending: (name) => pending.has(name),
    inspect: setInspected,
  };
  useShortcuts(scene, { listening, openHelp: () => setHelp(true) });
  return (
    <SceneProvider value={scene}>
      <div class="meeting" data-state={meeting.state} data-stale={!fresh} data-runs={scene.deeds !== null}>
        <h1 class="unseen">{meeting.title}</h1>
        <Bar />
        {meeting.state === 'running' ? (
          <Stage listening={listening} />
        ) : (
          <Empty text={t(meeting.state === 'ended' ? 'meeting.over' : run ? 'meeting.notStarted' : 'meeting.notStartedViewer')} />
        )}
        <Tiles />
      </div>
      {inspected !== null && <SiteCard site={inspected} onClose={() => setInspected(null)} />}
      {absent !== null && <AbsentQuestion site={absent} onClose={() => setAbsent(null)} />}
      {help && <Help onClose={() => setHelp(false)} />}
    </SceneProvider>
  );
}
