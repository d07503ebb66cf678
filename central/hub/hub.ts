/**
 * The hub: its parts tied together, started and stopped. Takes desired states, and answers for everything that a report needs. Knows no broker;
 * main.ts connects it to one.
 */
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import type { Timer } from '../../protocol/clock.ts';
import type { Result } from '../../protocol/fault.ts';
import type { Report } from '../../protocol/node/reconcile.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import type { HubTelemetry } from '../../protocol/schema/telemetry.ts';
import { Http } from './control/http.ts';
import { ControlServer } from './control/server.ts';
import { Inputs } from './forward/inputs.ts';
import { Forward } from './forward/service.ts';
import { Floors } from './grants/floors.ts';
import { Listener } from './listener.ts';
import { hubLoop, type Loop } from './loop.ts';
import type { Meeting } from './meeting.ts';
import { Meetings } from './meetings.ts';
import type { HubOptions } from './options.ts';
import { Presence } from './presence.ts';
import { Archive } from './record/archive.ts';
import type { Stitcher } from './record/stitch/service.ts';
import { Health } from './report/health.ts';
import { Viewers } from './viewers.ts';

/** The lowest that both sides may agree on: a site asks for what its plan says. */
const leastLatencyMs = 20;
/** How often the loudness of all voices is looked at. */
const levelsMs = 100;

export class Hub {
  readonly relay: Relay;
  readonly #options: HubOptions;
  readonly #forward: Forward;
  readonly #control: ControlServer;
  readonly #viewers: Viewers;
  readonly #presence: Presence;
  readonly #http: Http;
  readonly #floors: Floors;
  readonly #archive: Archive;
  readonly #meetings: Meetings;
  readonly #health: Health;
  readonly #loop: Loop;
  #tick: Timer | null = null;
  #port = 0;
  #report: Report = { revision: null, satisfied: false, because: 'no desired state has come yet' };

  constructor(options: HubOptions) {
    this.#options = options;
    const { node, clock, log, note, identity, random, changed } = options;
    this.relay = new Relay({ name: 'hub', clock, log, lookup: systemLookup });
    const { relay } = this;
    this.#archive = new Archive({
      ...options,
      written: (id) => this.#meetings.written(id),
      read: (id) => this.#http.inUse(id),
      disk: (ok, why) => {
        for (const meeting of this.#meetings.running.values()) meeting.disk(ok, why);
        changed();
      },
    });
    const { shelf, keeper } = this.#archive;
    this.#forward = new Forward({ relay, clock, log, ask: (ssrc) => this.#viewers.ask(ssrc) });
    this.#forward.on('switched', ({ view, ssrc, afterMs }) => this.#viewers.switched(view, ssrc, afterMs));
    this.#meetings = new Meetings({
      node,
      clock,
      log,
      note,
      relay,
      inputs: new Inputs(relay),
      shelf,
      faults: options.faults,
      forward: (table) => {
        this.#presence.look();
        return this.#forward.apply(table);
      },
      ask: (ssrc) => this.#forward.lost(ssrc),
      disk: () => keeper,
      changed: () => this.#loop.poke(),
    });
    const meetings = this.#meetings;
    const { running } = meetings;
    this.#http = new Http({
      clock,
      log,
      shelf,
      thumb: (meeting, site) => running.get(meeting)?.mosaic.thumb(site) ?? null,
      preview: (meeting, view) => running.get(meeting)?.preview(view),
      single: (meeting, site) => running.get(meeting)?.singles.at(site),
      remove: (id) => keeper.remove(id),
    });
    this.#control = new ControlServer({
      identity,
      clock,
      log,
      heard: (from, message) => listener.caller(from, message),
      opened: (from) => listener.opened(from),
      changed: (from, connected, why) => log.info({ ...from, connected, because: why }, 'control channel'),
      http: (request, response, role) => this.#http.handle(request, response, role),
      upgrade: (request, socket, head) => this.#http.upgrade(request, socket, head),
    });
    this.#viewers = new Viewers({
      node,
      relay,
      clock,
      log,
      meetings: running,
      lost: (ssrc) => this.#forward.lost(ssrc),
      say: (site, message) => this.#control.send({ role: 'edge', node: site }, message),
      changed: () => meetings.retable(),
    });
    this.#presence = new Presence({
      node,
      clock,
      plans: () => [...running.values()].map(({ plan }) => plan),
      say: (site, message) => this.#control.send({ role: 'edge', node: site }, message),
    });
    this.#floors = new Floors({
      node,
      identity,
      boot: options.boot,
      path: options.grants,
      clock,
      log,
      random,
      note,
      say: (to, message) => this.#control.send(to, message),
      raised: () => this.#loop.poke(),
      changed,
    });
    const listener = new Listener({
      clock,
      note,
      relay,
      meetings,
      viewers: this.#viewers,
      presence: this.#presence,
      floors: this.#floors,
      changed,
    });
    this.#health = new Health({ node, clock, log, relay, meetings, shown: (view) => this.#forward.shown(view), free: () => keeper.free });
    this.#loop = hubLoop({
      node,
      clock,
      log,
      random,
      meetings,
      grant: (meeting) => this.#floors.of(meeting),
      parts: () => this.parts(),
      refused: () => this.#forward.problem,
      report: (report) => {
        this.#report = report;
        changed();
      },
    });
  }

  get port(): number {
    return this.#port;
  }

  get report(): Report {
    return this.#report;
  }

  meeting(id: string): Meeting | undefined {
    return this.#meetings.running.get(id);
  }

  get meetings(): readonly string[] {
    return [...this.#meetings.running.keys()];
  }

  /** @throws FaultError or Error when the port is taken or the relay cannot run: the process must not look alive. */
  async start(): Promise<void> {
    const { clock, listen, recordings } = this.#options;
    const { shelf, keeper, stitcher } = this.#archive;
    // Nothing here waits for the recordings' disk, which may hang: whoever needs it waits by himself.
    void shelf.start(recordings.wrong);
    await this.#floors.start();
    await this.relay.start();
    await this.relay.tune({ levelsMs });
    this.#port = await this.relay.listen({ ...listen, latencyMs: leastLatencyMs });
    this.#presence.start();
    await this.#control.start(listen.host, this.#port);
    this.#loop.start();
    keeper.start();
    this.#viewers.start();
    stitcher.start();
    this.#tick = clock.every(1000, 'meetings tick', () => {
      for (const meeting of this.#meetings.running.values()) meeting.tick();
    });
  }

  /** Ends everything; recordings are closed and may be gone on with by the next process. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    this.#viewers.stop();
    this.#presence.stop();
    this.#archive.keeper.stop();
    await this.#loop.stop();
    this.#http.stop();
    this.#forward.stop();
    await this.#meetings.stop();
    await this.#archive.stitcher.stop();
    await this.#floors.stop();
    await this.#control.stop();
    await this.relay.stop();
  }

  /** Takes a desired state; false when it is the one in force, a `stale` fault when it is older. */
  desire(revision: number, want: HubDesired): Result<boolean> {
    const taken = this.#loop.desire(revision, want);
    if (taken.ok && taken.value) this.#floors.plan(want.plans);
    return taken;
  }

  /** The highest grants on disk. */
  grants(): ReturnType<Floors['list']> {
    return this.#floors.list();
  }

  parts(): readonly Part[] {
    return this.#health.parts();
  }

  /** What central is told once a second. */
  telemetry(outboxRecords: number): Promise<HubTelemetry> {
    return this.#health.telemetry(outboxRecords);
  }

  /** A drill kills the workers of this part of a meeting. Null, or why not. */
  kill(id: string, part: 'mosaic' | 'mixer' | 'recorder'): string | null {
    const meeting = this.meeting(id);
    return meeting === undefined ? 'this hub does not have that meeting' : meeting.kill(part);
  }

  /** Of all programs of this hub. */
  get pids(): readonly number[] {
    return this.#health.pids;
  }

  /** Deletes a recording that is not being written or read. */
  removeRecording(id: string): Promise<Result<void>> {
    return this.#archive.keeper.remove(id);
  }

  /** Makes one file of what was recorded, as soon as it can be. */
  get stitcher(): Stitcher {
    return this.#archive.stitcher;
  }
}
