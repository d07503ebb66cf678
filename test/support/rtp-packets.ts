/** RTP for tests of packet engines: packets built byte by byte, small senders of pictures and sound, and loopback UDP ports to send from and to. */
import { createSocket, type Socket } from 'node:dgram';
import type { Test } from 'tap';

export interface Packet {
  readonly ssrc: number;
  readonly seq: number;
  readonly time: number;
  readonly type: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  /** Capture time for the NTP-64 header extension (id 1), in ms since 1970; null = no extension. */
  readonly captured: number | null;
  /** Loudness for the audio level header extension (id 2, RFC 6464), in dB below overload; absent = no extension. */
  readonly level?: number | undefined;
}

const NTP_EPOCH_S = 2_208_988_800;

export function packet({ ssrc, seq, time, type, marker, payload, captured, level }: Packet): Buffer {
  const elements = [...(captured === null ? [] : [ntpElement(captured)]), ...(level === undefined ? [] : [Buffer.from([0x20, level])])];
  const extension = Buffer.concat(elements);
  const header = Buffer.alloc(extension.length === 0 ? 12 : 12 + 4 + Math.ceil(extension.length / 4) * 4);
  header[0] = 0x80 | (extension.length === 0 ? 0 : 0x10);
  header[1] = (marker ? 0x80 : 0) | type;
  header.writeUInt16BE(seq & 0xffff, 2);
  header.writeUInt32BE(time >>> 0, 4);
  header.writeUInt32BE(ssrc >>> 0, 8);
  if (extension.length > 0) {
    header.writeUInt16BE(0xbede, 12);
    header.writeUInt16BE(Math.ceil(extension.length / 4), 14);
    extension.copy(header, 16);
  }
  return Buffer.concat([header, payload]);
}

function ntpElement(captured: number): Buffer {
  const element = Buffer.alloc(9);
  element[0] = 0x17;
  element.writeUInt32BE(Math.floor(captured / 1000) + NTP_EPOCH_S, 1);
  element.writeUInt32BE(Math.floor(((captured % 1000) / 1000) * 2 ** 32), 5);
  return element;
}

export function unpack(bytes: Buffer): Packet {
  const extension = (bytes[0] ?? 0) & 0x10;
  const start = 12 + (extension ? 4 + bytes.readUInt16BE(14) * 4 : 0);
  return {
    ssrc: bytes.readUInt32BE(8),
    seq: bytes.readUInt16BE(2),
    time: bytes.readUInt32BE(4),
    type: (bytes[1] ?? 0) & 127,
    marker: ((bytes[1] ?? 0) & 128) !== 0,
    payload: bytes.subarray(start),
    captured: null,
  };
}

/** A NAL unit of `size` bytes. Types: 1 = slice, 5 = IDR slice, 7 = SPS, 8 = PPS, 9 = access unit delimiter. */
export function nal(type: number, size: number, refIdc = 3): Buffer {
  const bytes = Buffer.alloc(size, 0xa5);
  bytes[0] = (refIdc << 5) | type;
  return bytes;
}

/** RFC 6184 §5.7.1. */
export const stapA = (...nals: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x78]), ...nals.flatMap((each) => [Buffer.from([each.length >> 8, each.length & 255]), each])]);

/** RFC 6184 §5.8: the fragments of one NAL unit. */
export function fuA(unit: Buffer, pieces: number): readonly Buffer[] {
  const header = unit[0] ?? 0;
  const step = Math.ceil((unit.length - 1) / pieces);
  return Array.from({ length: pieces }, (_, i) => {
    const mark = (i === 0 ? 0x80 : 0) | (i === pieces - 1 ? 0x40 : 0) | (header & 31);
    return Buffer.concat([Buffer.from([(header & 0xe0) | 28, mark]), unit.subarray(1 + i * step, 1 + (i + 1) * step)]);
  });
}

interface FrameOptions {
  readonly idr?: boolean;
  readonly size?: number;
  readonly captured?: number | null;
  readonly level?: number;
}

/** Makes the packets of a picture, frame by frame. */
export class Pictures {
  readonly ssrc: number;
  readonly #step: number;
  seq: number;
  time: number;

  constructor(ssrc: number, { fps = 25, seq = 1000, time = 5000 } = {}) {
    this.ssrc = ssrc;
    this.#step = 90_000 / fps;
    this.seq = seq;
    this.time = time;
  }

  /** An IDR (SPS and PPS in one packet, then fragments) or a slice, of about `size` bytes. */
  frame({ idr = false, size = 2400, captured = null, level }: FrameOptions = {}): readonly Buffer[] {
    const pieces = Math.ceil(size / 1100);
    const unit = nal(idr ? 5 : 1, size);
    const body = pieces === 1 ? [unit] : fuA(unit, pieces);
    const payloads = idr ? [stapA(nal(7, 20), nal(8, 8)), ...body] : body;
    const packets = payloads.map((payload, i) => {
      const marker = i === payloads.length - 1;
      return packet({ ssrc: this.ssrc, seq: this.seq++, time: this.time, type: 96, marker, payload, captured, level });
    });
    this.time += this.#step;
    return packets;
  }
}

/** Makes Opus-like packets of 20 ms. */
export class Sound {
  readonly ssrc: number;
  seq: number;
  time: number;

  constructor(ssrc: number, { seq = 2000, time = 7000 } = {}) {
    this.ssrc = ssrc;
    this.seq = seq;
    this.time = time;
  }

  packet({ size = 80, captured = null, level }: { size?: number; captured?: number | null; level?: number } = {}): Buffer {
    const payload = Buffer.alloc(size, 0x5a);
    const bytes = packet({ ssrc: this.ssrc, seq: this.seq++, time: this.time, type: 111, marker: false, payload, captured, level });
    this.time += 960;
    return bytes;
  }
}

export interface UdpPort {
  readonly port: number;
  /** All that has come. */
  readonly packets: Buffer[];
  readonly of: (ssrc: number) => readonly Packet[];
  readonly send: (to: number, ...packets: readonly Buffer[]) => void;
  readonly socket: Socket;
}

/** A UDP port of 127.0.0.1 for the length of a test. */
export async function udpPort(t: Test): Promise<UdpPort> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  let open = true;
  socket.on('close', () => {
    open = false;
  });
  t.teardown(() => {
    if (open) socket.close();
  });
  const packets: Buffer[] = [];
  socket.on('message', (bytes) => packets.push(bytes));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    packets,
    of: (ssrc) => packets.map(unpack).filter((each) => each.ssrc === ssrc),
    send: (to, ...out) => {
      for (const each of out) socket.send(each, to, '127.0.0.1');
    },
    socket,
  };
}
