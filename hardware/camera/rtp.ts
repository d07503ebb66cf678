/** H.264 as RTP: single NAL units and FU-A (RFC 6184 §5.6, §5.8), sender reports (RFC 3550 §6.4.1), framing for TCP (RFC 2326 §10.12). Pure. */

/** Of the whole packet: fits an Ethernet frame also within a tunnel. */
export const MAX_PACKET = 1400;
export const PAYLOAD_TYPE = 96;
/** RTP time of video, ticks a second. */
export const CLOCK_RATE = 90_000;
/** A sender's SSRC and where its counting begins; the rest counts modulo 2^16 and 2^32. */
export interface RtpStream {
  readonly ssrc: number;
  sequence: number;
}

const HEADER = 12;
const VERSION = 0x80;
const MARKER = 0x80;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;

/** The packets of one access unit. They carry one timestamp, the last carries the marker. Moves `stream.sequence` on. */
export function packetise(nals: readonly Uint8Array[], time: number, stream: RtpStream): readonly Buffer[] {
  const payloads = nals.flatMap(split);
  return payloads.map((payload, i) => {
    const packet = Buffer.allocUnsafe(HEADER + payload.length);
    packet[0] = VERSION;
    packet[1] = PAYLOAD_TYPE | (i === payloads.length - 1 ? MARKER : 0);
    packet.writeUInt16BE(stream.sequence, 2);
    packet.writeUInt32BE(time >>> 0, 4);
    packet.writeUInt32BE(stream.ssrc, 8);
    packet.set(payload, HEADER);
    stream.sequence = (stream.sequence + 1) & 0xffff;
    return packet;
  });
}

/** A NAL unit as payloads: itself when it fits, else fragments; all but the last are full. */
function split(nal: Uint8Array): readonly Uint8Array[] {
  const room = MAX_PACKET - HEADER;
  if (nal.length <= room) return [nal];
  const head = nal[0] ?? 0;
  const body = nal.subarray(1);
  const size = room - 2;
  return Array.from({ length: Math.ceil(body.length / size) }, (_, i) => {
    const part = body.subarray(i * size, (i + 1) * size);
    const ends = (i + 1) * size >= body.length;
    const fragment = new Uint8Array(part.length + 2);
    fragment[0] = (head & 0xe0) | FU_A;
    fragment[1] = (i === 0 ? FU_START : 0) | (ends ? FU_END : 0) | (head & 0x1f);
    fragment.set(part, 2);
    return fragment;
  });
}

const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const CNAME = 1;
/** From 1900, where NTP begins, to 1970, in seconds. */
const NTP_EPOCH = 2_208_988_800;

export interface Sent {
  readonly packets: number;
  /** Payload without headers. */
  readonly bytes: number;
}

/** A sender report and the name that every compound packet carries. `wallMs` is the wall clock at RTP time `time`. */
export function senderReport({ ssrc }: RtpStream, time: number, wallMs: number, { packets, bytes }: Sent): Buffer {
  const name = Buffer.from('camera');
  const description = 4 + 4 + 2 + name.length + 1;
  const report = Buffer.alloc(28 + Math.ceil(description / 4) * 4);
  report.set([VERSION, SENDER_REPORT]);
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeUInt32BE((Math.floor(wallMs / 1000) + NTP_EPOCH) >>> 0, 8);
  report.writeUInt32BE(Math.floor(((wallMs % 1000) / 1000) * 2 ** 32) >>> 0, 12);
  report.writeUInt32BE(time >>> 0, 16);
  report.writeUInt32BE(packets >>> 0, 20);
  report.writeUInt32BE(bytes % 2 ** 32, 24);
  report.set([VERSION | 1, SOURCE_DESCRIPTION], 28);
  report.writeUInt16BE((report.length - 28) / 4 - 1, 30);
  report.writeUInt32BE(ssrc, 32);
  report.set([CNAME, name.length], 36);
  report.set(name, 38);
  return report;
}

/** Packets as one run of bytes for a channel of the RTSP connection. */
export function interleave(packets: readonly Buffer[], channel: number): Buffer {
  const parts = packets.flatMap((packet) => {
    const head = Buffer.of(0x24, channel, 0, 0);
    head.writeUInt16BE(packet.length, 2);
    return [head, packet];
  });
  return Buffer.concat(parts);
}
