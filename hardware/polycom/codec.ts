/**
 * Lines of the Polycom ASCII API: HDX, RealPresence Group, Poly G7500. Facts: Polycom "HDX Integrator Reference" and "RealPresence Group
 * Series Integrator Reference"; notes of drivers in the field where said so.
 */
import { isUtf8 } from 'node:buffer';
import { type Cut, type Framer, framer } from '../wire/framing.ts';

export interface Line {
  readonly text: string;
  /**
   * It looks like the echo of a command: behind the prompt `-> ` as on telnet, or ended by LF CR instead of CR LF as HDX does it. A reply
   * behind a prompt looks the same: see Echoes.
   */
  readonly echo: boolean;
}

/** Longest line in bytes. */
const LIMIT = 512;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
/** Telnet: "interpret as command", then WILL, WONT, DO or DONT and an option. */
const IAC = 0xff;
const WILL = 0xfb;
const DONT = 0xfe;

/** Prompts come without an end of line; they are whole as soon as their colon is there. */
const PROMPT = /^(?:User(?:name)?|Password):/i;
const PROMPT_MAX = 16;

export const lines = (): Framer<Line> => framer(cut, LIMIT);

function cut(bytes: Uint8Array): Cut<Line> {
  const [first = SPACE, second] = bytes;
  if (first <= SPACE) return { kind: 'skip', used: 1 };
  if (first === IAC) return negotiation(second, bytes.length);
  const end = bytes.findIndex((byte) => byte === CR || byte === LF);
  const head = PROMPT.exec(decoded(bytes.subarray(0, end < 0 ? PROMPT_MAX : Math.min(end, PROMPT_MAX))))?.[0];
  if (head !== undefined) return { kind: 'message', used: head.length, message: { text: head, echo: false } };
  if (end < 0 ? bytes.length >= LIMIT : end > LIMIT) return { kind: 'skip', used: LIMIT };
  if (end < 0) return { kind: 'wait' };
  const whole = decoded(bytes.subarray(0, end));
  const text = whole.replace(/^(?:->\s*)+/, '');
  if (text === '') return { kind: 'skip', used: end + 1 };
  return { kind: 'message', used: end + 1, message: { text, echo: text !== whole || bytes[end] === LF } };
}

function negotiation(verb: number | undefined, held: number): Cut<Line> {
  if (verb === undefined) return { kind: 'wait' };
  if (verb < WILL || verb > DONT) return { kind: 'skip', used: 1 };
  return held < 3 ? { kind: 'wait' } : { kind: 'skip', used: 3 };
}

/** Names of rooms are in UTF-8; noise is none, and control characters are noise. */
function decoded(bytes: Uint8Array): string {
  const printable = Buffer.from(bytes.filter((byte) => byte >= SPACE));
  return printable.toString(isUtf8(printable) ? 'utf8' : 'latin1').trim();
}

/** A command as bytes. */
export const command = (text: string): Uint8Array => Buffer.from(`${text}\r`, 'utf8');

/** What people typed, made harmless within quotes: it can neither end them nor begin another command. */
export const plain = (text: string): string => text.replace(/["\p{Cc}\u2028\u2029]/gu, '').trim();

export const quoted = (text: string): string => `"${plain(text)}"`;

export const isPrompt = (text: string): boolean => PROMPT.test(text);

/** Words of a device that does not let us in. */
export const isLoginRefusal = (text: string): boolean => /^-- login failed|authentication failed/i.test(text);

/**
 * Lines a session begins with, `Hi, my name is : Room` and a block of `Key: value`. They were seen late, in the middle of other replies, so
 * each is known by its beginning: every other reply begins with a small letter, but for control events.
 */
export function introduction(text: string): { readonly key: string; readonly value: string } | null {
  const [, key, value] = /^(Hi, my name is|[A-Z][\w ./()-]*?) *:(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined || key === 'Control event') return null;
  return { key, value: value.trim().replace(/^"(.*)"$/, '$1') };
}

/** Why a reply is a no; null when it is none. `info:` says that it was refused or is so already: an answer, not noise. */
export function refusalIn(text: string): string | null {
  if (/^(?:notification|callinfo|cs|control event|active|cleared|ended):/i.test(text)) return null;
  if (/^(?:error|info):/.test(text) || /^command is not available/.test(text) || /\bfailed\.?$/.test(text)) return text;
  return null;
}
