/** The edge's relay in a meeting: does what the tables say, knows which links live, and tells what arrived. */
import { EventEmitter } from 'node:events';
import type { RelayEvent } from '../../hardware/relay/events.ts';
import type { Lookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import type { Clock } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Part as PartReport } from '../../protocol/schema/reported.ts';
import { lookAt, noLook, type RelayLook } from './samples.ts';
import { type RelayStep, relaySteps } from './steps.ts';
import { type LocalView, mediaInput, noTables, type Tables, type ViewName } from './tables.ts';

export interface MediaLinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly lookup: Lookup;
  readonly tell: (event: EventBody) => void;
}

export interface MediaLinkEvents {
  /** Some downlink came or went. */
  linked: [linked: boolean];
  /** The first IDR of a stream arrived: after a start, or where one was waited for. Base SSRC, monotonic ms. */
  keyframe: [info: { readonly ssrc: number; readonly at: number }];
  /** A link up is new, or has room again: whoever receives from it needs an IDR. */
  fresh: [];
}

type Executors = { readonly [K in RelayStep['do']]: (step: Extract<RelayStep, { do: K }>) => Promise<void> };

export class MediaLink extends EventEmitter<MediaLinkEvents> {
  readonly #options: MediaLinkOptions;
  readonly #log: Log;
  readonly #relay: Relay;
  #tables: Tables = noTables;
  /** Links that carry packets now. */
  readonly #live = new Set<string>();
  /** Views that somebody looks at and that wait for an IDR. */
  readonly #waiting = new Set<ViewName>();
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

  /** Makes the relay do what the tables say. A step that is refused is logged and tried again with the next tables. */
  async apply(tables: Tables): Promise<void> {
    const steps = relaySteps(this.#tables, tables);
    const was = this.linked;
    this.#tables = tables;
    for (const link of [...this.#live]) if (!tables.connections.some((each) => each.link === link)) this.#live.delete(link);
    // All at once: the relay takes them in this order, and none waits for another's answer.
    await Promise.all(steps.map((step) => this.#run(step)));
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

  /** Fault drill. */
  restart(): void {
    this.#relay.kill('SIGKILL');
  }

  report(): PartReport {
    const states = { stopped: 'off', starting: 'starting', up: 'running', down: 'starting', failed: 'failed' } as const;
    return { name: 'relay', state: states[this.#relay.state], because: `relay is ${this.#relay.state}`, restarts: this.#restarts };
  }

  readonly #executors: Executors = {
    connect: ({ connection: { link, host, port, streamId, key, latencyMs } }) =>
      this.#relay.connect(link, { host, port, streamId, key, latencyMs }),
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
      return this.#relay.unview(view);
    },
  };

  #await({ view, shows }: LocalView): void {
    if (shows.kind === 'video' && shows.ssrc !== null && 'udp' in shows.to) this.#waiting.add(view);
    else this.#waiting.delete(view);
  }

  async #run(step: RelayStep): Promise<void> {
    try {
      await (this.#executors[step.do] as (step: RelayStep) => Promise<void>)(step);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#log.error({ step: step.do, because: brief(error.fault) }, 'relay refused a step');
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
      case 'eased':
        this.emit('fresh');
        break;
      case 'switched':
        this.#waiting.delete(event.view as ViewName);
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
    if (alive) this.#live.add(link);
    else this.#live.delete(link);
    const { hub, direction } = connection;
    this.#log.info({ hub, direction, alive, because }, 'media link changed');
    this.#options.tell({
      kind: 'link',
      severity: alive ? 'info' : 'warning',
      what: alive ? 'connected' : 'lost',
      because: because.slice(0, 300),
      meeting: null,
      facts: { peer: hub, direction },
    });
    if (alive && direction === 'up') this.emit('fresh');
    if (was !== this.linked) this.emit('linked', this.linked);
  }

  #died(because: string, expected: boolean): void {
    if (expected) return;
    this.#restarts += 1;
    const was = this.linked;
    this.#live.clear();
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
