/**
 * The loop that makes what is like what is wanted: look, plan one layer of steps, run them, look again. Never a long plan, so a crash or a new
 * wish in the middle costs nothing. Knows nothing of media; the owner gives a pure plan and one executor for each kind of step.
 */
import type { Clock, Timer } from '../clock.ts';
import { brief, FaultError, failed, ok, type Result } from '../fault.ts';
import type { Log } from '../log.ts';
import { jittered } from './backoff.ts';

/** Steps are data with a verb in the imperative. */
export interface StepShape {
  readonly do: string;
}

/** The step that says: nothing to do now, and why not all is well. Needs no executor. */
export interface Wait {
  readonly do: 'wait';
  readonly because: string;
}

/** One layer: run in order; what stands in brackets runs at the same time. Empty: all is as wanted. */
export type Layer<S extends StepShape> = readonly (S | Wait | readonly S[])[];

/** One executor for each verb: a step without one does not compile. They throw FaultError for expected failures. */
export type Executors<S extends StepShape> = {
  readonly [K in Exclude<S['do'], 'wait'>]: (step: Extract<S, { readonly do: K }>, signal: AbortSignal) => Promise<void>;
};

export interface Report {
  /** The revision that this is about; null before the first wish. */
  readonly revision: number | null;
  readonly satisfied: boolean;
  /** Why not, or why not yet; empty when satisfied. */
  readonly because: string;
}

export interface ReconcileOptions<D, O, S extends StepShape> {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly observe: () => O | Promise<O>;
  /** Pure: what to do next, given what is wanted and what is. */
  readonly plan: (desired: D, observed: O) => Layer<S>;
  readonly executors: Executors<S>;
  /** Called when the report changes. */
  readonly report: (report: Report) => void;
  /** Looks again after this long although nothing was said, to notice drift. Default 5000. */
  readonly lookEveryMs?: number;
  /** After a failed layer: first and longest wait. Default 100, 5000. */
  readonly backoffMs?: { readonly first: number; readonly max: number };
}

/** The same layer planned this often in a row without a failure means that its steps do nothing. */
const IDLE_ROUNDS = 3;

export class Reconcile<D, O, S extends StepShape> {
  readonly #options: ReconcileOptions<D, O, S>;
  readonly #log: Log;
  #wish: { readonly revision: number; readonly desired: D } | null = null;
  #report: Report = { revision: null, satisfied: false, because: 'nothing is wanted yet' };
  #running = false;
  #started = false;
  #again = false;
  #abort = new AbortController();
  #timer: Timer | null = null;
  #attempt = 0;
  #lastLayer = '';
  #sameLayers = 0;
  #idle: Promise<void> = Promise.resolve();

  constructor(options: ReconcileOptions<D, O, S>) {
    this.#options = options;
    this.#log = options.log.child({ part: 'reconcile' });
  }

  /** What was last reported. */
  get current(): Report {
    return this.#report;
  }

  /** The revision in force; null before the first. */
  get revision(): number | null {
    return this.#wish?.revision ?? null;
  }

  /**
   * Takes a new wish; true when it replaces the old one. An equal revision changes nothing (false); an older one is refused with `stale`,
   * for messages may overtake each other after a reconnect.
   */
  desire(revision: number, desired: D): Result<boolean> {
    const have = this.#wish?.revision;
    if (have !== undefined && revision < have) return failed({ code: 'stale', what: 'desired state', have, got: revision });
    if (revision === have) return ok(false);
    this.#wish = { revision, desired };
    this.#attempt = 0;
    this.#lastLayer = '';
    // What is being done for the old wish may stop; the new plan starts from what is.
    this.#abort.abort();
    this.poke();
    return ok(true);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#wake();
  }

  /** Lets the running step finish (it is told by its signal) and ends. Idempotent. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#timer?.cancel();
    this.#abort.abort();
    await this.#idle;
  }

  /** Something changed that the plan may want to know: looks again now, also in the middle of a back-off. */
  poke(): void {
    this.#again = true;
    this.#wake();
  }

  #wake(): void {
    if (!this.#started || this.#running) return;
    this.#timer?.cancel();
    this.#running = true;
    this.#idle = this.#run();
  }

  async #run(): Promise<void> {
    let restMs: number | null = null;
    while (this.#started && restMs === null) {
      this.#again = false;
      this.#abort = new AbortController();
      restMs = await this.#round(this.#abort.signal);
      // Whoever poked during the round knows more than the round did.
      if (this.#again) restMs = null;
    }
    this.#running = false;
    if (this.#started && restMs !== null) this.#timer = this.#options.clock.after(restMs, 'reconcile', () => this.#wake());
  }

  /** Looks, plans and runs once. The rest to take before the next round; null: none. */
  async #round(signal: AbortSignal): Promise<number | null> {
    const { observe, plan, lookEveryMs = 5000 } = this.#options;
    const wish = this.#wish;
    if (!wish) return lookEveryMs;
    const { revision, desired } = wish;
    try {
      const layer = plan(desired, await observe());
      // A newer wish may have come while we looked.
      if (this.#wish !== wish) return null;
      const waits = layer.filter(isWait);
      if (layer.length === waits.length) {
        // Only the goal starts the back-off anew: steps that succeed on the way to a failure do not.
        if (waits.length === 0) this.#attempt = 0;
        this.#lastLayer = '';
        this.#tell({ revision, satisfied: waits.length === 0, because: waits.map(({ because }) => because).join('; ') });
        return lookEveryMs;
      }
      if (this.#report.revision !== revision || this.#report.satisfied)
        this.#tell({ revision, satisfied: false, because: describe(layer) });
      const text = JSON.stringify(layer);
      this.#sameLayers = text === this.#lastLayer ? this.#sameLayers + 1 : 0;
      this.#lastLayer = text;
      await this.#execute(layer, revision, signal);
      return this.#sameLayers < IDLE_ROUNDS || signal.aborted ? null : this.#backOff(revision, `${describe(layer)} changes nothing`);
    } catch (error) {
      this.#lastLayer = '';
      if (signal.aborted) return null;
      if (error instanceof FaultError) return this.#backOff(revision, brief(error.fault));
      // A bug in plan, observe or an executor: told loudly, and tried again, because the meeting goes on.
      this.#log.error({ err: error, revision }, 'reconciling failed on a bug');
      return this.#backOff(revision, error instanceof Error ? error.message : String(error));
    }
  }

  async #execute(layer: Layer<S>, revision: number, signal: AbortSignal): Promise<void> {
    for (const part of layer) {
      if (signal.aborted) return;
      if (!isGroup(part)) {
        if (!isWait(part)) await this.#step(part, revision, signal);
        continue;
      }
      const outcomes = await Promise.allSettled(part.map((step) => this.#step(step, revision, signal)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    }
  }

  async #step(step: S, revision: number, signal: AbortSignal): Promise<void> {
    this.#log.debug({ step, revision }, 'step begun');
    // The mapped type promises an executor for each verb; that verb and step belong together is beyond what the compiler follows here.
    const execute = this.#options.executors[step.do as keyof Executors<S>] as (step: S, signal: AbortSignal) => Promise<void>;
    await execute(step, signal);
    this.#log.info({ did: step.do, revision }, 'step done');
  }

  #backOff(revision: number, because: string): number {
    const { random, backoffMs = { first: 100, max: 5000 } } = this.#options;
    const restMs = jittered(this.#attempt, backoffMs.first, backoffMs.max, random());
    this.#attempt += 1;
    this.#log.warn({ revision, because, attempt: this.#attempt, restMs }, 'desired state not reached');
    this.#tell({ revision, satisfied: false, because });
    return restMs;
  }

  #tell(report: Report): void {
    const before = this.#report;
    if (report.revision === before.revision && report.satisfied === before.satisfied && report.because === before.because) return;
    this.#report = report;
    if (report.satisfied) this.#log.info({ revision: report.revision }, 'desired state reached');
    this.#options.report(report);
  }
}

function isGroup<S extends StepShape>(part: S | Wait | readonly S[]): part is readonly S[] {
  return Array.isArray(part);
}

function isWait(part: StepShape | readonly StepShape[]): part is Wait {
  return 'do' in part && part.do === 'wait';
}

/** The verbs of a layer, for reports: what is under way. */
function describe<S extends StepShape>(layer: Layer<S>): string {
  const verbs = layer.flatMap((part) => (isGroup(part) ? part.map((step) => step.do) : isWait(part) ? [] : [part.do]));
  return [...new Set(verbs)].join(', ');
}
