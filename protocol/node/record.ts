/** The outbox's file format, pure: one record a line, `CRC32 JSON`, so that a torn or flipped line is seen and skipped. */

export type RecordClass = 'event' | 'telemetry';

/** What is stored of a message until it has arrived. */
export interface Stored {
  readonly boot: string;
  readonly seq: number;
  readonly at: number;
  readonly body: unknown;
}

/** A note that everything of `boot` up to `seq` has arrived. */
export interface Acked {
  readonly ack: { readonly boot: string; readonly seq: number };
}

export type Line = Stored | Acked;

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (IEEE 802.3). Written out because node:zlib has it only from Node 20.15 on. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function formatLine(line: Line): Buffer {
  const json = Buffer.from(JSON.stringify(line));
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} `), json, Buffer.from('\n')]);
}

/** Reads one line without its line end; null when it is torn, flipped or foreign. */
export function parseLine(bytes: Buffer): Line | null {
  const json = bytes.subarray(9);
  if (bytes.length < 11 || bytes[8] !== 0x20 || Number.parseInt(bytes.toString('latin1', 0, 8), 16) !== crc32(json)) return null;
  // The checksum holds, so this is what formatLine wrote.
  return JSON.parse(json.toString('utf8')) as Line;
}

export interface Placed {
  readonly line: Stored;
  readonly offset: number;
  readonly length: number;
}

/** All good lines of a segment's bytes, and how many were bad. */
export function parseSegment(bytes: Buffer): {
  readonly stored: readonly Placed[];
  readonly acks: readonly Acked['ack'][];
  readonly bad: number;
} {
  const stored: Placed[] = [];
  const acks: Acked['ack'][] = [];
  let bad = 0;
  for (let offset = 0; offset < bytes.length; ) {
    const end = bytes.indexOf(0x0a, offset);
    const stop = end === -1 ? bytes.length : end;
    const line = end === -1 ? null : parseLine(bytes.subarray(offset, stop));
    if (line === null) bad += 1;
    else if ('ack' in line) acks.push(line.ack);
    else stored.push({ line, offset, length: stop - offset });
    offset = stop + 1;
  }
  return { stored, acks, bad };
}
