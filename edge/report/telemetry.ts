/** The numbers of the last second, taken together once a second. */
import type { Clock } from '../../protocol/clock.ts';
import type { HostProbe } from '../../protocol/node/host.ts';
import { mainWanted } from '../../protocol/plan.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import { arrived, type Flowed, flowing, linkSamples, noLook, nothingFlowed, type RelayLook } from '../link/samples.ts';
import { heard } from '../link/tables.ts';
import { plannedWays } from '../link/ways.ts';

/** What the media of the box say of the last second. */
export interface RoomSample {
  readonly plan: Plan | null;
  /** Whose mosaic and mix are shown and heard; null: no meeting. */
  readonly hub: string | null;
  readonly look: RelayLook;
  /** Ways that rest, see standby.ts. */
  readonly resting: readonly string[];
  readonly source: EdgeTelemetry['source'];
  /** What is given up because the way out is narrow. */
  readonly adapt: EdgeTelemetry['adapt'];
  /** The loudest moment of what the room heard since the last call; null: nothing is decoded here. */
  readonly levelDb: number | null;
}

export interface TelemetrySources {
  readonly me: string;
  readonly clock: Clock;
  readonly host: HostProbe;
  /** Our own process and its children. */
  readonly pids: () => readonly number[];
  /** Of the disk with our data. */
  readonly freeBytes: () => number;
  readonly room: () => Promise<RoomSample>;
  readonly outboxRecords: () => number;
}

export class Telemetry {
  readonly #from: TelemetrySources;
  #before: RelayLook = noLook;
  #flowed: Flowed = nothingFlowed;

  constructor(from: TelemetrySources) {
    this.#from = from;
  }

  /** What happened since the last call. */
  async sample(): Promise<EdgeTelemetry> {
    const { me, clock, host, pids, freeBytes, room, outboxRecords } = this.#from;
    const { plan, hub, look: now, resting, source, adapt, levelDb } = await room();
    const [before, flowed] = [this.#before, this.#flowed];
    const hears = heard(plan, me, hub);
    this.#before = now;
    this.#flowed = flowing(hears, flowed, before, now);
    const ways = plan === null ? [] : plannedWays(plan, me);
    const here = arrived(hears, plan?.grant.n ?? 0, flowed, before, now);
    return {
      role: 'edge',
      links: linkSamples(ways, resting, before, now).slice(0, 32),
      hub,
      source,
      ...(adapt === undefined ? {} : { adapt }),
      mainBecause: plan === null ? null : mainWanted(plan, me),
      ...here,
      mix: { ...here.mix, levelDb },
      host: host.sample(pids(), clock.mono(), freeBytes(), outboxRecords()),
    };
  }
}
