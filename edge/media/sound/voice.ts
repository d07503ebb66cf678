/** The pipeline that makes a site's `audio`: microphone, or a made voice, to Opus in RTP. Muting happens here, at the source. Pure. */

import { leaky } from '../../../hardware/gstreamer/parts/picture.ts';
import { rtpAudioOut } from '../../../hardware/gstreamer/parts/rtp.ts';
import { normaliseSound, opusEncode, rawAudio } from '../../../hardware/gstreamer/parts/sound.ts';
import { type Chain, chain, element, padOf } from '../../../hardware/gstreamer/pipeline.ts';
import { incarnate } from '../../../protocol/ssrc.ts';
import { lastPad, type Origin, PLACES, padOfPlace, placeInput, selectorOf } from '../origins.ts';
import type { Parts } from '../picture.ts';
import type { UplinkShape } from '../streams.ts';
import { describeSound, type SoundIn } from './choose.ts';

/** Its `mute` drops the microphone; silence goes on being sent, so that nobody takes the site for lost. */
export const muteSwitch = 'mute';
/** The made voice; its `volume` is its breath. */
export const syntheticVoice = 'voice';

export interface VoiceNow {
  readonly incarnation: number;
  readonly muted: boolean;
  /** Of a made voice, 0–1. */
  readonly volume: number;
}

export function voiceParts({ audio }: UplinkShape, input: SoundIn, port: number, now: VoiceNow): Parts {
  const { kbps, frameMs } = audio.format;
  const device = input.kind === 'device';
  return {
    chains: [
      ...(device ? places(frameMs) : []),
      chain(
        device ? shown : made(input, frameMs, now.volume),
        element('volume', { mute: now.muted }, muteSwitch),
        opusEncode({ id: 'opus', kbps, frameMs, complexity: device ? 5 : 0, level: true }),
        rtpAudioOut({ id: 'audio', port, ssrc: incarnate(audio.ssrc, now.incarnation), level: true }),
      ),
    ],
    reflexes: device ? [{ do: 'declick', element: selectorOf('microphone'), pad: 'src' }] : [],
  };
}

/** A microphone for one of the places. */
export function microphoneOrigin({ element: factory, device }: Extract<SoundIn, { kind: 'device' }>): Origin {
  const named = { [factory === 'pipewiresrc' ? 'target-object' : 'device']: device ?? undefined };
  const pace = factory === 'pipewiresrc' ? {} : { 'buffer-time': 60_000n, 'latency-time': 10_000n };
  return {
    key: `${factory} ${device ?? ''}`,
    label: describeSound({ kind: 'device', element: factory, device, because: '' }),
    judged: null,
    chains: (name) => [
      chain(element(factory, { ...named, ...pace }, `${name}-device`), normaliseSound(), element('identity', {}, `${name}-last`)),
    ],
  };
}

const selector = selectorOf('microphone');

/** Places for microphones, and silence behind them: the packets go on whatever fails. */
function places(frameMs: number): readonly Chain[] {
  return [
    ...Array.from({ length: PLACES }, (_, index) =>
      chain(leaky(placeInput('microphone', index), SOUND_BUFFERS), padOf(selector, padOfPlace(index))),
    ),
    chain(
      element('audiotestsrc', { 'is-live': true, samplesperbuffer: 48 * frameMs, wave: 'silence' }),
      rawAudio(),
      leaky('silence-queue', SOUND_BUFFERS),
      padOf(selector, lastPad),
    ),
  ];
}

/** Of 10 ms each: what a busy machine delays is late, not lost. */
const SOUND_BUFFERS = 20;

const shown = chain(element('input-selector', { 'sync-streams': false }, selector), element('identity', { 'single-segment': true }));

function made(input: Exclude<SoundIn, { kind: 'device' }>, frameMs: number, volume: number): Chain {
  // One buffer for each Opus packet: half the wake-ups of the usual 20 ms.
  const live = { 'is-live': true, samplesperbuffer: 48 * frameMs };
  switch (input.kind) {
    case 'silence':
      return chain(element('audiotestsrc', { ...live, wave: 'silence' }), rawAudio());
    case 'synthetic': {
      // Four short tones a second: the rhythm of syllables, for next to no CPU.
      const syllables = { wave: 'ticks', freq: 180, 'sine-periods-per-tick': 25, 'tick-interval': 250_000_000n, 'apply-tick-ramp': true };
      return chain(element('audiotestsrc', { ...live, ...syllables, volume }, syntheticVoice), rawAudio());
    }
    default:
      return input satisfies never;
  }
}
