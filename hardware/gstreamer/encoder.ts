/** What each H.264 encoder wants to be told so that all behave alike: no delay, constant rate, no B-frames, short buffers. Pure. */
import type { CapsValue, PropertyValue } from './pipeline.ts';

export interface EncodeFormat {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly kbps: number;
  /** Frames from one IDR to the next at most. */
  readonly gop: number;
  /** x264 only: `ultrafast` costs half of `veryfast` and looks worse. Default ultrafast. */
  readonly effort?: 'ultrafast' | 'superfast' | 'veryfast';
  /**
   * `high` looks better at the same rate (x264 superfast, 720p25, structured picture: 2.0 dB at 700 kbit/s, 0.7 dB at 1500; measured) and
   * costs whoever decodes it half as much again. Default `baseline`, for what a hub has to decode.
   */
  readonly profile?: 'baseline' | 'high';
}

/** Best first. The first four kinds cost almost no CPU; x264 runs anywhere; openh264 is for machines without x264. */
export const ENCODERS = ['vah264enc', 'vaapih264enc', 'v4l2h264enc', 'nvh264enc', 'mpph264enc', 'x264enc', 'openh264enc'] as const;
export type EncoderName = (typeof ENCODERS)[number];

/** How the bitrate is changed while it runs: property and unit. Null: only by a new pipeline. */
export const BITRATE: { readonly [K in EncoderName]: { readonly property: string; readonly perKbps: number } | null } = {
  vah264enc: { property: 'bitrate', perKbps: 1 },
  vaapih264enc: { property: 'bitrate', perKbps: 1 },
  v4l2h264enc: null,
  nvh264enc: { property: 'bitrate', perKbps: 1 },
  mpph264enc: { property: 'bps', perKbps: 1000 },
  x264enc: { property: 'bitrate', perKbps: 1 },
  openh264enc: { property: 'bitrate', perKbps: 1000 },
};

export interface EncoderSettings {
  readonly properties: Readonly<Record<string, PropertyValue>>;
  /** What its output must be. */
  readonly caps: Readonly<Record<string, CapsValue>>;
}

const PROFILES = { baseline: { profile: 'constrained-baseline' }, high: { profile: 'high' } } as const;

export function encoderProperties(
  encoder: EncoderName,
  { width, height, kbps, gop, fps, effort = 'ultrafast', profile = 'baseline' }: EncodeFormat,
): EncoderSettings {
  const caps = PROFILES[profile];
  switch (encoder) {
    case 'vah264enc':
      return {
        properties: { bitrate: kbps, 'rate-control': 'cbr', 'key-int-max': gop, 'b-frames': 0, 'ref-frames': 1, 'target-usage': 6 },
        caps,
      };
    case 'vaapih264enc':
      return { properties: { bitrate: kbps, 'rate-control': 'cbr', 'keyframe-period': gop, 'max-bframes': 0, refs: 1 }, caps };
    case 'v4l2h264enc':
      // A GstStructure as text; repeat_sequence_header because stateful encoders send parameter sets once otherwise.
      return {
        properties: {
          'extra-controls': `controls,video_bitrate_mode=1,video_bitrate=${kbps * 1000},h264_i_frame_period=${gop},video_gop_size=${gop},repeat_sequence_header=1`,
        },
        caps: { ...caps, level: width * height * fps > 921_600 * 30 ? '4' : '3.1' },
      };
    case 'nvh264enc':
      return {
        properties: { bitrate: kbps, 'rc-mode': 'cbr', 'gop-size': gop, bframes: 0, zerolatency: true, preset: 'low-latency' },
        // It knows no Constrained Baseline.
        caps: { profile: profile === 'high' ? 'high' : 'main' },
      };
    case 'mpph264enc':
      return { properties: { bps: kbps * 1000, 'rc-mode': 'cbr', gop, 'header-mode': 'each-idr', profile }, caps: {} };
    case 'x264enc':
      return {
        properties: {
          bitrate: kbps,
          'key-int-max': gop,
          tune: 'zerolatency',
          'speed-preset': effort,
          // One thread: zerolatency would cut the picture into slices for more, which costs quality and context switches.
          threads: 1,
          'sliced-threads': false,
          'vbv-buf-capacity': 300,
          aud: false,
          'byte-stream': true,
          'option-string': 'scenecut=0',
        },
        caps,
      };
    case 'openh264enc':
      return {
        properties: {
          bitrate: kbps * 1000,
          'rate-control': 'bitrate',
          'gop-size': gop,
          complexity: 'low',
          'multi-thread': 1,
          'enable-frame-skip': false,
        },
        // OpenH264 has no High profile worth having.
        caps: PROFILES.baseline,
      };
    default:
      return encoder satisfies never;
  }
}
