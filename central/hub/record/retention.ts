/** Which recordings have to go, and whether there is room for another minute. Pure. */

export interface Kept {
  readonly recording: string;
  readonly endedAt: number | null;
  readonly startedAt: number;
  readonly bytes: number;
  /** It is being written, played or downloaded. */
  readonly busy: boolean;
}

export interface RetentionRules {
  readonly maxBytes: number;
  readonly keepMs: number;
}

export interface Expired {
  readonly recording: string;
  readonly because: string;
}

/**
 * Oldest first: those past their days, then as many as it takes to be within the size. Never one that is in use.
 * @param now wall clock; null: nobody knows, so that nothing is too old.
 */
export function expired(kept: readonly Kept[], now: number | null, { maxBytes, keepMs }: RetentionRules): readonly Expired[] {
  const gone: Expired[] = [];
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { recording, endedAt, bytes, busy } of [...kept].sort((a, b) => a.startedAt - b.startedAt)) {
    if (busy || endedAt === null) continue;
    const old = now !== null && now - endedAt > keepMs;
    if (!old && total <= maxBytes) continue;
    gone.push({
      recording,
      because: old ? `older than ${Math.round(keepMs / 86_400_000)} days` : `recordings take more than ${Math.round(maxBytes / 1e9)} GB`,
    });
    total -= bytes;
  }
  return gone;
}

/** When a recording is deleted if nothing else happens. */
export const expiresAt = (endedAt: number | null, { keepMs }: RetentionRules): number | null =>
  endedAt === null ? null : endedAt + keepMs;

export interface DiskRules {
  /** Below this nothing is recorded. */
  readonly minFreeBytes: number;
}

/** A full disk stops the recording; it goes on when there is clearly room again, not at the first free byte. */
export function diskAllows(free: number, allowed: boolean, { minFreeBytes }: DiskRules): boolean {
  return free > (allowed ? minFreeBytes : minFreeBytes * 1.1 + 64 * 1024 * 1024);
}
