/** What a worker reports by itself, as types, and the check that a message from the process really is one of them. */

interface At {
  /** CLOCK_MONOTONIC in ms, the same as Clock.mono(). */
  readonly at: number;
}

/** The pipeline plays. */
export interface StateEvent extends At {
  readonly event: 'state';
  readonly state: 'playing';
}
/** The pipeline has failed and will not go on; `element` is the id of the part that failed. */
export interface ErrorEvent extends At {
  readonly event: 'error';
  readonly element: string;
  readonly message: string;
  readonly debug: string | null;
}
export interface WarningEvent extends At {
  readonly event: 'warning';
  readonly element: string;
  readonly message: string;
}
/** All sources have ended. */
export interface EosEvent extends At {
  readonly event: 'eos';
}
/** What an element says about itself in GStreamer's words: a segment file was closed, a udpsrc timed out. */
export interface MessageEvent extends At {
  readonly event: 'message';
  readonly element: string;
  readonly name: string;
  readonly fields: string;
}
/**
 * The watchdog shows another source. `gapMs`: for how long no picture left the selector; `ageMs`: since when the picture that was left is not
 * what the room looks like: stopped, frozen or black.
 */
export interface SourceEvent extends At {
  readonly event: 'source';
  readonly selector: string;
  readonly pad: string;
  readonly from: string | null;
  readonly because: 'started' | 'returned' | 'stalled' | 'ended' | 'frozen' | 'black';
  readonly gapMs: number;
  readonly ageMs: number;
}
/** A judge has changed its mind on the pictures at the pad `name`. */
export interface JudgedEvent extends At {
  readonly event: 'judged';
  readonly name: string;
  readonly verdict: 'fit' | 'frozen' | 'black';
}
/** A cell has failed by itself (and is being shut), or is shut: then it can be opened again. */
export interface CellEvent extends At {
  readonly event: 'cell';
  readonly name: string;
  readonly state: 'failed' | 'shut';
  readonly element: string;
  readonly because: string;
}
/** No source of the selector delivers. */
export interface SourcelessEvent extends At {
  readonly event: 'sourceless';
  readonly selector: string;
}
/** dB per channel; -100 is silence. */
export interface LevelEvent extends At {
  readonly event: 'level';
  readonly element: string;
  readonly rms: readonly number[];
  readonly peak: readonly number[];
}
/** One JPEG in base64. */
export interface PictureEvent extends At {
  readonly event: 'picture';
  readonly name: string;
  readonly data: string;
}
export interface FlowEvent extends At {
  readonly event: 'stalled' | 'flowing';
  readonly name: string;
  readonly gapMs: number;
}
export interface KeyframeEvent extends At {
  readonly event: 'keyframe-needed' | 'keyframe-came';
  readonly name: string;
  readonly waitedMs: number;
  /** Frames held back so far. */
  readonly dropped: number;
}
/** A shielded element met input that it could not use; at most one a second, `errors` counts them all. */
export interface MalformedEvent extends At {
  readonly event: 'malformed';
  readonly element: string;
  readonly message: string;
  readonly errors: number;
}
export interface LoopedEvent extends At {
  readonly event: 'looped';
  readonly element: string;
  readonly loops: number;
}
/** A stamp reader sees another source: the picture has changed. */
export interface StampSourceEvent extends At {
  readonly event: 'stamp-source';
  readonly name: string;
  readonly source: number;
  readonly from?: number;
  readonly sequence: number;
  readonly latencyMs: number;
}

/** What was captured at `captureMs` by the sender's wall clock is at `pipelineMs` here, which was `wallMs` by this machine's wall clock. */
export interface RtpTimeEvent extends At {
  readonly event: 'rtp-time';
  readonly name: string;
  readonly pipelineMs: number;
  readonly captureMs: number;
  readonly wallMs: number;
}

export type WorkerEvent =
  | StateEvent
  | ErrorEvent
  | WarningEvent
  | EosEvent
  | MessageEvent
  | SourceEvent
  | JudgedEvent
  | CellEvent
  | SourcelessEvent
  | LevelEvent
  | PictureEvent
  | FlowEvent
  | KeyframeEvent
  | MalformedEvent
  | LoopedEvent
  | StampSourceEvent
  | RtpTimeEvent;

type Kind = 'text' | 'number' | 'numbers';

const FIELDS: { readonly [K in WorkerEvent['event']]: Readonly<Record<string, Kind>> } = {
  state: { state: 'text' },
  error: { element: 'text', message: 'text' },
  warning: { element: 'text', message: 'text' },
  eos: {},
  message: { element: 'text', name: 'text', fields: 'text' },
  source: { selector: 'text', pad: 'text', because: 'text', gapMs: 'number', ageMs: 'number' },
  judged: { name: 'text', verdict: 'text' },
  cell: { name: 'text', state: 'text', element: 'text', because: 'text' },
  sourceless: { selector: 'text' },
  level: { element: 'text', rms: 'numbers', peak: 'numbers' },
  picture: { name: 'text', data: 'text' },
  stalled: { name: 'text', gapMs: 'number' },
  flowing: { name: 'text', gapMs: 'number' },
  'keyframe-needed': { name: 'text', waitedMs: 'number', dropped: 'number' },
  'keyframe-came': { name: 'text', waitedMs: 'number', dropped: 'number' },
  malformed: { element: 'text', message: 'text', errors: 'number' },
  looped: { element: 'text', loops: 'number' },
  'rtp-time': { name: 'text', pipelineMs: 'number', captureMs: 'number', wallMs: 'number' },
  'stamp-source': { name: 'text', source: 'number', sequence: 'number', latencyMs: 'number' },
};

const is: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  numbers: (value) => Array.isArray(value) && value.every((one) => typeof one === 'number'),
};

/** The message as an event, or null when it is none that this version knows. */
export function parseEvent(message: Readonly<Record<string, unknown>>): WorkerEvent | null {
  const name = message.event;
  if (typeof name !== 'string' || !Object.hasOwn(FIELDS, name) || typeof message.at !== 'number') return null;
  const fields = FIELDS[name as WorkerEvent['event']];
  const fits = Object.entries(fields).every(([key, kind]) => is[kind](message[key]));
  // The fields were checked one by one above; the compiler cannot follow a table.
  return fits ? (message as unknown as WorkerEvent) : null;
}
