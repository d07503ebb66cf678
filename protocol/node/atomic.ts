/** Files that are whole or not there: written beside, synced, renamed; what cannot be read is kept for the technician, not deleted. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Decoder } from '../decode.ts';
import { type Fault, failed, ok, type Result } from '../fault.ts';

export interface WriteOptions {
  /** Permission bits; default 0o644. Keys and passphrases get 0o600. */
  readonly mode?: number;
}

export type ReadResult<T> =
  | { readonly is: 'value'; readonly value: T }
  | { readonly is: 'absent' }
  /** It does not parse or does not fit. `keptAs` is where it lies now; null when even that failed. */
  | { readonly is: 'corrupt'; readonly fault: Fault; readonly keptAs: string | null }
  /** It may be good, but cannot be read now. */
  | { readonly is: 'unreadable'; readonly fault: Fault };

const KEEP_CORRUPT = 9;

/** What the system said about `path`, as a fault: `exhausted` for a full disk, else `unreachable`. */
export function diskFault(path: string, error: unknown): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return { code: 'exhausted', what: path, because: message };
  return { code: 'unreachable', what: path, because: message };
}

/** Makes a folder's entries (a rename, a new file) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces the file `path` in one step; a reader, a crash or a power cut sees the old or the new content, never a mixture.
 * Makes missing folders. On failure the old file is untouched, but for one: when only the folder could not be synced, the new one lies there and a
 * power cut may bring the old one back.
 */
export async function writeAtomic(path: string, content: string | Uint8Array, options: WriteOptions = {}): Promise<Result<void>> {
  const mode = options.mode ?? 0o644;
  const beside = `${path}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(beside, 'wx', mode);
    try {
      // The umask may have taken bits away.
      await handle.chmod(mode);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
    return ok(undefined);
  } catch (error) {
    const fault = diskFault(path, error);
    await rm(beside, { force: true }).catch((nested: unknown) => diskFault(beside, nested));
    return failed(fault);
  }
}

/** `writeAtomic` for a JSON value, readable by people. */
export function writeJson(path: string, value: unknown, options: WriteOptions = {}): Promise<Result<void>> {
  return writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`, options);
}

/** Reads and checks a JSON file. A corrupt one is moved aside to `path.corrupt-N` (at most nine are kept, the last is overwritten). */
export async function readJson<T>(path: string, decoder: Decoder<T>): Promise<ReadResult<T>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { is: 'absent' };
    return { is: 'unreadable', fault: diskFault(path, error) };
  }
  const result = decoder.decode(bytes);
  if (result.ok) return { is: 'value', value: result.value };
  return { is: 'corrupt', fault: result.fault, keptAs: await putAside(path) };
}

async function putAside(path: string): Promise<string | null> {
  for (let n = 1; ; n += 1) {
    const aside = `${path}.corrupt-${n}`;
    try {
      if (n < KEEP_CORRUPT && (await exists(aside))) continue;
      await rename(path, aside);
      return aside;
    } catch (error) {
      diskFault(path, error);
      return null;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
