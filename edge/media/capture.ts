/** From a source to raw pictures in the format of `main`, with places for sources that can fail and a slate behind them. Pipeline parts, pure. */
import { leaky, rawVideo, slate, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { fileSource, rtspSource, v4l2Source } from '../../hardware/gstreamer/parts/sources.ts';
import { type Chain, chain, element, padOf } from '../../hardware/gstreamer/pipeline.ts';
import type { VideoFormat } from '../../protocol/schema/plan.ts';
import { type Language, screenText } from './display/marks.ts';
import { lastPad, type Origin, PLACES, padOfPlace, placeInput, selectorOf } from './origins.ts';
import { type Camera, describeSource } from './source.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export const pictureTee = 'picture';

const tee = element('tee', { 'allow-not-linked': true }, pictureTee);

/** The made picture: bars, the site's name, a running clock. It cannot fail, so nothing stands beside it. */
export function patternCapture(format: VideoFormat, name: string): readonly Chain[] {
  return [chain(testPicture({ id: 'pattern', name, format, pattern: 'smpte100' }), tee)];
}

export interface CameraCapture {
  readonly format: VideoFormat;
  readonly name: string;
  readonly language: Language;
}

/** Places for cameras, and a slate behind them. The watchdog changes between them by itself, within the worker. */
export function cameraCapture({ format, name, language }: CameraCapture): readonly Chain[] {
  const words = `${name}\n${screenText(language, 'slate')}`;
  return [
    ...Array.from({ length: PLACES }, (_, index) =>
      chain(leaky(placeInput('camera', index)), padOf(selectorOf('camera'), padOfPlace(index))),
    ),
    chain(slate({ id: 'slate', name: words, format }), leaky('slate-queue'), padOf(selectorOf('camera'), lastPad)),
    // One segment for all: nothing behind the selector shall see that time runs differently in the sources.
    chain(element('input-selector', { 'sync-streams': false }, selectorOf('camera')), element('identity', { 'single-segment': true }), tee),
  ];
}

/** A camera for one of the places. */
export function cameraOrigin(camera: Camera, format: VideoFormat, credentials: Credentials | null): Origin {
  return {
    key: JSON.stringify([camera, format, credentials]),
    label: describeSource(camera),
    ownTime: camera.kind === 'file',
    judged: { frozen: camera.frozen ?? camera.kind === 'rtsp' },
    chains: (name) => cameraChains(name, camera, format, credentials),
  };
}

function cameraChains(id: string, camera: Camera, format: VideoFormat, credentials: Credentials | null): readonly Chain[] {
  const end = chain(element('identity', {}, `${id}-last`));
  switch (camera.kind) {
    case 'v4l2':
      return [chain(v4l2Source({ id, device: camera.device, format }), end)];
    case 'rtsp':
      return [chain(rtspSource({ id, url: camera.url, format, ...credentials }), end)];
    case 'file':
      return fileSource({ id, path: camera.path, format, video: end, audio: null });
    default:
      return camera satisfies never;
  }
}

/** The tile's pictures: fewer and smaller. Dropped before they are scaled, so nothing is scaled for nothing. */
export function tilePictures(main: VideoFormat, tile: VideoFormat): Chain {
  return chain(
    // Drops only: waiting for the next picture to decide would cost one picture of delay.
    main.fps > tile.fps ? element('videorate', { 'drop-only': true, 'max-rate': tile.fps }) : [],
    element('videoscale', { 'add-borders': true }),
    rawVideo(tile),
  );
}
