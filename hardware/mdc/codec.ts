/**
 * Samsung MDC on the wire: `AA command id length data… sum`, answered by `AA FF id length 41|4E command values… sum`; the sum is the low byte
 * of everything after `AA`. Pure. Source: Samsung "MDC Protocol" 13.7c.
 */
import { type Cut, type Framer, framer } from '../wire/framing.ts';

const HEADER = 0xaa;
const REPLY = 0xff;
const ACK = 0x41;
const NAK = 0x4e;
/** Replies are shorter; a length beyond it is a damaged byte, and waiting for so much would eat the replies behind. */
const DATA_MAX = 64;
export const FRAME_LIMIT = 4 + DATA_MAX + 1;
/** Everybody on the line, and nobody answers. */
export const BROADCAST = 0xfe;

export const commands = {
  status: 0x00,
  power: 0x11,
  volume: 0x12,
  mute: 0x13,
  input: 0x14,
  /** Whether the panel is dark: 0 is light. */
  panel: 0xf9,
} as const;

export interface MdcMessage {
  readonly id: number;
  /** False: it said no, and `values` is its reason. */
  readonly ok: boolean;
  readonly command: number;
  readonly values: readonly number[];
}

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

/** Without data it asks. */
export function encode(id: number, command: number, data: readonly number[] = []): Uint8Array {
  const body = Uint8Array.of(command, id, data.length, ...data);
  return Uint8Array.of(HEADER, ...body, sum(body));
}

/** A whole command as it goes over the wire, written by a person: its parts, or null when length or sum are wrong. */
export function dissect(bytes: Uint8Array): { readonly id: number; readonly command: number } | null {
  const [header, command, id, length] = bytes;
  if (header !== HEADER || command === undefined || id === undefined || length === undefined) return null;
  if (command === REPLY || bytes.length !== 4 + length + 1 || sum(bytes.subarray(1, -1)) !== bytes.at(-1)) return null;
  return { id, command };
}

export const mdcFramer = (): Framer<MdcMessage> => framer(cut, FRAME_LIMIT);

function cut(bytes: Uint8Array): Cut<MdcMessage> {
  const header = bytes.indexOf(HEADER);
  if (header !== 0) return { kind: 'skip', used: header < 0 ? bytes.length : header };
  const first = frame(bytes);
  if (first.kind !== 'wait') return first;
  // A damaged length makes a frame seem longer than it is: a whole one behind its beginning proves it.
  for (let at = bytes.indexOf(HEADER, 1); at > 0; at = bytes.indexOf(HEADER, at + 1)) {
    if (frame(bytes.subarray(at)).kind === 'message') return { kind: 'skip', used: at };
  }
  return first;
}

/** The frame at the very beginning. */
function frame(bytes: Uint8Array): Cut<MdcMessage> {
  const bad = { kind: 'skip', used: 1 } as const;
  const [, reply = REPLY, id = 0, length = 2, verdict = ACK, command = 0] = bytes;
  if (reply !== REPLY || length < 2 || length > DATA_MAX || (verdict !== ACK && verdict !== NAK)) return bad;
  const used = 4 + length + 1;
  if (bytes.length < Math.max(used, 7)) return { kind: 'wait' };
  if (sum(bytes.subarray(1, used - 1)) !== bytes[used - 1]) return bad;
  return { kind: 'message', used, message: { id, ok: verdict === ACK, command, values: Array.from(bytes.subarray(6, used - 1)) } };
}
