/**
 * What each node shall do: stored first, then published retained, with a revision that rises whenever it changes. A restarted central publishes
 * all of it again, so that the broker needs no memory of its own.
 */
import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import type { Downlink } from '../broker/contract.ts';
import { serial } from '../serial.ts';
import { desiredGroup, listDesired, removeDesired, reportedGroup, type StoredDesired } from '../store/desired.ts';
import type { Store } from '../store/store.ts';
import type { DesiredState, Desires, Wish } from './contract.ts';

/**
 * The patient ones go out in small portions after this pause: fourteen nodes that read a plan at once keep each other from the one whose keyframe
 * everybody waits for (all on two cores in the demo; in a large network it is central's own link that they would fill).
 */
const patienceMs = 80;
const portionMs = 10;
/** However many there are, they are told within this time. */
const spreadMs = 400;

export interface DesiredParts {
  readonly store: Pick<Store, 'db' | 'batch'>;
  readonly downlink: Downlink;
  readonly clock: Clock;
  readonly log: Log;
}

export interface DesiredEvents {
  /** A node got closer to its wish or further from it, or got a new one. */
  changed: [state: DesiredState];
}

export class DesiredStates extends EventEmitter<DesiredEvents> implements Desires {
  readonly #parts: DesiredParts;
  readonly #states = new Map<string, StoredDesired>();
  readonly #inTurn = serial();
  /** Reports to be written; a wish never waits for them. */
  readonly #unwritten = new Map<string, StoredDesired>();
  #writing: Promise<void> | null = null;
  /** Patient nodes whose wish is stored and not published yet. */
  readonly #unpublished = new Set<string>();
  #portion: Timer | null = null;

  constructor(parts: DesiredParts) {
    super();
    this.#parts = parts;
  }

  /** Publishes everything that is stored. Call it when the broker runs. */
  async start(): Promise<void> {
    const { store, downlink, log } = this.#parts;
    const stored = await listDesired(store.db);
    for (const each of stored) {
      this.#states.set(each.node, each);
      await downlink.publish(each.node, 'desired', { rev: each.rev, want: each.want });
    }
    log.info({ nodes: stored.length }, 'desired states were published again');
  }

  want(wishes: readonly Wish[]): Promise<readonly number[]> {
    return this.#inTurn(() => this.#want(wishes));
  }

  forget(node: string): Promise<void> {
    return this.#inTurn(async () => {
      await removeDesired(this.#parts.store.db, node);
      this.#states.delete(node);
      await this.#parts.downlink.clear(node, 'desired');
    });
  }

  state(node: string): DesiredState | undefined {
    return this.#states.get(node);
  }

  /** What a node says about its wish. A report about another revision than the one in force satisfies nothing. */
  reported(node: string, { rev, satisfied, because }: ReportedBody): void {
    const known = this.#states.get(node);
    if (!known) return;
    const state: StoredDesired = { ...known, reportedRev: rev, satisfied: satisfied && rev === known.rev, because };
    if (known.reportedRev === rev && known.satisfied === state.satisfied && known.because === because) return;
    this.#states.set(node, state);
    this.#unwritten.set(node, state);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    this.emit('changed', state);
    if (rev !== null && rev > known.rev) void this.#inTurn(() => this.#overtake(node)).catch((error: unknown) => this.#failed(error));
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    await this.#inTurn(async () => {});
    this.#portion?.cancel();
    this.#portion = null;
    await this.#publish([...this.#unpublished]);
    await this.#writing;
  }

  async #want(wishes: readonly Wish[]): Promise<readonly number[]> {
    const { store, clock, log } = this.#parts;
    const made = wishes.flatMap(({ node, want }): readonly StoredDesired[] => {
      const text = JSON.stringify(want);
      const known = this.#states.get(node);
      if (known?.text === text) return [];
      const rev = Math.max(known?.rev ?? 0, known?.reportedRev ?? 0) + 1;
      return [{ node, want, text, rev, reportedRev: known?.reportedRev ?? null, satisfied: false, because: 'not reported yet' }];
    });
    if (made.length > 0) {
      await store.batch([desiredGroup(made, clock.now())]);
      for (const each of made) this.#states.set(each.node, each);
      const patient = new Set(wishes.flatMap((wish) => (wish.patient === true ? [wish.node] : [])));
      for (const { node } of made) if (patient.has(node)) this.#unpublished.add(node);
      await this.#publish(made.flatMap(({ node }) => (patient.has(node) ? [] : [node])));
      this.#later(patienceMs);
      log.info({ nodes: made.map(({ node, rev }) => `${node}@${rev}`) }, 'desired states were published');
      for (const each of made) this.emit('changed', each);
    }
    return wishes.map(({ node }) => this.#states.get(node)?.rev ?? 0);
  }

  /** Publishes what these nodes shall do now: the newest, whatever it was when they began to wait. */
  async #publish(nodes: readonly string[]): Promise<void> {
    for (const node of nodes) this.#unpublished.delete(node);
    const states = nodes.flatMap((node) => this.#states.get(node) ?? []);
    await Promise.all(states.map(({ node, rev, want }) => this.#parts.downlink.publish(node, 'desired', { rev, want })));
  }

  #later(ms: number): void {
    if (this.#unpublished.size === 0 || this.#portion !== null) return;
    this.#portion = this.#parts.clock.after(ms, 'publish patient wishes', () => {
      this.#portion = null;
      const size = Math.max(1, Math.ceil((this.#unpublished.size * portionMs) / spreadMs));
      void this.#inTurn(() => this.#publish([...this.#unpublished].slice(0, size)))
        .catch((error: unknown) => this.#failed(error))
        .finally(() => this.#later(portionMs));
    });
  }

  /** The node knows a higher revision than we do (our database was set back): ours goes beyond it, or the node would ignore us. */
  async #overtake(node: string): Promise<void> {
    const known = this.#states.get(node);
    if (!known || known.reportedRev === null || known.reportedRev <= known.rev) return;
    const { store, downlink, clock, log } = this.#parts;
    const state = { ...known, rev: known.reportedRev + 1, satisfied: false };
    await store.batch([desiredGroup([state], clock.now())]);
    this.#states.set(node, state);
    await downlink.publish(node, 'desired', { rev: state.rev, want: state.want });
    log.warn({ node, reported: known.reportedRev, rev: state.rev }, 'node knew a higher revision; ours was raised');
    this.emit('changed', state);
  }

  async #write(): Promise<void> {
    // Reports come in herds, after each change of a plan: one commit for those of one turn.
    await Promise.resolve();
    while (this.#unwritten.size > 0) {
      const states = [...this.#unwritten.values()];
      this.#unwritten.clear();
      try {
        await this.#parts.store.batch([reportedGroup(states)]);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** It is in memory, and the node says it again after a restart. */
  #failed(error: unknown): void {
    this.#parts.log.error({ err: error }, 'a report about a desired state could not be stored');
  }
}
