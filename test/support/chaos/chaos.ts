/** Random faults against a running demo, and what must hold throughout. The seed is told, so that a bad run can be had again. */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { MeetingView, SiteView } from '../../../protocol/api.ts';
import { compareGrants } from '../../../protocol/grant.ts';
import type { Demo } from '../demo.ts';
import { eventually } from '../eventually.ts';
import { faults, hubNames } from './faults.ts';
import { random } from './random.ts';
import { grantOf, watch } from './watch.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly forMs: number;
  /** The site that decodes what it hears. */
  readonly listener: string;
  readonly say: (line: string) => void;
}

export interface ChaosReport {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly floorChanges: number;
  readonly longestDisagreementMs: number;
  readonly violations: readonly string[];
}

/** Patience of a machine on which everything is being started anew at once. */
const patient = { withinMs: 180_000, everyMs: 500 };
const pauseMs = [5000, 15_000] as const;

/** Why the meeting is not whole; undefined when it is. Central may be away: then it is not. */
export async function notWhole(demo: Demo): Promise<string | undefined> {
  try {
    const [meeting, sites] = await Promise.all([demo.meeting(), demo.sites()]);
    const missing = sites.filter(({ state, tile }) => state === 'offline' || tile !== 'live');
    if (missing.length > 0) return missing.map(({ site, state, tile, because }) => `${site} ${state} ${tile} (${because})`).join(', ');
    if (meeting.mosaic.state !== 'running') return `mosaic ${meeting.mosaic.state}`;
    const { switched, viewers } = meeting.floor;
    return meeting.grant.slots.length === 0 || (viewers > 0 && switched === viewers) ? undefined : `floor at ${switched} of ${viewers}`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function agree(demo: Demo, meeting: MeetingView, sites: readonly SiteView[]): Promise<string | undefined> {
  const folders = [...hubNames, ...sites.map(({ site }) => join('edges', site))];
  const now = await demo.meeting();
  for (const folder of folders) {
    const grant = await grantOf(demo, folder, meeting.id);
    if (grant === null || compareGrants(grant, now.grant) !== 0)
      return `${folder} has ${JSON.stringify(grant)}, central ${JSON.stringify(now.grant)}`;
  }
  return undefined;
}

/** With everybody else muted, the listener must hear nothing: its own voice goes on. */
async function hearsItself(demo: Demo, meeting: string, listener: string, sites: readonly string[]): Promise<string | undefined> {
  const mute = (muted: boolean): Promise<unknown[]> =>
    Promise.all(sites.filter((site) => site !== listener).map((site) => demo.call('POST', `/meetings/${meeting}/mute`, { site, muted })));
  const heard = async (): Promise<number | null> => (await demo.sites()).find(({ site }) => site === listener)?.heardDb ?? null;
  const quiet = -50;
  // That it can hear at all shows that the check can fail.
  await eventually(async () => (((await heard()) ?? -200) > quiet ? undefined : `${listener} hears nobody`), patient);
  await mute(true);
  let still = 0;
  try {
    // Longer than any of its own sentences' pauses: its voice comes in between if it comes back.
    await eventually(async () => {
      still = ((await heard()) ?? 0) <= quiet ? still + 1 : 0;
      return still >= 6 ? undefined : `${listener} hears ${await heard()} dB`;
    }, patient);
  } catch (error) {
    return (error as Error).message;
  } finally {
    await mute(false);
  }
  return undefined;
}

/** What central has lost: numbers that never came. */
function eventsLost(demo: Demo): readonly string[] {
  const db = new Database(join(demo.data, 'central', 'central.db'), { readonly: true });
  try {
    const rows = db.prepare('select node, boot, lost from cursors where lost > 0').all() as { node: string; boot: string; lost: number }[];
    const twice = db.prepare('select node, boot, seq from events group by node, boot, seq having count(*) > 1').all() as { node: string }[];
    return [
      ...rows.map(({ node, lost }) => `${lost} events of ${node} were lost`),
      ...twice.map(({ node }) => `an event of ${node} came twice`),
    ];
  } finally {
    db.close();
  }
}

export async function chaos(demo: Demo, { seed, forMs, listener, say }: ChaosOptions): Promise<ChaosReport> {
  const chance = random(seed);
  say(`seed ${seed}`);
  const meeting = await demo.meeting();
  const sites = await demo.sites();
  const names = sites.map(({ site }) => site);
  const watching = watch(demo, meeting.id);
  const done: string[] = [];
  const violations: string[] = [];
  let floorChanges = 0;
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const make = chance.pick(faults);
    const restMs = chance.between(...pauseMs);
    const speaker = chance.pick(names);
    const fault = await tried(() => make(demo, chance));
    if (fault !== null) {
      say(`${fault.name}, then ${restMs} ms`);
      done.push(fault.name);
    }
    await pause(restMs / 2);
    // In the middle of it somebody else gets the floor; where central is away, nobody can ask it.
    const given = await tried(() => demo.call('POST', `/meetings/${meeting.id}/floor`, { site: speaker }));
    if (given !== null) floorChanges += 1;
    await pause(restMs / 2);
    await fault?.undo();
  }
  say('quiet again');
  await eventually(() => notWhole(demo), patient).catch((error: Error) => violations.push(`not whole again: ${error.message}`));
  await eventually(() => agree(demo, meeting, sites), patient).catch((error: Error) => violations.push(`no agreement: ${error.message}`));
  const self = await hearsItself(demo, meeting.id, listener, names);
  if (self !== undefined) violations.push(`a site hears itself: ${self}`);
  const watched = await watching.end();
  // What nodes have told while central was away comes when they have it again.
  await eventually(async () => eventsLost(demo).join('; ') || undefined, { withinMs: 60_000, everyMs: 1000 }).catch((error: Error) =>
    violations.push(error.message),
  );
  return {
    seed,
    faults: done,
    floorChanges,
    longestDisagreementMs: watched.longestDisagreementMs,
    violations: [...violations, ...watched.violations],
  };
}

/** Null when central is away just now: chaos does not wait for it. */
async function tried<T>(run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    // fetch says TypeError when nobody answers; the API says what it cannot do now.
    if (error instanceof TypeError || (error instanceof Error && /answered (4|5)\d\d/.test(error.message))) return null;
    throw error;
  }
}
