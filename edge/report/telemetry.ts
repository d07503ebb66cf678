/** The numbers of the last second, taken together once a second. */
import type { Clock } from '../../protocol/clock.ts';
import type { HostProbe } from '../../protocol/node/host.ts';
import { mainWanted } from '../../protocol/plan.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import { arrived, type Flowed, flowing, linkSamples, noLook, nothingFlowed, type RelayLook } from '../link/samples.ts';
import { heard, plannedHubs } from '../link/tables.ts';

export interface TelemetrySources {
  readonly me: string;
  readonly clock: Clock;
  readonly host: HostProbe;
  /** Our own process and its children. */
  readonly pids: () => readonly number[];
  /** Of the disk with our data. */
  readonly freeBytes: () => number;
  readonly plan: () => Plan | null;
  readonly look: () => Promise<RelayLook>;
  readonly source: () => Promise<EdgeTelemetry['source']>;
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
    const { me, clock, host, pids, freeBytes, outboxRecords } = this.#from;
    const [now, source] = await Promise.all([this.#from.look(), this.#from.source()]);
    const [before, flowed] = [this.#before, this.#flowed];
    const plan = this.#from.plan();
    const hears = heard(plan, me);
    this.#before = now;
    this.#flowed = flowing(hears, flowed, before, now);
    const hubs = plan === null ? [] : plannedHubs(plan, me).map(({ hub }) => hub);
    return {
      role: 'edge',
      links: linkSamples(hubs, before, now).slice(0, 16),
      source,
      mainBecause: plan === null ? null : mainWanted(plan, me),
      ...arrived(hears, plan?.grant.n ?? 0, flowed, before, now),
      host: host.sample(pids(), clock.mono(), freeBytes(), outboxRecords()),
    };
  }
}
