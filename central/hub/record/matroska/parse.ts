/**
 * Matroska in pieces of any size to tracks and blocks. Pure. Elements are looked at one behind the other, whatever holds them, so that a
 * file which ends in the middle, with sizes that nobody came to fill in, gives everything that is whole in it.
 */
import { ids } from './ids.ts';

export interface Track {
  readonly number: number;
  readonly kind: 'picture' | 'sound';
  readonly codec: string;
  readonly codecPrivate: Buffer;
  /** 0 of a sound. */
  readonly width: number;
  readonly height: number;
  readonly rate: number;
  readonly channels: number;
  readonly codecDelayNs: number;
  readonly seekPreRollNs: number;
}

export interface Block {
  readonly track: number;
  /** In the file's time. */
  readonly atMs: number;
  readonly data: Buffer;
}

/** The bytes are no Matroska of ours. */
export class MatroskaError extends Error {}

const masters = new Set<number>([ids.segment, ids.info, ids.tracks, ids.trackEntry, ids.video, ids.audio, ids.cluster, ids.blockGroup]);
/** The largest picture of 1080p at any rate of ours is below 2 MB. */
const maxElement = 32 * 1024 * 1024;

interface Head {
  readonly id: number;
  /** Null: not known; the element ends where its parent's next begins. */
  readonly size: number | null;
  readonly length: number;
}

/** An element's id and size at `at`, or null when they are not whole yet. @throws MatroskaError when they cannot be any. */
export function headAt(data: Buffer, at: number): Head | null {
  const first = data[at];
  if (first === undefined) return null;
  const idLength = Math.clz32(first) - 23;
  if (idLength > 4) throw new MatroskaError(`no element begins with byte ${first}`);
  const second = data[at + idLength];
  if (second === undefined) return null;
  const sizeLength = Math.clz32(second) - 23;
  if (sizeLength > 8) throw new MatroskaError('an element has no size');
  const length = idLength + sizeLength;
  if (data.length < at + length) return null;
  const id = data.readUIntBE(at, idLength);
  let [size, ones] = [second & (0xff >> sizeLength), (second & (0xff >> sizeLength)) === 0xff >> sizeLength];
  for (let n = 1; n < sizeLength; n++) {
    const byte = data[at + idLength + n] ?? 0;
    ones &&= byte === 0xff;
    size = size * 256 + byte;
  }
  return { id, size: ones ? null : size, length };
}

const uint = (data: Buffer): number => data.reduce((sum, byte) => sum * 256 + byte, 0);
const float = (data: Buffer): number => (data.length === 8 ? data.readDoubleBE(0) : data.length === 4 ? data.readFloatBE(0) : 0);

type Draft = { -readonly [K in keyof Track]: Track[K] };

export class MatroskaParser {
  readonly #tracks: Draft[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #skip = 0;
  #scaleNs = 1_000_000;
  #clusterAt = 0;
  #begun = false;

  /** Known once the first block has come. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** Takes the next bytes; gives the blocks that they complete. @throws MatroskaError when they are no Matroska. */
  push(chunk: Buffer): readonly Block[] {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, data.length);
      this.#skip -= skipped;
      data = data.subarray(skipped);
    }
    const blocks: Block[] = [];
    let at = 0;
    for (;;) {
      const head = headAt(data, at);
      if (head === null) break;
      if (!this.#begun && head.id !== ids.ebml) throw new MatroskaError('it does not begin as Matroska does');
      this.#begun = true;
      const from = at + head.length;
      if (masters.has(head.id)) {
        if (head.id === ids.trackEntry) this.#tracks.push(emptyTrack());
        at = from;
        continue;
      }
      if (head.size === null) throw new MatroskaError(`element ${head.id.toString(16)} has no size`);
      const to = from + head.size;
      if (!wanted.has(head.id)) {
        if (to <= data.length) {
          at = to;
          continue;
        }
        this.#skip = to - data.length;
        at = data.length;
        break;
      }
      if (head.size > maxElement) throw new MatroskaError(`element ${head.id.toString(16)} says that it has ${head.size} bytes`);
      if (to > data.length) break;
      const block = this.#take(head.id, data.subarray(from, to));
      if (block !== null) blocks.push(block);
      at = to;
    }
    this.#rest = data.subarray(at);
    return blocks;
  }

  /** Bytes at the end of the file that belong to no whole element. */
  get left(): number {
    return this.#rest.length;
  }

  #take(id: number, data: Buffer): Block | null {
    if (id === ids.timestampScale) this.#scaleNs = uint(data);
    else if (id === ids.timestamp) this.#clusterAt = uint(data);
    else if (id === ids.simpleBlock || id === ids.block) return this.#block(data);
    else {
      const track = this.#tracks.at(-1);
      const fill = trackFields.get(id);
      if (track !== undefined) fill?.(track, data);
    }
    return null;
  }

  #block(data: Buffer): Block {
    const head = headAt(Buffer.concat([Buffer.from([0xec]), data.subarray(0, 8)]), 0);
    const number = head?.size ?? 0;
    const length = (head?.length ?? 2) - 1;
    if (data.length < length + 3) throw new MatroskaError('a block is too short');
    if (((data[length + 2] ?? 0) & 0x06) !== 0) throw new MatroskaError('a block is laced, which no recorder of ours does');
    const atMs = ((this.#clusterAt + data.readInt16BE(length)) * this.#scaleNs) / 1_000_000;
    return { track: number, atMs, data: data.subarray(length + 3) };
  }
}

const emptyTrack = (): Draft => ({
  number: 0,
  kind: 'picture',
  codec: '',
  codecPrivate: Buffer.alloc(0),
  width: 0,
  height: 0,
  rate: 0,
  channels: 1,
  codecDelayNs: 0,
  seekPreRollNs: 0,
});

const trackFields: ReadonlyMap<number, (track: Draft, data: Buffer) => void> = new Map<number, (track: Draft, data: Buffer) => void>([
  [
    ids.trackNumber,
    (track, data) => {
      track.number = uint(data);
    },
  ],
  [
    ids.trackType,
    (track, data) => {
      track.kind = uint(data) === 1 ? 'picture' : 'sound';
    },
  ],
  [
    ids.codecId,
    (track, data) => {
      track.codec = data.toString('latin1').replace(/\0+$/, '');
    },
  ],
  [
    ids.codecPrivate,
    (track, data) => {
      track.codecPrivate = Buffer.from(data);
    },
  ],
  [
    ids.pixelWidth,
    (track, data) => {
      track.width = uint(data);
    },
  ],
  [
    ids.pixelHeight,
    (track, data) => {
      track.height = uint(data);
    },
  ],
  [
    ids.samplingFrequency,
    (track, data) => {
      track.rate = float(data);
    },
  ],
  [
    ids.channels,
    (track, data) => {
      track.channels = uint(data);
    },
  ],
  [
    ids.codecDelay,
    (track, data) => {
      track.codecDelayNs = uint(data);
    },
  ],
  [
    ids.seekPreRoll,
    (track, data) => {
      track.seekPreRollNs = uint(data);
    },
  ],
]);

const wanted = new Set<number>([ids.timestampScale, ids.timestamp, ids.simpleBlock, ids.block, ...trackFields.keys()]);
