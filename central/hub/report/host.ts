/** What this hub costs and what its machine has left: /proc once a second, differenced here. */
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { HostSample } from '../../../protocol/schema/telemetry.ts';

/** Linux's USER_HZ: 100 on every architecture that we run on (proc(5)). */
const ticksPerSecond = 100;
const pageBytes = 4096;

interface Use {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/** Fields 14, 15 and 24 of /proc/PID/stat; the name in it may hold spaces and brackets. Null when the text is none. */
export function parseStat(text: string): Use | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
  if (user === undefined || system === undefined || pages === undefined || !Number.isFinite(user + system + pages)) return null;
  return { cpuSeconds: (user + system) / ticksPerSecond, rssMb: (pages * pageBytes) / 1024 / 1024 };
}

export class HostProbe {
  #before: ReadonlyMap<number, Use> = new Map();
  #at: number | null = null;

  /** @param mono monotonic ms. @param freeBytes of the disk with the recordings. */
  async sample(pids: readonly number[], mono: number, freeBytes: number | null, outboxRecords: number): Promise<HostSample> {
    const after = new Map<number, Use>();
    for (const pid of pids) {
      const use = await read(pid);
      if (use !== null) after.set(pid, use);
    }
    const seconds = this.#at === null ? 0 : (mono - this.#at) / 1000;
    let cpu = 0;
    // A process that is new counts from its start, one that is gone no more.
    for (const [pid, { cpuSeconds }] of after) cpu += Math.max(0, cpuSeconds - (this.#before.get(pid)?.cpuSeconds ?? 0));
    this.#before = after;
    this.#at = mono;
    const rssMb = [...after.values()].reduce((sum, each) => sum + each.rssMb, 0);
    return {
      cores: seconds > 0 ? Number((cpu / seconds).toFixed(3)) : 0,
      rssMb: Number(rssMb.toFixed(1)),
      load1: loadavg()[0] ?? 0,
      diskFreeMb: Math.round((freeBytes ?? 0) / 1024 / 1024),
      outboxRecords,
    };
  }
}

async function read(pid: number): Promise<Use | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It has just ended.
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
