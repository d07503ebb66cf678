/** What this node costs and what its machine has left: read from /proc once a second, differenced here. */
import { readFileSync, statfsSync } from 'node:fs';
import { loadavg, networkInterfaces } from 'node:os';
import type { HostSample } from '../schema/telemetry.ts';

/** CPU and memory of one process at one moment. */
export interface ProcessUse {
  /** User and system time since its start, in seconds. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** Linux's USER_HZ, the unit of /proc/PID/stat: 100 on every architecture that we run on (proc(5)). */
const TICKS_PER_SECOND = 100;
const MB = 1024 * 1024;

/** Reads the fields of /proc/PID/stat that we need; null when the text is none. The name in it may hold spaces and brackets. Pure. */
export function parseStat(text: string, pageBytes = 4096): ProcessUse | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Behind the name: state is field 3 of proc(5), utime 14, stime 15, rss 24.
  const [utime, stime, rss] = [fields[11], fields[12], fields[21]].map(Number);
  if (utime === undefined || stime === undefined || rss === undefined || !Number.isFinite(utime + stime + rss)) return null;
  return { cpuSeconds: (utime + stime) / TICKS_PER_SECOND, rssMb: (rss * pageBytes) / MB };
}

/** Cores used between two looks at the same processes. One that is new counts from its start; one that is gone no more. Pure. */
export function coresBetween(before: ReadonlyMap<number, ProcessUse>, after: ReadonlyMap<number, ProcessUse>, seconds: number): number {
  if (seconds <= 0) return 0;
  let used = 0;
  for (const [pid, { cpuSeconds }] of after) used += Math.max(0, cpuSeconds - (before.get(pid)?.cpuSeconds ?? 0));
  return used / seconds;
}

/** Takes a HostSample each time it is asked. Reads synchronously: /proc answers in microseconds, the thread pool does not. */
export class HostProbe {
  #before: ReadonlyMap<number, ProcessUse> = new Map();
  #at: number | null = null;

  /** @param pids our own process and its children. @param mono the monotonic clock in ms. @param freeBytes of the disk that counts. */
  sample(pids: readonly number[], mono: number, freeBytes: number, outboxRecords: number): HostSample {
    const after = new Map<number, ProcessUse>();
    for (const pid of pids) {
      const use = readUse(pid);
      if (use !== null) after.set(pid, use);
    }
    const cores = this.#at === null ? 0 : coresBetween(this.#before, after, (mono - this.#at) / 1000);
    this.#before = after;
    this.#at = mono;
    const rssMb = [...after.values()].reduce((sum, each) => sum + each.rssMb, 0);
    return {
      cores: round(cores, 3),
      rssMb: round(rssMb, 1),
      load1: round(loadavg()[0] ?? 0, 2),
      diskFreeMb: Math.round(freeBytes / MB),
      outboxRecords,
    };
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function readUse(pid: number): ProcessUse | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    // It has just ended.
    if (isMissing(error)) return null;
    throw error;
  }
}

/** What an ordinary user may still write on the disk of `folder`. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    // A disk that is gone has no room.
    if (isMissing(error)) return 0;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV' || code === 'EIO';
}

/** IPv4 addresses of this machine in its networks; those on the interfaces named in `last` come last. */
export const ownAddresses = (last: readonly string[]): readonly string[] =>
  Object.entries(networkInterfaces())
    .toSorted(([a], [b]) => Number(last.includes(a)) - Number(last.includes(b)))
    .flatMap(([, addresses = []]) => addresses.filter(({ family, internal }) => family === 'IPv4' && !internal))
    .map(({ address }) => address);
