/**
 * Pictures for browsers: fragmented MP4 on a pipe. Pure. Live: video untouched, the mix as AAC, because Chromium rejects this muxer's Opus.
 * Playing a recorded file: the same from Matroska, as fast as the reader takes it.
 */

import { chain, element, type Pipeline, padOf, pipeline, shielded } from '../../../hardware/gstreamer/pipeline.ts';
import { audioIn, patient, videoIn } from '../record/pipeline.ts';

/** Milliseconds of each fragment: the picture is so much late, and a request each would be too many if it were less. */
export const fragmentMs = 150;
/** Shorter than a frame: each goes out by itself, for who steers a camera by it. */
export const steeringFragmentMs = 20;

const muxer = (ms: number) => element('mp4mux', { 'fragment-duration': ms, streamable: true, 'fragment-mode': 'dash-or-mss' }, 'mux');
/** AAC frames have no room for the small jumps of Opus that was stamped on arrival. */
const evenSound = shielded('opusdec', { plc: true, tolerance: 200_000_000n }, 'opus');
const pipe = element('fdsink', { fd: 3, sync: false, async: false });

export function previewPipeline(sound: boolean, ms: number): Pipeline {
  return pipeline([
    chain(muxer(ms), pipe),
    chain(videoIn(), element('queue', patient), padOf('mux', 'video_0')),
    ...(sound
      ? [
          chain(
            audioIn(),
            evenSound,
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
      // Matroska holds whole access units; a parser would only get in the way of their times.
      padOf('mux', 'video_0'),
    ),
    ...(sound
      ? [
          chain(
            padOf('demux', 'audio_0'),
            element('queue'),
            evenSound,
            element('audioconvert'),
            element('avenc_aac', { bitrate: 64_000 }),
            element('queue'),
            padOf('mux', 'audio_0'),
          ),
        ]
      : []),
  ]);
}
