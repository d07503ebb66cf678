/**
 * One reading of a segment: its hash, and when there are pictures, key pictures and sound in it. Times are of capture, as RTP told them: what
 * came late lies where it belongs, and two hubs' files of one stream agree to the millisecond. Without such readings they are the file's own.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ClockReading } from '../../../../protocol/recording.ts';
import { isKey } from '../matroska/h264.ts';
import { type Block, MatroskaError, MatroskaParser, type Track } from '../matroska/parse.ts';

/** A stretch without a hole. */
export interface Run {
  readonly fromMs: number;
  /** When its last block has been shown. */
  readonly toMs: number;
}

export interface TrackScan {
  readonly blocks: number;
  readonly runs: readonly Run[];
  /** Where a decoder can begin; empty for sound, which begins anywhere. */
  readonly keysMs: readonly number[];
}

export interface Scan {
  readonly sha256: string;
  readonly bytes: number;
  readonly picture: TrackScan;
  readonly sound: TrackScan;
  /** Why the rest of the file cannot be used; null when it can, or when it merely ends in the middle of a block. */
  readonly broken: string | null;
}

/** Longer without a picture or a sound is a hole: something was lost, or nothing came. */
export const holeMs = 400;
/** How long the last block is shown, when the one before does not tell. */
const lastsMs = 40;
const pieceBytes = 1024 * 1024;

class TrackScanner {
  readonly #keys: number[] = [];
  readonly #runs: { fromMs: number; toMs: number }[] = [];
  #blocks = 0;
  #before = Number.NaN;

  add(atMs: number, key: boolean): void {
    const run = this.#runs.at(-1);
    const since = atMs - this.#before;
    if (run === undefined || since > holeMs) this.#runs.push({ fromMs: atMs, toMs: atMs + lastsMs });
    else run.toMs = Math.max(run.toMs, atMs + (since > 0 && since <= 2 * lastsMs ? since : lastsMs));
    if (key) this.#keys.push(atMs);
    this.#before = atMs;
    this.#blocks += 1;
  }

  done(): TrackScan {
    return { blocks: this.#blocks, runs: this.#runs, keysMs: this.#keys };
  }
}

export interface SegmentReadings {
  readonly picture: readonly ClockReading[];
  readonly sound: readonly ClockReading[];
}

/** The time of capture of what lies at a time of the file; the readings hold each until the next. */
export function capturedAt(readings: readonly ClockReading[]): (fileMs: number) => number {
  let at = 0;
  return (fileMs) => {
    // Files are read from front to back; timestamps in them are whole milliseconds.
    while ((readings[at + 1]?.file ?? Number.POSITIVE_INFINITY) <= fileMs + 1) at += 1;
    while (at > 0 && (readings[at]?.file ?? 0) > fileMs + 1) at -= 1;
    const reading = readings[at];
    return reading === undefined ? fileMs : fileMs - reading.file + reading.capture;
  };
}

/** Reads the whole file. @throws Error of the system when it cannot be read. */
export async function scan(path: string, readings: SegmentReadings): Promise<Scan> {
  const hash = createHash('sha256');
  const parser = new MatroskaParser();
  const tracks = { picture: new TrackScanner(), sound: new TrackScanner() };
  const captured = { picture: capturedAt(readings.picture), sound: capturedAt(readings.sound) };
  let [bytes, broken]: [number, string | null] = [0, null];
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
    if (broken !== null) continue;
    try {
      for (const block of parser.push(piece)) {
        const kind = kindOf(parser.tracks, block);
        if (kind !== null) tracks[kind].add(captured[kind](block.atMs), kind === 'picture' && isKey(block.data));
      }
    } catch (error) {
      if (!(error instanceof MatroskaError)) throw error;
      broken = error.message;
    }
  }
  return { sha256: hash.digest('hex'), bytes, picture: tracks.picture.done(), sound: tracks.sound.done(), broken };
}

export interface Piece {
  readonly blocks: readonly Block[];
  readonly tracks: readonly Track[];
}

/** The blocks of a file as far as it can be used. */
export async function* blocksOf(path: string): AsyncGenerator<Piece> {
  const parser = new MatroskaParser();
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
    try {
      const blocks = parser.push(piece);
      yield { blocks, tracks: parser.tracks };
    } catch (error) {
      if (error instanceof MatroskaError) return;
      throw error;
    }
  }
}

export const kindOf = (tracks: readonly Track[], block: Block): Track['kind'] | null =>
  tracks.find(({ number }) => number === block.track)?.kind ?? null;
