/**
 * Pictures for browsers: fragmented MP4 on a pipe. Pure. Live: video untouched, the mix as AAC, because Chromium rejects this muxer's Opus.
 * Playing a recorded file: the same from Matroska, as fast as the reader takes it.
 */

import { opusDecode } from '../../../hardware/gstreamer/parts/sound.ts';
import { chain, element, filter, type Pipeline, padOf, pipeline } from '../../../hardware/gstreamer/pipeline.ts';
import { audioIn, patient, videoIn } from '../record/pipeline.ts';

/** Milliseconds of each fragment: the picture is so much late, and a request each would be too many if it were less. */
export const fragmentMs = 150;

const muxer = (ms: number) => element('mp4mux', { 'fragment-duration': ms, streamable: true, 'fragment-mode': 'dash-or-mss' }, 'mux');
const pipe = element('fdsink', { fd: 3, sync: false, async: false });

export function previewPipeline(sound: boolean): Pipeline {
  return pipeline([
    chain(muxer(fragmentMs), pipe),
    chain(videoIn(), element('queue', patient), padOf('mux', 'video_0')),
    ...(sound
      ? [
          chain(
            audioIn(),
            opusDecode('opus'),
            element('audioconvert'),
            element('avenc_aac', { bitrate: 64_000 }),
            element('queue', patient),
            padOf('mux', 'audio_0'),
          ),
        ]
      : []),
  ]);
}

/** @param sound whether the file has a sound track: a muxer waits for ever for a track that never comes. */
export function playPipeline(file: string, sound: boolean): Pipeline {
  return pipeline([
    chain(muxer(1000), element('fdsink', { fd: 3, sync: false, async: false })),
    chain(element('filesrc', { location: file }), element('matroskademux', {}, 'demux')),
    chain(
      padOf('demux', 'video_0'),
      element('queue'),
      element('h264parse'),
      filter('video/x-h264', { 'stream-format': 'avc', alignment: 'au' }),
      padOf('mux', 'video_0'),
    ),
    ...(sound
      ? [
          chain(
            padOf('demux', 'audio_0'),
            element('queue'),
            opusDecode('opus'),
            element('audioconvert'),
            element('avenc_aac', { bitrate: 64_000 }),
            element('queue'),
            padOf('mux', 'audio_0'),
          ),
        ]
      : []),
  ]);
}
