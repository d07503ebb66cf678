/**
 * Bytes of the xAPI in terminal mode, as TC, CE and RoomOS codecs speak it, to messages and back. Pure.
 * Sources: Cisco TelePresence API reference guides for TC7 and CE9, "xAPI over the serial port".
 */
import { type Cut, type Cutter, type Framer, framer } from '../wire/framing.ts';

/** `s` status, `c` configuration, `r` result of a command, `e` event; null: a block without a line, which only says that it is the end. */
export type BlockKind = 's' | 'c' | 'r' | 'e' | null;

/** All that came up to `** end` or `*r/end`. */
export interface Block {
  readonly is: 'block';
  readonly of: BlockKind;
  readonly lines: readonly string[];
  /** What we appended to the command as resultId; null: none came back. */
  readonly tag: string | null;
  /** It was too long: of its lines only the first is kept. */
  readonly torn: boolean;
}

export type XapiMessage =
  | Block
  /** It wants a name or a password. Has no line end. */
  | { readonly is: 'prompt'; readonly wants: 'login' | 'password' }
  /** Anything that belongs to no block: OK, errors, echoes, greetings, noise. */
  | { readonly is: 'line'; readonly text: string };

export interface XapiLimits {
  /** Longest line in bytes; what goes beyond is cut. */
  readonly line: number;
  /** Most characters kept of blocks that have not ended. */
  readonly block: number;
}

const usual: XapiLimits = { line: 2000, block: 32_000 };

const PROMPT = /^ ?(login|user(?:name)?|password):/i;
const END = /^\*\* end$|^\*r\/end$/i;
const TAG = /^\*\* resultId: "(.*)"$/i;
/** Words of the device that are never part of a block. */
const APART = /^(?:OK|ERROR|Command not recognized\.?)$/i;

export function xapiFramer(limits: XapiLimits = usual): Framer<XapiMessage> {
  const pieces = framer<Piece>(cutter(limits.line), limits.line);
  const blocks = new Blocks(limits.block);
  return {
    push: (bytes) => pieces.push(bytes).flatMap((piece) => blocks.take(piece)),
    reset() {
      pieces.reset();
      blocks.clear();
    },
    get held() {
      return pieces.held + blocks.held;
    },
  };
}

/** A line, or a prompt. */
type Piece = Extract<XapiMessage, { readonly is: 'prompt' | 'line' }>;

const CR = 0x0d;
const LF = 0x0a;
const ESC = 0x1b;
const TELNET = 0xff;

function cutter(limit: number): Cutter<Piece> {
  return (bytes) => {
    const first = bytes[0] ?? 0;
    if (first === ESC) return control(bytes);
    if (first === TELNET) return telnet(bytes);
    // Line ends, and what a port says at the wrong speed while the codec boots.
    if (first < 0x20) return { kind: 'skip', used: 1 };
    const asked = PROMPT.exec(utf8(bytes.subarray(0, 12)));
    if (asked !== null)
      return {
        kind: 'message',
        used: asked[0].length,
        message: { is: 'prompt', wants: asked[1]?.toLowerCase() === 'password' ? 'password' : 'login' },
      };
    const end = bytes.subarray(0, limit).findIndex((byte) => byte === CR || byte === LF);
    if (end > 0) return { kind: 'message', used: end + 1, message: { is: 'line', text: utf8(bytes.subarray(0, end)) } };
    return bytes.length < limit
      ? { kind: 'wait' }
      : { kind: 'message', used: limit, message: { is: 'line', text: utf8(bytes.subarray(0, limit)) } };
  };
}

/** Terminal control such as `ESC [ ? 1034 h`, which comes with switching the echo off. */
function control<M>(bytes: Uint8Array): Cut<M> {
  const LONGEST = 16;
  for (let at = 1; at < Math.min(bytes.length, LONGEST); at++) {
    const byte = bytes[at] ?? 0;
    if (at === 1 ? byte !== 0x5b : byte < 0x20 || byte > 0x7e) return { kind: 'skip', used: 1 };
    if (at > 1 && byte >= 0x40) return { kind: 'skip', used: at + 1 };
  }
  return bytes.length < LONGEST ? { kind: 'wait' } : { kind: 'skip', used: 1 };
}

/** A telnet server offers options first (IAC WILL x); not answering means no. */
function telnet<M>(bytes: Uint8Array): Cut<M> {
  const verb = bytes[1];
  if (verb === undefined) return { kind: 'wait' };
  if (verb < 0xfb || verb > 0xfe) return { kind: 'skip', used: 1 };
  return bytes.length < 3 ? { kind: 'wait' } : { kind: 'skip', used: 3 };
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

interface OpenBlock {
  readonly of: BlockKind;
  readonly lines: string[];
  tag: string | null;
  torn: boolean;
}

/**
 * Lines to blocks. News may come in the middle of an answer: a line of another kind opens a block inside the open one, which goes on when the
 * inner one has ended. So an end that was lost on the wire spoils one block and no more.
 */
class Blocks {
  readonly #limit: number;
  readonly #open: OpenBlock[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#open.reduce((sum, { lines }) => sum + lines.reduce((size, line) => size + line.length, 0), 0);
  }

  clear(): void {
    this.#open.length = 0;
  }

  take(piece: Piece): readonly XapiMessage[] {
    if (piece.is === 'prompt') {
      // Nobody is asked for a name in the middle of an answer: it has restarted.
      this.clear();
      return [piece];
    }
    const text = piece.text.trim();
    if (text === '') return [];
    if (END.test(text)) return [this.#end()];
    const tag = TAG.exec(text)?.[1];
    if (tag !== undefined) {
      this.#of(this.#open.at(-1)?.of ?? null).tag = tag.slice(0, 40);
      return [];
    }
    const kind = kindOf(text);
    if (kind !== null) this.#add(this.#of(kind), text);
    else {
      const open = this.#open.at(-1);
      if (open === undefined || !continues(open, piece.text)) return [{ is: 'line', text }];
      this.#add(open, text);
    }
    return [];
  }

  /** The open block of that kind. */
  #of(kind: BlockKind): OpenBlock {
    const open = this.#open.at(-1);
    if (open !== undefined && open.of === kind) return open;
    const made: OpenBlock = { of: kind, lines: [], tag: null, torn: false };
    this.#open.push(made);
    if (this.#open.length > 2) this.#open.shift();
    return made;
  }

  #add(open: OpenBlock, text: string): void {
    if (open.torn) return;
    if (this.held + text.length <= this.#limit) {
      open.lines.push(text);
      return;
    }
    open.torn = true;
    open.lines.length = Math.min(open.lines.length, 1);
    // The other one takes all the room: it will never end.
    if (this.held > this.#limit / 2) this.#open.splice(0, this.#open.length, open);
  }

  #end(): Block {
    const ended = this.#open.pop() ?? { of: null, lines: [], tag: null, torn: false };
    return { is: 'block', ...ended };
  }
}

function kindOf(text: string): Exclude<BlockKind, null> | null {
  // `*r Login successful` is a greeting.
  if (/^\*r \w*Result\b/.test(text)) return 'r';
  const kind = /^\*([sce]) \S/.exec(text)?.[1];
  return kind === 's' || kind === 'c' || kind === 'e' ? kind : null;
}

/** Fields of TC results are indented; the reasons of a failure have no known form, so all that comes inside a result is part of it. */
function continues(open: OpenBlock, line: string): boolean {
  return !APART.test(line.trim()) && (open.of === 'r' || /^\s/.test(line));
}

/** A status value; null: the thing is no more ("ghost"). */
export interface Leaf {
  /** `Call 2 Status`. */
  readonly path: string;
  readonly value: string | null;
}

/** What a block of status or configuration says; lines that say nothing are left out. */
export function leaves({ lines }: Block): readonly Leaf[] {
  return lines.flatMap((line): Leaf[] => {
    const gone = /^\*[sc] (.+?) \(ghost=true\):?$/i.exec(line)?.[1];
    if (gone !== undefined) return [{ path: gone, value: null }];
    const [, path, value] = /^\*[sc] ([^:]+):\s*(.*)$/.exec(line) ?? [];
    return path === undefined || value === undefined ? [] : [{ path: path.trim(), value: unquoted(value) }];
  });
}

export interface CommandResult {
  /** `DisconnectCall` of `*r DisconnectCallResult (status=OK):`. */
  readonly name: string;
  readonly ok: boolean;
  /** Why not, in its own words; the form differs by release and is for people only. */
  readonly words: string;
}

export function commandResult({ lines }: Block): CommandResult | null {
  const [first = '', ...more] = lines;
  const [, name, status] = /^\*r (\w*)Result \(status=(\w+)\):?/.exec(first) ?? [];
  if (name === undefined || status === undefined) return null;
  const words = more.map((line) => line.replace(/^\*r \w*Result\s*/, '').trim()).filter((line) => line !== '');
  return { name, ok: status.toLowerCase() === 'ok', words: [`status=${status}`, ...words].join('; ').slice(0, 200) };
}

export interface XapiEvent {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** TC tells all of an event in one line, CE one field a line. */
export function eventOf({ lines }: Block): XapiEvent | null {
  const name = /^\*e (\w+)/.exec(lines[0] ?? '')?.[1];
  if (name === undefined) return null;
  const all = lines.map((line) => line.replace(/^\*e \w+/, '')).join(' ');
  return {
    name,
    fields: new Map(Array.from(all.matchAll(/(\w+):\s*("[^"]*"|\S+)/g), ([, key = '', value = '']) => [key, unquoted(value)])),
  };
}

/** Neither `Command not recognized.` nor a bare `ERROR` is followed by an end. */
export const notRecognized = (text: string): boolean => /^(?:Command not recognized\.?|ERROR)$/i.test(text);

const unquoted = (value: string): string => (/^".*"$/.test(value) ? value.slice(1, -1) : value).trim();

/** One line to the device; with a tag the answer brings it back. CR ends it on every transport. */
export function commandLine(text: string, tag: string | null = null): Uint8Array {
  const line = text.replace(/[\p{Cc}]+/gu, ' ');
  return Buffer.from(tag === null ? `${line}\r` : `${line} | resultId="${tag}"\r`, 'utf8');
}

/** Text of people as a value. There is no way to write a quote inside quotes, so it is left out, as is what would end the line. */
export const quoted = (text: string): string => `"${text.replace(/["\p{Cc}]/gu, '')}"`;

/** The words of a command: `Audio Volume Set` of `xCommand Audio Volume Set Level: 50`. */
export function commandWords(text: string): readonly string[] {
  const [before = ''] = text.replace(/^\s*xCommand\s+/i, '').split(/\s+\S+:/);
  return before.trim().split(/\s+/);
}

/**
 * Whether a result belongs to a command. Names differ: `MicrophonesMuteResult` answers `Audio Microphones Mute`, and `DisconnectCallResult` or
 * `CallDisconnectResult` answers `Call Disconnect`. So every word of the name must be one of the command, its last among them. No name fits all.
 */
export function fits(command: readonly string[], name: string): boolean {
  if (name === '') return true;
  const ours = command.flatMap(split);
  const theirs = split(name);
  return theirs.every((word) => ours.includes(word)) && split(command.at(-1) ?? '').every((word) => theirs.includes(word));
}

/** `DTMFSend` → dtmf, send. */
const split = (name: string): readonly string[] =>
  (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []).map((word) => word.toLowerCase());
