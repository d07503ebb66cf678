/** Collects what a meeting says of itself from the fault on: events as they are committed, telemetry as it comes. */
import type { LogEntry } from '../../protocol/api.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { EdgeTelemetry, Telemetry } from '../../protocol/schema/telemetry.ts';
import type { Seen } from './measure.ts';

/** Bounds what a drill may take of memory: ten minutes of a large meeting. */
const MOST_EVENTS = 5000;
const MOST_SAMPLES = 600;

export class Watch {
  readonly #plan: Plan;
  readonly #nodes: ReadonlySet<string>;
  readonly #events: LogEntry[] = [];
  readonly #samples = new Map<string, EdgeTelemetry[]>();

  constructor(plan: Plan, self: string) {
    this.#plan = plan;
    this.#nodes = new Set([self, ...plan.hubs.map(({ hub }) => hub), ...plan.sites.map(({ site }) => site)]);
    for (const { site } of plan.sites) this.#samples.set(site, []);
  }

  logged(entries: readonly LogEntry[]): void {
    const { meeting } = this.#plan;
    for (const entry of entries) {
      const ours = this.#nodes.has(entry.node) && (entry.meeting === null || entry.meeting === meeting);
      if (ours && this.#events.length < MOST_EVENTS) this.#events.push(entry);
    }
  }

  telemetry(site: string, body: Telemetry['body'] | null): void {
    const mine = this.#samples.get(site);
    if (body?.role === 'edge' && mine !== undefined && mine.length < MOST_SAMPLES) mine.push(body);
  }

  get seen(): Seen {
    const { sites, hubs, grant } = this.#plan;
    return {
      viewers: sites.map(({ site, protection }) => ({ site, protection, samples: this.#samples.get(site) ?? [] })),
      events: this.#events,
      packetMs: hubs[0]?.streams.mix.format.frameMs ?? 20,
      speaker: grant.slots[0] ?? null,
    };
  }
}
