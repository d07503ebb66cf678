/**
 * One segment of a recording: the picture as it came, everybody's mix as it came, into Matroska. Pure. Never plain MP4: after a crash it has
 * no index and nothing can be read. Nothing waits in buffers: clusters are half a second and each goes to the kernel at once.
 */

import { rtpAudioIn, rtpVideoIn } from '../../../hardware/gstreamer/parts/rtp.ts';
import { type Chain, chain, element, filter, type Pipeline, padOf, pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import type { Reflex } from '../../../hardware/gstreamer/reflexes.ts';
import { takeAudio, takeVideo } from '../takes.ts';

/** The mixer may be away for some seconds while it is started again; the picture waits here for it. */
export const patient = { 'max-size-time': 10_000_000_000n, 'max-size-bytes': 64 * 1024 * 1024, 'max-size-buffers': 0 };

/** Muxers want even timestamps: packets that arrive together get the same time of arrival, and a muxer ends on that. */
const takeJitterMs = 40;

export const videoIn = (): Chain =>
  chain(
    rtpVideoIn({ id: takeVideo, port: 0, jitterMs: takeJitterMs }),
    element('h264parse'),
    filter('video/x-h264', { 'stream-format': 'avc', alignment: 'au' }),
  );

export const audioIn = (): Chain => chain(rtpAudioIn({ id: takeAudio, port: 0, jitterMs: takeJitterMs }));

/** Tells when by the sender's clock was captured what comes: two hubs' files are laid over each other by it. */
const times = (id: string): Reflex => ({ do: 'rtp-time', element: `${id}-depay`, pad: 'sink', name: id });

export function recorderPipeline(file: string, sound: boolean): Pipeline {
  const mux = element('matroskamux', { 'min-cluster-duration': 500_000_000n, 'writing-app': 'diemcau' }, 'mux');
  return pipeline(
    [
      chain(mux, element('filesink', { location: file, 'buffer-mode': 'unbuffered', sync: false, async: false })),
      chain(videoIn(), element('queue', patient), padOf('mux', 'video_0')),
      ...(sound ? [chain(audioIn(), element('opusparse'), element('queue', patient), padOf('mux', 'audio_0'))] : []),
    ],
    { finalise: true, reflexes: [times(takeVideo), ...(sound ? [times(takeAudio)] : [])] },
  );
}
