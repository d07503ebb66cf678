/** Which recordings have to go, and whether there is room for another minute. Pure. */

export interface Kept {
  readonly recording: string;
  readonly endedAt: number | null;
  readonly startedAt: number;
  readonly bytes: number;
  /** It is being written, played or downloaded. */
  readonly busy: boolean;
}

export interface Evicted {
  readonly recording: string;
  readonly because: string;
}

/**
 * As many as it takes to be within `maxBytes`, oldest first, never one that is in use. For how many days recordings are kept is central's to say
 * and to do: it knows what day it is.
 */
export function evicted(kept: readonly Kept[], maxBytes: number): readonly Evicted[] {
  const gone: Evicted[] = [];
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { recording, endedAt, bytes, busy } of [...kept].sort((a, b) => a.startedAt - b.startedAt)) {
    if (busy || endedAt === null || total <= maxBytes) continue;
    gone.push({ recording, because: `recordings take more than ${Math.round(maxBytes / 1e9)} GB` });
    total -= bytes;
  }
  return gone;
}

export interface DiskRules {
  /** Below this nothing is recorded. */
  readonly minFreeBytes: number;
}

/** A full disk stops the recording; it goes on when there is clearly room again, not at the first free byte. */
export function diskAllows(free: number, allowed: boolean, { minFreeBytes }: DiskRules): boolean {
  return free > (allowed ? minFreeBytes : minFreeBytes * 1.1 + 64 * 1024 * 1024);
}
