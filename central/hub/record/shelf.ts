/**
 * Recordings on disk: one folder each, Matroska files and a manifest that is always whole. Knows no pipeline. Names come from checked ids
 * and patterns only, so that no request can leave the folder.
 */
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { RecordingManifest } from '../../../protocol/api.ts';
import { decoder } from '../../../protocol/decode.ts';
import { failed, ok, type Result } from '../../../protocol/fault.ts';
import { RecordingId } from '../../../protocol/ids.ts';
import type { Log } from '../../../protocol/log.ts';
import { diskFault, readJson, writeJson } from '../../../protocol/node/atomic.ts';
import { type FileFacts, recovered } from './manifest.ts';

const manifestName = 'manifest.json';
const recordingId = Compile(RecordingId);
const manifests = decoder(RecordingManifest, { maxBytes: 4 * 1024 * 1024, maxDepth: 8 });
const segmentName = /^[0-9]{4}\.mkv$/;

export interface Shelved {
  readonly manifest: RecordingManifest;
  readonly bytes: number;
}

export class Shelf {
  readonly #dir: string;
  readonly #log: Log;
  readonly #open = new Map<string, RecordingManifest>();
  /** One write after the other for each recording. */
  readonly #writes = new Map<string, Promise<Result<void>>>();

  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log.child({ part: 'shelf' });
  }

  /** Makes the folder and closes what a crash left open. */
  async start(): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    for (const id of await this.#ids()) {
      const manifest = await this.#read(id);
      if (manifest === null || (manifest.endedAt !== null && manifest.segments.every(({ endedAt }) => endedAt !== null))) continue;
      await this.write(recovered(manifest, await this.#files(id)));
      this.#log.warn({ recording: id }, 'recording was cut short by a crash; its files were kept');
    }
  }

  /** Absolute path of a segment; null when the names are none of ours. */
  path(recording: string, file: string): string | null {
    return recordingId.Check(recording) && segmentName.test(file) ? join(this.#dir, recording, file) : null;
  }

  /** The manifest as it is now, also before it is on disk. */
  async manifest(recording: string): Promise<RecordingManifest | null> {
    return recordingId.Check(recording) ? (this.#open.get(recording) ?? (await this.#read(recording))) : null;
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
      const result = await writeJson(join(this.#dir, recording, manifestName), latest, { mode: 0o640 });
      if (!result.ok) this.#log.error({ recording, fault: result.fault }, 'manifest was not written');
      return result;
    });
    this.#writes.set(recording, write);
    return write;
  }

  /** All recordings with their size on disk, oldest first. */
  async list(): Promise<readonly Shelved[]> {
    const all: Shelved[] = [];
    for (const id of await this.#ids()) {
      const manifest = await this.manifest(id);
      if (manifest !== null) all.push({ manifest, bytes: await this.bytes(id) });
    }
    return all.sort((a, b) => a.manifest.startedAt - b.manifest.startedAt);
  }

  async bytes(recording: string): Promise<number> {
    return [...(await this.#files(recording)).values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Size of one file, 0 when it is not there. */
  async size(recording: string, file: string): Promise<number> {
    const path = this.path(recording, file);
    return path === null ? 0 : ((await facts(path))?.bytes ?? 0);
  }

  /** Deletes a segment that holds nothing. */
  async removeSegment(recording: string, file: string): Promise<void> {
    const path = this.path(recording, file);
    if (path !== null)
      await rm(path, { force: true }).catch((error: unknown) =>
        this.#log.warn({ fault: diskFault(path, error) }, 'empty segment was not removed'),
      );
  }

  /** Deletes a recording: first out of sight, then from disk, so that a crash in between leaves no half of one. */
  async remove(recording: string): Promise<Result<void>> {
    if (!recordingId.Check(recording)) return failed({ code: 'not-found', what: 'recording', id: recording });
    const folder = join(this.#dir, recording);
    const gone = join(this.#dir, `.gone-${recording}`);
    try {
      await rename(folder, gone);
      await rm(gone, { recursive: true, force: true });
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
      const { bavail, bsize } = await statfs(this.#dir);
      return bavail * bsize;
    } catch (error) {
      this.#log.warn({ fault: diskFault(this.#dir, error) }, 'free space is not known');
      return null;
    }
  }

  /** The recording is closed: the file on disk is the truth from now on. */
  forget(recording: string): void {
    this.#open.delete(recording);
  }

  async #ids(): Promise<readonly string[]> {
    const entries = await readdir(this.#dir, { withFileTypes: true }).catch((error: unknown) => {
      this.#log.error({ fault: diskFault(this.#dir, error) }, 'recordings cannot be listed');
      return [];
    });
    for (const entry of entries)
      if (entry.name.startsWith('.gone-'))
        await rm(join(this.#dir, entry.name), { recursive: true, force: true }).catch((error: unknown) => diskFault(entry.name, error));
    return entries.filter((entry) => entry.isDirectory() && recordingId.Check(entry.name)).map(({ name }) => name);
  }

  async #read(id: string): Promise<RecordingManifest | null> {
    const read = await readJson(join(this.#dir, id, manifestName), manifests);
    if (read.is === 'value') return read.value;
    if (read.is !== 'absent') this.#log.error({ recording: id, fault: read.fault }, 'manifest cannot be read');
    return null;
  }

  async #files(id: string): Promise<ReadonlyMap<string, FileFacts>> {
    const folder = join(this.#dir, id);
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') this.#log.warn({ fault: diskFault(folder, error) }, 'recording cannot be listed');
      return [];
    });
    const found = new Map<string, FileFacts>();
    for (const name of names.filter((each) => segmentName.test(each)).sort()) {
      const known = await facts(join(folder, name));
      if (known !== null) found.set(name, known);
    }
    return found;
  }
}

async function facts(path: string): Promise<FileFacts | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, changedAt: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
