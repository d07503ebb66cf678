/** PJLink on the wire: one line each way, ended by CR, at most 136 bytes. Pure. Source: JBMIA "PJLink Specifications" 1.04 and 2.00. */
import { createHash } from 'node:crypto';
import type { Framer } from '../wire/framing.ts';
import { lineFramer } from '../wire/framing.ts';

/** The standard allows 136; some devices send longer texts in INFO. */
export const FRAME_LIMIT = 256;
/** Of the parameter: 136 less `%1POWR `, and the CR. */
const PARAMETER_MAX = 128;

export type PjlinkClass = '1' | '2';

/** What `%1XXXX=ERRn` means. */
export const errors = {
  ERR1: 'it does not know this command',
  ERR2: 'it does not take this value',
  ERR3: 'not now: it is off, warming up or cooling down',
  ERR4: 'it has a failure',
} as const;
export type PjlinkError = keyof typeof errors;

export type PjlinkMessage =
  /** The first words of the device; `salt` null: it wants no password. */
  | { readonly is: 'greeting'; readonly salt: string | null }
  /** It does not accept our password, and closes. */
  | { readonly is: 'login-refused' }
  /** `POWR=OK`: a command was taken. */
  | { readonly is: 'taken'; readonly command: string }
  | { readonly is: 'error'; readonly command: string; readonly error: PjlinkError }
  | { readonly is: 'value'; readonly command: string; readonly value: string }
  | { readonly is: 'noise'; readonly text: string };

/** The line for a command; `?` asks. What could end the line early is left out of the parameter. */
export function encode(level: PjlinkClass, command: string, parameter: string): Uint8Array {
  const safe = Array.from(parameter)
    .filter((letter) => letter >= ' ' && letter !== '\x7f')
    .join('');
  return Buffer.concat([Buffer.from(`%${level}${command} `, 'latin1'), Buffer.from(safe).subarray(0, PARAMETER_MAX), Buffer.from('\r')]);
}

/** What goes before the first command of a connection whose device greeted with `salt`. */
export const digest = (salt: string, password: string): string =>
  createHash('md5')
    .update(salt + password)
    .digest('hex');

/** One line without its end. Names are UTF-8, all else is ASCII. Bytes before the `%` of a reply are noise of the line. */
export function parse(line: string): PjlinkMessage {
  const reply = /%[12]([A-Za-z0-9]{4})=(.*)$/.exec(line);
  if (reply !== null) return said((reply[1] ?? '').toUpperCase(), reply[2] ?? '');
  const greeting = /PJLINK (0|1 ([0-9A-Fa-f]{8})|ERRA)\s*$/i.exec(line);
  if (greeting === null) return { is: 'noise', text: line };
  if (greeting[1]?.toUpperCase() === 'ERRA') return { is: 'login-refused' };
  return { is: 'greeting', salt: greeting[2] ?? null };
}

function said(command: string, value: string): PjlinkMessage {
  const word = value.trim().toUpperCase();
  if (word === 'OK') return { is: 'taken', command };
  if (isError(word)) return { is: 'error', command, error: word };
  return { is: 'value', command, value: Buffer.from(value, 'latin1').toString('utf8') };
}

const isError = (word: string): word is PjlinkError => word in errors;

export function pjlinkFramer(): Framer<PjlinkMessage> {
  const lines = lineFramer({ limit: FRAME_LIMIT });
  return {
    push: (bytes) => lines.push(bytes).map(parse),
    reset: () => lines.reset(),
    get held() {
      return lines.held;
    },
  };
}
