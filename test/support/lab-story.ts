/** What every story about a failing path or hub does in a lab: waits for a calm machine, counts pictures, reads events. */
import type { LogEntry } from '../../protocol/api.ts';
import type { Protection } from '../../protocol/schema/plan.ts';
import { eventually } from './eventually.ts';
import type { Lab } from './lab.ts';
import type { Extra } from './lab-config.ts';

/** A guard against hanging, for what takes a starved machine long. */
export const patient = { withinMs: 180_000, everyMs: 100 } as const;

/**
 * Central's configuration where lost frames are counted and time is not: what a machine with too much to do is late with arrives all the same,
 * so that a frame that is missing is missing because of what the test did.
 */
export const unhurried: Extra = { media: { latencyMs: 800 } };

/** So many seconds without a loss: the machine keeps up, and what comes next is the fault's. */
const CALM_SECONDS = 3;

/** Waits until nothing is lost at these sites, then begins to count there. */
export async function calm(lab: Lab, sites: readonly string[]): Promise<void> {
  for (const site of sites) lab.watch(site).begin();
  await eventually(() => {
    const seen = sites.map((site) => ({ site, ...lab.watch(site).seen }));
    if (seen.some(({ floorLost, mixLost }) => floorLost + mixLost > 0)) for (const site of sites) lab.watch(site).begin();
    const early = seen.filter(({ seconds, floorFrames, floorLost }) => seconds < CALM_SECONDS || floorFrames === 0 || floorLost > 0);
    return early.length === 0
      ? undefined
      : early.map(({ site, seconds, floorLost }) => `${site}: ${floorLost} lost in ${seconds} s`).join(', ');
  }, patient);
  for (const site of sites) lab.watch(site).begin();
}

/** Waits until so many more pictures of the floor have come to each of these sites. */
export async function pictures(lab: Lab, sites: readonly string[], count: number): Promise<void> {
  const from = new Map(sites.map((site) => [site, lab.watch(site).seen.floorFrames]));
  await eventually(() => {
    const late = sites.filter((site) => lab.watch(site).seen.floorFrames < (from.get(site) ?? 0) + count);
    return late.length === 0 ? undefined : `too few pictures at ${late.join(', ')}`;
  }, patient);
}

/** Waits for so many more seconds of telemetry of a site, whatever it tells. */
export async function seconds(lab: Lab, site: string, count: number): Promise<void> {
  const from = lab.watch(site).seen.seconds;
  await eventually(() => (lab.watch(site).seen.seconds >= from + count ? undefined : `${site} is not there`), patient);
}

/** Central's log from now on. */
export interface Chronicle {
  /** The newest first. */
  entries(): Promise<readonly LogEntry[]>;
  /** Waits for an entry that `is` like this; returns it. */
  told(what: string, is: (entry: LogEntry) => boolean): Promise<LogEntry>;
}

export async function chronicle(lab: Lab): Promise<Chronicle> {
  const after = (await lab.events(1))[0]?.id ?? 0;
  const entries = async (): Promise<readonly LogEntry[]> => (await lab.events(500)).filter(({ id }) => id > after);
  return {
    entries,
    async told(what, is) {
      let found: LogEntry | undefined;
      await eventually(async () => {
        const all = await entries();
        found = all.find(is);
        return found === undefined ? `nobody told: ${what}; but ${all.map(briefly).join(' | ')}` : undefined;
      }, patient);
      return found as LogEntry;
    },
  };
}

const briefly = ({ node, kind, what, facts }: LogEntry): string => `${node} ${kind} ${what} ${JSON.stringify(facts)}`;

export async function protect(lab: Lab, sites: readonly string[], protection: Protection): Promise<void> {
  for (const site of sites) await lab.call('PATCH', `/sites/${site}`, { protection });
}
