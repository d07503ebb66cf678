/** The pipeline that makes a site's `main` and `tile`. `main` waits behind a closed valve: to open it costs one picture, while it is shut nothing is encoded. Pure. */
import type { EncodeFormat } from '../../hardware/gstreamer/encoder.ts';
import type { EncoderChoice } from '../../hardware/gstreamer/encoders.ts';
import { h264Encode } from '../../hardware/gstreamer/parts/h264.ts';
import { leaky } from '../../hardware/gstreamer/parts/picture.ts';
import { rtpVideoOut } from '../../hardware/gstreamer/parts/rtp.ts';
import { clipVideo } from '../../hardware/gstreamer/parts/sources.ts';
import { type Chain, chain, element, padOf } from '../../hardware/gstreamer/pipeline.ts';
import type { Reflex } from '../../hardware/gstreamer/reflexes.ts';
import type { VideoFormat } from '../../protocol/schema/plan.ts';
import { incarnate } from '../../protocol/ssrc.ts';
import type { Limits } from './adapt/levels.ts';
import { type Credentials, cameraCapture, patternCapture, pictureTee, tilePictures } from './capture.ts';
import { type Camera, isCamera, type Source } from './source.ts';
import type { UplinkShape } from './streams.ts';

/** What asks for keyframes: the encoder, or the clip, of each stream. */
export const mainStream = 'main';
export const tileStream = 'tile';
/** The valve in front of `main`. */
export const mainGate = 'main-gate';
/** The probe on what is sent of the tile: the rate of the whole part. */
export const tilePoint = 'tile';

/** A camera, and who logs in to it. */
export interface CameraFeed {
  readonly source: Camera;
  readonly credentials: Credentials | null;
}

/** Where the picture comes from, and what it takes. */
export interface Feed {
  /** Null: none; what stands by is shown, or the slate. */
  readonly source: Source | null;
  /** Null only for clips, which need none. */
  readonly encoder: EncoderChoice | null;
  /** Of an RTSP camera. */
  readonly credentials: Credentials | null;
  /** What takes the air when a source that can fail has failed, in this order. */
  readonly backups: readonly CameraFeed[];
}

/** Everything in it that can fail, the best first. */
export function camerasOf({ source, credentials, backups }: Feed): readonly CameraFeed[] {
  if (isCamera(source)) return [{ source, credentials }, ...backups];
  // A picture that is made here or prepared cannot fail.
  return source === null ? backups : [];
}

export interface PictureOptions extends Feed {
  /** Burn measuring stamps. */
  readonly stamps: boolean;
  /** The relay's input. */
  readonly port: number;
}

/** What may differ each time the pipeline is made. */
export interface PictureNow {
  readonly incarnation: number;
  readonly mainOpen: boolean;
  /** What the way out has room for; null: the plan's formats. */
  readonly limits: Limits | null;
}

/** Lets through so many pictures of the tile per second; 0: all. */
export const thinTile = (fps: number): Reflex => ({ do: 'thin', element: tileStream, pad: 'sink', fps });

/** Chains and reflexes, to be put into a pipeline alone or beside the voice. */
export interface Parts {
  readonly chains: readonly Chain[];
  readonly reflexes: readonly Reflex[];
}

export function pictureParts(shape: UplinkShape, options: PictureOptions, now: PictureNow): Parts {
  return options.source?.kind === 'clip' ? clipParts(shape, options.source, options.port, now) : liveParts(shape, options, now);
}

const gate = (open: boolean): Chain => chain(element('valve', { drop: !open }, mainGate));

const out = (id: string, base: number, port: number, { incarnation }: PictureNow): Chain =>
  rtpVideoOut({ id, port, ssrc: incarnate(base, incarnation) });

const countTile: Reflex = { do: 'probe', element: `${tileStream}-pay`, pad: 'sink', name: tilePoint };

function clipParts({ main, tile }: UplinkShape, source: Extract<Source, { kind: 'clip' }>, port: number, now: PictureNow): Parts {
  return {
    chains: [
      chain(clipVideo({ id: mainStream, path: source.main }), gate(now.mainOpen), out(mainStream, main.ssrc, port, now)),
      chain(clipVideo({ id: tileStream, path: source.tile }), out(tileStream, tile.ssrc, port, now)),
    ],
    reflexes: [countTile],
  };
}

/** IDR every two seconds at least; others are asked for. Tiles every second, so that a restarted mosaic is whole soon. */
const format = (
  { width, height, fps, kbps }: VideoFormat,
  seconds: number,
  how: Required<Pick<EncodeFormat, 'effort' | 'profile'>>,
): EncodeFormat => ({
  width,
  height,
  fps,
  kbps,
  gop: fps * seconds,
  ...how,
});

const limited = (planned: VideoFormat, kbps: number | undefined): VideoFormat => ({ ...planned, kbps: kbps ?? planned.kbps });

function liveParts({ name, language, main, tile }: UplinkShape, { source, encoder, stamps, port }: PictureOptions, now: PictureNow): Parts {
  if (source?.kind === 'clip' || encoder === null) throw new Error('a live picture needs an encoder');
  const capture = source?.kind === 'pattern' ? patternCapture(main.format, name) : cameraCapture({ format: main.format, name, language });
  const mainOut = chain(
    padOf(pictureTee),
    gate(now.mainOpen),
    leaky('main-queue'),
    h264Encode({
      id: mainStream,
      encoder,
      format: format(limited(main.format, now.limits?.mainKbps), 2, { effort: 'superfast', profile: 'high' }),
    }),
    out(mainStream, main.ssrc, port, now),
  );
  const tileOut = chain(
    padOf(pictureTee),
    leaky('tile-queue'),
    tilePictures(main.format, tile.format),
    h264Encode({ id: tileStream, encoder, format: format(tile.format, 1, { effort: 'veryfast', profile: 'baseline' }) }),
    out(tileStream, tile.ssrc, port, now),
  );
  const burnt = ['main-queue', tileStream].map((id): Reflex => ({ do: 'stamp', element: id, pad: id === tileStream ? 'sink' : 'src' }));
  return { chains: [...capture, mainOut, tileOut], reflexes: [thinTile(now.limits?.tileFps ?? 0), countTile, ...(stamps ? burnt : [])] };
}
