/**
 * Carries an edit list out: blocks of several files into one, nothing encoded again. Every key picture brings its parameter sets along, so
 * that a decoder follows from one stream to the next, whatever their sizes.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ClockReading } from '../../../../protocol/recording.ts';
import { MatroskaComposer } from '../matroska/compose.ts';
import { isKey, parameterSets, withSets } from '../matroska/h264.ts';
import type { Block, Track } from '../matroska/parse.ts';
import { blocksOf, capturedAt, kindOf } from './scan.ts';

/** What is taken of a file: what was captured from `fromMs` to before `toMs`, at `shiftMs` later in the new file. */
export interface PressCut {
  readonly path: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly shiftMs: number;
  readonly readings: readonly ClockReading[];
}

export interface PressJob {
  readonly out: string;
  /** Unix ms of the beginning. */
  readonly startedAt: number;
  readonly picture: readonly PressCut[];
  readonly sound: readonly PressCut[];
}

export interface Pressed {
  readonly pictures: number;
  readonly sounds: number;
  readonly durationMs: number;
}

interface Placed {
  readonly atMs: number;
  readonly data: Buffer;
  readonly key: boolean;
}

const numbers = { picture: 1, sound: 2 } as const;
const writeBytes = 1024 * 1024;
/** How long the last block lasts. */
const lastsMs = 40;
/** Half the shortest packet of sound. */
const leastSoundMs = 10;

/** A cut's blocks, of one track, at their new places. */
async function* cutBlocks(kind: Track['kind'], cut: PressCut): AsyncGenerator<Placed> {
  let sets: Buffer | null = null;
  const captured = capturedAt(cut.readings);
  for await (const { blocks, tracks } of blocksOf(cut.path)) {
    for (const block of blocks) {
      if (kindOf(tracks, block) !== kind) continue;
      const at = captured(block.atMs);
      if (at < cut.fromMs) continue;
      if (at >= cut.toMs) return;
      const key = kind === 'sound' || isKey(block.data);
      if (kind === 'picture' && key) sets ??= parameterSets(trackOf(tracks, block).codecPrivate);
      const data = kind === 'picture' && key && sets !== null ? withSets(block.data, sets) : block.data;
      yield { atMs: at + cut.shiftMs, data, key };
    }
  }
}

const trackOf = (tracks: readonly Track[], block: Block): Track => {
  const track = tracks.find(({ number }) => number === block.track);
  if (track === undefined) throw new Error('a block of a track that is not there');
  return track;
};

/** All cuts' blocks, in order of time and none twice at one time. */
async function* allBlocks(kind: Track['kind'], cuts: readonly PressCut[]): AsyncGenerator<Placed> {
  let last = Number.NEGATIVE_INFINITY;
  for (const cut of cuts)
    for await (const block of cutBlocks(kind, cut)) {
      // At a seam the first sound of one file may overlap the last of another: a player would stumble over it.
      if (kind === 'sound' && block.atMs < last + leastSoundMs) continue;
      const atMs = Math.max(last + 1, 0, Math.round(block.atMs));
      last = atMs;
      yield { ...block, atMs };
    }
}

/** How the track of a kind is described in the first file that has it. */
async function describedIn(kind: Track['kind'], cuts: readonly PressCut[]): Promise<Track | null> {
  for (const { path } of cuts)
    for await (const { tracks } of blocksOf(path)) {
      const found = tracks.find((track) => track.kind === kind && track.codec !== '');
      if (found !== undefined) return { ...found, number: numbers[kind] };
      if (tracks.length > 0) break;
    }
  return null;
}

class Output {
  readonly #file: FileHandle;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(bytes: Buffer): Promise<void> {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= writeBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    await this.#file.appendFile(bytes);
  }
}

/** Writes `job.out` anew, whole and on the disk. @throws Error of the system (a full disk); Error when no file has a picture. */
export async function press({ out, startedAt, picture, sound }: PressJob): Promise<Pressed> {
  const described = { picture: await describedIn('picture', picture), sound: await describedIn('sound', sound) };
  if (described.picture === null) throw new Error('no segment has a picture');
  const composer = new MatroskaComposer([described.picture, ...(described.sound === null ? [] : [described.sound])], startedAt);
  const count = { picture: 0, sound: 0 };
  let end = 0;
  const file = await open(out, 'w', 0o640);
  try {
    const output = new Output(file);
    await output.add(composer.head);
    for await (const [kind, { atMs, data, key }] of inOrder(allBlocks('picture', picture), allBlocks('sound', sound))) {
      const cluster = composer.add(numbers[kind], atMs, data, key, kind === 'picture');
      if (cluster !== null) await output.add(cluster);
      count[kind] += 1;
      end = Math.max(end, atMs + lastsMs);
    }
    const { tail, patches } = composer.end(end);
    await output.add(tail);
    await output.flush();
    // Appending moved only this handle's own place; writing at a place needs no other.
    for (const { at, bytes } of patches) await file.write(bytes, 0, bytes.length, at);
    await file.sync();
  } finally {
    await file.close();
  }
  return { pictures: count.picture, sounds: count.sound, durationMs: end };
}

/** Two tracks' blocks in one order of time; a picture before the sound of the same moment. */
async function* inOrder(
  pictures: AsyncGenerator<Placed>,
  sounds: AsyncGenerator<Placed>,
): AsyncGenerator<readonly [Track['kind'], Placed]> {
  let [picture, sound] = [await pictures.next(), await sounds.next()];
  for (;;) {
    if (!picture.done && (sound.done || picture.value.atMs <= sound.value.atMs)) {
      yield ['picture', picture.value];
      picture = await pictures.next();
    } else if (!sound.done) {
      yield ['sound', sound.value];
      sound = await sounds.next();
    } else return;
  }
}
