/** What can be put into a running pipeline to act there by itself, in GStreamer's own threads. One type for each C file in native/. */

/** A pad of a named element. */
export interface At {
  readonly element: string;
  readonly pad: string;
}

/** A part of a picture, in pixels; without it the whole picture. */
export interface Region {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Shows the best source that delivers. A source silent for `thresholdMs` is left at once and must deliver for `holdMs` to come back. */
export interface Watchdog {
  readonly do: 'watchdog';
  /** An input-selector. */
  readonly selector: string;
  /** Its pads, the best first. */
  readonly sources: readonly string[];
  /** Default 150: below, a busy machine triggers it. */
  readonly thresholdMs?: number;
  /** Default 1000. */
  readonly holdMs?: number;
}

/** Events `level` from a `level` element. */
export interface Levels {
  readonly do: 'levels';
  readonly element: string;
}

/** Counts at a pad for `stats`; with `stalledMs` also events `stalled` and `flowing`. */
export interface Probe extends At {
  readonly do: 'probe';
  readonly name: string;
  readonly stalledMs?: number;
}

/** Burns time, sequence and `source` (0…65535) into raw pictures. */
export interface Stamp extends At, Region {
  readonly do: 'stamp';
  readonly source?: number;
}

/** Reads stamps; drained by `Worker.stamps(name)`. */
export interface ReadStamp extends At, Region {
  readonly do: 'read-stamp';
  readonly name: string;
}

/** Gives each buffer its wall-clock capture time, which RTP then carries. Belongs on a payloader's sink pad. */
export interface CaptureTime extends At {
  readonly do: 'capture-time';
}

/** Marks each buffer of S16 sound with its loudness, which RTP then carries. Belongs on an encoder's sink pad. */
export interface Loudness extends At {
  readonly do: 'loudness';
}

/**
 * Silences the first buffer of sound of another voice: what a decoder blends into it belongs to the voice before. Belongs on a decoder's source
 * pad; `packets` is the depayloader in front of it.
 */
export interface Hush extends At {
  readonly do: 'hush';
  readonly packets: string;
}

/** The pipeline plays only when this pad knows its format; a start without it within 1.5 s is refused. */
export interface AwaitFormat extends At {
  readonly do: 'await-format';
}

/** Takes the duration off pictures, so that a compositor behind shows the newest one instead of the one whose span covers the moment. */
export interface Newest extends At {
  readonly do: 'newest';
}

/** Makes a live compositor leave out pictures that are later than this; `pad` is where they leave it. */
export interface Punctual extends At {
  readonly do: 'punctual';
  /** Default 300; more than the pipeline's own latency. */
  readonly limitMs?: number;
}

/** Events `picture` from an appsink that is fed JPEG. */
export interface Pictures {
  readonly do: 'pictures';
  readonly element: string;
}

/** Holds frames back that no decoder could show whole. Belongs behind h264parse. Events `keyframe-needed`, `keyframe-came`. */
export interface DropUntilKeyframe extends At {
  readonly do: 'drop-until-keyframe';
  readonly name: string;
}

/** Lets only packets pass that can belong to the stream: well-formed RTP of this payload type, of `ssrc` if given, in a believable sequence. */
export interface RtpGuard extends At {
  readonly do: 'rtp-guard';
  readonly name: string;
  readonly pt: number;
  readonly ssrc?: number;
}

/** Turns this element's errors over damaged input into events `malformed`; it goes on with the next buffer. */
export interface Shield {
  readonly do: 'shield';
  readonly element: string;
}

/** Starts a decoded file again at its end; `element` stands behind the decoder. One for each pipeline. */
export interface Loop {
  readonly do: 'loop';
  readonly element: string;
}

/** A property as it shall be from the start. Elements are named by id, their pads as `id.sink_3`. */
export interface SetProperty {
  readonly do: 'set';
  readonly element: string;
  readonly property: string;
  readonly value: string | number | boolean;
}

/** The pad that an input-selector shows. */
export interface Switch {
  readonly do: 'switch';
  readonly selector: string;
  readonly pad: string;
}

export type Reflex =
  | Watchdog
  | Levels
  | Probe
  | Stamp
  | ReadStamp
  | CaptureTime
  | Loudness
  | Hush
  | AwaitFormat
  | Newest
  | Punctual
  | Pictures
  | DropUntilKeyframe
  | RtpGuard
  | Shield
  | Loop
  | SetProperty
  | Switch;
