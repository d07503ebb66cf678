/** The media of one box: relay, control channels, uplink, display, loudspeaker; and the loop that makes them do what is desired. Knows no broker. */
import type { Lookup } from '../hardware/relay/lookup.ts';
import type { Clock } from '../protocol/clock.ts';
import type { NodeFault } from '../protocol/drill.ts';
import type { Result } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import { Controls } from '../protocol/node/controls.ts';
import { type Executors, Reconcile, type Report } from '../protocol/node/reconcile.ts';
import type { Identity } from '../protocol/node/tls.ts';
import type { EdgeDesired, PanelKey } from '../protocol/schema/desired.ts';
import type { EventBody } from '../protocol/schema/event.ts';
import type { Plan } from '../protocol/schema/plan.ts';
import type { Part } from '../protocol/schema/reported.ts';
import type { EdgeConfig } from './config.ts';
import { Furniture } from './devices/furniture.ts';
import { type DrillOutcome, SiteDrill } from './drill.ts';
import { Floor } from './floor/floor.ts';
import { Guard, type GuardOptions } from './link/guard.ts';
import { MediaLink } from './link/link.ts';
import { Paths } from './link/paths.ts';
import { type LocalPorts, noTables } from './link/tables.ts';
import { Viewer } from './link/viewer.ts';
import { sendingLinks } from './link/ways.ts';
import { Adapt } from './media/adapt/adapt.ts';
import { Display } from './media/display/display.ts';
import { type Scene, scene } from './media/display/scene.ts';
import type { Feed } from './media/picture.ts';
import { Speaker } from './media/sound/speaker.ts';
import { describeSource } from './media/source.ts';
import { SitePicture } from './picture.ts';
import { chooseEncoder, type Machine } from './probe/machine.ts';
import { type EdgeStep, type Observed, planSteps, type Target, targetOf } from './reconcile/target.ts';
import { StampFile } from './report/stamps.ts';
import type { RoomSample } from './report/telemetry.ts';
import { IncarnationFile } from './store/incarnations.ts';

export interface RoomOptions {
  readonly config: EdgeConfig;
  readonly identity: Identity;
  readonly machine: Machine;
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly lookup: Lookup;
  readonly tell: (event: EventBody) => void;
  /** Something that is reported has changed. */
  readonly changed: () => void;
}

export class Room {
  readonly #options: RoomOptions;
  readonly #me: string;
  readonly #media: MediaLink;
  readonly #paths: Paths;
  readonly #controls: Controls;
  readonly #guard: Guard;
  readonly #floor: Floor;
  readonly #viewer: Viewer;
  readonly #display: Display;
  readonly #speaker: Speaker;
  readonly #furniture: Furniture;
  readonly #reconcile: Reconcile<EdgeDesired, Observed, EdgeStep>;
  readonly #stamps: StampFile | null;
  readonly #adapt: Adapt;
  readonly #drill: SiteDrill;
  /** Made when the relay has told its port. */
  #picture: SitePicture | null = null;
  #desired: EdgeDesired | null = null;
  #done: Target | null = null;
  #trouble: string | null = null;
  /** Why grants are not on disk. */
  #unkept: string | null = null;

  constructor(options: RoomOptions) {
    const { config, identity, machine, boot, clock, log, random, lookup, tell, changed } = options;
    this.#options = options;
    this.#me = config.node;
    this.#paths = new Paths(config.paths);
    this.#media = new MediaLink({ clock, log, lookup, leaving: (path) => this.#paths.leaving(path), tell });
    this.#controls = new Controls({ identity, boot, clock, log, random, addressOn: (path) => this.#paths.addressOn(path) });
    const wake: GuardOptions['wake'] = (meeting, hub, on) => void this.#controls.send({ type: 'wake', meeting, on }, hub);
    this.#guard = new Guard({
      me: this.#me,
      clock,
      log,
      tell,
      flows: (ssrc) => this.#media.flows(ssrc),
      changed: () => this.#rewire(),
      wake,
    });
    this.#floor = new Floor({
      me: this.#me,
      path: `${config.data}/grants.json`,
      clock,
      log,
      controls: this.#controls,
      tell,
      changed: () => this.#follow(),
      trouble: (because) => {
        this.#unkept = because;
        this.#reconcile.poke();
      },
    });
    this.#drill = new SiteDrill({
      meeting: () => this.plan?.meeting ?? null,
      link: this.#media,
      picture: () => this.#picture,
      clock,
      tell,
    });
    this.#viewer = new Viewer(this.#me, clock, this.#media, this.#controls, tell);
    const { width, height, mosaic } = config.display;
    const poke = (): void => this.#reconcile.poke();
    const keyframeNeeded = (picture: 'floor' | 'mosaic'): void => this.#viewer.needKeyframe(picture);
    const look = { width, height, inset: mosaic === 'inset', stamps: config.stamps, choice: machine.display };
    this.#display = new Display({ ...look, clock, log, tell, portsChanged: poke, keyframeNeeded }, this.#idle());
    this.#speaker = new Speaker({ choice: machine.output, clock, log, tell, portChanged: poke });
    this.#furniture = new Furniture({
      ...config,
      delivers: () => this.#picture?.captured ?? false,
      clock,
      log,
      tell,
      found: changed,
      changed: () => {
        this.#picture?.consider();
        changed();
      },
    });
    const observe = (): Observed => this.#observe();
    this.#reconcile = new Reconcile({ clock, log, random, observe, plan: planSteps, executors: this.#executors, report: changed });
    this.#adapt = new Adapt({
      clock,
      log: log.child({ part: 'adapt' }),
      queues: () => this.#media.queues(),
      pace: (link, kbps) => this.#media.pace(link, kbps),
      limit: async (limits) => this.#picture?.limit(limits),
      tell,
    });
    this.#stamps = config.stamps ? new StampFile(`${config.data}/stamps.jsonl`, log) : null;
  }

  /** @throws FaultError when the relay cannot be started. */
  async start(): Promise<void> {
    const { config, machine, clock, log, tell } = this.#options;
    await this.#media.start();
    this.#picture = new SitePicture({
      node: this.#me,
      own: { source: config.source, encoder: machine.encoder, credentials: machine.credentials, backups: machine.backups },
      look: (device) => this.#furniture.look(device),
      call: () => this.#furniture.call,
      findEncoder: () => chooseEncoder(config, clock, log),
      changed: () => this.#reconcile.poke(),
      stamps: config.stamps,
      input: machine.input,
      backupInput: machine.backupInput,
      port: this.#media.inputPort,
      incarnations: new IncarnationFile(`${config.data}/incarnation`, log),
      clock,
      log,
      tell,
    });
    for (const news of ['linked', 'way'] as const) this.#media.on(news, () => this.#reconcile.poke());
    this.#media.on('way', ({ way, alive, because }) => this.#guard.way(way, alive, because));
    this.#media.on('shown', ({ view, ssrc }) => this.#guard.shown(view, ssrc));
    this.#media.on('dark', () => this.#guard.dark());
    this.#media.on('flow', ({ ssrc, stalled }) => this.#guard.flow(ssrc, stalled));
    this.#controls.on('up', () => this.#guard.wake());
    this.#controls.on('speakers', (notice) => this.#guard.speakers(notice));
    this.#media.on('fresh', () => {
      for (const kind of ['main', 'tile'] as const) void this.#picture?.keyframe(kind);
    });
    this.#controls.on('keyframe', ({ meeting, kind }) => {
      if (kind !== 'content' && meeting === this.plan?.meeting) void this.#picture?.keyframe(kind);
    });
    this.#reconcile.start();
    this.#furniture.start();
    await Promise.all([this.#display.start(), this.#speaker.start()]);
  }

  /** Ends everything. Idempotent. */
  async stop(): Promise<void> {
    await this.#reconcile.stop();
    this.#guard.stop();
    this.#adapt.stop();
    this.#controls.stop();
    await this.#floor.stop();
    await Promise.all([this.#furniture.stop(), this.#picture?.stop(), this.#display.stop(), this.#speaker.stop(), this.#media.stop()]);
  }

  /** Reads what the box knew of the floor. Comes before the first wish. */
  readonly remember = (): Promise<void> => this.#floor.start();

  /** The plan in force, under the highest grant that was seen. */
  get plan(): Plan | null {
    return this.#floor.plan;
  }

  /** Opens the panel, while this box has the chair. */
  get panelKey(): PanelKey | null {
    return this.#desired?.panel ?? null;
  }

  get name(): string {
    return this.#desired?.name ?? this.#options.config.name ?? this.#me;
  }

  get floor(): Floor {
    return this.#floor;
  }

  /** How far the desired state has been reached. */
  get report(): Report {
    return this.#reconcile.current;
  }

  /** Takes a desired state; false when it changes nothing, a fault when it is older than the one in force. */
  desire(rev: number, want: EdgeDesired): Result<boolean> {
    const taken = this.#reconcile.desire(rev, want);
    if (!taken.ok || !taken.value) return taken;
    this.#desired = want;
    this.#floor.follow(want.plan);
    this.#follow();
    return taken;
  }

  /** Something outside that keeps the desired state from being whole; null: nothing any more. */
  trouble(because: string | null): void {
    this.#trouble = because;
    this.#reconcile.poke();
  }

  /** Devices of the room, acts on them, what a person decides about the picture of a codec. */
  get furniture(): Furniture {
    return this.#furniture;
  }

  /** Kills the media processes; they come back. */
  restartMedia(): void {
    this.#picture?.restart();
    this.#display.restart();
    this.#speaker.restart();
  }

  /** A drill breaks a part of this box. @throws FaultError */
  drill(fault: NodeFault, meeting: string, ms: number): Promise<DrillOutcome> {
    return this.#drill.inflict(fault, meeting, ms);
  }

  /** A drill is called off. @throws FaultError */
  heal(): Promise<DrillOutcome> {
    return this.#drill.heal();
  }

  /** Null: what is sent has its format already. Undefined: it has not begun. */
  get encoder(): Feed['encoder'] | undefined {
    return this.#picture?.encoder;
  }

  /** Where the picture comes from, in a few words. */
  get sourceText(): string {
    return this.#picture?.source ?? describeSource(this.#options.config.source);
  }

  parts(): readonly Part[] {
    const optional = [this.#display.report(), this.#speaker.report()].filter((part) => part !== null);
    return [this.#media.report(), ...(this.#picture?.report() ?? []), ...optional];
  }

  /** Of the programs of this box. */
  pids(): readonly number[] {
    return [...this.#media.pids, ...(this.#picture?.pids ?? []), ...this.#display.pids, ...this.#speaker.pids];
  }

  /** Names of the box's WAN links. */
  get paths(): readonly string[] {
    return this.#paths.names;
  }

  /** The last second, for the telemetry. */
  async sample(): Promise<RoomSample> {
    const [look, source] = await Promise.all([this.#media.look(), this.#picture?.sample()]);
    return {
      plan: this.plan,
      hub: this.#viewer.hub,
      look,
      resting: this.#guard.reach.resting,
      source: source ?? { state: 'off', fps: 0, because: 'starting' },
      adapt: this.#adapt.sample(),
      levelDb: this.#speaker.takeLevel(),
    };
  }

  /** To be called once a second. */
  async second(): Promise<void> {
    this.#viewer.askWaiting();
    this.#guard.wake();
    this.#furniture.consider();
    this.#picture?.consider();
    this.#suit();
    if (this.#stamps !== null) await this.#stamps.write(this.#options.clock.mono(), await this.#display.stamps());
  }

  readonly #executors: Executors<EdgeStep> = {
    link: async ({ tables }) => {
      await this.#media.apply(tables);
      this.#viewer.askWaiting();
      this.#finish({ tables });
    },
    uplink: async ({ want }) => {
      await this.#picture?.apply(want);
      this.#finish({ uplink: want });
      this.#suit();
    },
    screen: async ({ scene: shown }) => {
      await this.#display.show(shown);
      this.#finish({ scene: shown });
    },
    control: async ({ places }) => {
      this.#controls.apply(places);
      this.#finish({ places });
    },
    devices: async ({ devices, scene: roomScene }) => {
      this.#furniture.apply(devices, roomScene, this.plan?.meeting ?? null);
      this.#picture?.wish(devices);
      this.#finish({ devices, roomScene });
    },
  };

  /** What is sent suits the ways it has. */
  #suit(): void {
    const links = this.plan === null ? [] : sendingLinks(this.plan, this.#me, this.#guard.reach);
    this.#adapt.follow({ want: this.#done?.uplink ?? null, fixed: this.#picture?.fixed ?? false, links });
  }

  /** The plan is another, or a higher grant rules it. */
  #follow(): void {
    const plan = this.plan?.grant.ended === true ? null : this.plan;
    this.#viewer.follow(plan);
    this.#guard.follow(plan);
    this.#reconcile.poke();
    this.#options.changed();
  }

  #finish(part: Partial<Target>): void {
    this.#done = {
      ...(this.#done ?? { tables: noTables, uplink: null, scene: this.#idle(), places: [], devices: [], roomScene: null }),
      ...part,
    };
  }

  /** What is lost, or back, is acted on at once: a running step of the plan may take its time. */
  #rewire(): void {
    const want = this.#desired;
    if (want !== null) {
      const { tables } = targetOf(want, this.#observe());
      this.#media.apply(tables).then(
        () => this.#finish({ tables }),
        (error: unknown) => this.#options.log.error({ err: error }, 'the relay could not be told'),
      );
    }
    this.#reconcile.poke();
  }

  /** The screen before anything is known. */
  #idle(): Scene {
    const { name, language } = this.#options.config;
    return scene({ plan: null, me: this.#me, name: name ?? this.#me, language, linked: false });
  }

  #observe(): Observed {
    const { language } = this.#options.config;
    const ports: LocalPorts = { ...this.#display.ports, mix: this.#speaker.port };
    const { reach } = this.#guard;
    return {
      me: this.#me,
      language,
      ports,
      linked: this.#media.linked,
      grant: this.#floor.grant,
      reach,
      done: this.#done,
      troubles: this.#troubles(),
    };
  }

  #troubles(): readonly string[] {
    const bad = this.parts().filter(({ state }) => state === 'failed' || state === 'starting');
    return [
      ...this.#media.missing.map((link) => `link ${link} is not connected`),
      ...bad.map(({ name, state, because }) => `${name} is ${state}: ${because}`),
      ...(this.#picture?.troubles ?? []),
      ...[this.#trouble, this.#unkept].filter((each) => each !== null),
    ];
  }
}
