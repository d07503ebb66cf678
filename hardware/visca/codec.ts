/**
 * VISCA packets: header, payload, FF; 3 to 16 bytes, and FF nowhere else. Source: Sony technical manuals of EVI-H100S, EVI-D100, SRG-300H and
 * BRC-X400. Pure.
 */
import { type Framer, framer } from '../wire/framing.ts';

export const VISCA_END = 0xff;
export const VISCA_MOST = 16;
const BROADCAST = 0x88;

/** What a camera says. `from` is its address, 1…7; `socket` 1 or 2 for a command, 0 where there is none. */
export type ViscaMessage =
  /** The command was taken and is being carried out. */
  | { readonly kind: 'ack'; readonly from: number; readonly socket: number }
  | { readonly kind: 'done'; readonly from: number; readonly socket: number }
  /** The answer to an inquiry. */
  | { readonly kind: 'data'; readonly from: number; readonly socket: number; readonly data: readonly number[] }
  | { readonly kind: 'error'; readonly from: number; readonly socket: number; readonly code: number }
  /** A camera was added to the chain or taken away: all must be addressed anew. */
  | { readonly kind: 'joined'; readonly from: number }
  /** The address-set broadcast is back; so many cameras have counted themselves in. */
  | { readonly kind: 'addressed'; readonly cameras: number }
  | { readonly kind: 'cleared' };

export const viscaErrors = {
  length: 0x01,
  syntax: 0x02,
  full: 0x03,
  cancelled: 0x04,
  noSocket: 0x05,
  notNow: 0x41,
} as const;

/** In the words of the manual. */
export function viscaErrorText(code: number): string {
  switch (code) {
    case viscaErrors.length:
      return 'message length error';
    case viscaErrors.syntax:
      return 'syntax error: it does not know this command';
    case viscaErrors.full:
      return 'command buffer full';
    case viscaErrors.cancelled:
      return 'command cancelled';
    case viscaErrors.noSocket:
      return 'no such socket';
    case viscaErrors.notNow:
      return 'command not executable now: in standby, or in another mode';
    default:
      return `error ${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
}

/** A whole packet for the camera at `address` 1…7; null: for all of them. */
export function viscaPacket(address: number | null, payload: readonly number[]): Uint8Array {
  return Uint8Array.of(address === null ? BROADCAST : 0x80 | address, ...payload, VISCA_END);
}

/** Of one packet, its FF included; null when it is none that a camera says. */
export function readViscaPacket(packet: Uint8Array): ViscaMessage | null {
  const [header = 0, first = 0, second = 0, third = 0] = packet;
  const { length } = packet;
  if (length < 3 || length > VISCA_MOST || packet[length - 1] !== VISCA_END) return null;
  if (header === BROADCAST) return readBroadcast(length, first, second, third);
  if (header < 0x90 || (header & 0x0f) !== 0) return null;
  const from = (header >> 4) - 8;
  const socket = first & 0x0f;
  switch (first & 0xf0) {
    case 0x30:
      return length === 3 && first === 0x38 ? { kind: 'joined', from } : null;
    case 0x40:
      return length === 3 ? { kind: 'ack', from, socket } : null;
    case 0x50:
      return length === 3 ? { kind: 'done', from, socket } : { kind: 'data', from, socket, data: Array.from(packet.subarray(2, -1)) };
    case 0x60:
      return length === 4 ? { kind: 'error', from, socket, code: second } : null;
    default:
      return null;
  }
}

function readBroadcast(length: number, first: number, second: number, third: number): ViscaMessage | null {
  if (length === 4 && first === 0x30 && second >= 1 && second <= 8) return { kind: 'addressed', cameras: second - 1 };
  return length === 5 && first === 0x01 && second === 0x00 && third === 0x01 ? { kind: 'cleared' } : null;
}

/**
 * Of what stands before an FF, the shortest end that is a packet counts: what was cut off before it, or broke into it, is skipped. Our own
 * packets, that some adapters send back, are none a camera says.
 */
export function viscaFramer(): Framer<ViscaMessage> {
  return framer<ViscaMessage>((bytes) => {
    const end = bytes.indexOf(VISCA_END);
    if (end < 0) return { kind: 'wait' };
    for (let from = end - 2; from >= Math.max(0, end + 1 - VISCA_MOST); from--) {
      const message = readViscaPacket(bytes.subarray(from, end + 1));
      if (message !== null) return { kind: 'message', used: end + 1, message };
    }
    return { kind: 'skip', used: end + 1 };
  }, VISCA_MOST);
}

/** `value` in `count` bytes of four bits each, highest first; two's complement when negative. */
export function nibbles(value: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => (value >> (4 * (count - 1 - index))) & 0x0f);
}

/** The reverse, unsigned; null when a byte is no nibble. */
export function fromNibbles(data: readonly number[]): number | null {
  return data.some((byte) => byte > 0x0f) ? null : data.reduce((value, byte) => (value << 4) | byte, 0);
}

/** The reverse, in two's complement. */
export function signedFromNibbles(data: readonly number[]): number | null {
  const value = fromNibbles(data);
  const range = 2 ** (4 * data.length);
  return value === null ? null : value >= range / 2 ? value - range : value;
}
