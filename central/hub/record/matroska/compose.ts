/**
 * Blocks to a Matroska file that can be searched: clusters that begin with a key picture where there is one, an index at the end. Pure: gives
 * bytes to append, and at the end what to write over.
 */
import { ids } from './ids.ts';
import type { Track } from './parse.ts';

/** Bytes for a place in the file that was left open. */
export interface Patch {
  readonly at: number;
  readonly bytes: Buffer;
}

const clusterMs = 5_000;
const clusterBytes = 4 * 1024 * 1024;
const seekHeadBytes = 64;
const unknownSize = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

function idBytes(id: number): Buffer {
  const length = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(id, 0, length);
  return bytes;
}

/** Always eight bytes: simple, and the same wherever it is patched. */
function sizeBytes(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(0x0100000000000000n | BigInt(size));
  return bytes;
}

function element(id: number, ...content: readonly Buffer[]): Buffer {
  const size = content.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([idBytes(id), sizeBytes(size), ...content]);
}

function uint(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.round(value)));
  return element(id, bytes);
}

function float(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

const text = (id: number, value: string): Buffer => element(id, Buffer.from(value));

function trackBytes(track: Track): Buffer {
  const isPicture = track.kind === 'picture';
  const own = isPicture
    ? element(ids.video, uint(ids.pixelWidth, track.width), uint(ids.pixelHeight, track.height))
    : element(ids.audio, float(ids.samplingFrequency, track.rate), uint(ids.channels, track.channels));
  return element(
    ids.trackEntry,
    uint(ids.trackNumber, track.number),
    uint(ids.trackUid, track.number),
    uint(ids.trackType, isPicture ? 1 : 2),
    uint(ids.flagLacing, 0),
    text(ids.codecId, track.codec),
    element(ids.codecPrivate, track.codecPrivate),
    ...(isPicture ? [] : [uint(ids.codecDelay, track.codecDelayNs), uint(ids.seekPreRoll, track.seekPreRollNs)]),
    own,
  );
}

export class MatroskaComposer {
  readonly #head: Buffer;
  readonly #segmentAt: number;
  readonly #durationAt: number;
  readonly #hasPictures: boolean;
  readonly #cues: { readonly at: number; readonly track: number; readonly cluster: number }[] = [];
  #cluster: Buffer[] = [];
  #clusterAt = 0;
  #clusterSize = 0;
  #written: number;
  #last = 0;

  /** @param startedAt Unix ms, told to players as the date. */
  constructor(tracks: readonly Track[], startedAt: number) {
    this.#hasPictures = tracks.some(({ kind }) => kind === 'picture');
    const ebml = element(
      ids.ebml,
      uint(ids.ebmlVersion, 1),
      uint(ids.ebmlReadVersion, 1),
      uint(ids.ebmlMaxIdLength, 4),
      uint(ids.ebmlMaxSizeLength, 8),
      text(ids.docType, 'matroska'),
      uint(ids.docTypeVersion, 4),
      uint(ids.docTypeReadVersion, 2),
    );
    const date = Buffer.alloc(8);
    // Nanoseconds since 2001.
    date.writeBigInt64BE(BigInt(Math.round(startedAt) - 978_307_200_000) * 1_000_000n);
    const before = [
      uint(ids.timestampScale, 1_000_000),
      text(ids.muxingApp, 'diemcau'),
      text(ids.writingApp, 'diemcau'),
      element(ids.dateUtc, date),
    ];
    const info = element(ids.info, ...before, float(ids.duration, 0));
    const segment = Buffer.concat([idBytes(ids.segment), unknownSize]);
    this.#segmentAt = ebml.length + segment.length;
    this.#durationAt = this.#segmentAt + seekHeadBytes + info.length - 8;
    this.#head = Buffer.concat([ebml, segment, empty(seekHeadBytes), info, element(ids.tracks, ...tracks.map(trackBytes))]);
    this.#written = this.#head.length;
  }

  /** The first bytes of the file. */
  get head(): Buffer {
    return this.#head;
  }

  /** Takes the next block, in order of time; gives the cluster that it completes. @param atMs whole milliseconds. */
  add(track: number, atMs: number, data: Buffer, key: boolean, picture: boolean): Buffer | null {
    const begins = this.#cluster.length === 0;
    const full = atMs - this.#clusterAt >= clusterMs || this.#clusterSize >= clusterBytes;
    const done = !begins && (full || (picture && key)) ? this.#flush() : null;
    if (this.#cluster.length === 0) {
      this.#clusterAt = atMs;
      this.#cluster.push(uint(ids.timestamp, atMs));
      if (key && (picture || !this.#hasPictures)) this.#cues.push({ at: atMs, track, cluster: this.#written - this.#segmentAt });
    }
    const head = Buffer.alloc(4);
    head[0] = 0x80 | track;
    head.writeInt16BE(atMs - this.#clusterAt, 1);
    head[3] = key ? 0x80 : 0;
    const block = element(ids.simpleBlock, head, data);
    this.#cluster.push(block);
    this.#clusterSize += block.length;
    this.#last = Math.max(this.#last, atMs);
    return done;
  }

  /** Closes the file. @param durationMs of the whole. */
  end(durationMs: number): { readonly tail: Buffer; readonly patches: readonly Patch[] } {
    const last = this.#cluster.length === 0 ? Buffer.alloc(0) : this.#flush();
    const cuesAt = this.#written;
    const cues = element(
      ids.cues,
      ...this.#cues.map(({ at, track, cluster }) =>
        element(
          ids.cuePoint,
          uint(ids.cueTime, at),
          element(ids.cueTrackPositions, uint(ids.cueTrack, track), uint(ids.cueClusterPosition, cluster)),
        ),
      ),
    );
    const hasCues = this.#cues.length > 0;
    const tail = hasCues ? Buffer.concat([last, cues]) : last;
    const total = cuesAt + (hasCues ? cues.length : 0) - this.#segmentAt;
    const duration = Buffer.alloc(8);
    duration.writeDoubleBE(durationMs);
    const places: readonly (readonly [number, number])[] = hasCues ? [[ids.cues, cuesAt - this.#segmentAt]] : [];
    return {
      tail,
      patches: [
        { at: this.#segmentAt - 8, bytes: sizeBytes(total) },
        { at: this.#durationAt, bytes: duration },
        { at: this.#segmentAt, bytes: seekHead(places) },
      ],
    };
  }

  #flush(): Buffer {
    const cluster = element(ids.cluster, ...this.#cluster);
    this.#cluster = [];
    this.#clusterSize = 0;
    this.#written += cluster.length;
    return cluster;
  }
}

const empty = (bytes: number): Buffer => Buffer.concat([idBytes(ids.void), sizeBytes(bytes - 9), Buffer.alloc(bytes - 9)]);

function seekHead(places: readonly (readonly [number, number])[]): Buffer {
  const head = element(
    ids.seekHead,
    ...places.map(([id, at]) => element(ids.seek, element(ids.seekId, idBytes(id)), uint(ids.seekPosition, at))),
  );
  return places.length === 0 ? empty(seekHeadBytes) : Buffer.concat([head, empty(seekHeadBytes - head.length)]);
}
