/** Where pictures and sound come from: prepared clips, files, RTSP cameras, V4L2 devices. */
import { type Chain, chain, element, filter, padOf, reflexed } from '../pipeline.ts';
import { normalise, type PictureFormat } from './picture.ts';
import { normaliseSound } from './sound.ts';

export interface ClipPart {
  /** Names the source: the target of `keyframe`, which makes the clip jump to its next IDR. */
  readonly id: string;
  readonly path: string;
  /** Where in the clip to begin, so that several sites do not send keyframes and speak at the same moment. */
  readonly offsetMs?: number;
}

/** A prepared H.264 clip (byte-stream) for ever, in real time, not decoded and not encoded. Access units ready for rtpVideoOut. */
export function clipVideo({ id, path, offsetMs = 0 }: ClipPart): Chain {
  return chain(element('clipsrc', { location: path, media: 'h264', offset: offsetMs }, id));
}

/** A prepared Ogg Opus clip for ever. Packets ready for rtpAudioOut. */
export function clipOpus({ id, path, offsetMs = 0 }: ClipPart): Chain {
  return chain(element('clipsrc', { location: path, media: 'opus', offset: offsetMs }, id));
}

/** A WAV file for ever as raw sound in 20 ms buffers, to be encoded live. */
export function clipSound({ id, path, offsetMs = 0 }: ClipPart): Chain {
  return chain(element('clipsrc', { location: path, media: 'pcm', offset: offsetMs }, id), normaliseSound());
}

export interface FileParts {
  readonly id: string;
  readonly path: string;
  readonly format: PictureFormat;
  /** Where the pictures go; null when only the sound is wanted. */
  readonly video: Chain | null;
  /** Where the sound goes (48 kHz mono). A file without sound leaves it silent. */
  readonly audio: Chain | null;
}

/**
 * Any media file, decoded, in real time, again from the start when it ends, with timestamps that run on (a file that cannot seek ends
 * instead). One for each pipeline.
 */
export function fileSource({ id, path, format, video, audio }: FileParts): readonly Chain[] {
  const decode = `${id}-decode`;
  const branch = (kind: 'video' | 'audio', loops: boolean): Chain => {
    const single = element('identity', { 'single-segment': true }, `${id}-${kind}-one`);
    return chain(
      padOf(decode),
      filter(`${kind}/x-raw`),
      // Short: decoded pictures are large, and the demuxer keeps what it needs in front of the decoder.
      element('queue', { 'max-size-buffers': 8 }, `${id}-${kind}-queue`),
      loops ? reflexed(single, { do: 'loop', element: `${id}-${kind}-one` }) : single,
      element('clocksync'),
    );
  };
  return [
    chain(element('filesrc', { location: path }, `${id}-file`), element('decodebin', {}, decode)),
    ...(video ? [chain(branch('video', true), normalise(format), video)] : []),
    ...(audio ? [chain(branch('audio', video === null), normaliseSound(), audio)] : []),
  ];
}

export interface RtspPart {
  readonly id: string;
  readonly url: string;
  readonly format: PictureFormat;
  /** Default 60: a camera in the same building. */
  readonly latencyMs?: number;
  readonly user?: string;
  readonly password?: string;
}

/** An RTSP camera's picture over TCP. When the camera goes, the pipeline fails or its probe stalls; connecting again is the owner's job. */
export function rtspSource({ id, url, format, latencyMs = 60, user, password }: RtspPart): Chain {
  const source = {
    location: url,
    protocols: 'tcp',
    latency: latencyMs,
    'drop-on-latency': true,
    'tcp-timeout': 3_000_000,
    'user-id': user,
    'user-pw': password,
  };
  return chain(
    element('rtspsrc', source, `${id}-rtsp`),
    filter('application/x-rtp', { media: 'video' }),
    element('decodebin', {}, `${id}-decode`),
    element('queue', { leaky: 'downstream', 'max-size-buffers': 5 }, `${id}-queue`),
    normalise(format),
  );
}

export interface V4l2Part {
  readonly id: string;
  /** /dev/video0, or a stable name below /dev/v4l/by-id. */
  readonly device: string;
  readonly format: PictureFormat;
  /** What to ask the device for: most USB cameras reach 720p at full rate only as MJPEG. Default: whatever it offers. */
  readonly ask?: 'mjpeg' | 'raw';
}

/** A camera or capture device of this machine. */
export function v4l2Source({ id, device, format, ask }: V4l2Part): Chain {
  const { width, height } = format;
  const wanted = ask === undefined ? [] : chain(filter(ask === 'mjpeg' ? 'image/jpeg' : 'video/x-raw', { width, height }));
  return chain(
    element('v4l2src', { device, 'do-timestamp': true }, `${id}-v4l2`),
    wanted,
    element('decodebin', {}, `${id}-decode`),
    element('queue', { leaky: 'downstream', 'max-size-buffers': 2 }, `${id}-queue`),
    normalise(format),
  );
}
