/** Recordings: play in the page, download, delete. */
import { useState } from 'preact/hooks';
import type { RecordingView } from '../../../../protocol/recording.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Confirm } from '../../../../protocol/web/components/dialog.tsx';
import { Empty } from '../../../../protocol/web/components/empty.tsx';
import { Heading } from '../../../../protocol/web/components/heading.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { sentence } from '../../../../protocol/web/problem.ts';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk, useMay } from '../desk.tsx';
import { useLoaded } from '../loaded.ts';
import { RecordingPlayer } from './recordingplayer.tsx';

export function RecordingsPage() {
  const { api, commands } = useDesk();
  const { run } = useMay();
  const { t, language } = useWords();
  const [all, reload] = useLoaded(api.recordings);
  const [playing, setPlaying] = useState<RecordingView | null>(null);
  const [removing, setRemoving] = useState<RecordingView | null>(null);

  const remove = async (recording: RecordingView): Promise<void> => {
    const id = recording.manifest.recording;
    await commands.run('remove recording', () => api.removeRecording(id), t('rec.removed'));
    setRemoving(null);
    await reload();
  };

  return (
    <div class="sheet wide">
      <Heading title={t('rec.title')} />
      {all.is === 'loading' && <Empty text={t('app.loading')} />}
      {all.is === 'failed' && <Empty text={sentence(language, all.trouble)} />}
      {all.is === 'here' && all.value.length === 0 && <Empty text={t('rec.none')} />}
      {all.is === 'here' && all.value.length > 0 && (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('rec.meeting')}</th>
                <th scope="col">{t('rec.started')}</th>
                <th scope="col" class="num">
                  {t('rec.length')}
                </th>
                <th scope="col" class="num">
                  {t('rec.size')}
                </th>
                <th scope="col" class="num">
                  {t('rec.segments')}
                </th>
                <th scope="col">{t('rec.by')}</th>
                <th scope="col">{t('rec.expires')}</th>
                <th scope="col" aria-label={t('rec.play')} />
              </tr>
            </thead>
            <tbody>
              {[...all.value]
                .sort((a, b) => b.manifest.startedAt - a.manifest.startedAt)
                .map((each) => (
                  <RecordingRow
                    key={each.manifest.recording}
                    recording={each}
                    onPlay={() => setPlaying(each)}
                    onRemove={run ? () => setRemoving(each) : null}
                  />
                ))}
            </tbody>
          </table>
        </div>
      )}
      {playing !== null && <RecordingPlayer recording={playing} onClose={() => setPlaying(null)} />}
      {removing !== null && (
        <Confirm
          title={t('rec.removeTitle', { name: removing.manifest.title })}
          text={t('rec.removeText')}
          act={t('rec.remove')}
          sending={commands.pending.value.has('remove recording')}
          onYes={() => void remove(removing)}
          onNo={() => setRemoving(null)}
        />
      )}
    </div>
  );
}

interface RowProps {
  readonly recording: RecordingView;
  readonly onPlay: () => void;
  readonly onRemove: (() => void) | null;
}

function RecordingRow({ recording, onPlay, onRemove }: RowProps) {
  const { now } = useDesk();
  const { t, f, language } = useWords();
  const { manifest, bytes, expiresAt, copies, stitched } = recording;
  const running = manifest.endedAt === null;
  return (
    <tr data-recording={manifest.recording}>
      <th scope="row">
        {manifest.title}
        {running && <span class="rec"> {t('rec.running')}</span>}
        {!running && (
          <span class="hint block">
            {stitched === undefined ? t('rec.waits') : t('rec.stitched')}
            {(copies?.length ?? 0) > 1 && ` · ${t('rec.hubs', { n: f.number(copies?.length ?? 0) })}`}
          </span>
        )}
        {manifest.because !== '' && <span class="hint block">{reasonIn(language, manifest.because)}</span>}
      </th>
      <td class="nowrap">{f.when(manifest.startedAt)}</td>
      <td class="num">{f.duration(stitched?.manifest.durationMs ?? (manifest.endedAt ?? now.value) - manifest.startedAt)}</td>
      <td class="num">{f.bytes(bytes)}</td>
      <td class="num">{f.number(manifest.segments.length)}</td>
      <td>{manifest.by}</td>
      <td class="nowrap">{expiresAt === null ? t('rec.keeps') : f.when(expiresAt)}</td>
      <td class="row-acts">
        <Button icon="play" size="small" act="play" disabled={manifest.segments.length === 0} onPress={onPlay}>
          {t('rec.play')}
        </Button>
        {onRemove !== null && (
          <Button icon="trash" size="small" look="quiet" act="delete" label={t('rec.remove')} disabled={running} onPress={onRemove} />
        )}
      </td>
    </tr>
  );
}
