/** How this hub is: the state of its parts, and what central is told once a second. */
import type { Relay } from '../../../hardware/relay/relay.ts';
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { HostProbe } from '../../../protocol/node/host.ts';
import type { Part } from '../../../protocol/schema/reported.ts';
import type { HubTelemetry } from '../../../protocol/schema/telemetry.ts';
import type { Meetings } from '../meetings.ts';
import { because } from './because.ts';
import { type Counts, meetingSample } from './sample.ts';

export interface HealthOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly relay: Relay;
  readonly meetings: Meetings;
  /** Base SSRC that a view shows. */
  readonly shown: (view: string) => number | undefined;
  /** Free bytes for recordings; null: not known. */
  readonly free: () => number | null;
}

export class Health {
  readonly #options: HealthOptions;
  readonly #host = new HostProbe();
  #counts: Counts = { now: null, before: null };

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  parts(): readonly Part[] {
    const { relay, meetings } = this.#options;
    const { state } = relay;
    const part: Part = {
      name: 'relay',
      state: state === 'up' ? 'running' : state === 'failed' ? 'failed' : 'starting',
      because: state,
      restarts: meetings.relayStarts,
    };
    const many = meetings.running.size > 1;
    const named = (id: string, each: Part): Part => (many ? { ...each, name: `${each.name} ${id}` } : each);
    return [part, ...[...meetings.running].flatMap(([id, meeting]) => meeting.parts().map((each) => named(id, each)))].slice(0, 64);
  }

  /** Of all programs of this hub. */
  get pids(): readonly number[] {
    const { relay, meetings } = this.#options;
    return [relay.pid, ...[...meetings.running.values()].flatMap((each) => each.pids)].filter((pid) => pid !== null);
  }

  /** What central is told once a second. */
  async telemetry(outboxRecords: number): Promise<HubTelemetry> {
    const { clock, node, meetings, shown, free } = this.#options;
    await this.#count();
    const { now, before } = this.#counts;
    const samples = await Promise.all([...meetings.running.values()].map((meeting) => meetingSample(meeting, node, this.#counts, shown)));
    const host = this.#host.sample([process.pid, ...this.pids], clock.mono(), free() ?? 0, outboxRecords);
    const since = (key: 'refused' | 'forged'): number => Math.max(0, (now?.[key] ?? 0) - (before?.[key] ?? 0));
    return { role: 'hub', meetings: samples, refused: since('refused'), forged: since('forged'), host };
  }

  async #count(): Promise<void> {
    const { relay, log } = this.#options;
    try {
      const now = await relay.stats();
      this.#counts = { now, before: this.#counts.now };
    } catch (error) {
      log.debug({ because: because(error) }, 'relay gave no counters');
    }
  }
}
