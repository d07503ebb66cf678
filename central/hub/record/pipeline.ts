/**
 * One segment of a recording: the picture as it came, everybody's mix as it came, into Matroska. Pure. Never plain MP4: after a crash it has
 * no index and nothing can be read. Nothing waits in buffers: clusters are half a second and each goes to the kernel at once.
 */
import { type Chain, caps, chain, element, filter, type Pipeline, padOf, pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import { takeAudio, takeVideo } from '../takes.ts';

const h264Rtp = caps('application/x-rtp', { media: 'video', 'clock-rate': 90_000, 'encoding-name': 'H264' });
const opusRtp = caps('application/x-rtp', { media: 'audio', 'clock-rate': 48_000, 'encoding-name': 'OPUS' });

/** The mixer may be away for some seconds while it is started again; the picture waits here for it. */
export const patient = { 'max-size-time': 10_000_000_000n, 'max-size-bytes': 64 * 1024 * 1024, 'max-size-buffers': 0 };

export const videoIn = (): Chain =>
  chain(
    element('udpsrc', { address: '127.0.0.1', port: 0, caps: h264Rtp, 'buffer-size': 2_097_152 }, takeVideo),
    element('rtph264depay'),
    element('h264parse', { 'config-interval': -1 }),
    filter('video/x-h264', { 'stream-format': 'avc', alignment: 'au' }),
  );

export const audioIn = (): Chain =>
  chain(element('udpsrc', { address: '127.0.0.1', port: 0, caps: opusRtp, 'buffer-size': 262_144 }, takeAudio), element('rtpopusdepay'));

export function recorderPipeline(file: string, sound: boolean): Pipeline {
  const mux = element('matroskamux', { 'min-cluster-duration': 500_000_000n, 'offset-to-zero': true, 'writing-app': 'diemcau' }, 'mux');
  return pipeline(
    [
      chain(mux, element('filesink', { location: file, 'buffer-mode': 'unbuffered', sync: false, async: false })),
      chain(videoIn(), element('queue', patient), padOf('mux', 'video_0')),
      ...(sound ? [chain(audioIn(), element('opusparse'), element('queue', patient), padOf('mux', 'audio_0'))] : []),
    ],
    { finalise: true },
  );
}
