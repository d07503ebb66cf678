/**
 * The hub: relay, meetings, control port, tied together. Takes desired states, makes meetings like them, and answers for everything that a
 * report needs. Knows no broker; main.ts connects it to one.
 */
import type { RelayEvent } from '../../hardware/relay/events.ts';
import { systemLookup } from '../../hardware/relay/lookup.ts';
import { Relay } from '../../hardware/relay/relay.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { HostProbe } from '../../protocol/node/host.ts';
import { Reconcile, type Report } from '../../protocol/node/reconcile.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { findHub } from '../../protocol/plan.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import type { HubTelemetry } from '../../protocol/schema/telemetry.ts';
import { Http } from './control/http.ts';
import { ControlServer, type FromEdge } from './control/server.ts';
import { Inputs } from './forward/inputs.ts';
import { Forward } from './forward/service.ts';
import { merge } from './forward/table.ts';
import { type Caller, Floors } from './grants/floors.ts';
import { Meeting } from './meeting.ts';
import { event, type Note } from './note.ts';
import { Presence } from './presence.ts';
import { Keeper } from './record/keeper.ts';
import type { RetentionRules } from './record/retention.ts';
import { Shelf } from './record/shelf.ts';
import { Bench } from './record/stitch/bench.ts';
import { Peers } from './record/stitch/peers.ts';
import { Stitcher } from './record/stitch/service.ts';
import { because } from './report/because.ts';
import { noRefusals, relayNotes } from './report/relay-notes.ts';
import { type Counts, meetingSample } from './report/sample.ts';
import { type HubStep, planSteps } from './steps.ts';
import { Viewers } from './viewers.ts';

export interface HubOptions {
  readonly node: string;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly boot: string;
  /** The file in which the highest grants are kept. */
  readonly grants: string;
  readonly note: Note;
  readonly listen: { readonly host: string; readonly port: number };
  readonly recordings: {
    readonly dir: string;
    readonly minFreeBytes: number;
    readonly rules: RetentionRules;
    readonly time: () => number | null;
    readonly patienceMs?: number;
  };
  /** The report has changed. */
  readonly changed: () => void;
  readonly faults: boolean;
  /** Free bytes for recordings; tests say what they like. Null: ask the disk. */
  readonly freeBytes: (() => number) | null;
}

/** The lowest that both sides may agree on: a site asks for what its plan says. */
const leastLatencyMs = 20;
/** How long a hub that is away is waited for before a recording is stitched without it; it is made again when it is back. */
const defaultPatienceMs = 600_000;
/** How often the loudness of all voices is looked at. */
const levelsMs = 100;

export class Hub {
  readonly relay: Relay;
  readonly #options: HubOptions;
  readonly #log: Log;
  readonly #forward: Forward;
  readonly #inputs: Inputs;
  readonly #control: ControlServer;
  readonly #viewers: Viewers;
  readonly #presence: Presence;
  readonly #http: Http;
  readonly #floors: Floors;
  readonly #shelf: Shelf;
  readonly #reconcile: Reconcile<HubDesired, string, HubStep>;
  readonly #meetings = new Map<string, Meeting>();
  readonly #host = new HostProbe();
  #tick: Timer | null = null;
  #givenKeys: HubDesired['keys'] = [];
  #keys: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();
  #port = 0;
  #relayStarts = 0;
  #refusals = noRefusals;
  #counts: Counts = { now: null, before: null };
  readonly #keeper: Keeper;
  readonly #stitcher: Stitcher;
  #report: Report = { revision: null, satisfied: false, because: 'no desired state has come yet' };

  constructor(options: HubOptions) {
    this.#options = options;
    const { clock, log, identity } = options;
    this.#log = log;
    this.relay = new Relay({ name: 'hub', clock, log, lookup: systemLookup });
    this.#inputs = new Inputs(this.relay);
    this.#shelf = new Shelf(options.recordings.dir, log);
    this.#keeper = new Keeper({
      shelf: this.#shelf,
      clock,
      note: options.note,
      ...options.recordings,
      freeBytes: options.freeBytes,
      written: (id) => this.#written(id),
      read: (id) => this.#http.inUse(id) || this.#stitcher.busy(id),
      disk: (ok, why) => {
        for (const meeting of this.#meetings.values()) meeting.disk(ok, why);
        options.changed();
      },
    });
    this.#stitcher = new Stitcher({
      node: options.node,
      clock,
      log,
      note: options.note,
      shelf: this.#shelf,
      bench: new Bench(),
      peers: new Peers(identity),
      written: (id) => this.#written(id),
      room: async (bytes) => ((await this.#keeper.free()) ?? 0) - bytes > options.recordings.minFreeBytes,
      patienceMs: options.recordings.patienceMs ?? defaultPatienceMs,
    });
    this.#forward = new Forward({ relay: this.relay, clock, log, ask: (ssrc) => this.#viewers.ask(ssrc) });
    this.#forward.on('switched', ({ view, ssrc, afterMs }) => this.#viewers.switched(view, ssrc, afterMs));
    this.#http = new Http({
      clock,
      log,
      shelf: this.#shelf,
      thumb: (meeting, site) => this.#meetings.get(meeting)?.mosaic.thumb(site) ?? null,
      preview: (meeting, view) => this.#meetings.get(meeting)?.preview(view),
      single: (meeting, site) => this.#meetings.get(meeting)?.singles.at(site),
      remove: (id) => this.#keeper.remove(id),
    });
    this.#control = new ControlServer({
      identity,
      clock,
      log,
      heard: (from, message) => this.#heardCaller(from, message),
      opened: (from) => {
        this.#floors.opened(from);
        if (from.role === 'edge') this.#presence.opened(from.node);
      },
      changed: (from, connected, why) => this.#log.info({ ...from, connected, because: why }, 'control channel'),
      http: (request, response, role) => this.#http.handle(request, response, role),
      upgrade: (request, socket, head) => this.#http.upgrade(request, socket, head),
    });
    this.#viewers = new Viewers({
      node: options.node,
      relay: this.relay,
      clock,
      log,
      meetings: this.#meetings,
      lost: (ssrc) => this.#forward.lost(ssrc),
      say: (site, message) => this.#control.send({ role: 'edge', node: site }, message),
      changed: () => void this.#retable(),
    });
    this.#presence = new Presence({
      node: options.node,
      plans: () => [...this.#meetings.values()].map(({ plan }) => plan),
      say: (site, message) => this.#control.send({ role: 'edge', node: site }, message),
    });
    this.#floors = new Floors({
      node: options.node,
      identity,
      boot: options.boot,
      path: options.grants,
      clock,
      log,
      random: options.random,
      note: options.note,
      say: (to, message) => this.#control.send(to, message),
      raised: () => this.#reconcile.poke(),
      changed: options.changed,
    });
    this.#reconcile = new Reconcile<HubDesired, string, HubStep>({
      clock,
      log,
      random: options.random,
      observe: () => '',
      plan: (desired) =>
        planSteps(
          desired,
          options.node,
          { running: this.#meetings, keys: this.#givenKeys, grant: (meeting) => this.#floors.of(meeting) },
          this.parts(),
          this.#forward.problem,
        ),
      executors: {
        begin: async ({ plan }) => this.#begin(plan.meeting, plan),
        apply: async ({ plan }) => {
          await this.#meetings.get(plan.meeting)?.apply(plan);
          this.#presence.look();
        },
        end: async ({ meeting }) => this.#end(meeting, true),
        keys: async ({ keys }) => this.#takeKeys(keys),
      },
      report: (report) => {
        this.#report = report;
        options.changed();
      },
    });
    this.relay.on('event', (heard) => this.#heardRelay(heard));
    this.relay.on('down', ({ because: why, expected }) => {
      this.#presence.dark();
      if (!expected) options.note(event('process', 'error', 'crashed', why, null, { program: 'relay' }));
      options.changed();
    });
    this.relay.on('restarted', ({ restarts, because: why, outageMs }) => {
      this.#relayStarts = restarts;
      options.note(event('process', 'info', 'restarted', why, null, { program: 'relay', restarts, outageMs: Math.round(outageMs) }));
      void this.#retable();
    });
  }

  get port(): number {
    return this.#port;
  }

  get report(): Report {
    return this.#report;
  }

  meeting(id: string): Meeting | undefined {
    return this.#meetings.get(id);
  }

  get meetings(): readonly string[] {
    return [...this.#meetings.keys()];
  }

  /** @throws FaultError or Error when the port is taken or the relay cannot run: the process must not look alive. */
  async start(): Promise<void> {
    const { clock, listen } = this.#options;
    await Promise.all([this.#shelf.start(), this.#floors.start()]);
    await this.relay.start();
    await this.relay.tune({ levelsMs });
    this.#port = await this.relay.listen({ ...listen, latencyMs: leastLatencyMs });
    await this.#control.start(listen.host, this.#port);
    this.#reconcile.start();
    await this.#keeper.start();
    this.#viewers.start();
    this.#stitcher.start();
    this.#tick = clock.every(1000, 'meetings tick', () => {
      for (const meeting of this.#meetings.values()) meeting.tick();
    });
  }

  /** Ends everything; recordings are closed and may be gone on with by the next process. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    this.#viewers.stop();
    this.#keeper.stop();
    await this.#reconcile.stop();
    this.#http.stop();
    this.#forward.stop();
    await Promise.all([...this.#meetings.keys()].map((id) => this.#end(id, false)));
    await this.#stitcher.stop();
    await this.#floors.stop();
    await this.#control.stop();
    await this.relay.stop();
  }

  /** Takes a desired state; false when it is the one in force, a `stale` fault when it is older. */
  desire(revision: number, want: HubDesired): Result<boolean> {
    const taken = this.#reconcile.desire(revision, want);
    if (taken.ok && taken.value) this.#floors.plan(want.plans);
    return taken;
  }

  /** The highest grants on disk. */
  grants(): ReturnType<Floors['list']> {
    return this.#floors.list();
  }

  parts(): readonly Part[] {
    const { state, restarts } = { state: this.relay.state, restarts: this.#relayStarts };
    const relay: Part = {
      name: 'relay',
      state: state === 'up' ? 'running' : state === 'failed' ? 'failed' : 'starting',
      because: state,
      restarts,
    };
    const many = this.#meetings.size > 1;
    const named = (id: string, part: Part): Part => (many ? { ...part, name: `${part.name} ${id}` } : part);
    return [relay, ...[...this.#meetings].flatMap(([id, meeting]) => meeting.parts().map((part) => named(id, part)))].slice(0, 64);
  }

  /** What central is told once a second. */
  async telemetry(outboxRecords: number): Promise<HubTelemetry> {
    const { clock, node } = this.#options;
    await this.#count();
    const shown = (view: string): number | undefined => this.#forward.shown(view);
    const meetings = await Promise.all([...this.#meetings.values()].map((meeting) => meetingSample(meeting, node, this.#counts, shown)));
    const host = this.#host.sample([process.pid, ...this.pids], clock.mono(), (await this.#keeper.free()) ?? 0, outboxRecords);
    const { now, before } = this.#counts;
    const since = (key: 'refused' | 'forged'): number => Math.max(0, (now?.[key] ?? 0) - (before?.[key] ?? 0));
    return { role: 'hub', meetings, refused: since('refused'), forged: since('forged'), host };
  }

  /** A drill kills the workers of this part of a meeting. Null, or why not. */
  kill(id: string, part: 'mosaic' | 'mixer' | 'recorder'): string | null {
    const meeting = this.#meetings.get(id);
    if (meeting === undefined) return 'this hub does not have that meeting';
    const worker = part === 'mosaic' ? meeting.mosaic.worker : part === 'mixer' ? meeting.audio.worker : (meeting.recorder?.worker ?? null);
    if (worker === null) return 'nothing is recorded';
    if (worker.pid === null) return `the ${part} does not run`;
    worker.kill('SIGKILL');
    return null;
  }

  /** Of all programs of this hub. */
  get pids(): readonly number[] {
    return [this.relay.pid, ...[...this.#meetings.values()].flatMap((each) => each.pids)].filter((pid) => pid !== null);
  }

  /** Deletes a recording that is not being written or read. */
  removeRecording(id: string): Promise<Result<void>> {
    return this.#keeper.remove(id);
  }

  /** Makes one file of what was recorded, as soon as it can be. */
  get stitcher(): Stitcher {
    return this.#stitcher;
  }

  #written(id: string): boolean {
    return [...this.#meetings.values()].some(({ recorder }) => recorder?.recording === id);
  }

  async #begin(id: string, plan: Meeting['plan']): Promise<void> {
    const { clock, log, note, node, faults } = this.#options;
    const hub = findHub(plan, node);
    if (hub === undefined) return;
    const meeting = await Meeting.begin({
      clock,
      log: log.child({ meeting: id }),
      note,
      relay: this.relay,
      inputs: this.#inputs,
      shelf: this.#shelf,
      plan,
      hub,
      faults,
      forward: () => this.#retable(),
      ask: (ssrc) => this.#forward.lost(ssrc),
      changed: () => this.#reconcile.poke(),
    });
    this.#meetings.set(id, meeting);
    this.#presence.look();
    meeting.disk(this.#keeper.allows, this.#keeper.because);
    await this.#retable();
  }

  async #end(id: string, done: boolean): Promise<void> {
    const meeting = this.#meetings.get(id);
    this.#meetings.delete(id);
    await this.#retable();
    await meeting?.stop(done);
  }

  async #takeKeys(keys: HubDesired['keys']): Promise<void> {
    const byMeeting = new Map<string, Map<string, string>>();
    for (const { meeting, peer, key } of keys) byMeeting.set(meeting, (byMeeting.get(meeting) ?? new Map()).set(peer, key));
    this.#givenKeys = keys;
    this.#keys = byMeeting;
    await this.#retable();
  }

  #retable(): Promise<void> {
    const tables = [...this.#meetings].map(([id, meeting]) => meeting.table(this.#keys.get(id) ?? new Map(), this.#relayStarts));
    return this.#forward.apply(merge(tables));
  }

  #heardCaller(from: Caller, message: FromEdge): void {
    if (message.type === 'grant') this.#floors.heard(from, message.meeting, message.grant);
    else if (from.role === 'edge') this.#viewers.heard(from.node, message);
  }

  #heardRelay(heard: RelayEvent): void {
    const { note, clock } = this.#options;
    this.#presence.heard(heard);
    if (heard.event === 'levels') {
      for (const meeting of this.#meetings.values()) meeting.audio.levels(heard.levels);
      return;
    }
    const peer = 'peer' in heard ? heard.peer : undefined;
    const about = heard.event === 'forged' ? heard.from : peer;
    const { state, notes } = relayNotes(heard, this.#refusals, this.#meetingOf(about), clock.mono());
    this.#refusals = state;
    for (const each of notes) note(each);
    const watches = heard.event === 'eased' || (heard.event === 'connected' && heard.streamId.startsWith('sub/'));
    if (watches && peer !== undefined) this.#viewers.joined(peer);
  }

  #meetingOf(site: string | undefined): string | null {
    const found = [...this.#meetings.values()].find(({ plan }) => plan.sites.some((each) => each.site === site));
    return found?.plan.meeting ?? null;
  }

  async #count(): Promise<void> {
    try {
      const now = await this.relay.stats();
      this.#counts = { now, before: this.#counts.now };
    } catch (error) {
      this.#log.debug({ because: because(error) }, 'relay gave no counters');
    }
  }
}
