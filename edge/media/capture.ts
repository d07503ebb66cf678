/** From a source to raw pictures in the format of `main`, with a slate beside every source that can fail. Pipeline parts, pure. */
import { leaky, rawVideo, slate, testPicture } from '../../hardware/gstreamer/parts/picture.ts';
import { fileSource, rtspSource, v4l2Source } from '../../hardware/gstreamer/parts/sources.ts';
import { type Chain, chain, element, padOf } from '../../hardware/gstreamer/pipeline.ts';
import type { Reflex, Watchdog } from '../../hardware/gstreamer/reflexes.ts';
import type { VideoFormat } from '../../protocol/schema/plan.ts';
import { type Language, screenText } from './display/marks.ts';
import type { Camera } from './source.ts';

/** Chains that end in the tee `pictureTee`, where the encoders' branches begin. */
export interface Capture {
  readonly chains: readonly Chain[];
  readonly reflexes: readonly Reflex[];
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export const pictureTee = 'picture';
/** The selector between camera and slate. */
export const sourceSelector = 'source';
export const cameraPad = 'sink_0';
export const slatePad = 'sink_1';
/** The probe on what the camera delivers. */
export const cameraPoint = 'camera';

/** A source that delivers nothing for this long loses the air: shorter, and a busy machine triggers it. */
const WATCH_MS = 150;
/** A camera that has failed must deliver for this long before it is shown again. */
const RETURN_MS = 1000;
/** A camera that delivers nothing for this long, also after it was opened, is opened again: some begin with a late keyframe. */
const STALLED_MS = 8000;

const tee = element('tee', { 'allow-not-linked': true }, pictureTee);

/** The made picture: bars, the site's name, a running clock. It cannot fail, so nothing stands beside it. */
export function patternCapture(format: VideoFormat, name: string): Capture {
  return { chains: [chain(testPicture({ id: 'pattern', name, format, pattern: 'smpte100' }), tee)], reflexes: [] };
}

export interface CameraCapture {
  /** Null: the slate alone, while the camera rests between two tries. */
  readonly camera: Camera | null;
  readonly format: VideoFormat;
  readonly name: string;
  readonly language: Language;
  readonly credentials: Credentials | null;
  /** False: it says itself that its picture is not worth showing; the slate is, and the camera stays open behind it. */
  readonly trusted: boolean;
}

/** Who decides what is shown. To put one in place of another changes the order of the sources and nothing else. */
export const sourceWatch = (trusted: boolean): Watchdog => ({
  do: 'watchdog',
  selector: sourceSelector,
  sources: trusted ? [cameraPad, slatePad] : [slatePad, cameraPad],
  thresholdMs: WATCH_MS,
  holdMs: RETURN_MS,
});

/** A camera with a slate beside it. The watchdog changes between them by itself, within the worker. */
export function cameraCapture({ camera, format, name, language, credentials, trusted }: CameraCapture): Capture {
  const words = `${name}\n${screenText(language, 'slate')}`;
  const still = chain(slate({ id: 'slate', name: words, format }), leaky('slate-queue'), padOf(sourceSelector, slatePad));
  // One segment for all: nothing behind the selector shall see that time runs differently in the sources.
  const shown = chain(
    element('input-selector', { 'sync-streams': false }, sourceSelector),
    element('identity', { 'single-segment': true }),
    tee,
  );
  if (camera === null) return { chains: [still, shown], reflexes: [] };
  return {
    chains: [...cameraChains(camera, format, credentials), still, shown],
    reflexes: [sourceWatch(trusted), { do: 'probe', element: 'camera-last', pad: 'sink', name: cameraPoint, stalledMs: STALLED_MS }],
  };
}

function cameraChains(camera: Camera, format: VideoFormat, credentials: Credentials | null): readonly Chain[] {
  const end = chain(leaky('camera-last'), padOf(sourceSelector, cameraPad));
  switch (camera.kind) {
    case 'v4l2':
      return [chain(v4l2Source({ id: 'camera', device: camera.device, format }), end)];
    case 'rtsp':
      return [chain(rtspSource({ id: 'camera', url: camera.url, format, ...credentials }), end)];
    case 'file':
      return fileSource({ id: 'camera', path: camera.path, format, video: end, audio: null });
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
