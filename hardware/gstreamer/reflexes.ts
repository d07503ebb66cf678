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

/**
 * Shows the best source that delivers and that no judge objects to. A source silent for `thresholdMs` is left at once and must deliver for
 * `holdMs` to come back. A second one on a selector replaces the first and goes on from what that knew.
 */
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

/**
 * Judges raw pictures for the watchdog: events `judged`. A camera that repeats one picture, or sends black, delivers like a healthy one.
 * Asked again for a pad it begins anew.
 */
export interface Judge extends At {
  readonly do: 'judge';
  /** False for what may rightly stand still, as a slide from a computer or codec does. Default true. */
  readonly frozen?: boolean;
  /** Default true. */
  readonly black?: boolean;
  /** Default 1200: with the watchdog's turn well below the two seconds in which a dead picture is to be off the air. */
  readonly frozenMs?: number;
  /** Default 1000: longer than a cut through black. */
  readonly blackMs?: number;
  /** Luma at most this on average (black is 16, a dark room is above) … Default 20. */
  readonly mean?: number;
  /** … and this variance (digital black has none, noise of a sensor has several). Default 1. */
  readonly variance?: number;
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

/**
 * Events `rtp-time`: which wall-clock time of capture, carried by RTP, belongs to which time of this pipeline. Belongs on a depayloader's sink
 * pad.
 */
export interface RtpTime extends At {
  readonly do: 'rtp-time';
  readonly name: string;
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

/** Leads 16-bit sound of one channel from one sample to the next, where a selector has changed between sources. Belongs on its source pad. */
export interface Declick extends At {
  readonly do: 'declick';
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

/** Lets at most `fps` pictures per second into an encoder (0: all), an IDR every second meanwhile. A second one on the pad changes the first. */
export interface Thin extends At {
  readonly do: 'thin';
  readonly fps: number;
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
  | Judge
  | Levels
  | Probe
  | Stamp
  | ReadStamp
  | CaptureTime
  | RtpTime
  | Loudness
  | Hush
  | Declick
  | AwaitFormat
  | Newest
  | Punctual
  | Thin
  | Pictures
  | DropUntilKeyframe
  | RtpGuard
  | Shield
  | Loop
  | SetProperty
  | Switch;
