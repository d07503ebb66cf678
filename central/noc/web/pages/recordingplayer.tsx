/** Plays a recording: the one file of the whole meeting once it is made, and each hub's parts; each grant of the floor is a part of its own. */
import { useState } from 'preact/hooks';
import type { RecordingView } from '../../../../protocol/recording.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { Dialog } from '../../../../protocol/web/components/dialog.tsx';
import { Icon } from '../../../../protocol/web/components/icon.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { useDesk } from '../desk.tsx';
import { nameOf } from '../floor.ts';
import { urls } from '../urls.ts';
import { StitchedFacts } from './stitchedfacts.tsx';

export function RecordingPlayer({ recording, onClose }: { readonly recording: RecordingView; readonly onClose: () => void }) {
  const { feed, now } = useDesk();
  const { t, f } = useWords();
  const { hub, stitched } = recording;
  // -1: the whole meeting.
  const [index, setIndex] = useState(stitched === undefined ? 0 : -1);
  const [failed, setFailed] = useState(false);
  const { recording: id, segments, title } = recording.manifest;
  const sites = feed.live.value?.sites ?? new Map();
  const nameAt = (site: string | null): string => (site === null ? t('rec.nobody') : nameOf(sites, site));
  const choose = (to: number): void => {
    setFailed(false);
    setIndex(to);
  };
  const segment = segments[index];
  const whole = index < 0 && stitched !== undefined;
  if (segment === undefined && !whole) return null;
  const file = whole ? stitched.manifest.file : (segment?.file ?? '');
  const from = whole ? null : hub;
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div class="player">
        <div>
          {/* biome-ignore lint/a11y/useMediaCaption: a meeting has no captions. */}
          <video
            key={file}
            src={urls.recordingPlay(id, file, from)}
            controls
            autoplay
            onEnded={() => {
              if (!whole && index + 1 < segments.length) choose(index + 1);
            }}
            onError={() => setFailed(true)}
          />
          <p role="status">
            {failed ? (
              <span class="error">{t('rec.failed')}</span>
            ) : whole ? (
              t('rec.playingWhole')
            ) : (
              t('rec.playing', { n: f.number(index + 1), all: f.number(segments.length), name: nameAt(segment?.site ?? null) })
            )}
          </p>
        </div>
        <ol class="segments" aria-label={t('rec.segments')}>
          {stitched !== undefined && (
            <li aria-current={whole}>
              <Button look="quiet" act="whole" onPress={() => choose(-1)}>
                {t('rec.whole')} ({f.duration(stitched.manifest.durationMs)})
              </Button>
              <a
                class="button"
                data-look="quiet"
                data-size="small"
                href={urls.recordingFile(id, stitched.manifest.file)}
                download={`${id}.mkv`}
                aria-label={t('rec.downloadWhole')}
                title={`${t('rec.download')} (${f.bytes(stitched.manifest.bytes)})`}
              >
                <Icon name="download" />
              </a>
            </li>
          )}
          {segments.map((each, at) => (
            <li key={each.file} aria-current={at === index}>
              <Button look="quiet" act={`segment-${at}`} onPress={() => choose(at)}>
                {f.clock(each.startedAt)} {nameAt(each.site)} ({f.duration((each.endedAt ?? now.value) - each.startedAt)})
              </Button>
              <a
                class="button"
                data-look="quiet"
                data-size="small"
                href={urls.recordingFile(id, each.file, hub)}
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
      {stitched !== undefined && <StitchedFacts manifest={stitched.manifest} />}
    </Dialog>
  );
}
