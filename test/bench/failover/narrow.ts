/** Figure `narrow`: the only ways of a site become narrow while it speaks and watches. What is lost of its voice, of what it hears, of the pictures. */
import type { EdgeTelemetry, HubTelemetry } from '../../../protocol/schema/telemetry.ts';
import { eventually } from '../../support/eventually.ts';
import type { Lab } from '../../support/lab.ts';
import { wans } from '../../support/lab-network.ts';
import { distribution } from '../summary.ts';
import { withLab } from './round.ts';

export interface NarrowOptions {
  /** Speaks and watches; both of its WANs become narrow. */
  readonly site: string;
  /** Sees the site. */
  readonly viewer: string;
  /** The site's hub, whose log tells its telemetry (`log: {level: 'debug'}`). */
  readonly hub: string;
  /** One after the other, in kbit/s. */
  readonly steps: readonly number[];
  /** So long for each. */
  readonly seconds: number;
}

export interface NarrowStep {
  readonly kbps: number;
  readonly seconds: number;
  /** Of the site's voice, as it reaches the hub, in percent. */
  readonly voiceLostPercent: number;
  /** Of what the site hears, in percent. */
  readonly mixLostPercent: number;
  /** At the viewer: the picture of the site. */
  readonly frames: number;
  readonly lostFrames: number;
  readonly maxGapMs: number;
  readonly maxAgeMs: number;
  /** At the site: the picture of whoever it sees. */
  readonly seenFrames: number;
  readonly seenMaxGapMs: number;
  readonly seenMaxAgeMs: number;
  /** What the site gave up in the end, and why; what it was spared. */
  readonly mainKbps: number;
  readonly tileFps: number;
  readonly level: number;
  readonly thin: number;
  readonly because: string;
}

/** The seconds that a log tells from its line `from` on. */
const told = <T>(logs: readonly string[], from: number): T[] =>
  logs.slice(from).flatMap((line) => (line.includes('"telemetry":{') ? [(JSON.parse(line) as { readonly telemetry: T }).telemetry] : []));

const most = (values: readonly (number | null)[]): number => Math.max(0, ...values.map((value) => value ?? 0));
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const percent = (lost: number, came: number): number => (lost + came === 0 ? 100 : Math.round((10_000 * lost) / (lost + came)) / 100);

/** Narrows, measures and leaves the last step in force; `widen` ends it. */
export async function narrow(lab: Lab, { site, viewer, hub, steps, seconds }: NarrowOptions): Promise<readonly NarrowStep[]> {
  const results: NarrowStep[] = [];
  for (const kbps of steps) {
    for (const wan of wans) await lab.path(site, wan).narrow(kbps);
    const from = new Map([site, viewer, hub].map((name) => [name, lab.node(name).logs.length]));
    const since = <T>(name: string): T[] => told<T>(lab.node(name).logs, from.get(name) ?? 0);
    await eventually(
      () => {
        const least = Math.min(...[site, viewer, hub].map((name) => since(name).length));
        return least >= seconds ? undefined : `${least} s told`;
      },
      { withinMs: seconds * 1000 + 120_000, everyMs: 250 },
    );
    const [own, seen] = [since<EdgeTelemetry>(site), since<EdgeTelemetry>(viewer)];
    const atHub = since<HubTelemetry>(hub).flatMap(({ meetings }) =>
      meetings.flatMap((each) => each.sites.filter((one) => one.site === site)),
    );
    const voice = atHub.flatMap((each) => each.voice ?? []);
    const { adapt } = own.at(-1) ?? {};
    results.push({
      kbps,
      seconds: own.length,
      voiceLostPercent: percent(sum(voice.map(({ lost }) => lost)), sum(voice.map(({ packets }) => packets))),
      mixLostPercent: percent(sum(own.map(({ mix }) => mix.lost)), sum(own.map(({ mix }) => mix.packets))),
      frames: sum(seen.map(({ floor }) => floor.frames)),
      lostFrames: sum(seen.map(({ floor }) => floor.lostFrames)),
      maxGapMs: most(seen.map(({ floor }) => floor.maxGapMs)),
      maxAgeMs: most(seen.map(({ floor }) => floor.ageMs)),
      seenFrames: sum(own.map(({ floor }) => floor.frames)),
      seenMaxGapMs: most(own.map(({ floor }) => floor.maxGapMs)),
      seenMaxAgeMs: most(own.map(({ floor }) => floor.ageMs)),
      mainKbps: adapt?.mainKbps ?? 0,
      tileFps: adapt?.tileFps ?? 0,
      level: most(own.map((each) => each.adapt?.level ?? 0)),
      thin: most(atHub.map(({ thin }) => thin?.level ?? 0)),
      because: own.findLast((each) => each.adapt?.because)?.adapt?.because ?? '',
    });
  }
  return results;
}

/** Takes the bottleneck away and waits until everything is sent again, both ways. Resolves with the seconds it took, as the site tells. */
export async function widen(lab: Lab, { site, hub }: Pick<NarrowOptions, 'site' | 'hub'>): Promise<number> {
  for (const wan of wans) await lab.path(site, wan).perfect();
  const from = new Map([site, hub].map((name) => [name, lab.node(name).logs.length]));
  const since = <T>(name: string): T[] => told<T>(lab.node(name).logs, from.get(name) ?? 0);
  const whole = (): readonly EdgeTelemetry[] => since<EdgeTelemetry>(site);
  await eventually(
    () => {
      const up = whole().at(-1)?.adapt?.level;
      const down = since<HubTelemetry>(hub)
        .at(-1)
        ?.meetings.flatMap((each) => each.sites.filter((one) => one.site === site))[0]?.thin?.level;
      return up === 0 && down === 0 ? undefined : `up at level ${up}, down at level ${down}`;
    },
    { withinMs: 300_000, everyMs: 250 },
  );
  return whole().length;
}

const ROUNDS = 10;
const NARROW: Omit<NarrowOptions, 'site' | 'viewer' | 'hub'> = { steps: [400], seconds: 30 };

/** 0.4 Mbit/s for half a minute, on every way of a site that speaks and watches; as often as `ROUNDS` says, wide again each time. */
export const narrowed = (say: (text: string) => void): Promise<unknown> => {
  const [site, viewer, hub] = ['site-a', 'site-b', 'hub-1'];
  return withLab({ sites: { [site]: {}, [viewer]: {} }, hub: { log: { level: 'debug' } } }, async (lab) => {
    // The site has the floor and sees the previous speaker, so that both directions carry a large picture.
    const meeting = await lab.meet({ floor: viewer });
    await lab.call('POST', `/meetings/${meeting}/floor`, { site });
    await eventually(() => lab.notWhole(meeting), { withinMs: 120_000, everyMs: 250 });
    const all: NarrowStep[] = [];
    const wideS: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await eventually(() => ((lab.watch(site).seen.last?.adapt?.mainKbps ?? 0) > 0 ? undefined : 'no main yet'), { withinMs: 60_000 });
      const steps = await narrow(lab, { site, viewer, hub, ...NARROW });
      all.push(...steps);
      wideS.push(await widen(lab, { site, hub }));
      say(`narrow ${round + 1}/${ROUNDS}: ${JSON.stringify(steps)}; wide after ${wideS.at(-1)} s`);
    }
    const of = (pick: (step: NarrowStep) => number) => distribution(all.map(pick));
    return {
      n: all.length,
      kbps: NARROW.steps,
      seconds: NARROW.seconds,
      voiceLostPercent: of((step) => step.voiceLostPercent),
      heardLostPercent: of((step) => step.mixLostPercent),
      /** The age of the picture that a viewer looks at grows for as long as none comes. */
      oldestMs: of((step) => step.maxAgeMs + step.maxGapMs),
      oldestSeenMs: of((step) => step.seenMaxAgeMs + step.seenMaxGapMs),
      wideAgainS: distribution(wideS),
    };
  });
};
