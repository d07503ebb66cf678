/** One site as central sees it: what the room shall do comes in, what it does and what happened goes out. */
import type { Timer } from '../protocol/clock.ts';
import { brief } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import { CentralLink } from '../protocol/node/central-link.ts';
import { DesiredStore } from '../protocol/node/desired-store.ts';
import { freeBytes, HostProbe, ownAddresses } from '../protocol/node/host.ts';
import type { Outcome } from '../protocol/node/inbox.ts';
import { Outbox } from '../protocol/node/outbox.ts';
import type { Act } from '../protocol/schema/command.ts';
import type { Desired } from '../protocol/schema/desired.ts';
import type { EventBody } from '../protocol/schema/event.ts';
import type { Part, ReportedBody } from '../protocol/schema/reported.ts';
import { describeDisplay } from './media/display/choose.ts';
import { describeSound } from './media/sound/choose.ts';
import { Panel } from './panel/server.ts';
import { Telemetry } from './report/telemetry.ts';
import { Room, type RoomOptions } from './room.ts';

export interface AgentOptions extends Omit<RoomOptions, 'tell' | 'changed'> {
  readonly version: string;
  /** This process, for what it costs. */
  readonly pid: number;
  /** Folder of the panel's built page. */
  readonly panelPage: string;
}

const SECOND_MS = 1000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #store: DesiredStore;
  readonly #outbox: Outbox;
  readonly #central: CentralLink;
  readonly #room: Room;
  readonly #telemetry: Telemetry;
  readonly #panel: Panel | null;
  #tick: Timer | null = null;

  constructor(options: AgentOptions) {
    const { config, identity, boot, version, pid, clock, log, random } = options;
    const { node, data } = config;
    this.#options = options;
    this.#log = log;
    this.#store = new DesiredStore(data, log, (event) => this.#tell(event));
    this.#outbox = new Outbox({ folder: `${data}/outbox`, boot, clock, log, tell: (event) => this.#tell(event) });
    this.#room = new Room({ ...options, tell: (event) => this.#tell(event), changed: () => this.#central.report() });
    this.#central = new CentralLink({
      node,
      role: 'edge',
      identity,
      boot,
      version,
      clock,
      log,
      random,
      servers: config.central,
      outbox: this.#outbox,
      desired: (message) => this.#desire(message),
      command: (act) => this.#command(act),
      reported: () => this.#reported(),
      devices: () => this.#room.furniture.report(),
      tell: (event) => this.#tell(event),
    });
    const { panel } = options.config;
    this.#panel =
      panel === null
        ? null
        : new Panel({
            ...panel,
            identity,
            page: options.panelPage,
            floor: this.#room.floor,
            name: () => this.#room.name,
            key: () => this.#room.panelKey,
            central: () => this.#central.connected,
            // The room's own network, before the lines to the hubs.
            addresses: () => ownAddresses(config.paths.flatMap((path) => path.interface ?? [])),
            clock,
            log,
          });
    this.#telemetry = new Telemetry({
      me: node,
      clock,
      host: new HostProbe(),
      pids: () => [pid, ...this.#room.pids()],
      freeBytes: () => freeBytes(data),
      room: () => this.#room.sample(),
      outboxRecords: () => this.#outbox.counters().events,
    });
  }

  /** Starts everything; goes back into the meeting that was remembered, broker or not. @throws FaultError when the relay cannot be started. */
  async start(): Promise<void> {
    const { clock, version } = this.#options;
    // First, so that what is found damaged is told.
    await this.#outbox.start();
    const [remembered] = await Promise.all([this.#store.load(), this.#room.remember()]);
    const facts = { program: 'edge' };
    this.#tell({ kind: 'process', severity: 'info', what: 'started', because: `edge ${version}`, meeting: null, facts });
    if (remembered !== null) {
      const { rev, want } = remembered.body;
      if (want.role === 'edge') this.#room.desire(rev, want);
    }
    // Desired states may come while the room is still starting: it takes them when it is ready.
    this.#central.start();
    await Promise.all([this.#room.start(), this.#servePanel()]);
    this.#tick = clock.every(SECOND_MS, 'telemetry', () => {
      this.#second().catch((error: unknown) => this.#log.error({ err: error }, 'a second failed'));
    });
  }

  /** Where the chair's panel is; null: nowhere. */
  get panelUrl(): string | null {
    return this.#panel?.url ?? null;
  }

  /** Says farewell and ends everything. Idempotent. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    await Promise.all([this.#central.stop(), this.#panel?.stop(), this.#room.stop()]);
    await this.#outbox.stop();
  }

  /** The meeting that the site is in. */
  get meeting(): string | null {
    return this.#room.plan?.meeting ?? null;
  }

  /** The site's fault domains and how they stand. */
  get parts(): readonly Part[] {
    return this.#room.parts();
  }

  /** A desired state from the broker: taken when it is newer, and remembered. */
  #desire(message: Desired): void {
    const { rev, want } = message.body;
    if (want.role !== 'edge') return;
    const taken = this.#room.desire(rev, want);
    if (!taken.ok) this.#log.warn({ because: brief(taken.fault) }, 'desired state was dropped');
    if (!taken.ok || !taken.value) return;
    void this.#store.save(message).then((saved) => {
      if (saved.ok) return this.#room.trouble(null);
      const because = `desired state could not be remembered: ${brief(saved.fault)}`.slice(0, 300);
      this.#log.error({ because }, 'desired state could not be remembered');
      this.#tell({ kind: 'health', severity: 'error', what: 'not-remembered', because, meeting: null, facts: { what: 'desired state' } });
      this.#room.trouble(because);
    });
  }

  async #command(act: Act): Promise<Outcome> {
    switch (act.do) {
      case 'restart-media':
        this.#room.restartMedia();
        return { outcome: 'done', because: 'media processes were killed and come back' };
      case 'device': {
        const device = await this.#room.furniture.act(act.device, act.act);
        const { outcome, because } = device;
        const done = outcome === 'completed' || outcome === 'accepted';
        return { outcome: done ? 'done' : outcome === 'rejected' ? 'refused' : 'failed', because, device };
      }
      case 'drill':
        return this.#room.drill(act.fault, act.meeting, act.ms);
      case 'heal':
        return this.#room.heal();
      case 'picture': {
        const because = this.#room.furniture.order(act.device, act.order);
        return because === null ? { outcome: 'done', because: 'as ordered' } : { outcome: 'refused', because };
      }
      case 'delete-recording':
        return { outcome: 'refused', because: 'a site box keeps no recordings' };
      default:
        return act satisfies never;
    }
  }

  #reported(): ReportedBody {
    const { machine } = this.#options;
    const { revision, satisfied, because } = this.#room.report;
    const meeting = this.#room.plan?.meeting;
    const { encoder = machine.encoder } = this.#room;
    return {
      role: 'edge',
      rev: revision,
      satisfied,
      because: because.slice(0, 300),
      meetings: meeting === undefined ? [] : [meeting],
      parts: [...this.#room.parts()],
      grants: [],
      address: null,
      media: {
        source: this.#room.sourceText,
        encoder: encoder?.element ?? 'none',
        encoderBecause: (encoder?.because ?? 'the clip has the format already').slice(0, 300),
        audio: describeSound(machine.input),
        display: describeDisplay(machine.display),
        paths: [...this.#room.paths],
        panel: this.panelUrl,
      },
    };
  }

  /** A panel that cannot be served must not keep the room out of the meeting. */
  async #servePanel(): Promise<void> {
    try {
      await this.#panel?.start();
    } catch (error) {
      const because = `the panel cannot be served: ${(error as Error).message}`.slice(0, 300);
      this.#log.error({ because }, 'the panel cannot be served');
      this.#tell({ kind: 'health', severity: 'error', what: 'panel', because, meeting: null, facts: { what: 'panel' } });
    }
  }

  async #second(): Promise<void> {
    this.#central.report();
    await this.#room.second();
    const { connected } = this.#central;
    // Who reads the log closely sees what nobody can be told, too.
    if (!connected && this.#options.config.log.level !== 'debug') return;
    const telemetry = await this.#telemetry.sample();
    this.#log.debug({ telemetry }, 'telemetry was measured');
    if (connected) this.#central.telemetry(telemetry);
  }

  #tell(event: EventBody): void {
    const body = { ...event, meeting: event.meeting ?? this.#room.plan?.meeting ?? null };
    this.#log.info({ ...body }, 'event');
    void this.#outbox.append('event', body).then((appended) => {
      if (!appended.ok) this.#log.error({ because: brief(appended.fault), event: body.what }, 'event was not kept');
    });
  }
}
