/** The edge's relay in a meeting: does what the tables say, knows which links live, and tells what arrived. */
import { EventEmitter } from 'node:events';
import type { RelayEvent } from '../../hardware/relay/events.ts';
import type { Lookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import type { RelayQueues } from '../../hardware/relay/stats.ts';
import type { Clock } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../protocol/schema/reported.ts';
import type { DrillLink } from '../drill.ts';
import { Crowded } from './crowded.ts';
import type { Leaving } from './paths.ts';
import { lookAt, noLook, type RelayLook } from './samples.ts';
import { type RelayStep, relaySteps, without } from './steps.ts';
import { type LocalView, mediaInput, noTables, type Tables, type ViewName } from './tables.ts';
import { wayName } from './ways.ts';

export interface MediaLinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly lookup: Lookup;
  /** How to leave over a path. */
  readonly leaving: (path: string | null) => Leaving;
  readonly tell: (event: EventBody) => void;
}

export interface MediaLinkEvents {
  /** Some downlink came or went. */
  linked: [linked: boolean];
  /** A way into a hub carries packets in both directions, or not any more. */
  way: [info: { readonly way: string; readonly alive: boolean; readonly because: string }];
  /** A stream has stopped, or comes. Base SSRC. */
  flow: [info: { readonly ssrc: number; readonly stalled: boolean }];
  /** A view shows another stream; the gap between the last packet of the old one and the first of the new one in ms. */
  shown: [info: { readonly view: ViewName; readonly ssrc: number; readonly because: Shown; readonly gapMs: number }];
  /** The relay died: no view shows anything until it says so. */
  dark: [];
  /** The relay would show this stream from its next IDR on. */
  wanted: [info: { readonly ssrc: number }];
  /** The first IDR of a stream arrived: after a start, or where one was waited for. Base SSRC, monotonic ms. */
  keyframe: [info: { readonly ssrc: number; readonly at: number }];
  /** The only link up to a hub is new, or has room again: whoever receives from it needs an IDR. */
  fresh: [];
}

/** Why a view changed: as told, because its stream stopped, or because the first choice is back. */
export type Shown = 'asked' | 'stalled' | 'returned';

type Executors = { readonly [K in RelayStep['do']]: (step: Extract<RelayStep, { do: K }>) => Promise<void> };

export class MediaLink extends EventEmitter<MediaLinkEvents> {
  readonly #options: MediaLinkOptions;
  readonly #log: Log;
  readonly #relay: Relay;
  #tables: Tables = noTables;
  /** Of these, what the relay has not refused. */
  #done: Tables = noTables;
  /** Links that carry packets now. */
  readonly #live = new Set<string>();
  /** Views that somebody looks at and that wait for an IDR. */
  readonly #waiting = new Set<ViewName>();
  /** Base SSRC of what each view shows, as the relay has said. */
  readonly #showing = new Map<ViewName, number>();
  /** Live links with a queue that is too long: no picture passes. */
  readonly #crowded = new Crowded();
  /** Base SSRCs of what comes, or is made here, now. */
  readonly #flowing = new Set<number>();
  #restarts = 0;
  #inputPort = 0;

  constructor(options: MediaLinkOptions) {
    super();
    const { clock, log, lookup } = options;
    this.#options = options;
    this.#log = log.child({ part: 'link' });
    this.#relay = new Relay({ name: 'edge', clock, log, lookup });
    this.#relay.on('event', (event) => this.#heard(event));
    this.#relay.on('down', ({ because, expected }) => this.#died(because, expected));
    this.#relay.on('restarted', ({ outageMs }) => this.#returned(Math.round(outageMs)));
    this.#relay.on('failed', ({ because }) => this.#tellProcess('gave-up', 'error', because, {}));
  }

  /** Starts the relay. @throws FaultError when the program cannot be started. */
  async start(): Promise<void> {
    await this.#relay.start();
    this.#inputPort = await this.#relay.input(mediaInput);
  }

  async stop(): Promise<void> {
    await this.#relay.stop();
  }

  /** The loopback port for what this box makes; the same for the life of this object. */
  get inputPort(): number {
    return this.#inputPort;
  }

  get pids(): readonly number[] {
    return this.#relay.pid === null ? [] : [this.#relay.pid];
  }

  /** Some link down to us carries packets. */
  get linked(): boolean {
    return this.#tables.connections.some(({ link, direction }) => direction === 'down' && this.#live.has(link));
  }

  /** Links of the tables that carry nothing now. */
  get missing(): readonly string[] {
    return this.#tables.connections.filter(({ link }) => !this.#live.has(link)).map(({ link }) => link);
  }

  /** Pictures that somebody looks at and that wait for an IDR: ask for one. */
  get waiting(): readonly ViewName[] {
    return [...this.#waiting];
  }

  /** Whether packets of this stream (base SSRC) come. */
  flows(ssrc: number | null): boolean {
    return ssrc !== null && this.#flowing.has(ssrc);
  }

  /** Makes the relay do what the tables say. A step that is refused is logged and tried again with the next tables. */
  async apply(tables: Tables): Promise<void> {
    const steps = relaySteps(this.#done, tables);
    const was = this.linked;
    const ways = this.#aliveWays();
    this.#tables = tables;
    this.#done = tables;
    for (const link of [...this.#live]) if (!tables.connections.some((each) => each.link === link)) this.#live.delete(link);
    for (const [way, alive] of ways)
      if (alive && !this.#aliveWays().get(way)) this.emit('way', { way, alive: false, because: 'not used any more' });
    // All at once: the relay takes them in this order, and none waits for another's answer.
    const refused = (await Promise.all(steps.map(async (step) => ((await this.#run(step)) ? [] : [step])))).flat();
    this.#done = refused.reduce(without, this.#done);
    if (was !== this.linked) this.emit('linked', this.linked);
  }

  /** All counters now; nothing while the relay is away. */
  async look(): Promise<RelayLook> {
    try {
      return lookAt(await this.#relay.stats());
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'program.gone') throw error;
      return noLook;
    }
  }

  /** The queues of everything that we send; null while the relay is away. */
  async queues(): Promise<RelayQueues | null> {
    try {
      return await this.#relay.queues();
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'program.gone') throw error;
      return null;
    }
  }

  /** What video over a link may take in kbit/s; null: whatever there is. */
  pace(link: string, kbps: number | null): Promise<void> {
    return this.#relay.pace(link, kbps);
  }

  /** Fault drill. Null, or why there is nothing to kill. */
  restart(): string | null {
    if (this.#relay.state !== 'up') return `the relay is ${this.#relay.state}`;
    this.#relay.kill('SIGKILL');
    return null;
  }

  /** The links of the tables, and whether they carry packets. */
  get links(): readonly DrillLink[] {
    return this.#tables.connections.map(({ link, path, hub }) => ({ link, path, hub, live: this.#live.has(link) }));
  }

  /** Fault drill: for `ms` nothing goes over these. @throws FaultError */
  async cut(links: readonly string[], ms: number): Promise<void> {
    await Promise.all(links.map((link) => this.#relay.cut(link, ms)));
  }

  report(): PartReport {
    const states = { stopped: 'off', starting: 'starting', up: 'running', down: 'starting', failed: 'failed' } as const;
    return { name: 'relay', state: states[this.#relay.state], because: `relay is ${this.#relay.state}`, restarts: this.#restarts };
  }

  readonly #executors: Executors = {
    connect: ({ connection: { link, path, host, port, streamId, key, latencyMs } }) =>
      this.#relay.connect(link, { host, port, streamId, key, latencyMs, ...this.#options.leaving(path) }),
    disconnect: ({ link }) => {
      this.#live.delete(link);
      return this.#relay.disconnect(link);
    },
    route: ({ route: { ssrc, ...route } }) => this.#relay.route(ssrc, route),
    unroute: ({ ssrc }) => this.#relay.unroute(ssrc),
    view: ({ view }) => {
      this.#await(view);
      return this.#relay.view(view.view, view.shows);
    },
    unview: ({ view }) => {
      this.#waiting.delete(view);
      this.#showing.delete(view);
      return this.#relay.unview(view);
    },
  };

  #await({ view, shows }: LocalView): void {
    this.#waiting.delete(view);
    if (shows.kind !== 'video' || shows.ssrc === null || !('udp' in shows.to)) return;
    // What it shows already goes on, to another port or with other backups, and the relay has nothing to tell: one IDR, for a new decoder.
    if (this.#showing.get(view) === shows.ssrc) this.emit('wanted', { ssrc: shows.ssrc });
    else this.#waiting.add(view);
  }

  /** False when the relay refused it. */
  async #run(step: RelayStep): Promise<boolean> {
    try {
      await (this.#executors[step.do] as (step: RelayStep) => Promise<void>)(step);
      return true;
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#log.error({ step: step.do, because: brief(error.fault) }, 'relay refused a step');
      return false;
    }
  }

  #heard(event: RelayEvent): void {
    switch (event.event) {
      case 'connected':
      case 'heard':
        if (event.link !== undefined) this.#alive(event.link, true, event.event);
        break;
      case 'disconnected':
      case 'silent':
        if (event.link !== undefined)
          this.#alive(
            event.link,
            false,
            event.event === 'disconnected' ? event.because : `nothing heard for ${Math.round(event.quietMs)} ms`,
          );
        break;
      case 'keyframe':
        this.emit('keyframe', { ssrc: event.ssrc, at: event.at });
        break;
      case 'crowded':
        if (event.link !== undefined) this.#crowded.crowded(event.link);
        break;
      case 'eased':
        if (event.link !== undefined && this.#crowded.eased(event.link, this.#same(event.link))) this.emit('fresh');
        break;
      case 'stalled':
      case 'flowing':
        if (event.event === 'stalled') this.#flowing.delete(event.ssrc);
        else this.#flowing.add(event.ssrc);
        this.emit('flow', { ssrc: event.ssrc, stalled: event.event === 'stalled' });
        break;
      case 'wanted':
        this.emit('wanted', { ssrc: event.ssrc });
        break;
      case 'switched':
        this.#waiting.delete(event.view as ViewName);
        this.#showing.set(event.view as ViewName, event.ssrc);
        this.emit('shown', { view: event.view as ViewName, ssrc: event.ssrc, because: event.because ?? 'asked', gapMs: event.gapMs ?? 0 });
        break;
      case 'latency':
        this.#log.info({ ...event }, 'the way is long: more latency');
        break;
      case 'forged':
      case 'refused':
        this.#log.warn({ ...event }, 'relay refused a packet or a caller');
        break;
      default:
    }
  }

  #alive(link: string, alive: boolean, because: string): void {
    const connection = this.#tables.connections.find((each) => each.link === link);
    if (connection === undefined || this.#live.has(link) === alive) return;
    const was = this.linked;
    const way = wayName(connection);
    const wayWas = this.#aliveWays().get(way) ?? false;
    if (alive) this.#live.add(link);
    else this.#live.delete(link);
    if (!alive) this.#crowded.away(link);
    const wayIs = this.#aliveWays().get(way) ?? false;
    // Before anything else: a hub that stands by may have to be used.
    if (wayIs !== wayWas) this.emit('way', { way, alive: wayIs, because });
    const { hub, path, direction } = connection;
    this.#log.info({ hub, path, direction, alive, because }, 'media link changed');
    this.#options.tell({
      kind: 'link',
      severity: alive ? 'info' : 'warning',
      what: alive ? 'connected' : 'lost',
      because: because.slice(0, 300),
      meeting: null,
      facts: { peer: hub, direction, path },
    });
    if (alive && direction === 'up' && this.#only(link)) this.emit('fresh');
    if (was !== this.linked) this.emit('linked', this.linked);
  }

  /** By name; alive when both directions are. */
  #aliveWays(): ReadonlyMap<string, boolean> {
    const alive = new Map<string, boolean>();
    for (const each of this.#tables.connections) {
      const way = wayName(each);
      alive.set(way, (alive.get(way) ?? true) && this.#live.has(each.link));
    }
    return alive;
  }

  /** Live links that carry the same packets: in the same direction, to or from the same hub. */
  #same(link: string): readonly string[] {
    const of = this.#tables.connections.find((each) => each.link === link);
    const same = this.#tables.connections.filter((each) => each.hub === of?.hub && each.direction === of.direction);
    return same.flatMap((each) => (this.#live.has(each.link) ? [each.link] : []));
  }

  /** No other live link carries the same packets, or none that pictures pass. */
  #only(link: string): boolean {
    return !this.#same(link).some((each) => each !== link && this.#crowded.passes(each));
  }

  #died(because: string, expected: boolean): void {
    if (expected) return;
    this.#restarts += 1;
    const was = this.linked;
    const ways = [...this.#aliveWays()].filter(([, alive]) => alive);
    this.#live.clear();
    this.#flowing.clear();
    this.#crowded.clear();
    this.#showing.clear();
    this.emit('dark');
    for (const [way] of ways) this.emit('way', { way, alive: false, because: 'the relay of this box crashed' });
    this.#tellProcess('crashed', 'warning', because, {});
    if (was) this.emit('linked', false);
  }

  #returned(outageMs: number): void {
    for (const view of this.#tables.views) this.#await(view);
    this.#tellProcess('returned', 'info', `relay runs again after ${outageMs} ms`, { outageMs });
  }

  #tellProcess(what: string, severity: EventBody['severity'], because: string, facts: EventBody['facts']): void {
    this.#options.tell({
      kind: 'process',
      severity,
      what,
      because: because.slice(0, 300),
      meeting: null,
      facts: { program: 'relay', restarts: this.#restarts, ...facts },
    });
  }
}
