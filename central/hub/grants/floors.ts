/**
 * The floors of this hub's meetings: takes grants from central (with the plan), from the chair's panel and from the other hubs, keeps the highest,
 * and tells it to everybody who has a control channel. Works without central and broker.
 */
import type { Clock } from '../../../protocol/clock.ts';
import { compareGrants, type Grant } from '../../../protocol/grant.ts';
import type { Log } from '../../../protocol/log.ts';
import { Controls, type HubPlace } from '../../../protocol/node/controls.ts';
import { Grants } from '../../../protocol/node/grants.ts';
import type { Identity } from '../../../protocol/node/tls.ts';
import { mayGrant } from '../../../protocol/plan.ts';
import type { ControlFromHub } from '../../../protocol/schema/control.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';
import { attached } from '../forward/table.ts';
import { event, type Note } from '../note.ts';

/** Who speaks on a control channel, as the certificate says. */
export interface Caller {
  readonly role: 'edge' | 'hub';
  readonly node: string;
}

export interface FloorsOptions {
  readonly node: string;
  readonly identity: Identity;
  readonly boot: string;
  /** Where grants are kept. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly note: Note;
  /** Says it on the channel that this node has opened to us; false when there is none. */
  readonly say: (to: Caller, message: ControlFromHub) => boolean;
  /** A grant is higher than before: the meeting changes. */
  readonly raised: () => void;
  /** What is reported has changed. */
  readonly changed: () => void;
}

export class Floors {
  readonly #options: FloorsOptions;
  readonly #log: Log;
  readonly #grants: Grants;
  /** Channels that we opened to the other hubs. */
  readonly #hubs: Controls;
  #plans: ReadonlyMap<string, Plan> = new Map();

  constructor(options: FloorsOptions) {
    const { path, clock, log, identity, boot, random } = options;
    this.#options = options;
    this.#log = log.child({ part: 'floors' });
    this.#grants = new Grants({ path, clock, log, tell: options.note });
    this.#grants.on('raised', () => options.raised());
    this.#grants.on('kept', (meeting, grant) => this.#tellAll(meeting, grant));
    this.#grants.on('trouble', (because) => {
      if (because !== null) options.note(event('health', 'error', 'disk', because, null, { what: 'grants' }));
    });
    this.#hubs = new Controls({ identity, boot, clock, log, random, addressOn: () => undefined });
    this.#hubs.on('up', (hub) => {
      for (const meeting of this.#shared(hub)) this.#ask(meeting, hub);
    });
    this.#hubs.on('grant', ({ hub, meeting, grant }) => this.#take({ role: 'hub', node: hub }, meeting, grant));
  }

  /** Reads what was kept. */
  start(): Promise<void> {
    return this.#grants.start();
  }

  async stop(): Promise<void> {
    this.#hubs.stop();
    await this.#grants.stop();
  }

  /** The highest grant of a meeting; null when none was seen. */
  of(meeting: string): Grant | null {
    return this.#grants.of(meeting);
  }

  /** What central is told: only what a restart would not lose. */
  list(): ReturnType<Grants['list']> {
    return this.#grants.list();
  }

  /** The plans that central wants in force, each with central's grant. */
  plan(plans: readonly Plan[]): void {
    const before = this.#plans;
    this.#plans = new Map(plans.map((plan) => [plan.meeting, plan]));
    this.#grants.only(plans.map(({ meeting }) => meeting));
    for (const { meeting, grant } of plans) this.#grants.see(meeting, grant);
    const others = plans.flatMap(({ hubs }) => hubs).filter(({ hub }) => hub !== this.#options.node);
    const places = new Map(others.map(({ hub, host, port }): [string, HubPlace] => [hub, { hub, path: null, host, port }]));
    this.#hubs.apply([...places.values()]);
    // Whoever has told us of this meeting before we knew it tells it again.
    for (const { meeting } of plans) if (!before.has(meeting)) for (const { hub } of this.#others(meeting)) this.#ask(meeting, hub);
    // A box may have called before we knew that it takes part: nothing was said to it then.
    for (const plan of plans) this.#tellNew(plan, before.get(plan.meeting));
  }

  /** Somebody opened a control channel: it hears the highest of each meeting that it takes part in. */
  opened(to: Caller): void {
    for (const [meeting, plan] of this.#plans) {
      const grant = this.#grants.onDisk(meeting);
      if (grant !== null && this.#takesPart(plan, to)) this.#options.say(to, { type: 'grant', meeting, grant });
    }
  }

  /** A grant on a channel that `from` has opened to us. It is answered with the highest there is then, whether it was taken or not. */
  heard(from: Caller, meeting: string, grant: Grant): void {
    const plan = this.#plans.get(meeting);
    if (plan === undefined || !this.#takesPart(plan, from)) return;
    this.#take(from, meeting, grant);
    void this.#grants.settled().then((kept) => {
      const known = this.#grants.onDisk(meeting);
      if (kept.ok && known !== null) this.#options.say(from, { type: 'grant', meeting, grant: known });
    });
  }

  #take(from: Caller, meeting: string, grant: Grant): void {
    const plan = this.#plans.get(meeting);
    const known = this.#grants.of(meeting);
    if (plan === undefined || (known !== null && compareGrants(grant, known) <= 0)) return;
    const { epoch, n, by } = grant;
    if (!mayGrant(plan, known ?? plan.grant, from, grant)) {
      this.#log.info({ meeting, from, epoch, n, by, chair: known?.chair ?? null }, 'a grant was not taken: its sender may not write it');
      return;
    }
    this.#log.info({ meeting, from, epoch, n, by }, 'a grant was taken');
    if (known?.by !== by)
      this.#options.note(event('floor', 'info', 'ruled-by', `the panel of ${by} rules`, meeting, { by, epoch, n, heardFrom: from.node }));
    this.#grants.see(meeting, grant);
  }

  #tellAll(meeting: string, grant: Grant): void {
    const { node, say, changed } = this.#options;
    changed();
    const plan = this.#plans.get(meeting);
    if (plan === undefined) return;
    for (const { site } of attached(plan, node)) say({ role: 'edge', node: site }, { type: 'grant', meeting, grant });
    for (const { hub } of this.#others(meeting)) {
      this.#hubs.send({ type: 'grant', meeting, grant }, hub);
      say({ role: 'hub', node: hub }, { type: 'grant', meeting, grant });
    }
  }

  #tellNew(plan: Plan, before: Plan | undefined): void {
    const { node, say } = this.#options;
    const { meeting } = plan;
    const grant = this.#grants.onDisk(meeting);
    // One that is not on disk yet is told to all when it is.
    if (grant === null) return;
    const known = new Set(before === undefined ? [] : attached(before, node).map(({ site }) => site));
    for (const { site } of attached(plan, node)) if (!known.has(site)) say({ role: 'edge', node: site }, { type: 'grant', meeting, grant });
  }

  /** Tells a hub ours; it answers with its own. */
  #ask(meeting: string, hub: string): void {
    const grant = this.#grants.onDisk(meeting) ?? this.#plans.get(meeting)?.grant;
    if (grant !== undefined) this.#hubs.send({ type: 'grant', meeting, grant }, hub);
  }

  #others(meeting: string): readonly { readonly hub: string }[] {
    return this.#plans.get(meeting)?.hubs.filter(({ hub }) => hub !== this.#options.node) ?? [];
  }

  #shared(hub: string): readonly string[] {
    return [...this.#plans.values()].filter(({ hubs }) => hubs.some((each) => each.hub === hub)).map(({ meeting }) => meeting);
  }

  #takesPart(plan: Plan, { role, node }: Caller): boolean {
    return role === 'edge'
      ? attached(plan, this.#options.node).some(({ site }) => site === node)
      : plan.hubs.some(({ hub }) => hub === node);
  }
}
