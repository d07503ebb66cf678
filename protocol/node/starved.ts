/**
 * Whether a silent process could have answered: how much of a time it stood in line for a processor, judged from two looks at its threads.
 * Pure; protocol/node/threads.ts looks, protocol/node/attention.ts waits.
 */

/** One thread at one moment, times since its start. */
export interface ThreadLook {
  /** As in proc(5): R runs or stands in line, S and D sleep, T is stopped. */
  readonly state: string;
  /** Time on a processor. */
  readonly ranMs: number;
  /** Time in line for one; null where the kernel does not count it. */
  readonly waitedMs: number | null;
}

/** A process at one moment. */
export interface Look {
  /** Monotonic ms. */
  readonly at: number;
  /** By thread id; the first is the process's own. */
  readonly threads: ReadonlyMap<number, ThreadLook>;
}

/**
 * How long, between two looks, the thread that stood in line longest did so, in ms. Any thread may be the one that has to answer or that
 * holds what the other one needs. A process that sleeps, computes or was stopped stood in no line.
 */
export function starvedMs(before: Look, after: Look): number {
  const spanMs = Math.max(0, after.at - before.at);
  let most = 0;
  for (const [id, now] of after.threads) {
    const then = before.threads.get(id);
    if (then !== undefined) most = Math.max(most, inLineMs(then, now, spanMs));
  }
  return Math.min(most, spanMs);
}

function inLineMs(then: ThreadLook, now: ThreadLook, spanMs: number): number {
  const ranMs = Math.max(0, now.ranMs - then.ranMs);
  const stood = then.state === 'R' && now.state === 'R';
  // Without the kernel's count: whoever was ready at both looks and did not run stood in line.
  if (now.waitedMs === null || then.waitedMs === null) return stood ? Math.max(0, spanMs - ranMs) : 0;
  const bookedMs = Math.max(0, now.waitedMs - then.waitedMs);
  // The kernel books a wait when it ends; one that goes on shows as ready and not moving.
  return stood && ranMs === 0 && bookedMs === 0 ? spanMs : bookedMs;
}

/** What the process did between two looks instead of answering, for the log. */
export function didInstead(before: Look, after: Look): string {
  const threads = [...after.threads];
  const states = threads.map(([, { state }]) => state);
  if (states.some((state) => state === 'T' || state === 't')) return 'it is stopped';
  const spanMs = after.at - before.at;
  const ran = threads.map(([id, now]) => now.ranMs - (before.threads.get(id)?.ranMs ?? now.ranMs));
  const most = Math.max(0, ...ran);
  if (most > spanMs / 2) return `it computed for ${Math.round(most)} ms`;
  if (states.includes('D')) return 'it waits for a disk or a device';
  return starvedMs(before, after) > spanMs / 2 ? 'it stands in line for a processor' : 'it sleeps';
}

/** The threads of a process from the texts of /proc/PID/task/N/stat and …/schedstat (null where the kernel has none). Null: not readable. */
export function parseThread(stat: string, schedstat: string | null): ThreadLook | null {
  // The name in it may hold spaces and brackets; behind it: state is field 3 of proc(5), utime 14, stime 15, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], Number(fields[11]) + Number(fields[12])];
  if (state === undefined || !/^[A-Za-z]$/.test(state) || !Number.isFinite(ticks)) return null;
  // sched-stats.rst: nanoseconds on a processor, nanoseconds in line, turns.
  const [ran, waited] = (schedstat ?? '').trim().split(' ').map(Number);
  if (ran === undefined || waited === undefined || !Number.isFinite(ran + waited) || schedstat === null)
    return { state, ranMs: ticks * 10, waitedMs: null };
  return { state, ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}
