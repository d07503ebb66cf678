/**
 * LG displays on the wire: `ka 01 FF` and CR, answered by `a 01 OK01x`: the second letter of the command, and the letter x for an end; there
 * is no CR or LF. Pure. Source: "RS-232 control" of LG's manuals for 55LV5400, M4210 and 55WV70MS.
 */
import { type Cut, type Framer, framer } from '../wire/framing.ts';

export const FRAME_LIMIT = 40;

export const commands = { power: 'ka', input: 'xb', picture: 'kd', sound: 'ke', volume: 'kf' } as const;
export type LgCommand = (typeof commands)[keyof typeof commands];

/** Asks instead of setting. */
export const QUERY = 0xff;

export interface LgMessage {
  /** The second letter of the command. */
  readonly letter: string;
  readonly id: number;
  readonly ok: boolean;
  /** Hex digits in upper case. */
  readonly data: string;
}

export const byte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** @param id of the set: 1…254; 0 is all of them, and none answers. */
export const encode = (command: string, id: number, ...data: readonly number[]): Uint8Array =>
  Buffer.from(`${[command, byte(id), ...data.map(byte)].join(' ')}\r`, 'latin1');

const WHOLE = /^([a-z]) ([0-9A-Fa-f]{2}) (OK|NG)([0-9A-Fa-f]{0,32})x/;
/** What can still become a whole answer. */
const BEGUN = /^[a-z](?: (?:[0-9A-Fa-f]{0,2}|[0-9A-Fa-f]{2} (?:[ON]?|(?:OK|NG)[0-9A-Fa-f]{0,32})))?$/;

export const lgFramer = (): Framer<LgMessage> => framer(cut, FRAME_LIMIT);

function cut(bytes: Uint8Array): Cut<LgMessage> {
  const text = Buffer.from(bytes.subarray(0, FRAME_LIMIT)).toString('latin1');
  const [whole, letter, id, verdict, data] = WHOLE.exec(text) ?? [];
  if (whole !== undefined && letter !== undefined && id !== undefined && data !== undefined) {
    const message = { letter, id: Number.parseInt(id, 16), ok: verdict === 'OK', data: data.toUpperCase() };
    return { kind: 'message', used: whole.length, message };
  }
  return BEGUN.test(text) ? { kind: 'wait' } : { kind: 'skip', used: 1 };
}
