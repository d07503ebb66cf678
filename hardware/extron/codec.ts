/**
 * Lines of Extron's Simple Instruction Set (SIS) for matrix switchers. Facts: Extron "DXP HDMI User Guide" 68-1370, SIS tables, and "DXP HD".
 * Commands need no end, but for those that begin with escape; replies end with CR LF. The banner has a © in latin1.
 */
import { type Cut, type Framer, framer } from '../wire/framing.ts';

/** What a tie carries. */
export type Layer = 'all' | 'video' | 'audio';

export type Reply =
  /** Input 0: nothing is tied. Output null: all of them. */
  | { readonly is: 'tie'; readonly output: number | null; readonly input: number; readonly layer: Layer }
  /** A bare number: what a question is answered with in the quieter modes. */
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'recalled'; readonly preset: number }
  | { readonly is: 'saved'; readonly preset: number }
  | { readonly is: 'mute'; readonly output: number; readonly layer: 'video' | 'audio'; readonly on: boolean }
  | { readonly is: 'verbose'; readonly level: number }
  | { readonly is: 'size'; readonly inputs: number; readonly outputs: number; readonly text: string }
  | { readonly is: 'banner'; readonly model: string; readonly firmware: string }
  | { readonly is: 'error'; readonly number: number; readonly because: string }
  | { readonly is: 'prompt' }
  | { readonly is: 'welcome' }
  /** Anything else. */
  | { readonly is: 'text'; readonly text: string };

/** Longest line in bytes. */
const LIMIT = 256;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
/** It comes without an end of line. */
const PROMPT = 'Password:';

export const replies = (): Framer<Reply> => framer(cut, LIMIT);

function cut(bytes: Uint8Array): Cut<Reply> {
  const [first = SPACE] = bytes;
  if (first <= SPACE) return { kind: 'skip', used: 1 };
  if (latin1(bytes.subarray(0, PROMPT.length)) === PROMPT) return { kind: 'message', used: PROMPT.length, message: { is: 'prompt' } };
  const end = bytes.findIndex((byte) => byte === CR || byte === LF);
  if (end < 0 ? bytes.length >= LIMIT : end > LIMIT) return { kind: 'skip', used: LIMIT };
  if (end < 0) return { kind: 'wait' };
  return { kind: 'message', used: end + 1, message: parse(latin1(bytes.subarray(0, end)).trim()) };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const LAYERS: Readonly<Record<string, Layer>> = { all: 'all', vid: 'video', rgb: 'video', aud: 'audio' };

const ERRORS: Readonly<Record<number, string>> = {
  1: 'bad input',
  10: 'unrecognised command',
  11: 'bad preset',
  12: 'bad output',
  13: 'bad parameter',
  14: 'not valid for this unit',
  17: 'timed out, or not valid in this configuration',
  22: 'busy',
  24: 'not allowed for this user',
};

/** The number of the error that means "try again". */
export const BUSY = 22;

/** Fields are as wide as the frame is large: `Out3` and `Out03` are the same. */
export function parse(line: string): Reply {
  return (
    tie(line) ??
    numbered(line, /^(\d{1,3})$/, (value) => ({ is: 'number', value })) ??
    numbered(line, /^Rpr *(\d{1,3})$/i, (preset) => ({ is: 'recalled', preset })) ??
    numbered(line, /^Spr *(\d{1,3})$/i, (preset) => ({ is: 'saved', preset })) ??
    numbered(line, /^Vrb *(\d)$/i, (level) => ({ is: 'verbose', level })) ??
    numbered(line, /^E(\d\d)$/, (number) => ({ is: 'error', number, because: `E${two(number)}: ${ERRORS[number] ?? 'unknown error'}` })) ??
    mute(line) ??
    size(line) ??
    banner(line) ??
    (/^Login /i.test(line) ? { is: 'welcome' } : { is: 'text', text: line })
  );
}

function numbered(line: string, pattern: RegExp, make: (value: number) => Reply): Reply | null {
  const digits = pattern.exec(line)?.[1];
  return digits === undefined ? null : make(Number(digits));
}

function tie(line: string): Reply | null {
  const [, output, input, word = 'all'] = /^(?:Out *(\d{1,3}) +)?In *(\d{1,3})(?: +(All|Vid|RGB|Aud))?$/i.exec(line) ?? [];
  const layer = LAYERS[word.toLowerCase()];
  if (input === undefined || layer === undefined) return null;
  return { is: 'tie', output: output === undefined ? null : Number(output), input: Number(input), layer };
}

function mute(line: string): Reply | null {
  const [, letter, output, on] = /^([VA])mt *(\d{1,3}) *\* *([01])$/i.exec(line) ?? [];
  if (letter === undefined || output === undefined) return null;
  return { is: 'mute', output: Number(output), layer: letter.toUpperCase() === 'V' ? 'video' : 'audio', on: on === '1' };
}

/** `M12X12 M12X12`, or with other letters: the first is the picture. */
function size(line: string): Reply | null {
  const [, inputs, outputs] = /^[A-Z](\d{1,3})X(\d{1,3})(?: |$)/i.exec(line) ?? [];
  return inputs === undefined || outputs === undefined
    ? null
    : { is: 'size', inputs: Number(inputs), outputs: Number(outputs), text: line };
}

function banner(line: string): Reply | null {
  if (!/\bExtron\b/i.test(line)) return null;
  const model = /Extron[^,]*, *([^,]+)/i.exec(line)?.[1] ?? '';
  const firmware = /\bV(\d[\d.]*)/.exec(line)?.[1] ?? '';
  return { is: 'banner', model: model.trim().slice(0, 100), firmware: firmware.slice(0, 20) };
}

const two = (value: number): string => String(value).padStart(2, '0');

const ESCAPE = '\x1b';
const MARK = { all: '!', video: '%', audio: '$' } as const;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const encode = {
  identify: bytes('I'),
  /** Level 3: replies with tags, changes told unasked. */
  verbose: (level: number) => bytes(`${ESCAPE}${level}CV\r`),
  /** Input 0 unties. */
  tie: (input: number, output: number, layer: Layer) => bytes(`${input}*${output}${MARK[layer]}`),
  tieAll: (input: number, layer: Layer) => bytes(`${input}*${MARK[layer]}`),
  askTie: (output: number, layer: Layer) => bytes(`${output}${MARK[layer]}`),
  recall: (preset: number) => bytes(`${preset}.`),
  save: (preset: number) => bytes(`${preset},`),
  mute: (output: number, layer: 'video' | 'audio', on: boolean) => bytes(`${output}*${on ? 1 : 0}${layer === 'video' ? 'B' : 'Z'}`),
  password: (password: string) => bytes(`${password.replace(/[\r\n]/g, '')}\r`),
  /** As typed, but for control characters; `W` and `|` stand for escape and CR in this language. */
  raw: (text: string) => bytes(text.replace(/\p{Cc}/gu, '')),
} as const;
