/** A live picture with its title, its caption, and the reason when there is none. Silent until somebody asks for sound (WCAG 1.4.2). */
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PreviewView } from '../../../../protocol/api.ts';
import { Button } from '../../../../protocol/web/components/button.tsx';
import { useWords } from '../../../../protocol/web/components/words.tsx';
import { reasonIn } from '../../../../protocol/web/words.ts';
import { useDesk } from '../desk.tsx';
import { urls } from '../urls.ts';
import { steering, watching } from './edge.ts';
import { type Picture, Player } from './player.ts';

export interface LivePictureProps {
  readonly meeting: string;
  /** `{ site }`: what this site sends, as early as can be, to steer its camera by. */
  readonly of: PreviewView | { readonly site: string };
  readonly title: string;
  readonly caption: string | null;
  /** What to say when no picture is expected; null when one is. */
  readonly idle: string | null;
  /** Null: this picture has no sound. */
  readonly listening: Signal<boolean> | null;
  /** Shown in its place while it does not play. */
  readonly instead?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function LivePicture({ meeting, of, title, caption, idle, listening, instead, children }: LivePictureProps) {
  const { clock, openSocket } = useDesk();
  const { t } = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const frame = useRef<HTMLElement>(null);
  const [picture, setPicture] = useState<Picture>({ is: 'connecting' });

  const view = typeof of === 'string' ? of : 'site';
  const url = typeof of === 'string' ? urls.preview(meeting, of) : urls.single(meeting, of.site);
  useEffect(() => {
    if (video.current === null) return;
    const pace = view === 'site' ? steering : watching;
    const player = new Player({ video: video.current, url, pace, clock, open: openSocket, onState: setPicture });
    player.start();
    return () => player.stop();
  }, [url, view, clock, openSocket]);

  return (
    <figure class="picture" ref={frame} data-view={view} data-picture={picture.is}>
      <video ref={video} muted={listening?.value !== true} autoplay playsInline disablePictureInPicture aria-label={title} />
      {picture.is !== 'playing' && instead}
      {picture.is !== 'playing' && <Waiting picture={picture} idle={idle} />}
      <figcaption>
        <span class={view === 'mosaic' ? 'unseen' : 'picture-title'}>{title}</span>
        {caption !== null && <span class="picture-caption">{caption}</span>}
      </figcaption>
      <div class="picture-acts">
        {children}
        <Button
          icon="full"
          size="small"
          label={t('picture.full')}
          act={`full-${view}`}
          onPress={() => void frame.current?.requestFullscreen().catch(() => undefined)}
        />
      </div>
    </figure>
  );
}

function Waiting({ picture, idle }: { readonly picture: Exclude<Picture, { is: 'playing' }>; readonly idle: string | null }) {
  const { t, language } = useWords();
  const text = picture.is === 'unsupported' ? 'picture.unsupported' : picture.is === 'waiting' ? 'picture.waiting' : 'picture.connecting';
  if (idle !== null)
    return (
      <div class="picture-waiting">
        <p>{idle}</p>
      </div>
    );
  const because = picture.is === 'waiting' ? reasonIn(language, picture.because) : '';
  return (
    <div class="picture-waiting" role="status">
      <p>{t(text)}</p>
      {because !== '' && because !== t(text) && <p class="hint">{because}</p>}
    </div>
  );
}
