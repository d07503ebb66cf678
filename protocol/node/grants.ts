/**
 * The highest grant of each meeting that this node has seen. What others wrote is in memory at once and on disk as soon as the disk allows; what
 * this node writes is on disk first. What has been acknowledged or passed on is on disk before, so that a restart never falls back behind it.
 * 0600, beside the desired state.
 */
import { EventEmitter } from 'node:events';
import { type Static, Type } from 'typebox';
import type { Clock, Timer } from '../clock.ts';
import { decoder } from '../decode.ts';
import { brief, failed, ok, type Result } from '../fault.ts';
import { compareGrants, Grant } from '../grant.ts';
import { MeetingId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { EventBody } from '../schema/event.ts';
import { readJson, writeJson } from './atomic.ts';
import { damaged } from './damaged.ts';

const File = Type.Array(Type.Object({ meeting: MeetingId, grant: Grant }, { additionalProperties: false }), { maxItems: 64 });
const file = decoder(File);

export interface GrantsOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
}

export interface GrantsEvents {
  /** A higher grant: act on it. */
  raised: [meeting: string, grant: Grant];
  /** It is on disk: tell others. */
  kept: [meeting: string, grant: Grant];
  /** Why the disk does not take it; null: it does again. */
  trouble: [because: string | null];
}

/** A grant of ours that the disk has not taken yet. */
interface Own {
  readonly meeting: string;
  readonly grant: Grant;
  readonly done: (written: Result<void>) => void;
}

const againMs = 1000;

export class Grants extends EventEmitter<GrantsEvents> {
  readonly #options: GrantsOptions;
  readonly #log: Log;
  readonly #seen = new Map<string, Grant>();
  #kept: ReadonlyMap<string, Grant> = new Map();
  #own: Own | null = null;
  #writing: Promise<Result<void>> | null = null;
  #dirty = false;
  #retry: Timer | null = null;
  #problem: string | null = null;

  constructor(options: GrantsOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'grants' });
  }

  /** Reads what was kept. A file that cannot be used counts as none: the others know, and central does. */
  async start(): Promise<void> {
    const read = await readJson(this.#options.path, file);
    if (read.is === 'corrupt' || read.is === 'unreadable') {
      this.#log.error({ because: brief(read.fault) }, 'kept grants cannot be used; hubs and central tell them again');
      this.#options.tell(damaged('grants', read.is === 'corrupt' ? 'damaged' : 'unreadable'));
    }
    if (read.is !== 'value') return;
    for (const { meeting, grant } of read.value) if (this.#higher(meeting, grant)) this.#seen.set(meeting, grant);
    this.#kept = new Map(this.#seen);
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    this.#retry?.cancel();
    await this.#writing;
  }

  /** The highest that was seen; null when none was. */
  of(meeting: string): Grant | null {
    return this.#seen.get(meeting) ?? null;
  }

  /** The highest that is on disk. */
  onDisk(meeting: string): Grant | null {
    return this.#kept.get(meeting) ?? null;
  }

  /** All that are on disk, for reports. */
  list(): Static<typeof File> {
    return [...this.#kept].map(([meeting, grant]) => ({ meeting, grant }));
  }

  /** A grant of somebody else was seen; the caller has judged whether he may write it. True when it is higher than all before. */
  see(meeting: string, grant: Grant): boolean {
    if (!this.#higher(meeting, grant)) return false;
    this.#raise(meeting, grant);
    void this.#write();
    return true;
  }

  /**
   * A grant of our own, made of the highest that was seen; one at a time. Nobody acts on it before it is on disk, not even we; with a failure it
   * never was. Where a higher one is seen meanwhile, that one stays in force.
   */
  write(meeting: string, grant: Grant): Promise<Result<void>> {
    return new Promise((done) => {
      this.#own = { meeting, grant, done };
      void this.#write();
    });
  }

  /** Resolves when all that was seen until now is on disk, or with why it is not. */
  async settled(): Promise<Result<void>> {
    return this.#dirty || this.#writing !== null ? this.#write() : ok(undefined);
  }

  /** Forgets every other meeting. */
  only(meetings: readonly string[]): void {
    const others = [...this.#seen.keys()].filter((each) => !meetings.includes(each));
    if (others.length === 0) return;
    for (const each of others) this.#seen.delete(each);
    void this.#write();
  }

  #higher(meeting: string, grant: Grant): boolean {
    const known = this.#seen.get(meeting);
    return known === undefined || compareGrants(grant, known) > 0;
  }

  #raise(meeting: string, grant: Grant): void {
    this.#seen.set(meeting, grant);
    this.emit('raised', meeting, grant);
  }

  /** A higher one may have been seen meanwhile, or the meeting be forgotten. */
  #stands({ meeting, grant }: Own): boolean {
    return this.#seen.has(meeting) && this.#higher(meeting, grant);
  }

  /** Several changes while the disk is busy make one more write. */
  #write(): Promise<Result<void>> {
    this.#dirty = true;
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  async #drain(): Promise<Result<void>> {
    try {
      let written: Result<void> = ok(undefined);
      while (this.#dirty || this.#own !== null) {
        const own = this.#own;
        this.#own = null;
        written = await (own === null ? this.#save(this.#seen) : this.#saveWith(own));
        if (!written.ok && this.#own === null) return written;
      }
      return written;
    } finally {
      // In the same breath as the last look: whoever is answered by us may write again at once.
      this.#writing = null;
    }
  }

  async #saveWith(own: Own): Promise<Result<void>> {
    if (!this.#stands(own)) {
      own.done(failed({ code: 'conflict', what: 'floor', reason: 'another command came first' }));
      return this.#save(this.#seen);
    }
    const written = await this.#save(new Map(this.#seen).set(own.meeting, own.grant));
    if (written.ok && this.#stands(own)) this.#raise(own.meeting, own.grant);
    // What was refused may lie there all the same, if only its folder could not be synced: what was there is put back before anybody is answered.
    const kept = written.ok ? written : await this.#save(this.#seen);
    own.done(written);
    return kept;
  }

  async #save(all: ReadonlyMap<string, Grant>): Promise<Result<void>> {
    this.#dirty = false;
    const now = new Map(all);
    const list = [...now].map(([meeting, grant]) => ({ meeting, grant }));
    const written = await writeJson(this.#options.path, list, { mode: 0o600 });
    if (!written.ok) {
      this.#failed(brief(written.fault));
      return written;
    }
    this.#works();
    const before = this.#kept;
    this.#kept = now;
    for (const [meeting, grant] of now) if (before.get(meeting) !== grant) this.emit('kept', meeting, grant);
    return written;
  }

  #failed(because: string): void {
    this.#dirty = true;
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(againMs, 'keep grants', () => void this.#write());
    if (because === this.#problem) return;
    this.#problem = because;
    this.#log.error({ because }, 'grants cannot be kept');
    this.emit('trouble', because);
  }

  #works(): void {
    this.#retry?.cancel();
    this.#retry = null;
    if (this.#problem === null) return;
    this.#problem = null;
    this.emit('trouble', null);
  }
}
