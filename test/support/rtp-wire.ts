/** RTP as a test sees it on the wire: a socket that collects packets, and what is in them. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Test } from 'tap';

export interface Rtp {
  readonly pt: number;
  readonly marker: boolean;
  readonly seq: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Header extension elements (RFC 8285, one-byte form) by id. */
  readonly extensions: ReadonlyMap<number, Buffer>;
  readonly payload: Buffer;
}

/** A loopback UDP port that collects what comes. */
export async function listener(t: Test): Promise<{ readonly port: number; readonly packets: Buffer[] }> {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return { port: socket.address().port, packets };
}

/** A UDP port that is free now, for another process to bind. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

export function parseRtp(packet: Buffer): Rtp {
  const extensions = new Map<number, Buffer>();
  const [first = 0, second = 0] = packet;
  let at = 12 + 4 * (first & 0x0f);
  if (first & 0x10) {
    const end = at + 4 + 4 * packet.readUInt16BE(at + 2);
    const oneByte = packet.readUInt16BE(at) === 0xbede;
    for (let i = at + 4; oneByte && i < end; ) {
      const head = packet[i] ?? 0;
      const length = (head & 0x0f) + 1;
      if (head !== 0) extensions.set(head >> 4, packet.subarray(i + 1, i + 1 + length));
      i += head === 0 ? 1 : 1 + length;
    }
    at = end;
  }
  return {
    pt: second & 0x7f,
    marker: second > 127,
    seq: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    extensions,
    payload: packet.subarray(at),
  };
}

/** NTP seconds since 1900 in 32.32 to Unix milliseconds. */
export const ntpMs = (ntp: Buffer): number => (ntp.readUInt32BE(0) - 2_208_988_800) * 1000 + (ntp.readUInt32BE(4) * 1000) / 2 ** 32;

/** True for the packet with which an H.264 IDR begins: a single NAL unit, or the first fragment, of type 5. */
export function beginsIdr({ payload }: Rtp): boolean {
  const [first = 0, second = 0] = payload;
  return (first & 0x1f) === 5 || ((first & 0x1f) === 28 && (second & 0x9f) === 0x85);
}

/** Steps from each timestamp to the next, in the order of first appearance. */
export function timestampSteps(packets: readonly Rtp[]): readonly number[] {
  const times = [...new Set(packets.map(({ timestamp }) => timestamp))];
  return times.slice(1).map((time, i) => (time - (times[i] ?? 0)) >>> 0);
}
