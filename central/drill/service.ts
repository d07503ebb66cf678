/**
 * Drills as they happen: opens the meeting, asks nodes to break a part of themselves, watches, measures, keeps, and has the report signed. One at
 * a time: two faults at once would measure neither. reduce.ts decides; here it is done.
 */
import { EventEmitter } from 'node:events';
import type { LogEntry } from '../../protocol/api.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Drill, DrillReport, DrillStep, DrillView, NewDrillBody, SealedReport, SignOffBody } from '../../protocol/drill.ts';
import { brief, FaultError, failed, ok, type Result } from '../../protocol/fault.ts';
import { newId } from '../../protocol/ids.ts';
import type { Log } from '../../protocol/log.ts';
import { seal } from '../../protocol/node/seal.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import type { Act, CommandResult } from '../../protocol/schema/command.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Actor } from '../auth/principal.ts';
import type { Meetings } from '../meetings/service.ts';
import { serial } from '../serial.ts';
import type { KeptDrill } from '../store/drills.ts';
import type { NodeFacts } from '../telemetry/facts.ts';
import { measure } from './measure.ts';
import { order } from './order.ts';
import { begun, type Course, type DrillEffect, type DrillInput, isOver, reduce } from './reduce.ts';
import { Watch } from './watch.ts';
import { type Baseline, baselineOf, whyNotWhole } from './whole.ts';

export interface DrillStore {
  list(limit: number): Promise<readonly KeptDrill[]>;
  find(id: string): Promise<KeptDrill | null>;
  unfinished(): Promise<readonly Drill[]>;
  save(drill: Drill): Promise<void>;
  seal(id: string, sealed: SealedReport): Promise<boolean>;
}

export interface DrillsParts {
  readonly store: DrillStore;
  readonly meetings: Pick<Meetings, 'create' | 'ask' | 'floor' | 'record' | 'find' | 'planOf'>;
  readonly facts: (node: string) => NodeFacts | undefined;
  /** @throws FaultError `unreachable` */
  readonly run: (node: string, act: Act) => Promise<CommandResult['body']>;
  /** Closes the broker for `ms`. */
  readonly pauseBroker: (ms: number) => void;
  /** What people call a site or hub; undefined: the registry does not have it. */
  readonly nameOf: (node: string) => string | undefined;
  readonly identity: Identity;
  readonly random: (bytes: number) => Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a meeting is called that central opens for a drill. */
const titles = { vi: 'Diễn tập dự phòng', en: 'Failover drill' } as const;
const LISTED = 100;

interface Running {
  course: Course;
  readonly actor: Actor;
  readonly language: 'vi' | 'en';
  /** Since the fault that is under way. */
  watch: Watch | null;
  before: Baseline | null;
  readonly tick: Timer;
}

export class Drills extends EventEmitter<{ changed: [drill: Drill] }> {
  readonly #parts: DrillsParts;
  readonly #log: Log;
  readonly #inTurn = serial();
  #running: Running | null = null;
  #starting = false;

  constructor(parts: DrillsParts) {
    super();
    this.#parts = parts;
    this.#log = parts.log.child({ part: 'drills' });
  }

  /** What a former process left under way is over: nobody watched. */
  async start(): Promise<void> {
    const { store, clock } = this.#parts;
    for (const drill of await store.unfinished()) {
      const { course } = reduce(begun(drill, clock.now()), { type: 'abort', because: 'central was started anew' }, clock.now());
      await store.save(course.drill);
      await this.#close(drill, { by: 'central', from: '' });
    }
  }

  /** Gives up what is under way; the nodes heal by themselves. Idempotent. */
  async stop(): Promise<void> {
    if (this.#running !== null) this.#feed({ type: 'abort', because: 'central is stopped' });
    await this.#inTurn(async () => undefined);
  }

  async list(): Promise<readonly DrillView[]> {
    return (await this.#parts.store.list(LISTED)).map((each) => this.#view(each));
  }

  /** @throws FaultError not-found */
  async find(id: string): Promise<DrillView> {
    return this.#view(await this.#kept(id));
  }

  /** Begins a drill. */
  async begin(body: NewDrillBody, actor: Actor): Promise<Result<DrillView>> {
    const { meetings, clock, random, identity, nameOf, store } = this.#parts;
    if (this.#running !== null || this.#starting) return failed({ code: 'conflict', what: 'drill', reason: 'another drill is under way' });
    this.#starting = true;
    try {
      const named = body.meeting === undefined ? null : await meetings.find(body.meeting);
      const ordered = order(body, {
        id: newId('d', random(10)),
        by: actor.by,
        at: clock.now(),
        self: identity.node,
        known: (site) => nameOf(site) !== undefined,
        meeting: named?.state === 'running' ? named : null,
      });
      if (!ordered.ok) return ordered;
      const drill = ordered.value;
      await store.save(drill);
      const language = named?.language ?? body.language ?? 'vi';
      const tick = clock.every(1000, 'drill', () => this.#look());
      this.#running = { course: begun(drill, clock.now()), actor, language, watch: null, before: null, tick };
      this.#log.info({ drill: drill.id, by: actor.by, faults: body.faults, meeting: drill.meeting }, 'a drill begins');
      this.#meanwhile('a drill could not be opened', this.#open(drill));
      return ok({ drill, signOff: null });
    } finally {
      this.#starting = false;
    }
  }

  /** Calls it off; everything heals. */
  async abort(id: string, actor: Actor): Promise<Result<DrillView>> {
    if (this.#running?.course.drill.id !== id) {
      await this.#kept(id);
      return failed({ code: 'conflict', what: 'drill', reason: 'it is over' });
    }
    this.#feed({ type: 'abort', because: `${actor.by} called it off` });
    await this.#inTurn(async () => undefined);
    return ok(await this.find(id));
  }

  /** Somebody confirms what the report says; from then on nobody can change it. */
  async signOff(id: string, body: SignOffBody, actor: Actor, role: string): Promise<Result<DrillView>> {
    const { store, clock, identity, meetings, nameOf } = this.#parts;
    const { drill, sealed } = await this.#kept(id);
    if (sealed !== null) return failed({ code: 'conflict', what: 'report', reason: 'it is signed already' });
    if (!isOver(drill)) return failed({ code: 'conflict', what: 'drill', reason: 'it is still under way' });
    const meeting = drill.meeting === null ? null : await meetings.find(drill.meeting);
    const nodes = new Set([
      ...drill.sites,
      ...drill.steps.flatMap(({ node, switched }) => [node ?? [], switched.map((each) => each.node)].flat()),
    ]);
    const names = Object.fromEntries([...nodes].flatMap((node) => (nameOf(node) === undefined ? [] : [[node, nameOf(node) ?? node]])));
    const signOff = { ...body, by: actor.by, role, at: clock.now() };
    const report: DrillReport = { drill, title: meeting?.title ?? '', names, signOff };
    if (!(await store.seal(id, { report, seal: seal(report, identity) })))
      return failed({ code: 'conflict', what: 'report', reason: 'it is signed already' });
    this.#log.info({ drill: id, by: actor.by }, 'a report was signed');
    return ok({ drill, signOff });
  }

  /** The signed report. @throws FaultError not-found before it is signed. */
  async report(id: string): Promise<SealedReport> {
    const { sealed } = await this.#kept(id);
    if (sealed === null) throw new FaultError({ code: 'not-found', what: 'signed report', id });
    return sealed;
  }

  /** Events that were committed. */
  logged(entries: readonly LogEntry[]): void {
    this.#running?.watch?.logged(entries);
  }

  /** A node has sent the numbers of a second. */
  telemetry(node: string): void {
    this.#running?.watch?.telemetry(node, this.#parts.facts(node)?.telemetry ?? null);
  }

  /** A meeting is over. */
  ended(meeting: string): void {
    if (this.#running?.course.drill.meeting === meeting) this.#feed({ type: 'ended', because: 'the meeting was ended' });
  }

  #view({ drill, sealed }: KeptDrill): DrillView {
    const present = this.#running?.course.drill;
    return { drill: present?.id === drill.id ? present : drill, signOff: sealed?.report.signOff ?? null };
  }

  async #kept(id: string): Promise<KeptDrill> {
    const kept = await this.#parts.store.find(id);
    if (kept === null) throw new FaultError({ code: 'not-found', what: 'drill', id });
    return kept;
  }

  #look(): void {
    const plan = this.#plan();
    const running = this.#running;
    if (running === null || running.course.drill.state === 'opening') return;
    const { facts, clock } = this.#parts;
    const trouble = plan === null ? 'there is no plan' : whyNotWhole(plan, facts, clock.mono(), running.before);
    this.#feed({ type: 'look', trouble });
  }

  #plan(): Plan | null {
    const meeting = this.#running?.course.drill.meeting ?? null;
    return meeting === null ? null : this.#parts.meetings.planOf(meeting);
  }

  /** Decides, keeps, then does. */
  #feed(input: DrillInput): void {
    const running = this.#running;
    if (running === null) return;
    const before = running.course.drill;
    const { course, effects } = reduce(running.course, input, this.#parts.clock.now());
    running.course = course;
    const { drill } = course;
    if (drill !== before) {
      this.#meanwhile(
        'the drill could not be kept',
        this.#inTurn(() => this.#parts.store.save(drill)),
      );
      this.emit('changed', drill);
    }
    for (const effect of effects) this.#meanwhile(`a drill failed to ${effect.do}`, this.#do(effect, running));
    if (isOver(drill)) {
      running.tick.cancel();
      this.#running = null;
      this.#log.info({ drill: drill.id, state: drill.state, verdict: drill.verdict, because: drill.because }, 'a drill is over');
    }
  }

  #meanwhile(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#log.error({ err: error }, what));
  }

  async #do(effect: DrillEffect, running: Running): Promise<void> {
    const { drill } = running.course;
    switch (effect.do) {
      case 'prepare':
        running.watch = null;
        running.before = null;
        return this.#prepare(drill, effect.step, running.actor);
      case 'inflict':
        return this.#inflict(effect.step, running);
      case 'measure':
        if (running.watch !== null) this.#feed({ type: 'measured', result: measure(effect.step, running.watch.seen) });
        return;
      case 'heal':
        return this.#heal(drill);
      case 'finish':
        return this.#close(drill, running.actor);
      default:
        return effect satisfies never;
    }
  }

  async #open(drill: Drill): Promise<void> {
    const { meetings } = this.#parts;
    const running = this.#running;
    if (running === null) return;
    if (drill.meeting !== null) return this.#feed({ type: 'opened', meeting: drill.meeting });
    const { actor, language } = running;
    const wanted = (): boolean => this.#running === running;
    try {
      const made = await meetings.create({ title: titles[language], sites: drill.sites, hub: null, language, chair: null }, actor);
      const begins = made.ok ? await meetings.ask(made.value.id, 'meeting.start', { do: 'start' }, actor) : made;
      // Called off meanwhile: nobody else would end it.
      if (made.ok && begins.ok && wanted()) return this.#feed({ type: 'opened', meeting: made.value.id });
      if (made.ok) await meetings.ask(made.value.id, 'meeting.end', { do: 'end' }, actor);
      if (wanted()) this.#feed({ type: 'closed', because: begins.ok ? 'the meeting could not be opened' : brief(begins.fault) });
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      if (wanted()) this.#feed({ type: 'closed', because: brief(error.fault) });
    }
  }

  /** In a meeting of our own the site that is struck speaks, so that rooms see what becomes of it. In others nobody touches the floor. */
  async #prepare(drill: Drill, step: DrillStep, actor: Actor): Promise<void> {
    const { meetings } = this.#parts;
    if (!drill.own || drill.meeting === null) return;
    const site = step.node !== null && drill.sites.includes(step.node) ? step.node : drill.sites[0];
    if (site === undefined) return;
    const given = await meetings.floor(drill.meeting, 'meeting.floor', { type: 'give', site }, actor);
    if (!given.ok) this.#log.warn({ because: brief(given.fault) }, 'the floor could not be given');
    if (step.fault === 'recorder') await meetings.record(drill.meeting, 'meeting.record', true, 'drill', actor);
  }

  async #inflict(step: DrillStep, running: Running): Promise<void> {
    const { facts, identity, pauseBroker, run } = this.#parts;
    const plan = this.#plan();
    const answer = (node: string | null, outcome: 'done' | 'refused' | 'failed', because: string): void => {
      // It may come when this drill is over and another under way.
      if (this.#running === running) this.#feed({ type: 'answered', node, outcome, because });
    };
    if (plan === null) return answer(step.node, 'refused', 'the meeting has no plan');
    const [first, second] = plan.hubs;
    const node = step.node ?? first?.hub ?? null;
    if (node === null) return answer(null, 'refused', 'the meeting has no hub');
    if (step.fault === 'hub' && (second === undefined || !facts(second.hub)?.connected))
      return answer(node, 'refused', 'there is no second hub: to lose this one would end the meeting');
    const bare = plan.sites.find(({ protection }) => protection === 'none');
    if (step.fault === 'hub' && bare !== undefined)
      return answer(node, 'refused', `${bare.site} has no second hub and would be out of the meeting`);
    running.before = baselineOf(plan, facts);
    running.watch = new Watch(plan, identity.node);
    if (step.fault === 'broker') {
      pauseBroker(step.ms);
      return answer(node, 'done', 'the broker is closed for a while');
    }
    try {
      const { outcome, because } = await run(node, { do: 'drill', fault: step.fault, meeting: plan.meeting, ms: step.ms });
      answer(node, outcome, because);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      answer(node, 'failed', brief(error.fault));
    }
  }

  async #heal(drill: Drill): Promise<void> {
    const struck = new Set(drill.steps.filter(({ startedAt }) => startedAt !== null).flatMap(({ node }) => node ?? []));
    for (const node of struck) {
      if (!drill.sites.includes(node)) continue;
      try {
        await this.#parts.run(node, { do: 'heal' });
      } catch (error) {
        // It heals by itself when its time is over.
        if (!(error instanceof FaultError)) throw error;
        this.#log.warn({ node, because: brief(error.fault) }, 'a node could not be told that the drill is over');
      }
    }
  }

  async #close(drill: Drill, actor: Actor): Promise<void> {
    const { meetings } = this.#parts;
    if (!drill.own || drill.meeting === null) return;
    const meeting = await meetings.find(drill.meeting);
    if (meeting?.state !== 'running') return;
    const over = await meetings.ask(meeting.id, 'meeting.end', { do: 'end' }, actor);
    if (!over.ok) this.#log.error({ because: brief(over.fault) }, 'the meeting of a drill could not be ended');
  }
}
