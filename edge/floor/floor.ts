/**
 * The floor as this box knows it: the highest grant of its meeting, from central with the plan, from the hubs, or from its own panel. What it
 * knows is on disk, so a box that comes back without central goes on where the meeting is.
 */
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { type FloorInput, reduce } from '../../protocol/floor.ts';
import { compareGrants, type Grant } from '../../protocol/grant.ts';
import type { Log } from '../../protocol/log.ts';
import type { Controls } from '../../protocol/node/controls.ts';
import { Grants } from '../../protocol/node/grants.ts';
import { findHub, withGrant } from '../../protocol/plan.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';

export interface FloorOptions {
  readonly me: string;
  /** Where grants are kept. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly controls: Controls;
  readonly tell: (event: EventBody) => void;
  /** Another grant is in force, or a hub has told of one. */
  readonly changed: () => void;
  /** Why grants cannot be kept on disk; null: they can again. */
  readonly trouble: (because: string | null) => void;
}

/** What a request to the panel became. */
export interface Ruled {
  readonly grant: Grant;
  readonly because: string;
  /** False when everything was so already. */
  readonly changed: boolean;
}

export class Floor {
  readonly #options: FloorOptions;
  readonly #log: Log;
  readonly #grants: Grants;
  /** The highest that each hub has told. */
  readonly #told = new Map<string, Grant>();
  #plan: Plan | null = null;
  readonly #waiting = new Set<() => void>();
  /** Requests one after the other, so that no two write the same number. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FloorOptions) {
    const { path, clock, log, controls, tell } = options;
    this.#options = options;
    this.#log = log.child({ part: 'floor' });
    this.#grants = new Grants({ path, clock, log, tell });
    this.#grants.on('raised', () => options.changed());
    this.#grants.on('trouble', (because) => options.trouble(because));
    controls.on('up', (hub) => this.#tell(hub));
    controls.on('grant', ({ hub, meeting, grant }) => this.#heard(hub, meeting, grant));
  }

  /** Reads what was kept. */
  start(): Promise<void> {
    return this.#grants.start();
  }

  stop(): Promise<void> {
    return this.#grants.stop();
  }

  /** The plan of central. Asks the hubs, whose grant may be higher. */
  follow(plan: Plan | null): void {
    const another = plan?.meeting !== this.#plan?.meeting;
    this.#plan = plan;
    if (another) this.#told.clear();
    this.#grants.only(plan === null ? [] : [plan.meeting]);
    if (plan === null) return;
    this.#grants.see(plan.meeting, plan.grant);
    if (another) for (const { hub } of plan.hubs) this.#tell(hub);
  }

  /** The plan under the highest grant. It may have ended: then nothing of it is to be done. */
  get plan(): Plan | null {
    return this.#plan === null ? null : withGrant(this.#plan, this.grant);
  }

  /** The highest of the present meeting. */
  get grant(): Grant | null {
    return this.#plan === null ? null : this.#grants.of(this.#plan.meeting);
  }

  /** Hubs of the plan that are known to have the grant in force, or a higher one, on their disks. */
  get confirmed(): readonly string[] {
    const { grant } = this;
    if (grant === null) return [];
    const has = (hub: string): boolean => {
      const told = this.#told.get(hub);
      return told !== undefined && compareGrants(told, grant) >= 0;
    };
    return (this.#plan?.hubs ?? []).map(({ hub }) => hub).filter(has);
  }

  /** This box has the chair of a meeting that goes on. */
  get ruling(): boolean {
    const { plan } = this;
    return plan !== null && !plan.grant.ended && plan.grant.chair === this.#options.me;
  }

  /** The hubs that have confirmed the grant in force: as soon as one has, or after `ms` whatever there is. */
  async confirmedWithin(ms: number): Promise<readonly string[]> {
    if (this.confirmed.length > 0) return this.confirmed;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        if (this.confirmed.length > 0) done();
      };
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(ms, 'hubs confirm a grant', done);
      this.#waiting.add(wake);
    });
    return this.confirmed;
  }

  /** What a person at the panel wants. Resolves when it is on this box's disk and said to the hubs (see `confirmed` for who has taken it), or with why it never was. */
  rule(input: FloorInput): Promise<Result<Ruled>> {
    const ruled = this.#turn.then(() => this.#rule(input));
    this.#turn = ruled;
    return ruled;
  }

  async #rule(input: FloorInput): Promise<Result<Ruled>> {
    const { plan } = this;
    const { me, controls } = this.#options;
    if (plan === null) return failed({ code: 'conflict', what: 'panel', reason: 'there is no meeting' });
    if (plan.grant.chair !== me) return failed({ code: 'auth.forbidden', need: 'the chair of the meeting' });
    // What a hub knows comes with its channel: without one we might write without knowing what was written before.
    const reachable = controls.open.some((hub) => this.#told.has(hub));
    // What is written for nobody would be heard when the way is back, over everything that was decided meanwhile.
    if (!reachable) return failed({ code: 'unreachable', what: 'hubs', because: 'no hub of the meeting answers' });
    const step = reduce({ grant: plan.grant, sites: plan.sites.map(({ site }) => site) }, input, me);
    if (!step.ok) return step;
    const { state, effects, because } = step.value;
    if (effects.length === 0) return ok({ grant: plan.grant, because, changed: false });
    const written = await this.#grants.write(plan.meeting, state.grant);
    if (!written.ok) return written;
    this.#log.info({ meeting: plan.meeting, epoch: state.grant.epoch, n: state.grant.n, because }, 'the panel rules');
    controls.send({ type: 'grant', meeting: plan.meeting, grant: state.grant });
    return ok({ grant: state.grant, because, changed: true });
  }

  /** Ours, as far as it is on disk: a hub answers with its own. */
  #tell(hub: string): void {
    const plan = this.#plan;
    if (plan === null) return;
    const grant = this.#grants.onDisk(plan.meeting) ?? plan.grant;
    this.#options.controls.send({ type: 'grant', meeting: plan.meeting, grant }, hub);
  }

  #heard(hub: string, meeting: string, grant: Grant): void {
    const plan = this.#plan;
    if (plan?.meeting !== meeting || findHub(plan, hub) === undefined) return;
    this.#told.set(hub, grant);
    if (!this.#grants.see(meeting, grant)) this.#options.changed();
    for (const wake of [...this.#waiting]) wake();
  }
}
