/**
 * The mixer as a pipeline: Opus of each slot decoded and measured, one matrix for all mixes, four Opus encoders. Pure. However many sites
 * meet, three voices are decoded: the relay puts the speaker of each slot into its input.
 *
 * What 1.22 taught. The interleaver needs one channel that has caps before its first deadline or it fails with "wrong format": hence the
 * silent last channel, whose format is waited for. A live test source there reports a least latency of its block, more than the most that
 * udpsrc allows, and nothing flows; `clocksync` paces it without latency, and with it the mixer while no site sends. Channel positions must
 * not be taken from the inputs: the channels are then sorted anew whenever another site's caps arrive, a voice lands in another column of the
 * matrix, and a site hears itself. Without jitter buffers the mixer has 24 threads instead of 57; packets come from the relay in order, and
 * the interleaver's `latency` takes up what jitter is left.
 */

import { rtpAudioIn, rtpAudioOut } from '../../../hardware/gstreamer/parts/rtp.ts';
import {
  type Chain,
  chain,
  element,
  filter,
  type Pipeline,
  padOf,
  pipeline,
  reflexed,
  shielded,
} from '../../../hardware/gstreamer/pipeline.ts';
import { matrixText, mixMatrix } from './matrix.ts';
import { speakerSlots } from './speakers.ts';

export interface MixerOptions {
  readonly kbps: number;
  /** Opus frame length. */
  readonly frameMs: 20 | 40;
  /** Full SSRC of each of the four outputs. */
  readonly ssrcs: readonly [number, number, number, number];
  /** The relay's loopback port that takes them. */
  readonly relayPort: number;
}

/** Late packets up to this are still mixed in time. */
const latencyNs = 40_000_000;

const slotId = (slot: number): string => `audio_${slot}`;
/** The element whose port takes a slot's packets. */
export const slotSourceId = (slot: number): string => `${slotId(slot)}-udp`;

const raw = { format: 'F32LE', rate: 48_000, channels: 1 };

/** A slot's packets to sound; nothing of one voice sounds in the next. */
export function slotVoice(slot: number): Chain {
  const decode = `decode_${slot}`;
  // Concealment needs a jitter buffer in front; without one it only holds each packet back until the next, over any pause.
  const decoder = shielded('opusdec', { plc: false, 'use-inband-fec': false }, decode);
  return chain(
    rtpAudioIn({ id: slotId(slot), port: 0, jitterMs: null }),
    reflexed(decoder, { do: 'hush', element: decode, pad: 'src', packets: `${slotId(slot)}-depay` }),
  );
}

export function mixerPipeline({ kbps, frameMs, ssrcs, relayPort }: MixerOptions): Pipeline {
  const inputs = Array.from({ length: speakerSlots }, (_, slot) =>
    chain(
      slotVoice(slot),
      reflexed(element('level', { interval: 100_000_000n }, `level_${slot}`), { do: 'levels', element: `level_${slot}` }),
      element('audioconvert'),
      filter('audio/x-raw', raw),
      padOf('interleave', `sink_${slot}`),
    ),
  );
  const outputs = ssrcs.map((ssrc, output) =>
    chain(
      padOf('deinterleave', `src_${output}`),
      element('audioconvert'),
      // Complexity 0 sounds the same for speech at this rate and costs a third of the default.
      element('opusenc', { bitrate: kbps * 1000, complexity: 0, 'frame-size': String(frameMs), 'audio-type': 'voice' }),
      rtpAudioOut({ id: `mix_${output}`, port: relayPort, ssrc, timestampOffset: 0 }),
    ),
  );
  const interleave = element(
    'audiointerleave',
    {
      latency: latencyNs,
      'output-buffer-duration': BigInt(frameMs) * 1_000_000n,
      'ignore-inactive-pads': true,
      'channel-positions-from-input': false,
    },
    'interleave',
  );
  return pipeline([
    chain(
      interleave,
      filter('audio/x-raw', { format: 'F32LE' }),
      element(
        'audiomixmatrix',
        {
          'in-channels': speakerSlots + 1,
          'out-channels': ssrcs.length,
          matrix: matrixText(mixMatrix(speakerSlots)),
          'channel-mask': 0n,
        },
        'mix',
      ),
      element('deinterleave', {}, 'deinterleave'),
    ),
    ...outputs,
    ...inputs,
    chain(
      element('audiotestsrc', { wave: 'silence', samplesperbuffer: 48 * frameMs }),
      filter('audio/x-raw', raw),
      reflexed(element('clocksync', {}, 'pace'), { do: 'await-format', element: 'pace', pad: 'src' }),
      padOf('interleave', `sink_${speakerSlots}`),
    ),
  ]);
}
