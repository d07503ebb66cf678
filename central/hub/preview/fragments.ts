/**
 * Cuts the muxer's byte stream into what a browser can be given: the initialisation segment (ftyp + moov) and whole fragments (moof + mdat),
 * and says which fragments a picture can begin with. Pure; boxes as in ISO/IEC 14496-12. Bounded: a size that cannot be is an error.
 */

export interface InitSegment {
  readonly is: 'init';
  readonly bytes: Buffer;
  /** For MediaSource.addSourceBuffer. */
  readonly mime: string;
}

export interface Fragment {
  readonly is: 'fragment';
  readonly bytes: Buffer;
  readonly video: boolean;
  /** Its first sample is an IDR. */
  readonly key: boolean;
}

export type Piece = InitSegment | Fragment;

const HEADER = 8;
const MAX_INIT = 256 * 1024;
const MAX_FRAGMENT = 16 * 1024 * 1024;

export class Fragments {
  #held: Buffer = Buffer.alloc(0);
  /** Boxes of the piece that is being collected. */
  #parts: Buffer[] = [];
  #size = 0;
  #tracks: ReadonlyMap<number, Track> = new Map();

  /**
   * Takes the next bytes and returns the pieces that they complete.
   * @throws RangeError when this is no such stream.
   */
  push(chunk: Uint8Array): readonly Piece[] {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    const pieces: Piece[] = [];
    for (;;) {
      if (this.#held.length < HEADER) return pieces;
      const size = this.#held.readUInt32BE(0);
      const type = this.#held.toString('latin1', 4, HEADER);
      if (size < HEADER || size > MAX_FRAGMENT) throw new RangeError(`a box "${type}" of ${size} bytes`);
      if (this.#held.length < size) return pieces;
      const box = this.#held.subarray(0, size);
      this.#held = this.#held.subarray(size);
      this.#keep(box);
      if (type === 'moov') pieces.push(this.#init());
      else if (type === 'mdat') pieces.push(this.#fragment());
    }
  }

  #keep(box: Buffer): void {
    this.#parts.push(box);
    this.#size += box.length;
    if (this.#size > MAX_FRAGMENT + MAX_INIT) throw new RangeError('a fragment without end');
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#parts, this.#size);
    this.#parts = [];
    this.#size = 0;
    return bytes;
  }

  #init(): InitSegment {
    const bytes = this.#take();
    if (bytes.length > MAX_INIT) throw new RangeError(`an initialisation segment of ${bytes.length} bytes`);
    const moov = child(bytes, 'moov');
    if (moov === null) throw new RangeError('no moov');
    this.#tracks = tracksOf(moov);
    const codecs = [...this.#tracks.values()].map(({ codec }) => codec);
    return { is: 'init', bytes, mime: `video/mp4; codecs="${codecs.join(', ')}"` };
  }

  #fragment(): Fragment {
    const bytes = this.#take();
    const moof = child(bytes, 'moof');
    const trafs = moof === null ? [] : children(moof).filter(({ type }) => type === 'traf');
    const video = trafs.filter(({ body }) => this.#tracks.get(trackOf(body))?.video === true);
    return { is: 'fragment', bytes, video: video.length > 0, key: video.some(({ body }) => beginsWithIdr(body, this.#tracks)) };
  }
}

interface Track {
  readonly video: boolean;
  readonly codec: string;
  readonly defaultFlags: number;
}

interface Box {
  readonly type: string;
  readonly body: Buffer;
}

function children(of: Buffer): readonly Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + HEADER <= of.length; ) {
    const size = of.readUInt32BE(at);
    if (size < HEADER || at + size > of.length) break;
    boxes.push({ type: of.toString('latin1', at + 4, at + HEADER), body: of.subarray(at + HEADER, at + size) });
    at += size;
  }
  return boxes;
}

const child = (of: Buffer, type: string): Buffer | null => children(of).find((box) => box.type === type)?.body ?? null;
const path = (of: Buffer, ...types: readonly string[]): Buffer | null =>
  types.reduce<Buffer | null>((at, type) => (at === null ? null : child(at, type)), of);
const word = (of: Buffer | null, at: number): number => (of !== null && at + 4 <= of.length ? of.readUInt32BE(at) : 0);

function tracksOf(moov: Buffer): ReadonlyMap<number, Track> {
  const defaults = new Map<number, number>();
  for (const { type, body } of children(child(moov, 'mvex') ?? Buffer.alloc(0)))
    if (type === 'trex') defaults.set(word(body, 4), word(body, 20));
  const tracks = new Map<number, Track>();
  for (const { type, body } of children(moov)) {
    if (type !== 'trak') continue;
    const tkhd = child(body, 'tkhd');
    // Version 1 has 64-bit times before the id (8.3.2).
    const id = word(tkhd, tkhd?.[0] === 1 ? 20 : 12);
    const handler = path(body, 'mdia', 'hdlr')?.toString('latin1', 8, 12);
    const description = path(body, 'mdia', 'minf', 'stbl', 'stsd') ?? Buffer.alloc(0);
    tracks.set(id, { video: handler === 'vide', codec: codecOf(description), defaultFlags: defaults.get(id) ?? 0 });
  }
  return tracks;
}

/** RFC 6381: avc1 with profile, constraints and level of the avcC box; AAC-LC is what our muxer gets. */
function codecOf(description: Buffer): string {
  const avcC = description.indexOf('avcC', 0, 'latin1');
  if (avcC >= 0 && avcC + 8 <= description.length) return `avc1.${description.toString('hex', avcC + 5, avcC + 8).toUpperCase()}`;
  return 'mp4a.40.2';
}

const trackOf = (traf: Buffer): number => word(child(traf, 'tfhd'), 4);

/** sample_is_non_sync_sample (8.8.3.1). */
const NON_SYNC = 0x0001_0000;

function beginsWithIdr(traf: Buffer, tracks: ReadonlyMap<number, Track>): boolean {
  const trun = child(traf, 'trun');
  if (trun === null || word(trun, 4) === 0) return false;
  const flags = word(trun, 0) & 0xffffff;
  const first = 8 + (flags & 0x1 ? 4 : 0);
  if (flags & 0x4) return (word(trun, first) & NON_SYNC) === 0;
  if (flags & 0x400) return (word(trun, first + (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0)) & NON_SYNC) === 0;
  return (defaultFlags(traf, tracks) & NON_SYNC) === 0;
}

function defaultFlags(traf: Buffer, tracks: ReadonlyMap<number, Track>): number {
  const tfhd = child(traf, 'tfhd');
  const flags = word(tfhd, 0) & 0xffffff;
  if (!(flags & 0x20)) return tracks.get(trackOf(traf))?.defaultFlags ?? 0;
  const at = 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0) + (flags & 0x8 ? 4 : 0) + (flags & 0x10 ? 4 : 0);
  return word(tfhd, at);
}
