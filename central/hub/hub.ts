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
import { findHub, fullScreen } from '../../protocol/plan.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import type { HubTelemetry } from '../../protocol/schema/telemetry.ts';
import { Http } from './control/http.ts';
import { ControlServer, type FromEdge } from './control/server.ts';
import { Forward } from './forward/service.ts';
import { attached, merge, ownerOf } from './forward/table.ts';
import { Meeting } from './meeting.ts';
import { event, type Note } from './note.ts';
import { Keeper } from './record/keeper.ts';
import type { RetentionRules } from './record/retention.ts';
import { Shelf } from './record/shelf.ts';
import { because } from './report/because.ts';
import { noRefusals, relayNotes } from './report/relay-notes.ts';
import { type Counts, meetingSample } from './report/sample.ts';
import { type HubStep, planSteps } from './steps.ts';

export interface HubOptions {
  readonly node: string;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly note: Note;
  readonly listen: { readonly host: string; readonly port: number };
  readonly recordings: { readonly dir: string; readonly minFreeBytes: number; readonly rules: RetentionRules };
  /** The report has changed. */
  readonly changed: () => void;
  readonly faults: boolean;
  /** Free bytes for recordings; tests say what they like. Null: ask the disk. */
  readonly freeBytes: (() => number) | null;
}

/** The lowest that both sides may agree on: a site asks for what its plan says. */
const leastLatencyMs = 20;
/** How often the loudness of all voices is looked at. */
const levelsMs = 100;

export class Hub {
  readonly relay: Relay;
  readonly #options: HubOptions;
  readonly #log: Log;
  readonly #forward: Forward;
  readonly #control: ControlServer;
  readonly #http: Http;
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
  #report: Report = { revision: null, satisfied: false, because: 'no desired state has come yet' };

  constructor(options: HubOptions) {
    this.#options = options;
    const { clock, log, identity } = options;
    this.#log = log;
    this.relay = new Relay({ name: 'hub', clock, log, lookup: systemLookup });
    this.#shelf = new Shelf(options.recordings.dir, log);
    this.#keeper = new Keeper({
      shelf: this.#shelf,
      clock,
      note: options.note,
      ...options.recordings,
      freeBytes: options.freeBytes,
      written: (id) => [...this.#meetings.values()].some(({ recorder }) => recorder?.recording === id),
      read: (id) => this.#http.inUse(id),
      disk: (ok, why) => {
        for (const meeting of this.#meetings.values()) meeting.disk(ok, why);
        options.changed();
      },
    });
    this.#forward = new Forward({ relay: this.relay, clock, log, ask: (ssrc) => this.#ask(ssrc) });
    this.#forward.on('switched', ({ view, ssrc, afterMs }) => this.#switched(view, ssrc, afterMs));
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
      heard: (node, message) => this.#heardEdge(node, message),
      changed: (node, connected, why) => this.#log.info({ node, connected, because: why }, 'control channel'),
      http: (request, response) => this.#http.handle(request, response),
      upgrade: (request, socket, head) => this.#http.upgrade(request, socket, head),
    });
    this.#reconcile = new Reconcile<HubDesired, string, HubStep>({
      clock,
      log,
      random: options.random,
      observe: () => '',
      plan: (desired) =>
        planSteps(desired, options.node, { running: this.#running(), keys: this.#givenKeys }, this.parts(), this.#forward.problem),
      executors: {
        begin: async ({ plan }) => this.#begin(plan.meeting, plan),
        apply: async ({ plan }) => {
          await this.#meetings.get(plan.meeting)?.apply(plan);
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
    await this.#shelf.start();
    await this.relay.start();
    await this.relay.tune({ levelsMs });
    this.#port = await this.relay.listen({ ...listen, latencyMs: leastLatencyMs });
    await this.#control.start(listen.host, this.#port);
    this.#reconcile.start();
    await this.#keeper.start();
    this.#tick = clock.every(1000, 'meetings tick', () => {
      for (const meeting of this.#meetings.values()) meeting.tick();
    });
  }

  /** Ends everything; recordings are closed and may be gone on with by the next process. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    this.#keeper.stop();
    await this.#reconcile.stop();
    this.#http.stop();
    this.#forward.stop();
    await Promise.all([...this.#meetings.keys()].map((id) => this.#end(id, false)));
    await this.#control.stop();
    await this.relay.stop();
  }

  /** Takes a desired state; false when it is the one in force, a `stale` fault when it is older. */
  desire(revision: number, want: HubDesired): Result<boolean> {
    return this.#reconcile.desire(revision, want);
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
    const pids = [process.pid, this.relay.pid, ...[...this.#meetings.values()].flatMap((each) => each.pids)].filter((pid) => pid !== null);
    const host = this.#host.sample(pids, clock.mono(), (await this.#keeper.free()) ?? 0, outboxRecords);
    const { now, before } = this.#counts;
    const since = (key: 'refused' | 'forged'): number => Math.max(0, (now?.[key] ?? 0) - (before?.[key] ?? 0));
    return { role: 'hub', meetings, refused: since('refused'), forged: since('forged'), host };
  }

  /** Deletes a recording that is not being written or read. */
  removeRecording(id: string): Promise<Result<void>> {
    return this.#keeper.remove(id);
  }

  #running(): ReadonlyMap<string, Meeting['plan']> {
    return new Map([...this.#meetings].map(([id, meeting]) => [id, meeting.plan]));
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
      shelf: this.#shelf,
      plan,
      hub,
      faults,
      forward: () => this.#retable(),
      ask: (ssrc) => this.#forward.lost(ssrc),
      changed: () => this.#reconcile.poke(),
    });
    this.#meetings.set(id, meeting);
    meeting.disk(this.#keeper.allows, this.#keeper.because);
    await this.#retable();
  }

  async #end(id: string, done: boolean): Promise<void> {
    const meeting = this.#meetings.get(id);
    if (meeting === undefined) return;
    this.#meetings.delete(id);
    await this.#retable();
    await meeting.stop(done);
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

  /** Asks whoever makes this stream for an IDR. */
  #ask(ssrc: number): void {
    for (const meeting of this.#meetings.values()) {
      if (meeting.hub.streams.mosaic.ssrc === ssrc) {
        meeting.mosaic.keyframe();
        return;
      }
      const owner = ownerOf(meeting.plan, ssrc);
      if (owner === null || owner.kind === 'audio') continue;
      this.#control.send(owner.site, { type: 'keyframe', meeting: meeting.plan.meeting, kind: owner.kind });
      return;
    }
  }

  #switched(view: string, ssrc: number, afterMs: number): void {
    for (const meeting of this.#meetings.values()) {
      meeting.switched(view);
      const owner = view.startsWith('floor.') ? ownerOf(meeting.plan, ssrc) : null;
      if (owner !== null) this.#log.info({ view, site: owner.site, grantN: meeting.plan.grant.n, afterMs }, 'floor switched');
    }
  }

  #heardEdge(node: string, message: FromEdge): void {
    const meeting = this.#meetings.get(message.meeting);
    // An edge that knows its plan before we do is not wrong, only early.
    if (meeting === undefined || !attached(meeting.plan, this.#options.node).some(({ site }) => site === node)) return;
    if (message.type === 'shown') {
      this.#log.debug({ node, site: message.site, grantN: message.grantN }, 'floor shown');
      return;
    }
    const ssrc = (message.ssrc & 0xfffffff0) >>> 0;
    if (ownerOf(meeting.plan, ssrc) !== null || meeting.hub.streams.mosaic.ssrc === ssrc) this.#forward.lost(ssrc);
  }

  #heardRelay(heard: RelayEvent): void {
    const { note, clock } = this.#options;
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
    if (watches && peer !== undefined) this.#joined(peer);
  }

  #meetingOf(site: string | undefined): string | null {
    const found = [...this.#meetings.values()].find(({ plan }) => plan.sites.some((each) => each.site === site));
    return found?.plan.meeting ?? null;
  }

  /** A viewer came (back): without an IDR it would wait for the next one of each stream. */
  #joined(site: string): void {
    for (const meeting of this.#meetings.values()) {
      if (!meeting.plan.sites.some((each) => each.site === site)) continue;
      const screen = fullScreen(meeting.plan, site);
      const main = screen.shows === 'main' ? meeting.plan.sites.find((each) => each.site === screen.site) : undefined;
      this.#forward.lost(meeting.hub.streams.mosaic.ssrc);
      if (main !== undefined) this.#forward.lost(main.streams.main.ssrc);
    }
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
