/** H.264 in and out of pictures. */

import { type EncodeFormat, encoderProperties } from '../encoder.ts';
import type { EncoderChoice } from '../encoders.ts';
import { type Chain, chain, element, filter, shielded } from '../pipeline.ts';

export interface H264Encode {
  /** Names the encoder: the target of `keyframe` and of `set(id, bitrateProperty, …)`. */
  readonly id: string;
  readonly encoder: EncoderChoice;
  readonly format: EncodeFormat;
}

/** I420 pictures to H.264 access units, Constrained Baseline or Main, IDR on request and at least every `format.gop` frames. */
export function h264Encode({ id, encoder, format }: H264Encode): Chain {
  const { properties, caps } = encoderProperties(encoder.element, format);
  return chain(
    encoder.element === 'x264enc' || encoder.element === 'openh264enc' ? [] : chain(element('videoconvert')),
    element(encoder.element, { ...properties }, id),
    filter('video/x-h264', { ...caps }),
    element('h264parse', { 'config-interval': -1 }),
    filter('video/x-h264', { 'stream-format': 'byte-stream', alignment: 'au' }),
  );
}

/** Access units to pictures. One thread: with more the decoder holds pictures back. */
export function h264Decode(id: string): Chain {
  return chain(shielded('avdec_h264', { 'max-threads': 1 }, id));
}
