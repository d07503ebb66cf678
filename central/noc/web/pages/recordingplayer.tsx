/** Plays a recording part by part: each grant of the floor is a part of its own. */
import { useState } from 'preact/hooks';
import type { RecordingView } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Icon } from '../../../../protocol/web/components/icon.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { urls } from '../urls.ts';

export function RecordingPlayer({ recording, onClose }: { readonly recording: RecordingView; readonly onClose: () => void }) {
  const { feed, now } = useDesk();
  const { t, f } = useWords();
  const [index, setIndex] = useState(0);
  const [failed, setFailed] = useState(false);
  const { recording: id, segments, title } = recording.manifest;
  const sites = feed.live.value?.sites ?? new Map();
  const nameAt = (site: string | null): string => (site === null ? t('rec.nobody') : nameOf(sites, site));
  const choose = (to: number): void => {
    setFailed(false);
    setIndex(to);
  };
  const segment = segments[index];
  if (segment === undefined) return null;
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div class="player">
        <div>
          {/* biome-ignore lint/a11y/useMediaCaption: a meeting has no captions. */}
          <video
            key={segment.file}
            src={urls.recordingPlay(id, segment.file)}
            controls
            autoplay
            onEnded={() => {
              if (index + 1 < segments.length) choose(index + 1);
            }}
            onError={() => setFailed(true)}
          />
          <p role="status">
            {failed ? (
              <span class="error">{t('rec.failed')}</span>
            ) : (
              t('rec.playing', { n: f.number(index + 1), all: f.number(segments.length), name: nameAt(segment.site) })
            )}
          </p>
        </div>
        <ol class="segments" aria-label={t('rec.segments')}>
          {segments.map((each, at) => (
            <li key={each.file} aria-current={at === index}>
              <Button look="quiet" act={`segment-${at}`} onPress={() => choose(at)}>
                {f.clock(each.startedAt)} {nameAt(each.site)} ({f.duration((each.endedAt ?? now.value) - each.startedAt)})
              </Button>
              <a
                class="button"
                data-look="quiet"
                data-size="small"
                href={urls.recordingFile(id, each.file)}
                download={`${id}-${each.file}`}
                aria-label={t('rec.downloadHint', { n: f.number(at + 1) })}
                title={`${t('rec.download')} (${f.bytes(each.bytes)})`}
              >
                <Icon name="download" />
              </a>
            </li>
          ))}
        </ol>
      </div>
    </Dialog>
  );
}
