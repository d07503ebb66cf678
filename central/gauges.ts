/** What central says of itself: the numbers of /metrics and the complaints of /healthz. */
import { X509Certificate } from 'node:crypto';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../protocol/clock.ts';
import type { Board } from './api/board.ts';
import { labelled, type Metric, single, tally } from './api/metrics.ts';
import type { Stream } from './api/stream.ts';
import type { Meetings } from './meetings/service.ts';
import type { Network } from './network.ts';

export interface GaugesParts {
  readonly board: Pick<Board, 'sites' | 'hubs'>;
  readonly stream: Pick<Stream, 'clients' | 'dropped'>;
  readonly network: Pick<Network, 'broker' | 'events' | 'ingest'>;
  readonly meetings: Pick<Meetings, 'list' | 'floorSwitches'>;
  /** Central's certificate, PEM. */
  readonly certificate: string;
  readonly version: string;
  readonly clock: Clock;
}

const states = ['online', 'degraded', 'offline', 'never'] as const;
const dayMs = 86_400_000;
/** A certificate that ends sooner is complained of. */
const renewDays = 30;
/** Events that wait for the database above this mean that it cannot keep up, or fails. */
const queuedMany = 5_000;

export class Gauges {
  readonly #parts: GaugesParts;
  readonly #startedAt: number;
  readonly #delay: IntervalHistogram;
  readonly #certificateEnds: number;

  constructor(parts: GaugesParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.mono();
    // Finer sampling costs several percent of a core.
    this.#delay = monitorEventLoopDelay({ resolution: 20 });
    // biome-ignore lint/style/noRestrictedGlobals: reads a given time, no clock
    this.#certificateEnds = Date.parse(new X509Certificate(parts.certificate).validTo);
  }

  start(): void {
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  readonly uptimeS = (): number => Math.round(this.#parts.clock.mono() - this.#startedAt) / 1000;

  readonly problems = (): readonly string[] => {
    const { board, network, clock } = this.#parts;
    const days = Math.floor((this.#certificateEnds - clock.now()) / dayMs);
    const hubs = board.hubs();
    const { queued } = network.events.stats();
    return [
      ...(days < renewDays ? [`central's certificate ends in ${days} days`] : []),
      ...(hubs.length > 0 && !hubs.some((each) => each.state === 'online' || each.state === 'degraded') ? ['no hub is online'] : []),
      ...(queued > queuedMany ? [`${queued} events wait for the database`] : []),
    ];
  };

  readonly metrics = (): readonly Metric[] => {
    const { board, stream, network, meetings, version } = this.#parts;
    const { broker, events, ingest } = network;
    const { connections, retained, ...counts } = broker.stats();
    const { queued, ...eventCounts } = events.stats();
    const list = meetings.list();
    const refused = [...ingest.refused().values()].reduce((sum, count) => sum + count, 0);
    const { rss, heapUsed } = process.memoryUsage();
    const cpu = process.cpuUsage();
    const delays = { p50: this.#delay.percentile(50), p99: this.#delay.percentile(99), max: this.#delay.max };
    const seconds = Object.fromEntries(Object.entries(delays).map(([key, ns]) => [key, Number.isFinite(ns) ? ns / 1e9 : 0]));
    // Each scrape tells of the time since the one before.
    this.#delay.reset();
    return [
      { name: 'diemcau_build_info', type: 'gauge', help: 'Version of central.', samples: [{ labels: { version }, value: 1 }] },
      single('diemcau_uptime_seconds', 'gauge', 'Time since central started.', this.uptimeS()),
      labelled('diemcau_sites', 'gauge', 'Sites by state.', 'state', tally(states, board.sites())),
      labelled('diemcau_hubs', 'gauge', 'Hubs by state.', 'state', tally(states, board.hubs())),
      labelled(
        'diemcau_meetings',
        'gauge',
        'Meetings by state; ended ones as far as they are in memory.',
        'state',
        tally(['planned', 'running', 'ended'] as const, list),
      ),
      single(
        'diemcau_recordings_running',
        'gauge',
        'Meetings that are being recorded.',
        list.filter((each) => each.recording !== null).length,
      ),
      single('diemcau_floor_switches_total', 'counter', 'Grants that put somebody else on air.', meetings.floorSwitches),
      single('diemcau_broker_clients', 'gauge', 'Nodes connected to the broker.', connections),
      single('diemcau_broker_retained', 'gauge', 'Retained messages.', retained),
      labelled('diemcau_broker_messages_total', 'counter', 'What the broker did, by what.', 'what', counts),
      single('diemcau_ingest_refused_total', 'counter', 'Messages that did not fit their schema.', refused),
      single('diemcau_events_queued', 'gauge', 'Events that wait for the database.', queued),
      labelled('diemcau_events_total', 'counter', 'Events, by what became of them.', 'what', eventCounts),
      single('diemcau_stream_clients', 'gauge', 'Pages that watch.', stream.clients),
      single('diemcau_stream_dropped_total', 'counter', 'Pages dropped because they read too slowly.', stream.dropped),
      labelled('diemcau_event_loop_delay_seconds', 'gauge', 'Delay of the event loop since the last scrape.', 'quantile', seconds),
      single('process_resident_memory_bytes', 'gauge', 'Resident memory.', rss),
      single('nodejs_heap_used_bytes', 'gauge', 'JavaScript heap in use.', heapUsed),
      single('process_cpu_seconds_total', 'counter', 'CPU time used.', (cpu.user + cpu.system) / 1e6),
    ];
  };
}
