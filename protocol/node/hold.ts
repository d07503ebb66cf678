/**
 * A data folder belongs to one process at a time. The lock is SQLite's on an empty file that is never written: the kernel drops it with the
 * process, whatever kills that, so nothing stale can stop the next start; and it holds between containers, which a socket's name does not.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { failed, ok, type Result } from '../fault.ts';

export interface Hold {
  /** Idempotent. Keep the hold until then: without a reference the garbage collector lets go of the folder. */
  release(): void;
}

/**
 * Makes `folder` (0700) if there is none and takes it for this process. `key` is the configuration key that names it.
 * Faults: `config.invalid`, when another process has it (with its pid) or the folder cannot be used.
 */
export function holdFolder(key: string, folder: string): Result<Hold> {
  const pidFile = join(folder, 'pid');
  let lock: Database.Database | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = new Database(join(folder, 'lock'), { timeout: 0 });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN IMMEDIATE');
    // For people and for the message below; the lock is what counts.
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock?.close();
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code?.startsWith('SQLITE_BUSY') ? `${folder} is already in use by pid ${pidIn(pidFile)}` : message;
    return failed({ code: 'config.invalid', key, reason });
  }
  const held = lock;
  return ok({ release: () => void held.close() });
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || '(unknown)';
  } catch {
    return '(unknown)'; // the other has taken the folder just now, and writes its pid next
  }
}
