/** Raw pictures: their format, made ones (test pattern, slate), and the way from any picture to the format that is wanted. */
import { type Chain, chain, element, filter, fraction } from '../pipeline.ts';

export interface PictureFormat {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** The formats of a site's streams. */
export const MAIN: PictureFormat = { width: 1280, height: 720, fps: 25 };
export const TILE: PictureFormat = { width: 320, height: 180, fps: 15 };

/**
 * I420 in exactly this format passes. The colours are named too, and the same at every size: left to itself a small picture counts as BT.601
 * and a large one as BT.709, and a compositor then converts each tile of a mosaic, frame by frame (a quarter of its cost, measured).
 */
export function rawVideo({ width, height, fps }: PictureFormat): Chain {
  return chain(
    filter('video/x-raw', {
      format: 'I420',
      width,
      height,
      framerate: fraction(fps),
      'pixel-aspect-ratio': fraction(1),
      colorimetry: 'bt709',
      'chroma-site': 'mpeg2',
    }),
  );
}

/** Whatever comes becomes this format: converted, scaled with black borders, frames dropped or repeated. */
export function normalise(to: PictureFormat): Chain {
  return chain(
    element('videoconvert'),
    element('videoscale', { 'add-borders': true }),
    element('videorate', { 'skip-to-first': true }),
    rawVideo(to),
  );
}

/** A source behind which pictures may be dropped but never wait: what a watchdog's selector needs on each branch. */
export function leaky(id: string, buffers = 2): Chain {
  return chain(element('queue', { leaky: 'downstream', 'max-size-buffers': buffers, 'max-size-bytes': 0, 'max-size-time': 0 }, id));
}

export interface TestPicture {
  /** Names the source `<id>-src`, the text `<id>-name`, the clock `<id>-clock`. */
  readonly id: string;
  /** Shown in the picture: the site's name. */
  readonly name: string;
  readonly format: PictureFormat;
  /** videotestsrc pattern; `ball` moves and costs little. */
  readonly pattern?: string;
  /** Background, 0xRRGGBB. */
  readonly colour?: number;
  /** False: as fast as the encoder takes them, with the running time instead of the clock (for making clips). */
  readonly live?: boolean;
}

/** Text sizes are for a picture 640 wide; the overlay scales them. */
const NAME_FONT = 'Sans Bold 30';
const CLOCK_FONT = 'Monospace Bold 24';

/** A moving picture with a name and a running clock. */
export function testPicture({ id, name, format, pattern = 'ball', colour = 0x1f3a5f, live = true }: TestPicture): Chain {
  const clock = live
    ? element('clockoverlay', { 'time-format': '%H:%M:%S', ...corner, 'font-desc': CLOCK_FONT }, `${id}-clock`)
    : element('timeoverlay', { ...corner, 'font-desc': CLOCK_FONT }, `${id}-clock`);
  const source = {
    'is-live': live,
    pattern,
    animation: undefined,
    'background-color': opaque(colour),
    'foreground-color': opaque(0xf2c14e),
  };
  return chain(element('videotestsrc', source, `${id}-src`), rawVideo(format), text(`${id}-name`, name), clock);
}

const corner = { halignment: 'right', valignment: 'bottom', 'shaded-background': true } as const;

/** ARGB as GStreamer wants it. */
const opaque = (rgb: number): number => 0xff000000 + rgb;

function text(id: string, name: string): Chain {
  const place = { halignment: 'center', valignment: 'top', 'shaded-background': true, 'font-desc': NAME_FONT };
  return chain(element('textoverlay', { text: name, ...place }, id));
}

/** One picture, drawn once and repeated for ever: what is shown where there is no source. Almost free. */
export function slate({ id, name, format, colour = 0x10151c }: Omit<TestPicture, 'pattern' | 'live'>): Chain {
  const source = { 'num-buffers': 1, pattern: 'solid-color', 'foreground-color': opaque(colour) };
  const place = { halignment: 'center', valignment: 'center', 'font-desc': NAME_FONT };
  return chain(
    element('videotestsrc', source, `${id}-src`),
    rawVideo(format),
    element('textoverlay', { text: name, ...place }, `${id}-name`),
    element('imagefreeze', { 'is-live': true }, `${id}-freeze`),
    rawVideo(format),
  );
}
