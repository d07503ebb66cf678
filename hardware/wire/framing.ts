/**
 * Bytes to messages. A Framer takes what comes in whatever pieces it comes, holds a bounded rest, throws nothing, and finds the next whole
 * message after garbage. Pure.
 */

export interface Framer<M> {
  /** Takes bytes; answers the messages that are complete now. */
  push(bytes: Uint8Array): readonly M[];
  /** Forgets the rest: a new line begins. */
  reset(): void;
  /** Bytes held back for a message that is not complete. Bounded. */
  readonly held: number;
}

/** What a cutter says of the bytes at hand. */
export type Cut<M> =
  /** The first `used` bytes are a message. */
  | { readonly kind: 'message'; readonly used: number; readonly message: M }
  /** The first `used` bytes are nothing anybody understands. */
  | { readonly kind: 'skip'; readonly used: number }
  /** More is needed. */
  | { readonly kind: 'wait' };

/** Looks at the beginning of what is held; `bytes` is never empty. `used` must be at least 1. */
export type Cutter<M> = (bytes: Uint8Array) => Cut<M>;

/**
 * A framer from a cutter.
 * @param limit bytes; when so much is held and the cutter still waits, the oldest byte is skipped and the cutter asked again.
 */
export function framer<M>(cut: Cutter<M>, limit: number): Framer<M> {
  let rest: Uint8Array = new Uint8Array(0);
  return {
    push(bytes) {
      const messages: M[] = [];
      // Piecewise, so that a flood never makes the rest larger than twice the limit.
      for (let from = 0; from < bytes.length; from += limit) {
        rest = joined(rest, bytes.subarray(from, from + limit));
        rest = consume(rest, cut, limit, messages);
      }
      return messages;
    },
    reset() {
      rest = new Uint8Array(0);
    },
    get held() {
      return rest.length;
    },
  };
}

function consume<M>(held: Uint8Array, cut: Cutter<M>, limit: number, messages: M[]): Uint8Array {
  let at = 0;
  while (at < held.length) {
    const next = cut(held.subarray(at));
    if (next.kind === 'wait') {
      if (held.length - at < limit) break;
      at++;
      continue;
    }
    if (next.kind === 'message') messages.push(next.message);
    at += Math.max(1, next.used);
  }
  // A copy: what was handed in belongs to the caller, and a small rest must not hold a large block.
  return held.slice(at);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export interface LineFraming {
  /** Longest line in bytes; what goes beyond is cut into lines of this length. */
  readonly limit: number;
  /**
   * Tests the unfinished tail of what has come: true when it is a message without a terminator, such as `Password: `. The tail may still
   * grow: only texts that cannot be the beginning of a line belong here.
   */
  readonly prompt?: (tail: string) => boolean;
}

const CR = 0x0d;
const LF = 0x0a;

/** Text lines, in latin1 so that every byte survives. Any run of CR and LF is one line break; empty lines are nothing. */
export function lineFramer({ limit, prompt }: LineFraming): Framer<string> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return framer<string>((bytes) => {
    const end = bytes.findIndex((byte) => byte === CR || byte === LF);
    if (end === 0) return { kind: 'skip', used: 1 };
    if (end > 0) return { kind: 'message', used: end + 1, message: text(bytes.subarray(0, end)) };
    const tail = text(bytes);
    if (prompt?.(tail)) return { kind: 'message', used: bytes.length, message: tail };
    return bytes.length >= limit ? { kind: 'message', used: bytes.length, message: tail } : { kind: 'wait' };
  }, limit);
}

/** Readable form of bytes for logs and faults: `81 01 04 00 02 FF`. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');

/** Bytes of hex text, spaces allowed; null when it is none. */
export function unhex(text: string): Uint8Array | null {
  const digits = text.replace(/\s+/g, '');
  return /^(?:[0-9a-fA-F]{2})+$/.test(digits) ? new Uint8Array(Buffer.from(digits, 'hex')) : null;
}
