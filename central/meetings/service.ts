/**
 * The meetings: judges intents one after another, stores each with its audit row in one transaction, then tells hub and edges, then answers.
 * A restart resumes from the store: same epoch, same grant, same plan, same keys.
 */
import { EventEmitter } from 'node:events';
import type { Clock } from '../../protocol/clock.ts';
import { type Fault, FaultError, failed, ok, type Result } from '../../protocol/fault.ts';
import type { FloorInput } from '../../protocol/floor.ts';
import { compareGrants, type Grant, noGrant } from '../../protocol/grant.ts';
import { newId } from '../../protocol/ids.ts';
import type { Log } from '../../protocol/log.ts';
import { panelKey } from '../../protocol/node/pin.ts';
import type { PanelKey } from '../../protocol/schema/desired.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Actor } from '../auth/principal.ts';
import type { Formats } from '../cascade/formats.ts';
import { type Placed, place, ssrcsOf } from '../cascade/plan.ts';
import { serial } from '../serial.ts';
import type { Desires, Want } from '../sites/contract.ts';
import type { Kept, Keys, MeetingStore, Network } from './contract.ts';
import { edgeWant, type Force, hubWant, mediaKey, newPin, nodesOf, patientSites } from './desired.ts';
import { Hearing } from './hearing.ts';
import { clash, type Meeting, type MeetingRequest, reduce } from './reduce.ts';

export interface NewMeeting {
  readonly title: string;
  readonly sites: readonly string[];
  readonly hub: string | null;
  readonly language: 'vi' | 'en';
  /** The site whose panel may rule; null: none. */
  readonly chair: string | null;
}

export interface MeetingsParts {
  readonly store: MeetingStore;
  readonly network: Network;
  readonly desires: Pick<Desires, 'want'>;
  readonly formats: Formats;
  readonly latencyMs: number;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
}

export interface MeetingsEvents {
  /** A meeting is not as it was; told before the nodes have been. */
  changed: [meeting: Meeting];
  /** Operators should look; nothing was changed. */
  warning: [about: { readonly meeting: string; readonly site: string; readonly because: string }];
  /** A grant that somebody else wrote was taken over. */
  adopted: [about: { readonly meeting: string; readonly grant: Grant; readonly hub: string; readonly because: string }];
  /** A command went on although these hubs had not said what they know. */
  unheard: [about: { readonly meeting: string; readonly hubs: readonly string[] }];
}

const central: Actor = { by: 'central', from: '' };

export class Meetings extends EventEmitter<MeetingsEvents> {
  readonly #parts: MeetingsParts;
  readonly #kept = new Map<string, Kept>();
  readonly #inTurn = serial();
  readonly #hearing: Hearing;
  readonly #panels = new Map<string, PanelKey>();
  #switches = 0;

  constructor(parts: MeetingsParts) {
    super();
    this.#parts = parts;
    this.#hearing = new Hearing(parts.clock);
  }

  /** Reads the store and tells every node of a running meeting what it shall do: a node that has it already does nothing. */
  async start(): Promise<void> {
    for (const kept of await this.#parts.store.load()) this.#kept.set(kept.meeting.id, kept);
    for (const { meeting, plan } of this.#running()) {
      await this.#panel(meeting);
      for (const hub of nodesOf(plan).hubs) this.#hearing.expect(hub);
    }
    await this.#inTurn(() => this.#tell(this.#running().flatMap(({ plan }) => (plan === null ? [] : [plan]))));
    await this.renew('central started');
  }

  /** Newest first. */
  list(): readonly Meeting[] {
    return [...this.#kept.values()].map(({ meeting }) => meeting).toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  async find(id: string): Promise<Meeting | null> {
    return this.#kept.get(id)?.meeting ?? (await this.#parts.store.find(id));
  }

  /** The hub that a meeting runs on, with its present address. */
  planOf(id: string): Plan | null {
    return this.#kept.get(id)?.plan ?? null;
  }

  /** Grants that put somebody else on air since this start of central. */
  get floorSwitches(): number {
    return this.#switches;
  }

  /** What `node` shall do now: for nodes that are new or renamed. Null when the registry does not know it. */
  wantOf(node: string): Want | null {
    const site = this.#parts.network.site(node);
    if (site !== undefined) return edgeWant({ ...site, devices: this.#parts.network.devices(node) }, this.#forces());
    return this.#parts.network.hubs().some((each) => each.hub === node) ? hubWant(node, this.#forces()) : null;
  }

  /** Why a site or hub may not be deleted now, or null. */
  inUse(node: string): Fault | null {
    const kept = this.#running().find(({ plan, meeting }) => meeting.sites.includes(node) || nodesOf(plan).hubs.includes(node));
    return kept === undefined ? null : { code: 'conflict', what: node, reason: `it takes part in the running meeting ${kept.meeting.id}` };
  }

  create(wish: NewMeeting, actor: Actor): Promise<Result<Meeting>> {
    return this.#inTurn(async () => {
      const strange = wish.sites.findIndex((site) => this.#parts.network.site(site) === undefined);
      if (strange >= 0)
        return failed({ code: 'input.invalid', path: `/sites/${strange}`, reason: `there is no site ${wish.sites[strange]}` });
      if (wish.hub !== null && !this.#parts.network.hubs().some((each) => each.hub === wish.hub))
        return failed({ code: 'input.invalid', path: '/hub', reason: `there is no hub ${wish.hub}` });
      if (wish.chair !== null && !wish.sites.includes(wish.chair))
        return failed({ code: 'input.invalid', path: '/chair', reason: `${wish.chair} is not invited` });
      const at = this.#parts.clock.now();
      const meeting: Meeting = {
        id: newId('m', this.#parts.random(10)),
        title: wish.title,
        language: wish.language,
        state: 'planned',
        hub: wish.hub,
        createdBy: actor.by,
        createdAt: at,
        startedAt: null,
        endedAt: null,
        sites: [...wish.sites],
        grant: { ...noGrant(1), chair: wish.chair },
        pin: newPin(this.#parts.random(4)),
        floorSince: null,
        layout: { mosaic: 'grid', page: 0 },
        recording: null,
      };
      await this.#keep(null, { meeting, plan: null, keys: new Map() }, actor, 'meeting.create', `${actor.by} made the meeting`, wish);
      return ok(meeting);
    });
  }

  /** A hub connected (true) or left: it may know more than we do until it has reported. */
  connected(hub: string, connected: boolean): void {
    if (connected) this.#hearing.expect(hub);
    else this.#hearing.settle(hub);
  }

  /** What a hub knows of the floor. Whatever is higher than ours is taken over, stored and told to everybody. */
  async heard(hub: string, grants: readonly { readonly meeting: string; readonly grant: Grant }[]): Promise<void> {
    try {
      for (const { meeting, grant } of grants) {
        const known = this.#kept.get(meeting);
        if (known === undefined || compareGrants(grant, known.meeting.grant) <= 0) continue;
        await this.#inTurn(() => this.#adopt(hub, meeting, grant));
      }
    } finally {
      this.#hearing.settle(hub);
    }
  }

  /** One intent on one meeting. Resolves when it is stored and published, or with the fault that refused it. */
  async ask(id: string, act: string, request: MeetingRequest, actor: Actor, detail: object = {}): Promise<Result<Meeting>> {
    if (request.do === 'floor' || request.do === 'end' || request.do === 'chair') await this.#hear(id);
    return this.#inTurn(async () => {
      const kept = this.#kept.get(id);
      if (kept === undefined) {
        const old = await this.#parts.store.find(id);
        return failed(
          old === null ? { code: 'not-found', what: 'meeting', id } : { code: 'conflict', what: 'meeting', reason: `${id} has ended` },
        );
      }
      return this.#apply(kept, act, request, actor, detail);
    });
  }

  /** Starts recording under a new id, or stops. */
  record(id: string, act: string, on: boolean, because: string, actor: Actor): Promise<Result<Meeting>> {
    const recording = on ? { id: newId('r', this.#parts.random(10)), because, by: actor.by } : null;
    return this.ask(id, act, { do: 'record', recording }, actor, { on, because });
  }

  floor(id: string, act: string, input: FloorInput, actor: Actor): Promise<Result<Meeting>> {
    if (input.type === 'joined' && this.#parts.network.site(input.site) === undefined)
      return Promise.resolve(failed({ code: 'input.invalid', path: '/site', reason: `there is no site ${input.site}` }));
    return this.ask(id, act, { do: 'floor', input }, actor, input);
  }

  /** Writes the plans of running meetings anew where something they are made of has changed: a hub's address, a site's name. */
  renew(because: string): Promise<void> {
    return this.#inTurn(async () => {
      for (const kept of this.#running()) {
        const placed = this.#place(kept.meeting, kept.plan);
        if (!placed.ok) {
          this.#parts.log.warn({ meeting: kept.meeting.id, fault: placed.fault, because }, 'could not renew a plan; the old one stays');
          continue;
        }
        const { plan } = placed.value;
        if (JSON.stringify(plan) === JSON.stringify(kept.plan)) continue;
        const keys = this.#keysFor(kept, plan);
        await this.#keep(kept, { meeting: kept.meeting, plan, keys }, central, 'meeting.renew', `${because}: ${placed.value.because}`, {});
      }
    });
  }

  /** A node went silent: tells whether that matters to a meeting. */
  lost(site: string): void {
    for (const { meeting } of this.#running()) {
      if (!meeting.sites.includes(site)) continue;
      const step = reduce(meeting, { do: 'floor', input: { type: 'lost', site } }, this.#parts.clock.now());
      if (!step.ok || step.value.warning === null) continue;
      this.#parts.log.warn({ meeting: meeting.id, site, because: step.value.warning }, 'a site on air or next was lost');
      this.emit('warning', { meeting: meeting.id, site, because: step.value.warning });
    }
  }

  async #hear(id: string): Promise<void> {
    const hubs = await this.#hearing.of(nodesOf(this.planOf(id)).hubs);
    if (hubs.length === 0) return;
    this.#parts.log.warn({ meeting: id, hubs }, 'a command goes on without these hubs: they may know a higher grant');
    this.emit('unheard', { meeting: id, hubs });
  }

  async #adopt(hub: string, id: string, grant: Grant): Promise<void> {
    const kept = this.#kept.get(id);
    // Only hubs of the meeting know of its floor.
    if (kept === undefined || !nodesOf(kept.plan).hubs.includes(hub)) return;
    const step = reduce(kept.meeting, { do: 'adopt', grant }, this.#parts.clock.now());
    if (!step.ok || !step.value.changed) return;
    const actor: Actor = { by: grant.by, from: hub };
    const stored = await this.#apply(kept, 'meeting.panel', { do: 'adopt', grant }, actor, { grant });
    if (!stored.ok) {
      this.#parts.log.error({ meeting: id, hub, fault: stored.fault }, 'a higher grant could not be taken over');
      return;
    }
    this.emit('adopted', { meeting: id, grant, hub, because: step.value.because });
  }

  /** The key of the chair's panel, made once: it takes 50 ms. */
  async #panel({ id, pin }: Meeting): Promise<void> {
    if (pin !== '' && !this.#panels.has(id)) this.#panels.set(id, await panelKey(id, pin));
  }

  async #apply(kept: Kept, act: string, request: MeetingRequest, actor: Actor, detail: object): Promise<Result<Meeting>> {
    const step = reduce(kept.meeting, request, this.#parts.clock.now());
    if (!step.ok) return step;
    const { meeting, because } = step.value;
    if (!step.value.changed) {
      this.#parts.log.info({ meeting: meeting.id, act, by: actor.by, because }, 'an intent changed nothing');
      return ok(meeting);
    }
    if (meeting.state !== 'running') {
      await this.#keep(kept, { meeting, plan: null, keys: new Map() }, actor, act, because, detail);
      return ok(meeting);
    }
    const taken = clash(meeting, this.list());
    if (taken !== null)
      return failed({ code: 'conflict', what: taken.site, reason: `it takes part in the running meeting ${taken.meeting}` });
    const placed = this.#place(meeting, kept.plan);
    if (!placed.ok) return placed;
    await this.#panel(meeting);
    const { plan } = placed.value;
    const placedMeeting = { ...meeting, hub: plan.hubs[0]?.hub ?? meeting.hub };
    const why = request.do === 'start' ? `${because}: ${placed.value.because}` : because;
    await this.#keep(kept, { meeting: placedMeeting, plan, keys: this.#keysFor(kept, plan) }, actor, act, why, detail);
    if (placedMeeting.grant.slots[0] !== kept.meeting.grant.slots[0]) this.#switches += 1;
    return ok(placedMeeting);
  }

  #place(meeting: Meeting, before: Plan | null): Result<Placed> {
    const others = this.#running().filter((each) => each.meeting.id !== meeting.id);
    const busy = (hub: string): number =>
      others.reduce((sum, { plan }) => sum + (nodesOf(plan).hubs.includes(hub) ? (plan?.sites.length ?? 0) : 0), 0);
    const { recording } = meeting;
    return place(
      {
        meeting: meeting.id,
        title: meeting.title,
        language: meeting.language,
        hub: meeting.hub,
        sites: meeting.sites.map((site) => {
          const { name = site, protection = 'none', paths = null } = this.#parts.network.site(site) ?? {};
          return { site, name, protection, paths };
        }),
        grant: meeting.grant,
        layout: meeting.layout,
        recording: recording === null ? null : { id: recording.id, because: recording.because, by: recording.by },
      },
      {
        hubs: this.#parts.network.hubs().map((each) => ({ ...each, busy: busy(each.hub) })),
        taken: new Set(others.flatMap(({ plan }) => (plan === null ? [] : ssrcsOf(plan)))),
        formats: this.#parts.formats,
        latencyMs: this.#parts.latencyMs,
        before,
      },
    );
  }

  /** A key for each hub and site: the one they have, else a new one. */
  #keysFor(kept: Kept, plan: Plan): Keys {
    const key = (hub: string, site: string): string => kept.keys.get(hub)?.get(site) ?? mediaKey(this.#parts.random(52));
    return new Map(plan.hubs.map(({ hub }) => [hub, new Map(plan.sites.map(({ site }) => [site, key(hub, site)]))]));
  }

  async #keep(before: Kept | null, after: Kept, actor: Actor, act: string, because: string, detail: object): Promise<void> {
    const { meeting } = after;
    await this.#parts.store.commit({ before: before?.meeting ?? null, after, actor, act, because, at: this.#parts.clock.now(), detail });
    this.#kept.set(meeting.id, after);
    this.#parts.log.info(
      { meeting: meeting.id, act, by: actor.by, epoch: meeting.grant.epoch, n: meeting.grant.n, because },
      'an intent was stored',
    );
    this.emit('changed', meeting);
    const patient = patientSites(before?.plan ?? null, after.plan);
    await this.#tell(
      [before?.plan ?? null, after.plan].filter((plan) => plan !== null),
      patient,
    );
  }

  /** Publishes to every node of these plans what it shall do now. */
  async #tell(plans: readonly Plan[], patient: ReadonlySet<string> = new Set()): Promise<void> {
    const nodes = [...new Set(plans.flatMap((plan) => [...nodesOf(plan).hubs, ...nodesOf(plan).sites]))];
    const wishes = nodes.flatMap((node) => {
      const want = this.wantOf(node);
      return want === null ? [] : [{ node, want, patient: patient.has(node) }];
    });
    try {
      if (wishes.length > 0) await this.#parts.desires.want(wishes);
    } catch (error) {
      // The intent is stored: the next one, or the next start, publishes it. Whoever asked must know that it has not arrived.
      this.#parts.log.error({ error, nodes }, 'could not publish desired states');
      throw new FaultError({ code: 'unreachable', what: 'the nodes of the meeting', because: 'stored, but not published' });
    }
  }

  #running(): readonly Kept[] {
    return [...this.#kept.values()].filter(({ meeting }) => meeting.state === 'running');
  }

  #forces(): readonly Force[] {
    return this.#running().flatMap(({ meeting, plan, keys }) =>
      plan === null ? [] : [{ plan, keys, panel: this.#panels.get(meeting.id) ?? null }],
    );
  }
}
