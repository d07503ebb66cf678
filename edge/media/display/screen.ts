/** The pipelines of a room's screen: one that draws, and one that only decodes and counts. Pure. */
import { h264Decode } from '../../../hardware/gstreamer/parts/h264.ts';
import { rawVideo, TILE } from '../../../hardware/gstreamer/parts/picture.ts';
import { rtpVideoIn } from '../../../hardware/gstreamer/parts/rtp.ts';
import { type Chain, chain, element, type Pipeline, padOf, pipeline, reflexed } from '../../../hardware/gstreamer/pipeline.ts';
import type { Reflex } from '../../../hardware/gstreamer/reflexes.ts';
import type { Box, Scene } from './scene.ts';
import { boxes } from './scene.ts';

/** The two pictures that arrive; also the names of the probes behind their decoders, and of the stamp readers. */
export const pictures = ['floor', 'mosaic'] as const;
export type PictureName = (typeof pictures)[number];

export const udpOf = (name: PictureName): string => `${name}-udp`;

/** RTP to pictures, from the first IDR on. Port 0: a free one, to be read from `udpOf(name)` when it plays. */
function arriving(name: PictureName): Chain {
  return chain(rtpVideoIn({ id: name, port: 0, jitterMs: null }), h264Decode(`${name}-decode`));
}

/** Where stamps are read: the whole floor; of the mosaic its first tile, which carries the stamp that its site burnt into it. */
const stamped = { floor: {}, mosaic: { x: 0, y: 0, width: TILE.width, height: TILE.height } } as const;

function watched(name: PictureName, stamps: boolean): Reflex[] {
  const at = { element: `${name}-decode`, pad: 'src' };
  return [
    { do: 'drop-until-keyframe', element: `${name}-parse`, pad: 'src', name },
    { do: 'probe', ...at, name },
    ...(stamps ? [{ do: 'read-stamp', ...at, ...stamped[name], name } as const] : []),
  ];
}

/** Decodes both pictures and shows them to nobody. */
export function headless(stamps: boolean): Pipeline {
  const nowhere = (name: PictureName): Chain => chain(arriving(name), element('fakesink', { sync: false, async: false }, `${name}-sink`));
  return pipeline(pictures.map(nowhere), { reflexes: pictures.flatMap((name) => watched(name, stamps)) });
}

export interface ScreenOptions {
  /** The sink; `fakesink` draws for a test. */
  readonly element: string;
  readonly width: number;
  readonly height: number;
  /** The mosaic stays visible in a corner while somebody has the floor. */
  readonly inset: boolean;
  readonly stamps: boolean;
}

/** One property to be set, at the start or when the scene changes. */
export interface Setting {
  readonly element: string;
  readonly property: string;
  readonly value: string | number | boolean;
}

const FPS = 25;
const stage = 'stage';
const pads = { floor: 'sink_1', mosaic: 'sink_2' } as const satisfies Record<PictureName, string>;

/** What a scene looks like, as properties of the drawing pipeline. */
export function settings(scene: Scene, { width, height, inset }: Pick<ScreenOptions, 'width' | 'height' | 'inset'>): readonly Setting[] {
  const places = boxes(scene.full, width, height, inset);
  const place = (name: PictureName, box: Box): Setting[] =>
    (
      [
        ['xpos', box.x],
        ['ypos', box.y],
        ['width', box.width],
        ['height', box.height],
        ['alpha', box.alpha],
      ] as const
    ).map(([property, value]) => ({ element: `${stage}.${pads[name]}`, property, value }));
  const idle = scene.full === 'idle';
  return [
    ...place('floor', places.floor),
    ...place('mosaic', places.mosaic),
    { element: 'marks', property: 'text', value: scene.marks },
    { element: 'marks', property: 'silent', value: scene.marks === '' },
    { element: 'title', property: 'text', value: scene.title },
    { element: 'title', property: 'silent', value: !idle },
    { element: 'subtitle', property: 'text', value: scene.subtitle },
    { element: 'subtitle', property: 'silent', value: !idle },
    { element: 'clock', property: 'silent', value: !idle },
  ];
}

/** Draws: a dark ground that never fails, the two pictures on it, words on top. */
export function screen(options: ScreenOptions, scene: Scene): Pipeline {
  const { width, height, stamps } = options;
  const size = (part: number): string => `Sans Bold ${Math.max(8, Math.round(height / part))}`;
  const text = (id: string, part: number, valignment: string, ypad: number) =>
    element(
      'textoverlay',
      {
        'font-desc': size(part),
        halignment: id === 'marks' ? 'left' : 'center',
        valignment,
        ypad,
        'shaded-background': id === 'marks',
        'auto-resize': false,
      },
      id,
    );
  const ground = chain(
    element('videotestsrc', { 'is-live': true, pattern: 'solid-color', 'foreground-color': 0xff10151c }),
    rawVideo({ width, height, fps: FPS }),
    padOf(stage, 'sink_0'),
  );
  const picture = (name: PictureName): Chain =>
    chain(arriving(name), element('queue', { leaky: 'downstream', 'max-size-buffers': 3 }), padOf(stage, pads[name]));
  const drawn = chain(
    // A picture that stops stays, with the mark above it; nothing waits for a picture that does not come.
    reflexed(element('compositor', { background: 'black', latency: 40_000_000n }, stage), { do: 'punctual', element: stage, pad: 'src' }),
    rawVideo({ width, height, fps: FPS }),
    text('title', 12, 'center', 0),
    text('subtitle', 28, 'bottom', Math.round(height / 5)),
    element(
      'clockoverlay',
      {
        'time-format': '%H:%M',
        'font-desc': size(8),
        halignment: 'center',
        valignment: 'top',
        ypad: Math.round(height / 6),
        'auto-resize': false,
      },
      'clock',
    ),
    text('marks', 24, 'top', Math.round(height / 40)),
    element('videoconvert'),
    element(options.element, { sync: false, ...(options.element === 'fakesink' ? { async: false } : {}) }, 'screen'),
  );
  const sets = settings(scene, options).map((setting): Reflex => ({ do: 'set', ...setting }));
  return pipeline([ground, ...pictures.map(picture), drawn], {
    reflexes: [
      ...pictures.flatMap((name) => watched(name, stamps)),
      { do: 'probe', element: 'screen', pad: 'sink', name: 'screen' },
      ...sets,
    ],
  });
}
