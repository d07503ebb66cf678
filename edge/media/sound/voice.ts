/** The pipeline that makes a site's `audio`: microphone, or a made voice, to Opus in RTP. Muting happens here, at the source. Pure. */
import { rtpAudioOut } from '../../../hardware/gstreamer/parts/rtp.ts';
import { normaliseSound, opusEncode, rawAudio } from '../../../hardware/gstreamer/parts/sound.ts';
import { type Chain, chain, element } from '../../../hardware/gstreamer/pipeline.ts';
import { incarnate } from '../../../protocol/ssrc.ts';
import type { Parts } from '../picture.ts';
import type { UplinkShape } from '../streams.ts';
import type { SoundIn } from './choose.ts';

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
  return {
    chains: [
      chain(
        microphone(input, frameMs, now.volume),
        element('volume', { mute: now.muted }, muteSwitch),
        opusEncode({ id: 'opus', kbps, frameMs, complexity: input.kind === 'device' ? 5 : 0, level: true }),
        rtpAudioOut({ id: 'audio', port, ssrc: incarnate(audio.ssrc, now.incarnation), level: true }),
      ),
    ],
    reflexes: [],
  };
}

function microphone(input: SoundIn, frameMs: number, volume: number): Chain {
  // One buffer for each Opus packet: half the wake-ups of the usual 20 ms.
  const made = { 'is-live': true, samplesperbuffer: 48 * frameMs };
  switch (input.kind) {
    case 'silence':
      return chain(element('audiotestsrc', { ...made, wave: 'silence' }), rawAudio());
    case 'synthetic': {
      // Four short tones a second: the rhythm of syllables, for next to no CPU.
      const syllables = { wave: 'ticks', freq: 180, 'sine-periods-per-tick': 25, 'tick-interval': 250_000_000n, 'apply-tick-ramp': true };
      return chain(element('audiotestsrc', { ...made, ...syllables, volume }, syntheticVoice), rawAudio());
    }
    case 'device': {
      const device = input.device ?? undefined;
      const pace = input.element === 'pipewiresrc' ? {} : { 'buffer-time': 60_000n, 'latency-time': 10_000n };
      const named = input.element === 'pipewiresrc' ? { 'target-object': device } : { device };
      return chain(element(input.element, { ...named, ...pace }), normaliseSound());
    }
    default:
      return input satisfies never;
  }
}
