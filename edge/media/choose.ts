/** Which source is the site's picture: the configured one, or the stream of a network camera that central wants in its place. Pure. */
import type { DeviceStream } from '../../protocol/schema/device.ts';
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import type { DeviceLook } from '../devices/look.ts';
import { camerasOf, type Feed } from './picture.ts';
import { isCamera, parseSource, type Source } from './source.ts';

export type Stream = Extract<Source, { kind: 'rtsp' }>;

/** The device that shall be the site's picture. */
export interface Wished {
  readonly wish: DeviceWish;
  /** Null: it is not driven yet. */
  readonly look: DeviceLook | null;
  /** Its stream, as long as it is worth trying; see keptStream. */
  readonly stream: Stream | null;
}

export interface Choice {
  readonly feed: Feed;
  /** The device whose own stream it is. */
  readonly device: string | null;
  /** Why it is not what is wanted; null: it is. */
  readonly missing: string | null;
}

/** A device that gives its picture itself. Any other is plugged into the capture device of the box. */
export const streams = ({ at }: DeviceWish): boolean => at.via === 'http';

/** Without a name nobody logs in. */
const credentialsOf = ({ username, password }: DeviceWish): Feed['credentials'] => (username === '' ? null : { user: username, password });

/** H.264 is what every box decodes well. */
const encodings = ['H264', 'H265', 'JPEG'] as const;
/** A larger picture costs decoding and is made smaller for `main` anyway. */
const HEIGHT_MAX = 1080;

/** The best that a camera offers: H.264 before anything else, then the largest that is not too large. Null: none that can be taken. */
export function bestStream(offered: readonly DeviceStream[]): Stream | null {
  const rank = ({ encoding }: DeviceStream): number => {
    const index = encodings.findIndex((each) => each === encoding.replace(/[^A-Z0-9]/gi, '').toUpperCase());
    return index < 0 ? encodings.length : index;
  };
  const size = ({ height }: DeviceStream): number => (height <= HEIGHT_MAX ? height : -height);
  const usable = offered.flatMap((stream) => {
    const source = stream.encoding === 'snapshot' ? null : parseSource(stream.uri);
    return source?.ok && source.value.kind === 'rtsp' ? [{ stream, source: source.value }] : [];
  });
  usable.sort((a, b) => rank(a.stream) - rank(b.stream) || size(b.stream) - size(a.stream));
  return usable[0]?.source ?? null;
}

/** A camera whose picture stopped and whose control is gone is away after this. */
const AWAY_MS = 5000;

/**
 * The stream to take from a camera. One that does not answer is taken for away only when its picture has stopped, too: the picture is what counts.
 * @param deadMs for how long it has neither answered nor sent a picture
 */
export function keptStream(before: Stream | null, look: DeviceLook | null, deadMs: number): Stream | null {
  if (look?.link === 'ok' && look.state.streams !== null) return bestStream(look.state.streams);
  return deadMs < AWAY_MS ? before : null;
}

/** @param encoder of this box; null: not known (yet) */
export function choosePicture(own: Feed, wished: Wished | null, encoder: Feed['encoder']): Choice {
  if (wished === null) return { feed: own, device: null, missing: null };
  const { wish, look, stream } = wished;
  if (!streams(wish)) {
    const missing = isCamera(own.source) ? null : `${wish.name} is plugged in, and this box is configured with no capture device`;
    return { feed: own, device: null, missing };
  }
  const instead = (missing: string): Choice => ({ feed: standIn(own), device: null, missing });
  if (stream !== null && encoder !== null)
    return {
      // What the box would send without it stands by.
      feed: { source: stream, encoder, credentials: credentialsOf(wish), backups: camerasOf({ ...own, source: behind(own.source) }) },
      device: wish.id,
      missing: null,
    };
  if (stream !== null) return instead('this box has no encoder for a camera yet');
  if (look === null || look.link !== 'ok') return instead(`${wish.name} is not there: ${look?.because ?? 'not tried yet'}`);
  return instead(look.state.streams === null ? `${wish.name} has not told its streams yet` : `${wish.name} tells no RTSP stream`);
}

/** A made or prepared picture takes the place of no camera: the slate says more. */
const behind = (source: Source | null): Source | null => (isCamera(source) ? source : null);

/** While the camera is away. A made picture is what a box shows that was configured with none: a slate says more. */
const standIn = (own: Feed): Feed => (own.source?.kind === 'pattern' ? { ...own, source: null } : own);
