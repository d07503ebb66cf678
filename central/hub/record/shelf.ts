/**
 * Recordings on disk: one folder each, Matroska files and a manifest that is always whole. Knows no pipeline. Names come from checked ids
 * and patterns only, so that no request can leave the folder.
 */
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { decoder } from '../../../protocol/decode.ts';
import { failed, ok, type Result } from '../../../protocol/fault.ts';
import { RecordingId } from '../../../protocol/ids.ts';
import type { Log } from '../../../protocol/log.ts';
import { diskFault, readJson, writeAtomic, writeJson } from '../../../protocol/node/atomic.ts';
import { RecordingManifest, StitchedManifest, stitchedFile } from '../../../protocol/recording.ts';
import { Disk, isAway } from './disk.ts';
import { type FileFacts, recovered } from './manifest.ts';

const manifestName = 'manifest.json';
const recordingId = Compile(RecordingId);
const manifests = decoder(RecordingManifest, { maxBytes: 32 * 1024 * 1024, maxDepth: 8 });
const stitchedManifests = decoder(StitchedManifest, { maxBytes: 32 * 1024 * 1024, maxDepth: 8 });
const stitchedName = 'stitched.json';
/** Written to see whether the disk takes anything. */
const trialName = '.trial';
const segmentName = /^[0-9]{4}\.mkv$/;
const pieceBytes = 256 * 1024;

export interface Shelved {
  readonly manifest: RecordingManifest;
  readonly bytes: number;
  /** Null: no file of all hubs' segments has been made (here). */
  readonly stitched: StitchedManifest | null;
}

export class Shelf {
  /** Everything here goes this way. */
  readonly disk: Disk;
  readonly #dir: string;
  readonly #log: Log;
  readonly #open = new Map<string, RecordingManifest>();
  /** One write after the other for each recording. */
  readonly #writes = new Map<string, Promise<Result<void>>>();
  /** What a crash left open is closed. */
  #ready: Promise<void> = Promise.resolve();

  constructor(dir: string, log: Log, disk = new Disk()) {
    this.disk = disk;
    this.#dir = dir;
    this.#log = log.child({ part: 'shelf' });
  }

  /**
   * Makes the folder and closes what a crash left open; whoever asks for a recording waits for that.
   * @param wrong the folder cannot be made, and no disk is away.
   */
  start(wrong: (because: string) => void = () => undefined): Promise<void> {
    this.#ready = this.#make(wrong).then(() => this.#recover());
    return this.#ready;
  }

  /** Absolute path of a segment or of the stitched file; null when the names are none of ours. */
  path(recording: string, file: string): string | null {
    return recordingId.Check(recording) && (segmentName.test(file) || file === stitchedFile) ? join(this.#dir, recording, file) : null;
  }

  /** The manifest as it is now, also before it is on disk. */
  async manifest(recording: string): Promise<RecordingManifest | null> {
    await this.#ready;
    return recordingId.Check(recording) ? (this.#open.get(recording) ?? (await this.#read(recording))) : null;
  }

  /** A file in the recording's folder that is only ours while something is made of it. */
  beside(recording: string, name: string): string {
    return join(this.#dir, recording, name);
  }

  /** The manifest of a recording that is being written. */
  opened(recording: string): RecordingManifest | null {
    return this.#open.get(recording) ?? null;
  }

  /** Changes a manifest, whether its recording is being written or not. */
  async change(recording: string, how: (manifest: RecordingManifest) => RecordingManifest): Promise<Result<void>> {
    const open = this.#open.get(recording);
    if (open !== undefined) return this.write(how(open));
    const read = await this.manifest(recording);
    if (read === null) return failed({ code: 'not-found', what: 'recording', id: recording });
    // A recorder may have begun to write while this was read.
    const newest = this.#open.get(recording);
    const written = await this.write(how(newest ?? read));
    if (newest === undefined) this.forget(recording);
    return written;
  }

  /** What is known of the stitched file; null when there is none. */
  async stitched(recording: string): Promise<StitchedManifest | null> {
    const read = await this.disk.run(() => readJson(this.beside(recording, stitchedName), stitchedManifests));
    if (read.is === 'value') return read.value;
    if (read.is !== 'absent') this.#log.error({ recording, fault: read.fault }, 'manifest of the stitched file cannot be read');
    return null;
  }

  /** Puts a finished file in the place of the stitched one. A crash in between leaves a file without its manifest, which is made again. */
  async putStitched(recording: string, from: string, manifest: StitchedManifest): Promise<Result<void>> {
    try {
      await this.disk.run(() => rm(this.beside(recording, stitchedName), { force: true }));
      await this.disk.run(() => rename(from, this.beside(recording, stitchedFile)));
    } catch (error) {
      return failed(diskFault(from, error));
    }
    return this.disk.run(() => writeJson(this.beside(recording, stitchedName), manifest, { mode: 0o640 }));
  }

  /** Deletes the stitched file: another hub has a better one. */
  async removeStitched(recording: string): Promise<void> {
    for (const name of [stitchedName, stitchedFile])
      await this.disk
        .run(() => rm(this.beside(recording, name), { force: true }))
        .catch((error: unknown) => this.#log.warn({ fault: diskFault(name, error) }, 'stitched file was not removed'));
  }

  /** Names of the segment files that are there. */
  async segments(recording: string): Promise<readonly string[]> {
    return recordingId.Check(recording) ? [...(await this.#files(recording)).keys()] : [];
  }

  /** Replaces the manifest in one step. */
  write(manifest: RecordingManifest): Promise<Result<void>> {
    const { recording } = manifest;
    this.#open.set(recording, manifest);
    const before = this.#writes.get(recording) ?? Promise.resolve(ok(undefined));
    const write = before.then(async () => {
      const latest = this.#open.get(recording) ?? manifest;
      const result = await this.disk.run(() => writeJson(join(this.#dir, recording, manifestName), latest, { mode: 0o640 }));
      if (!result.ok) this.#log.error({ recording, fault: result.fault }, 'manifest was not written');
      return result;
    });
    this.#writes.set(recording, write);
    return write;
  }

  /** All recordings with their size on disk, oldest first. */
  async list(): Promise<readonly Shelved[]> {
    const all: Shelved[] = [];
    for (const id of await this.ids()) {
      const manifest = await this.manifest(id);
      if (manifest !== null) all.push({ manifest, bytes: await this.bytes(id), stitched: await this.stitched(id) });
    }
    return all.sort((a, b) => a.manifest.startedAt - b.manifest.startedAt);
  }

  async bytes(recording: string): Promise<number> {
    const segments = [...(await this.#files(recording)).values()].reduce((sum, { bytes }) => sum + bytes, 0);
    return segments + (await this.size(recording, stitchedFile));
  }

  /** Size of one file, 0 when it is not there. */
  async size(recording: string, file: string): Promise<number> {
    const path = this.path(recording, file);
    return path === null ? 0 : ((await this.#facts(path))?.bytes ?? 0);
  }

  /** A stretch of a file, piece by piece; both ends included. @throws Error of the system when it cannot be read. */
  async *read(path: string, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
    const file = await this.disk.run(() => open(path));
    try {
      for (let at = from; at <= to; ) {
        const { buffer, bytesRead } = await this.disk.run(() => {
          const length = Math.min(pieceBytes, to + 1 - at);
          return file.read(Buffer.allocUnsafe(length), 0, length, at);
        });
        if (bytesRead === 0) return;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await this.disk.run(() => file.close());
    }
  }

  /** Deletes a segment that holds nothing. */
  async removeSegment(recording: string, file: string): Promise<void> {
    const path = this.path(recording, file);
    if (path !== null)
      await this.disk
        .run(() => rm(path, { force: true }))
        .catch((error: unknown) => this.#log.warn({ fault: diskFault(path, error) }, 'empty segment was not removed'));
  }

  /** Deletes a recording: first out of sight, then from disk, so that a crash in between leaves no half of one. */
  async remove(recording: string): Promise<Result<void>> {
    if (!recordingId.Check(recording)) return failed({ code: 'not-found', what: 'recording', id: recording });
    await this.#ready;
    const folder = join(this.#dir, recording);
    const gone = join(this.#dir, `.gone-${recording}`);
    try {
      await this.disk.run(() => rename(folder, gone));
      await this.#clear(gone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return failed({ code: 'not-found', what: 'recording', id: recording });
      return failed(diskFault(folder, error));
    }
    this.#open.delete(recording);
    return ok(undefined);
  }

  /** Bytes that a process without privileges may still write; null when the disk does not say. */
  async freeBytes(): Promise<number | null> {
    try {
      const { bavail, bsize } = await this.disk.run(() => statfs(this.#dir));
      return bavail * bsize;
    } catch (error) {
      this.#log.warn({ fault: diskFault(this.#dir, error) }, 'free space is not known');
      return null;
    }
  }

  /** Whether the disk takes what is written: sizes and names may come from memory long after it is dead. A full one has answered, too. */
  async takes(): Promise<boolean> {
    const written = await this.disk.run(() => writeAtomic(join(this.#dir, trialName), ''));
    if (!written.ok) this.#log.warn({ fault: written.fault }, 'the disk of the recordings takes nothing');
    return written.ok || written.fault.code === 'exhausted';
  }

  /** The recording is closed: the file on disk is the truth from now on. */
  forget(recording: string): void {
    this.#open.delete(recording);
  }

  /** Names of all recordings. */
  async ids(): Promise<readonly string[]> {
    await this.#ready;
    return this.#ids();
  }

  async #make(wrong: (because: string) => void): Promise<void> {
    try {
      await this.disk.run(() => mkdir(this.#dir, { recursive: true, mode: 0o700 }));
    } catch (error) {
      const fault = diskFault(this.#dir, error);
      if (isAway(error)) {
        this.#log.error({ fault }, 'the disk of the recordings is away: nothing is recorded until it is back');
        return;
      }
      this.#log.error({ fault }, 'the folder of recordings cannot be made');
      wrong((error as Error).message);
    }
  }

  async #recover(): Promise<void> {
    for (const id of await this.#ids()) {
      const manifest = await this.#read(id);
      if (manifest === null || (manifest.endedAt !== null && manifest.segments.every(({ endedAt }) => endedAt !== null))) continue;
      await this.write(recovered(manifest, await this.#files(id)));
      this.#log.warn({ recording: id }, 'recording was cut short by a crash; its files were kept');
    }
  }

  async #ids(): Promise<readonly string[]> {
    const entries = await this.disk
      .run(() => readdir(this.#dir, { withFileTypes: true }))
      .catch((error: unknown) => {
        this.#log.error({ fault: diskFault(this.#dir, error) }, 'recordings cannot be listed');
        return [];
      });
    for (const entry of entries)
      if (entry.name.startsWith('.gone-'))
        await this.#clear(join(this.#dir, entry.name)).catch((error: unknown) => diskFault(entry.name, error));
    return entries.filter((entry) => entry.isDirectory() && recordingId.Check(entry.name)).map(({ name }) => name);
  }

  /** File by file: large ones take their time, and a disk that is busy is none that hangs. */
  async #clear(folder: string): Promise<void> {
    for (const name of await this.disk.run(() => readdir(folder)))
      await this.disk.run(() => rm(join(folder, name), { recursive: true, force: true }));
    await this.disk.run(() => rm(folder, { recursive: true, force: true }));
  }

  async #read(id: string): Promise<RecordingManifest | null> {
    const read = await this.disk.run(() => readJson(join(this.#dir, id, manifestName), manifests));
    if (read.is === 'value') return read.value;
    if (read.is !== 'absent') this.#log.error({ recording: id, fault: read.fault }, 'manifest cannot be read');
    return null;
  }

  async #files(id: string): Promise<ReadonlyMap<string, FileFacts>> {
    const folder = join(this.#dir, id);
    const names = await this.disk
      .run(() => readdir(folder))
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') this.#log.warn({ fault: diskFault(folder, error) }, 'recording cannot be listed');
        return [];
      });
    const found = new Map<string, FileFacts>();
    for (const name of names.filter((each) => segmentName.test(each)).sort()) {
      const known = await this.#facts(join(folder, name));
      if (known !== null) found.set(name, known);
    }
    return found;
  }

  /** Null when there is no such file, or the disk does not tell: a mount that has gone stale must not take the meeting with it. */
  async #facts(path: string): Promise<FileFacts | null> {
    try {
      const { size, mtimeMs } = await this.disk.run(() => stat(path));
      return { bytes: size, changedAt: mtimeMs };
    } catch (error) {
      const fault = diskFault(path, error as NodeJS.ErrnoException);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log.warn({ fault }, 'the disk does not tell of a recording');
      return null;
    }
  }
}
