/** The media of one box: relay, control channels, uplink, display, loudspeaker; and the loop that makes them do what is desired. Knows no broker. */
import type { Lookup } from '../hardware/relay/lookup.ts';
import type { Clock } from '../protocol/clock.ts';
import type { Result } from '../protocol/fault.ts';
import type { Log } from '../protocol/log.ts';
import { type Executors, Reconcile, type Report } from '../protocol/node/reconcile.ts';
import type { Identity } from '../protocol/node/tls.ts';
import type { EdgeDesired } from '../protocol/schema/desired.ts';
import type { ActResult, DeviceAct } from '../protocol/schema/device.ts';
import type { DevicesBody, FoundDevice } from '../protocol/schema/devices.ts';
import type { EventBody } from '../protocol/schema/event.ts';
import type { Plan } from '../protocol/schema/plan.ts';
import type { Part } from '../protocol/schema/reported.ts';
import type { EdgeTelemetry } from '../protocol/schema/telemetry.ts';
import type { EdgeConfig } from './config.ts';
import { Cameras } from './devices/discover/cameras.ts';
import { Watch } from './devices/discover/watch.ts';
import { placeOf, Rack } from './devices/rack.ts';
import { Controls } from './link/controls.ts';
import { MediaLink } from './link/link.ts';
import type { RelayLook } from './link/samples.ts';
import { type LocalPorts, noTables } from './link/tables.ts';
import { Viewer } from './link/viewer.ts';
import { Display } from './media/display/display.ts';
import { type Scene, scene } from './media/display/scene.ts';
import type { Feed } from './media/picture.ts';
import { Speaker } from './media/sound/speaker.ts';
import { describeSource } from './media/source.ts';
import { SitePicture, withoutSecret } from './picture.ts';
import { chooseEncoder, type Machine } from './probe/machine.ts';
import { type EdgeStep, type Observed, planSteps, type Target } from './reconcile/target.ts';
import { StampFile } from './report/stamps.ts';
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
  readonly #controls: Controls;
  readonly #viewer: Viewer;
  readonly #display: Display;
  readonly #speaker: Speaker;
  readonly #rack: Rack;
  readonly #watch: Watch;
  readonly #cameras: Cameras;
  readonly #reconcile: Reconcile<EdgeDesired, Observed, EdgeStep>;
  readonly #stamps: StampFile | null;
  /** Made when the relay has told its port. */
  #picture: SitePicture | null = null;
  #desired: EdgeDesired | null = null;
  #done: Target | null = null;
  #trouble: string | null = null;

  constructor(options: RoomOptions) {
    const { config, identity, machine, boot, clock, log, random, lookup, tell, changed } = options;
    this.#options = options;
    this.#me = config.node;
    this.#media = new MediaLink({ clock, log, lookup, tell });
    this.#controls = new Controls({ identity, boot, clock, log, random });
    this.#viewer = new Viewer(this.#me, clock, this.#media, this.#controls, tell);
    const { width, height, mosaic } = config.display;
    const poke = (): void => this.#reconcile.poke();
    const keyframeNeeded = (picture: 'floor' | 'mosaic'): void => this.#viewer.needKeyframe(picture);
    const look = { width, height, inset: mosaic === 'inset', stamps: config.stamps, choice: machine.display };
    this.#display = new Display({ ...look, clock, log, tell, portsChanged: poke, keyframeNeeded }, this.#idle());
    this.#speaker = new Speaker({ choice: machine.output, clock, log, tell, portChanged: poke });
    const found = (): readonly FoundDevice[] => {
      const taken = this.#rack.taken();
      return [...this.#watch.found, ...this.#cameras.found].filter(({ at }) => !taken.has(placeOf(at)));
    };
    const deviceChanged = (): void => {
      this.#picture?.consider();
      changed();
    };
    this.#rack = new Rack({ clock, log, changed: deviceChanged, found });
    this.#cameras = new Cameras({ where: config.cameras, changed, clock, log });
    this.#watch = new Watch({ folders: config.ports, taken: () => this.#rack.taken(), changed, clock, log });
    const observe = (): Observed => this.#observe();
    this.#reconcile = new Reconcile({ clock, log, random, observe, plan: planSteps, executors: this.#executors, report: changed });
    this.#stamps = config.stamps ? new StampFile(`${config.data}/stamps.jsonl`, log) : null;
  }

  /** @throws FaultError when the relay cannot be started. */
  async start(): Promise<void> {
    const { config, machine, clock, log, tell } = this.#options;
    await this.#media.start();
    this.#picture = new SitePicture({
      node: this.#me,
      own: { source: config.source, encoder: machine.encoder, credentials: machine.credentials },
      look: (device) => this.#rack.look(device),
      findEncoder: () => chooseEncoder(config, clock, log),
      changed: () => this.#reconcile.poke(),
      stamps: config.stamps,
      input: machine.input,
      port: this.#media.inputPort,
      incarnations: new IncarnationFile(`${config.data}/incarnation`, log),
      clock,
      log,
      tell,
    });
    this.#media.on('linked', () => this.#reconcile.poke());
    this.#media.on('fresh', () => {
      for (const kind of ['main', 'tile'] as const) void this.#picture?.keyframe(kind);
    });
    this.#controls.on('keyframe', ({ meeting, kind }) => {
      if (kind !== 'content' && meeting === this.plan?.meeting) void this.#picture?.keyframe(kind);
    });
    this.#reconcile.start();
    this.#watch.start();
    this.#cameras.start();
    await Promise.all([this.#display.start(), this.#speaker.start()]);
  }

  /** Ends everything. Idempotent. */
  async stop(): Promise<void> {
    await this.#reconcile.stop();
    this.#controls.stop();
    await Promise.all([this.#watch.stop(), this.#cameras.stop()]);
    await Promise.all([this.#rack.stop(), this.#picture?.stop(), this.#display.stop(), this.#speaker.stop(), this.#media.stop()]);
  }

  /** The plan in force. */
  get plan(): Plan | null {
    return this.#desired?.plan ?? null;
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
    this.#viewer.follow(want.plan);
    return taken;
  }

  /** Something outside that keeps the desired state from being whole; null: nothing any more. */
  trouble(because: string | null): void {
    this.#trouble = because;
    this.#reconcile.poke();
  }

  devices(): DevicesBody {
    const { devices, found } = this.#rack.report();
    const secret = (id: string): string => this.#desired?.devices.find((each) => each.id === id)?.password ?? '';
    return {
      devices: devices.map((device) => {
        const streams = device.state.streams?.map((stream) => ({ ...stream, uri: withoutSecret(stream.uri, secret(device.id)) }));
        return { ...device, state: { ...device.state, streams: streams ?? null } };
      }),
      found,
    };
  }

  /** One act on one device; never throws for what a device or its line can cause. */
  act(device: string, act: DeviceAct): Promise<ActResult> {
    return this.#rack.execute(device, act);
  }

  /** Kills the media processes; they come back. */
  restartMedia(): void {
    this.#picture?.restart();
    this.#display.restart();
    this.#speaker.restart();
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

  look(): Promise<RelayLook> {
    return this.#media.look();
  }

  async source(): Promise<EdgeTelemetry['source']> {
    return (await this.#picture?.sample()) ?? { state: 'off', fps: 0, because: 'starting' };
  }

  /** To be called once a second. */
  async second(): Promise<void> {
    this.#viewer.askWaiting();
    this.#picture?.consider();
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
      // Not waited for: a device that is slow to let go of its line must not hold up the next plan, which may be a change of floor.
      // Which of them is the picture is no matter of its line, which would be opened anew.
      void this.#rack.apply(
        devices.map(({ source, ...wish }) => wish),
        roomScene,
      );
      this.#picture?.wish(devices);
      this.#finish({ devices, roomScene });
    },
  };

  #finish(part: Partial<Target>): void {
    this.#done = {
      ...(this.#done ?? { tables: noTables, uplink: null, scene: this.#idle(), places: [], devices: [], roomScene: null }),
      ...part,
    };
  }

  /** The screen before anything is known. */
  #idle(): Scene {
    const { name, language } = this.#options.config;
    return scene({ plan: null, me: this.#me, name: name ?? this.#me, language, linked: false });
  }

  #observe(): Observed {
    const { language } = this.#options.config;
    const ports: LocalPorts = { ...this.#display.ports, mix: this.#speaker.port };
    return { me: this.#me, language, ports, linked: this.#media.linked, done: this.#done, troubles: this.#troubles() };
  }

  #troubles(): readonly string[] {
    const bad = this.parts().filter(({ state }) => state === 'failed' || state === 'starting');
    return [
      ...this.#media.missing.map((link) => `link ${link} is not connected`),
      ...bad.map(({ name, state, because }) => `${name} is ${state}: ${because}`),
      ...(this.#picture?.troubles ?? []),
      ...(this.#trouble === null ? [] : [this.#trouble]),
    ];
  }
}
