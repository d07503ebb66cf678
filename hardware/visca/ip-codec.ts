/**
 * VISCA over IP: datagrams of an eight-byte header (type, length, sequence number, big-endian) and a VISCA packet. Source: Sony technical
 * manuals of SRG-300H and BRC-X400, "VISCA over IP". Pure.
 */
import { type Framer, framer } from '../wire/framing.ts';
import { readViscaPacket, VISCA_MOST, type ViscaMessage } from './codec.ts';

const HEADER = 8;

export const ipTypes = {
  command: 0x0100,
  inquiry: 0x0110,
  reply: 0x0111,
  setting: 0x0120,
  control: 0x0200,
  controlReply: 0x0201,
} as const;

/** What a camera sends. `sequence` is that of the message it answers. */
export type IpMessage =
  | { readonly kind: 'visca'; readonly sequence: number; readonly message: ViscaMessage }
  /** The sequence numbers were reset. */
  | { readonly kind: 'reset'; readonly sequence: number }
  /** Not the number it expects: it has had it before, or it counts from elsewhere. */
  | { readonly kind: 'out of step'; readonly sequence: number }
  | { readonly kind: 'abnormal'; readonly sequence: number };

export function ipDatagram(type: number, sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type);
  view.setUint16(2, payload.length);
  view.setUint32(4, sequence);
  bytes.set(payload, HEADER);
  return bytes;
}

/** Resets the sequence numbers: the next message is number 1. */
export const ipReset = (): Uint8Array => ipDatagram(ipTypes.control, 0, Uint8Array.of(0x01));

/** Inquiries differ from everything else by their second byte. */
export const isInquiry = (packet: Uint8Array): boolean => packet[1] === 0x09;

function readIp(type: number, sequence: number, payload: Uint8Array): IpMessage | null {
  if (type === ipTypes.reply) {
    const message = readViscaPacket(payload);
    return message === null ? null : { kind: 'visca', sequence, message };
  }
  if (type !== ipTypes.controlReply) return null;
  const [first, second] = payload;
  if (payload.length === 1 && first === 0x01) return { kind: 'reset', sequence };
  if (payload.length !== 2 || first !== 0x0f) return null;
  return second === 0x01 ? { kind: 'out of step', sequence } : second === 0x02 ? { kind: 'abnormal', sequence } : null;
}

/** Datagrams come whole; what was cut off or glued together on its way is sorted out all the same. */
export function ipFramer(): Framer<IpMessage> {
  return framer<IpMessage>((bytes) => {
    const skip = { kind: 'skip', used: 1 } as const;
    if (bytes[0] !== 0x01 && bytes[0] !== 0x02) return skip;
    if (bytes.length < HEADER) return { kind: 'wait' };
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const type = view.getUint16(0);
    const length = view.getUint16(2);
    if ((type !== ipTypes.reply && type !== ipTypes.controlReply) || length < 1 || length > VISCA_MOST) return skip;
    if (bytes.length < HEADER + length) return { kind: 'wait' };
    const message = readIp(type, view.getUint32(4), bytes.subarray(HEADER, HEADER + length));
    return message === null ? skip : { kind: 'message', used: HEADER + length, message };
  }, HEADER + VISCA_MOST);
}
