/** Keeps the disk: stops recordings before it is full, and while it hangs; deletes what is too much. */
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { failed, type Result } from '../../../protocol/fault.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import { event, type Note } from '../note.ts';
import { Latest } from './latest.ts';
import { diskAllows, evicted } from './retention.ts';
import type { Shelf } from './shelf.ts';

export interface KeeperOptions {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly note: Note;
  readonly minFreeBytes: number;
  /** All recordings together. */
  readonly maxBytes: number;
  /** Null: ask the disk. Tests say what they like. */
  readonly freeBytes: (() => number) | null;
  /** This recording is being written. */
  readonly written: (id: string) => boolean;
  /** It is being played or downloaded. */
  readonly read: (id: string) => boolean;
  /** Whether the disk can be recorded to has changed. */
  readonly disk: (ok: boolean, because: string) => void;
}

const lookMs = 2000;
/**
 * A disk that has not answered one call for so many looks hangs. Less would be too little for a manifest that is synced behind a large file. Looks
 * are counted, not time: a process that was stopped has not waited. It answers again when it has taken what was written: a disk that dies ends
 * the calls that hang with errors, one by one, and lets the next ones hang.
 */
const patienceLooks = 15;
const sweepMs = 10 * 60_000;
const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);

/** What stands against recording. */
type Trouble = 'full' | 'silent';

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #timers: Timer[] = [];
  readonly #free: Latest<number | null>;
  readonly #troubles = new Map<Trouble, string>();
  readonly #takes: Latest<boolean>;
  #because = '';
  /** How many looks each call has been under way. */
  #waited: ReadonlyMap<symbol, number> = new Map();
  /** Calls that were under way when one of them hung last. */
  #beside: ReadonlySet<symbol> = new Set();

  constructor(options: KeeperOptions) {
    const { freeBytes, shelf } = options;
    this.#options = options;
    this.#free = new Latest(() => (freeBytes === null ? shelf.freeBytes() : shelf.disk.run(async () => freeBytes())), null);
    this.#takes = new Latest(() => shelf.takes(), true);
  }

  get allows(): boolean {
    return this.#troubles.size === 0;
  }

  get because(): string {
    return this.#because;
  }

  /** Free bytes, as the disk last told; null when it does not. */
  get free(): number | null {
    return this.#free.value;
  }

  /** Begins to look; waits for no answer. */
  start(): void {
    const { clock } = this.#options;
    this.#timers.push(
      clock.every(lookMs, 'disk guard', () => void this.look()),
      clock.every(sweepMs, 'retention', () => void this.sweep()),
    );
    void this.look();
    void this.sweep();
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }

  /** Does the disk answer, and is there room? */
  async look(): Promise<void> {
    await Promise.all([this.#listen(), this.#weigh()]);
  }

  /** Does it answer? */
  async #listen(): Promise<void> {
    const { under } = this.#options.shelf.disk;
    this.#waited = new Map([...under].map((call) => [call, (this.#waited.get(call) ?? -1) + 1]));
    if ([...this.#waited.values()].some((looks) => looks >= patienceLooks)) {
      this.#beside = new Set(under);
      this.#judge('silent', true, ['disk-silent', 'the disk of the recordings does not answer']);
      return;
    }
    if (!this.#troubles.has('silent') || [...this.#beside].some((call) => under.has(call))) return;
    if ((await this.#takes.ask()) && this.#takes.value)
      this.#judge('silent', false, ['disk-answers', 'the disk of the recordings answers again']);
  }

  /** Is there room? */
  async #weigh(): Promise<void> {
    if (!(await this.#free.ask())) return;
    const { minFreeBytes } = this.#options;
    const free = this.#free.value;
    if (free === null) return;
    const full = !diskAllows(free, !this.#troubles.has('full'), { minFreeBytes });
    const facts = { freeMb: mb(free) };
    if (full) this.#judge('full', true, ['disk-full', `only ${mb(free)} MB are free, ${mb(minFreeBytes)} MB are kept`], facts);
    else this.#judge('full', false, ['disk-ok', `${mb(free)} MB are free again`], facts);
  }

  #judge(trouble: Trouble, is: boolean, [what, because]: readonly [what: string, because: string], facts: EventBody['facts'] = {}): void {
    const { note, disk } = this.#options;
    if (is === this.#troubles.has(trouble)) return;
    if (is) this.#troubles.set(trouble, because);
    else this.#troubles.delete(trouble);
    this.#because = [...this.#troubles.values()].at(-1) ?? because;
    note(event('health', is ? 'error' : 'info', what, because, null, { what: 'disk', ...facts }));
    disk(this.allows, this.#because);
  }

  /** Deletes what is too much. */
  async sweep(): Promise<void> {
    const { shelf, note, maxBytes, written, read } = this.#options;
    const kept = (await shelf.list()).map(({ manifest: { recording, startedAt, endedAt }, bytes }) => {
      return { recording, startedAt, endedAt, bytes, busy: written(recording) || read(recording) };
    });
    for (const { recording, because } of evicted(kept, maxBytes)) {
      const removed = await shelf.remove(recording);
      note(event('recording', removed.ok ? 'info' : 'error', removed.ok ? 'evicted' : 'not-removed', because, null, { recording }));
    }
  }

  /** Deletes one by order of central. */
  async remove(recording: string): Promise<Result<void>> {
    const { shelf, written, read } = this.#options;
    if (written(recording) || read(recording)) return failed({ code: 'conflict', what: 'recording', reason: `${recording} is in use` });
    return shelf.remove(recording);
  }
}
