/** What must hold while anything fails, looked at from outside: files that the processes keep, and what central tells. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { compareGrants, type Grant } from '../../../protocol/grant.ts';
import type { Demo } from '../demo.ts';
import { hubNames } from './faults.ts';

const lookMs = 200;
/** A hub that has just been started has to hear of the meeting first. */
const youngMs = 5000;

export interface Watched {
  /** The longest time for which two hubs that both ran acted on different grants, ms. */
  readonly longestDisagreementMs: number;
  /** What must never be. */
  readonly violations: readonly string[];
}

export interface Watch {
  end(): Promise<Watched>;
}

/** The highest grant that a node has on its disk; null: none, or it is being written. */
export async function grantOf(demo: Demo, folder: string, meeting: string): Promise<Grant | null> {
  try {
    const kept = JSON.parse(await readFile(join(demo.data, folder, 'grants.json'), 'utf8')) as readonly { meeting: string; grant: Grant }[];
    return kept.find((each) => each.meeting === meeting)?.grant ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Looks five times a second until it is ended. */
export function watch(demo: Demo, meeting: string): Watch {
  let over = false;
  let longest = 0;
  let since: number | null = null;
  const violations: string[] = [];
  const contents = new Map<string, string>();
  const born = new Map<string, { readonly pid: number; readonly at: number }>();
  const highest = new Map<string, Grant>();

  const grown = async (hub: string): Promise<boolean> => {
    const pid = (await demo.pids())[hub];
    if (pid === undefined) return false;
    const known = born.get(hub);
    if (known?.pid !== pid) born.set(hub, { pid, at: performance.now() });
    return performance.now() - (born.get(hub)?.at ?? 0) > youngMs;
  };

  const look = async (): Promise<void> => {
    const grants = await Promise.all(hubNames.map((hub) => grantOf(demo, hub, meeting)));
    for (const [index, grant] of grants.entries()) {
      const hub = hubNames[index] ?? '';
      if (grant === null) continue;
      const key = `${grant.epoch} ${grant.by} ${grant.n}`;
      const text = JSON.stringify([grant.slots, grant.next, grant.previous, grant.muted, grant.ended]);
      if ((contents.get(key) ?? text) !== text) violations.push(`two grants are called ${key}: ${contents.get(key)} and ${text}`);
      contents.set(key, text);
      const before = highest.get(hub);
      if (before !== undefined && compareGrants(grant, before) < 0)
        violations.push(`${hub} fell back from ${before.epoch} ${before.by} ${before.n} to ${key}`);
      highest.set(hub, grant);
    }
    const [one, other] = grants;
    const both = (await Promise.all(hubNames.map(grown))).every(Boolean);
    const agree = !both || one == null || other == null || compareGrants(one, other) === 0;
    if (agree) since = null;
    else {
      since ??= performance.now();
      longest = Math.max(longest, performance.now() - since);
    }
  };

  const run = (async () => {
    while (!over) {
      await look();
      await pause(lookMs);
    }
  })();
  return {
    async end() {
      over = true;
      await run;
      return { longestDisagreementMs: Math.round(longest), violations };
    },
  };
}
