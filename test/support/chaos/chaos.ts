/** Random faults against a running demo, and what must hold throughout. The seed is told, so that a bad run can be had again. */
import { setTimeout as pause } from 'node:timers/promises';
import { compareGrants } from '../../../protocol/grant.ts';
import type { Demo } from '../demo.ts';
import { eventually } from '../eventually.ts';
import { eventsWrong } from './events.ts';
import { breakOne, hubNames } from './faults.ts';
import { GrantWatch, grantOf } from './grants.ts';
import { Nodes } from './nodes.ts';
import { random } from './random.ts';
import { Rulers } from './rulers.ts';
import { QUIET_DB, ViewerWatch } from './viewer.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly forMs: number;
  /** The site that decodes what it sees and hears. */
  readonly viewer: string;
  readonly say: (line: string) => void;
}

export interface ChaosReport {
  readonly seed: number;
  readonly faults: readonly string[];
  /** Floor changes, by who wrote them. */
  readonly given: { readonly central: number; readonly panel: number };
  /** The longest of all, ms: hubs with different grants; a box with less than the highest; a viewer without a new picture. */
  readonly disagreedMs: number;
  readonly behindMs: number;
  readonly darkMs: number;
  /** The same of the floor alone, while its site was well too. */
  readonly floorDarkMs: number;
  /** Pictures that the viewer has shown, and times that what it heard was looked at. */
  readonly looked: ViewerWatch['looked'];
  readonly violations: readonly string[];
}

/** What must have happened for a run to say anything. */
export const lookedEnough = ({ faults, given, looked }: ChaosReport): boolean =>
  faults.length > 0 && given.central > 0 && given.panel > 0 && looked.floor > 0 && looked.mosaic > 0 && looked.listened > 0;

/** Patience of a machine on which everything is being started anew at once. */
const patient = { withinMs: 180_000, everyMs: 500 };
const pauseMs = [5000, 15_000] as const;
const LOOK_MS = 200;

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

async function notAgreed(demo: Demo, meeting: string, all: readonly string[]): Promise<string | undefined> {
  const { grant: highest } = await demo.meeting();
  for (const node of all) {
    const grant = await grantOf(demo, node, meeting);
    if (grant === null || compareGrants(grant, highest) !== 0)
      return `${node} has ${JSON.stringify(grant)}, central ${JSON.stringify(highest)}`;
  }
  return undefined;
}

export async function chaos(demo: Demo, { seed, forMs, viewer, say }: ChaosOptions): Promise<ChaosReport> {
  const chance = random(seed);
  say(`seed ${seed}`);
  const { id: meeting } = await demo.meeting();
  const sites = (await demo.sites()).map(({ site }) => site);
  const all = [...hubNames, ...sites];
  const nodes = new Nodes(demo);
  const rulers = await Rulers.of(demo, meeting);
  const grants = new GrantWatch(demo, nodes, meeting, sites);
  let mute = false;
  const watch = new ViewerWatch(
    demo,
    nodes,
    viewer,
    () => grants.highest?.slots[0] ?? null,
    () => mute,
  );
  const heard = async (): Promise<number> => (await demo.sites()).find(({ site }) => site === viewer)?.heardDb ?? -200;
  const muteOthers = (muted: boolean): Promise<unknown> =>
    Promise.all(sites.filter((site) => site !== viewer).map((site) => demo.call('POST', `/meetings/${meeting}/mute`, { site, muted })));

  // That it can hear at all shows that listening can find something. Then everybody else is muted: it has to hear nothing, whatever dies.
  await eventually(async () => ((await heard()) > QUIET_DB ? undefined : `${viewer} hears nobody`), patient);
  await muteOthers(true);
  let still = 0;
  await eventually(async () => {
    still = (await heard()) <= QUIET_DB ? still + 1 : 0;
    return still >= 6 ? undefined : `${viewer} hears ${await heard()} dB`;
  }, patient);
  mute = true;

  let over = false;
  const every = async (ms: number, look: () => unknown): Promise<void> => {
    while (!over) {
      await look();
      await pause(ms);
    }
  };
  await nodes.look();
  const watching = Promise.all([
    every(LOOK_MS, async () => {
      await nodes.look();
      await grants.look();
    }),
    every(1000, () => watch.look()),
    every(500, () => watch.listen()),
  ]);

  const done: string[] = [];
  const lasting: Promise<void>[] = [];
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const restMs = chance.between(...pauseMs);
    const broken = await breakOne({ demo, nodes, sites, chance });
    if (broken !== null) {
      say(`${broken.name}, then ${restMs} ms`);
      done.push(broken.name);
      // What lasts goes on into the next fault.
      lasting.push(broken.over);
    }
    await pause(restMs / 2);
    await rulers.give(chance, sites);
    await pause(restMs / 2);
  }
  await Promise.all(lasting);
  say('quiet again');
  const violations: string[] = [];
  const inTheEnd = (what: string, look: () => Promise<string | undefined>): Promise<void> =>
    eventually(look, patient).catch((error: Error) => void violations.push(`${what}: ${error.message}`));
  await inTheEnd('not whole again', () => notWhole(demo));
  await inTheEnd('no agreement', () => notAgreed(demo, meeting, all));
  over = true;
  await watching;
  mute = false;
  await muteOthers(false);
  await inTheEnd('mute for ever', async () => ((await heard()) > QUIET_DB ? undefined : `${viewer} hears nobody`));
  await inTheEnd('events', async () => eventsWrong(demo, nodes, all).slice(0, 10).join('; ') || undefined);
  return {
    seed,
    faults: done,
    given: rulers.done,
    disagreedMs: grants.disagreedMs,
    behindMs: grants.behindMs,
    darkMs: watch.darkMs,
    floorDarkMs: watch.floorDarkMs,
    looked: watch.looked,
    violations: [...violations, ...grants.violations, ...watch.violations],
  };
}
