/** Append-only segment files of one record class: written at the end, read anywhere, deleted whole from the oldest. One process per folder. */
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from '../fault.ts';
import { diskFault, syncFolder } from './atomic.ts';
import type { Place, Segment } from './lanes.ts';
import { type Acked, type Placed, parseLine, parseSegment, type RecordClass, type Stored } from './record.ts';

export interface Loaded {
  readonly stored: readonly (Placed & { readonly segment: Segment })[];
  readonly acks: readonly Acked['ack'][];
  /** Lines that were torn or flipped. */
  readonly bad: number;
  /** Segments that cannot be read now, by number. */
  readonly unread: readonly { readonly n: number; readonly fault: Fault }[];
}

/** Why a record is not there: no later try changes it, or the disk does not give it now. */
export type Missing = 'gone' | 'unread';

export class Journal {
  readonly #folder: string;
  readonly #cls: RecordClass;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  #active: { readonly segment: Segment; readonly handle: FileHandle } | null = null;
  #nextNumber = 0;

  constructor(folder: string, cls: RecordClass, segmentBytes: number) {
    this.#folder = folder;
    this.#cls = cls;
    this.#segmentBytes = segmentBytes;
  }

  /** Bytes in all segment files. */
  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Reads what earlier processes left. A new segment is begun with the first write, so a torn end is never written behind. A segment that
   * cannot be read stays where it is for the next start, and counts for nothing until then. @throws errno
   */
  async load(): Promise<Loaded> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const stored: (Placed & { readonly segment: Segment })[] = [];
    const acks: Acked['ack'][] = [];
    const unread: Loaded['unread'][number][] = [];
    let bad = 0;
    for (const name of (await readdir(this.#folder)).sort()) {
      const number = new RegExp(`^${this.#cls}-(\\d{10})\\.log$`).exec(name)?.[1];
      if (number === undefined) continue;
      const path = join(this.#folder, name);
      this.#nextNumber = Number(number) + 1;
      let content: Buffer;
      try {
        content = await readFile(path);
      } catch (error) {
        unread.push({ n: Number(number), fault: diskFault(path, error) });
        continue;
      }
      const parsed = parseSegment(content);
      const segment: Segment = { n: Number(number), path, size: content.length, live: parsed.stored.length };
      for (const placed of parsed.stored) stored.push({ ...placed, segment });
      acks.push(...parsed.acks);
      bad += parsed.bad;
      this.#segments.push(segment);
    }
    return { stored, acks, bad, unread };
  }

  /**
   * Writes whole lines at the end, and to the platter when `sync`.
   * @throws errno; then nothing of `bytes` counts as written, and the next append begins a new segment.
   */
  async append(bytes: Buffer, sync: boolean): Promise<{ readonly segment: Segment; readonly offset: number }> {
    const { segment, handle } = await this.#open();
    const offset = segment.size;
    try {
      for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
      if (sync) await handle.datasync();
    } catch (error) {
      if (this.#segments.includes(segment)) {
        // Half a line may be at the end: nothing is ever written behind it.
        await this.roll();
        throw error;
      }
    }
    // Discarded while we wrote: the bytes went with it.
    if (!this.#segments.includes(segment)) return this.append(bytes, sync);
    segment.size += bytes.length;
    if (segment.size >= this.#segmentBytes) await this.roll();
    return { segment, offset };
  }

  /** The record at each place, or why it is not there. */
  async read(places: readonly Place[]): Promise<readonly (Stored | Missing)[]> {
    const handles = new Map<Segment, FileHandle | Missing>();
    try {
      const records: (Stored | Missing)[] = [];
      for (const { segment, offset, length } of places) {
        const handle = handles.get(segment) ?? (await orMissing(() => open(segment.path, 'r')));
        handles.set(segment, handle);
        records.push(typeof handle === 'string' ? handle : await orMissing(() => readRecord(handle, offset, length)));
      }
      return records;
    } finally {
      for (const handle of handles.values()) if (typeof handle !== 'string') await handle.close();
    }
  }

  /** Deletes the oldest segments in which nothing lives. @throws errno */
  async sweep(): Promise<void> {
    for (let first = this.#segments[0]; first && first.live === 0 && first !== this.#active?.segment; first = this.#segments[0]) {
      this.#segments.shift();
      await rm(first.path, { force: true });
    }
  }

  /** Forgets a segment with everything in it, at once; the file goes in the background. */
  discard(segment: Segment, failed: (error: unknown) => void): void {
    this.#segments = this.#segments.filter((each) => each !== segment);
    const closing = segment === this.#active?.segment ? this.roll() : Promise.resolve();
    closing.then(() => rm(segment.path, { force: true })).catch(failed);
  }

  /** Ends the segment being written; the next append begins a new one. */
  async roll(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    await active?.handle.close();
  }

  async #open(): Promise<{ readonly segment: Segment; readonly handle: FileHandle }> {
    if (this.#active) return this.#active;
    const n = this.#nextNumber++;
    const path = join(this.#folder, `${this.#cls}-${String(n).padStart(10, '0')}.log`);
    const handle = await open(path, 'ax', 0o600);
    const segment: Segment = { n, path, size: 0, live: 0 };
    this.#segments.push(segment);
    this.#active = { segment, handle };
    await syncFolder(this.#folder);
    return this.#active;
  }
}

/** What the disk gives. @throws only what no disk says. */
async function orMissing<T>(ask: () => Promise<T>): Promise<T | Missing> {
  try {
    return await ask();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code === 'ENOENT' ? 'gone' : 'unread';
  }
}

/** @throws errno */
async function readRecord(handle: FileHandle, offset: number, length: number): Promise<Stored | Missing> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  const line = bytesRead === length ? parseLine(bytes) : null;
  return line === null || 'ack' in line ? 'gone' : line;
}
