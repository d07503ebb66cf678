/** One site: every service of the box, wired. Decides nothing itself; the tables in reconcile/ and link/ do. */
import type { EncoderChoice } from '../hardware/gstreamer/encoders.ts';
import type { Lookup } from '../hardware/relay/lookup.ts';
import type { Clock, Timer } from '../protocol/clock.ts';
import { brief } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import { MqttLink } from '../protocol/node/mqtt-link.ts';
import { Outbox } from '../protocol/node/outbox.ts';
import { type Executors, Reconcile, type Report } from '../protocol/node/reconcile.ts';
import type { Identity } from '../protocol/node/tls.ts';
import type { Act } from '../protocol/schema/command.ts';
import type { Desired, EdgeDesired } from '../protocol/schema/desired.ts';
import type { EventBody } from '../protocol/schema/event.ts';
import type { Plan } from '../protocol/schema/plan.ts';
import type { ReportedBody } from '../protocol/schema/reported.ts';
import { subscriptions } from '../protocol/topic.ts';
import type { EdgeConfig } from './config.ts';
import { Controls } from './link/controls.ts';
import { MediaLink } from './link/link.ts';
import { floorIs, keyframeCame, nothingShown, type ShownStep } from './link/shown.ts';
import { heard, type LocalPorts, noTables } from './link/tables.ts';
import type { Credentials } from './media/capture.ts';
import { type Display as DisplayChoice, describeDisplay } from './media/display/choose.ts';
import { Display } from './media/display/display.ts';
import { type Scene, scene } from './media/display/scene.ts';
import { describeSound, type SoundIn, type SoundOut } from './media/sound/choose.ts';
import { Speaker } from './media/sound/speaker.ts';
import { describeSource } from './media/source.ts';
import { Uplink } from './media/uplink.ts';
import { HostProbe } from './probe/host.ts';
import { type EdgeStep, type Observed, planSteps, type Target } from './reconcile/target.ts';
import { Inbox } from './report/inbox.ts';
import { Sender } from './report/sender.ts';
import { StampFile } from './report/stamps.ts';
import { Telemetry } from './report/telemetry.ts';
import { DesiredStore } from './store/desired.ts';
import { IncarnationFile } from './store/incarnations.ts';

/** What was found on this machine for what the configuration wants. */
export interface Machine {
  /** Null when the source is a clip. */
  readonly encoder: EncoderChoice | null;
  readonly display: DisplayChoice;
  readonly input: SoundIn;
  readonly output: SoundOut;
  readonly credentials: Credentials | null;
}

export interface AgentOptions {
  readonly config: EdgeConfig;
  readonly identity: Identity;
  readonly machine: Machine;
  readonly boot: string;
  readonly version: string;
  /** This process, for what it costs. */
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly lookup: Lookup;
}

const SECOND_MS = 1000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #me: string;
  readonly #store: DesiredStore;
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #broker: MqttLink;
  readonly #inbox: Inbox;
  readonly #media: MediaLink;
  readonly #controls: Controls;
  readonly #display: Display;
  readonly #speaker: Speaker;
  readonly #reconcile: Reconcile<EdgeDesired, Observed, EdgeStep>;
  readonly #telemetry: Telemetry;
  readonly #stamps: StampFile | null;
  #uplink: Uplink | null = null;
  #desired: EdgeDesired | null = null;
  #done: Target | null = null;
  #shown = nothingShown;
  #notRemembered: string | null = null;
  #reportedText = '';
  #tick: Timer | null = null;

  constructor(options: AgentOptions) {
    const { config, identity, machine, boot, version, clock, log, random, lookup } = options;
    this.#options = options;
    this.#log = log;
    this.#me = config.node;
    const tell = (event: EventBody): void => this.#tell(event);
    this.#store = new DesiredStore(config.data, log);
    this.#outbox = new Outbox({ folder: `${config.data}/outbox`, boot, clock, log });
    this.#sender = new Sender({ node: this.#me, boot, version, clock });
    this.#broker = new MqttLink({
      node: this.#me,
      servers: config.central,
      identity,
      clock,
      log,
      random,
      will: this.#sender.status('offline', 'the connection to the broker was lost'),
      birth: () => [this.#sender.status('online', 'connected'), this.#sender.next('reported', this.#reported())],
      subscriptions: subscriptions(this.#me),
      outbox: { outbox: this.#outbox, message: (record) => this.#sender.event(record) },
    });
    this.#inbox = new Inbox(
      { node: this.#me, boot, now: () => clock.now(), log },
      {
        desired: (message, want) => this.#desire(message, want),
        command: (act) => this.#command(act),
        acked: (of, seq) => this.#broker.acked(of, seq),
        result: (body) => this.#say('result', body),
        refused: (kind, fault, first) => {
          const facts = { what: kind };
          if (first)
            tell({ kind: 'refused', severity: 'warning', what: 'message', because: brief(fault).slice(0, 300), meeting: null, facts });
        },
      },
    );
    this.#media = new MediaLink({ clock, log, lookup, tell });
    this.#controls = new Controls({ identity, boot, clock, log, random });
    const look = { width: config.display.width, height: config.display.height, inset: config.display.mosaic === 'inset' };
    const poke = (): void => this.#reconcile.poke();
    this.#display = new Display(
      {
        ...look,
        choice: machine.display,
        stamps: config.stamps,
        clock,
        log,
        tell,
        portsChanged: poke,
        keyframeNeeded: (picture) => this.#needKeyframe(picture),
      },
      this.#idle(),
    );
    this.#speaker = new Speaker({ choice: machine.output, clock, log, tell, portChanged: poke });
    this.#reconcile = new Reconcile<EdgeDesired, Observed, EdgeStep>({
      clock,
      log,
      random,
      observe: () => this.#observe(),
      plan: planSteps,
      executors: this.#executors,
      report: (report) => this.#report(report),
    });
    const host = new HostProbe(config.data, () => this.#pids());
    this.#telemetry = new Telemetry({
      me: this.#me,
      clock,
      host,
      plan: () => this.#plan,
      look: () => this.#media.look(),
      source: async () => (await this.#uplink?.sample()) ?? { state: 'off', fps: 0, because: 'starting' },
      outboxRecords: () => this.#outbox.counters().events,
    });
    this.#stamps = config.stamps ? new StampFile(`${config.data}/stamps.jsonl`, log) : null;
  }

  /** Starts everything; goes back into the meeting that was remembered, broker or not. @throws FaultError when the relay cannot be started. */
  async start(): Promise<void> {
    const { config, machine, clock, log } = this.#options;
    const [remembered] = await Promise.all([this.#store.load(), this.#outbox.start(), this.#media.start()]);
    this.#uplink = new Uplink({
      node: this.#me,
      source: config.source,
      encoder: machine.encoder,
      credentials: machine.credentials,
      stamps: config.stamps,
      input: machine.input,
      port: this.#media.inputPort,
      incarnations: new IncarnationFile(`${config.data}/incarnation`, log),
      clock,
      log,
      tell: (event) => this.#tell(event),
    });
    this.#media.on('linked', () => this.#reconcile.poke());
    this.#media.on('keyframe', ({ ssrc, at }) => this.#showed(keyframeCame(this.#shown, ssrc, at)));
    this.#media.on('fresh', () => {
      for (const kind of ['main', 'tile'] as const) void this.#keyframe(kind);
    });
    this.#controls.on('keyframe', ({ meeting, kind }) => {
      if (kind !== 'content' && meeting === this.#plan?.meeting) void this.#keyframe(kind);
    });
    this.#broker.on('message', (message) => this.#inbox.take(message));
    this.#tell({
      kind: 'process',
      severity: 'info',
      what: 'started',
      because: `edge ${this.#options.version}`,
      meeting: null,
      facts: { program: 'edge' },
    });
    if (remembered !== null && remembered.body.want.role === 'edge') this.#take(remembered, remembered.body.want);
    this.#reconcile.start();
    this.#broker.start();
    await Promise.all([this.#display.start(), this.#speaker.start()]);
    this.#tick = clock.every(SECOND_MS, 'telemetry', () => void this.#second());
  }

  /** Says farewell and ends everything. Idempotent. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    await this.#reconcile.stop();
    this.#controls.stop();
    await Promise.all([
      this.#broker.stop([this.#sender.status('offline', 'stopped on purpose')]),
      this.#uplink?.stop(),
      this.#display.stop(),
      this.#speaker.stop(),
      this.#media.stop(),
    ]);
    await this.#outbox.stop();
  }

  get #plan(): Plan | null {
    return this.#desired?.plan ?? null;
  }

  readonly #executors: Executors<EdgeStep> = {
    link: async ({ tables }) => {
      await this.#media.apply(tables);
      this.#finish({ tables });
    },
    uplink: async ({ want }) => {
      await this.#uplink?.apply(want);
      this.#finish({ uplink: want });
    },
    screen: async ({ scene: shown }) => {
      await this.#display.show(shown);
      this.#finish({ scene: shown });
    },
    control: async ({ places }) => {
      this.#controls.apply(places);
      this.#finish({ places });
    },
  };

  #finish(part: Partial<Target>): void {
    this.#done = { ...(this.#done ?? { tables: noTables, uplink: null, scene: this.#idle(), places: [] }), ...part };
  }

  /** The screen before anything is known. */
  #idle(): Scene {
    const { name, language } = this.#options.config;
    return scene({ plan: null, me: this.#me, name: name ?? this.#me, language, linked: false });
  }

  #observe(): Observed {
    const { language } = this.#options.config;
    return { me: this.#me, language, ports: this.#ports(), linked: this.#media.linked, done: this.#done, troubles: this.#troubles() };
  }

  #ports(): LocalPorts {
    return { ...this.#display.ports, mix: this.#speaker.port };
  }

  #troubles(): readonly string[] {
    const failed = this.#parts().filter(({ state }) => state === 'failed' || state === 'starting');
    return [
      ...this.#media.missing.map((link) => `link ${link} is not connected`),
      ...failed.map(({ name, state, because }) => `${name} is ${state}: ${because}`),
      ...(this.#notRemembered === null ? [] : [`desired state could not be remembered: ${this.#notRemembered}`]),
    ];
  }

  #parts(): ReportedBody['parts'] {
    const optional = [this.#display.report(), this.#speaker.report()].filter((part) => part !== null);
    return [this.#media.report(), ...(this.#uplink?.report() ?? []), ...optional];
  }

  #pids(): readonly number[] {
    const { pid } = this.#options;
    return [pid, ...this.#media.pids, ...(this.#uplink?.pids ?? []), ...this.#display.pids, ...this.#speaker.pids];
  }

  /** A desired state from the broker: taken when it is newer, and remembered. */
  #desire(message: Desired, want: EdgeDesired): void {
    if (!this.#take(message, want)) return;
    void this.#store.save(message).then((saved) => {
      this.#notRemembered = saved.ok ? null : brief(saved.fault);
      if (saved.ok) return;
      this.#log.error({ because: this.#notRemembered }, 'desired state could not be remembered');
      this.#tell({
        kind: 'health',
        severity: 'error',
        what: 'not-remembered',
        because: this.#notRemembered ?? '',
        meeting: null,
        facts: { what: 'desired state' },
      });
    });
  }

  #take({ body: { rev } }: Desired, want: EdgeDesired): boolean {
    const before = this.#desired;
    // First: the plan of the reconciler's first look is this one.
    this.#desired = want;
    const taken = this.#reconcile.desire(rev, want);
    if (!taken.ok || !taken.value) {
      this.#desired = before;
      if (!taken.ok) this.#log.warn({ because: brief(taken.fault) }, 'desired state was dropped');
      return false;
    }
    const { plan } = want;
    const grant = plan === null ? null : `${plan.meeting} ${plan.grant.epoch}.${plan.grant.n}`;
    this.#showed(floorIs(this.#shown, grant, heard(plan, this.#me).floor, this.#options.clock.mono()));
    return true;
  }

  /** The floor's picture is here: the hub, which measures, is told. */
  #showed({ state, at }: ShownStep): void {
    this.#shown = state;
    const plan = this.#plan;
    const { floorSite } = heard(plan, this.#me);
    if (at === null || plan === null || floorSite === null) return;
    this.#controls.send({ type: 'shown', meeting: plan.meeting, site: floorSite, grantN: plan.grant.n, mono: at });
  }

  #needKeyframe(picture: 'floor' | 'mosaic'): void {
    const plan = this.#plan;
    const ssrc = heard(plan, this.#me)[picture];
    if (plan !== null && ssrc !== null) this.#controls.send({ type: 'need-keyframe', meeting: plan.meeting, ssrc });
  }

  async #keyframe(kind: 'main' | 'tile'): Promise<void> {
    await this.#uplink?.keyframe(kind);
  }

  async #command(act: Act): Promise<{ readonly outcome: 'done' | 'failed' | 'refused'; readonly because: string }> {
    switch (act.do) {
      case 'restart-media':
        this.#uplink?.restart();
        this.#display.restart();
        this.#speaker.restart();
        return { outcome: 'done', because: 'media processes were killed and come back' };
      case 'delete-recording':
        return { outcome: 'refused', because: 'a site box keeps no recordings' };
      default:
        return act satisfies never;
    }
  }

  #reported(): ReportedBody {
    const { config, machine } = this.#options;
    const { revision, satisfied, because } = this.#reconcile.current;
    const meeting = this.#plan?.meeting;
    return {
      role: 'edge',
      rev: revision,
      satisfied,
      because: because.slice(0, 300),
      meetings: meeting === undefined ? [] : [meeting],
      parts: [...this.#parts()],
      address: null,
      media: {
        source: describeSource(config.source),
        encoder: machine.encoder?.element ?? 'none',
        encoderBecause: (machine.encoder?.because ?? 'the clip has the format already').slice(0, 300),
        audio: describeSound(machine.input),
        display: describeDisplay(machine.display),
      },
    };
  }

  /** Publishes what is reported when it has changed. */
  #report(_report: Report): void {
    const body = this.#reported();
    const text = JSON.stringify(body);
    if (text === this.#reportedText) return;
    this.#reportedText = text;
    this.#say('reported', body);
  }

  #say(kind: 'reported' | 'telemetry' | 'result', body: unknown): void {
    // Offline nobody hears it: the birth repeats what is reported, and the next second has other numbers.
    if (this.#broker.state !== 'connected') return;
    void this.#broker.publish(this.#sender.next(kind, body)).then((sent) => {
      if (!sent.ok) this.#log.debug({ kind, because: brief(sent.fault) }, 'message did not leave');
    });
  }

  async #second(): Promise<void> {
    this.#report(this.#reconcile.current);
    if (this.#stamps !== null) await this.#stamps.write(this.#options.clock.mono(), await this.#display.stamps());
    if (this.#broker.state === 'connected') this.#say('telemetry', await this.#telemetry.sample());
  }

  #tell(event: EventBody): void {
    const body = { ...event, meeting: event.meeting ?? this.#plan?.meeting ?? null };
    this.#log.info({ ...body }, 'event');
    void this.#outbox.append('event', body).then((appended) => {
      if (!appended.ok) this.#log.error({ because: brief(appended.fault), event: body.what }, 'event was not kept');
    });
  }
}
