/** Keeps the disk: stops recordings before it is full, and deletes what is too old or too much. */
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { failed, type Result } from '../../../protocol/fault.ts';
import { event, type Note } from '../note.ts';
import { diskAllows, expired, type RetentionRules } from './retention.ts';
import type { Shelf } from './shelf.ts';

export interface KeeperOptions {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly note: Note;
  readonly minFreeBytes: number;
  readonly rules: RetentionRules;
  /** Central's wall clock; null: not known. Ours may be wrong by years, and what is deleted does not come back. */
  readonly time: () => number | null;
  /** Null: ask the disk. Tests say what they like. */
  readonly freeBytes: (() => number) | null;
  /** This recording is being written. */
  readonly written: (id: string) => boolean;
  /** It is being played or downloaded. */
  readonly read: (id: string) => boolean;
  /** Whether there is room to record has changed. */
  readonly disk: (ok: boolean, because: string) => void;
}

const lookMs = 2000;
const sweepMs = 10 * 60_000;
const mb = (bytes: number): number => Math.round(bytes / 1024 / 1024);

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #timers: Timer[] = [];
  #allows = true;
  #because = '';

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get allows(): boolean {
    return this.#allows;
  }

  get because(): string {
    return this.#because;
  }

  async start(): Promise<void> {
    const { clock } = this.#options;
    await this.look();
    this.#timers.push(
      clock.every(lookMs, 'disk guard', () => void this.look()),
      clock.every(sweepMs, 'retention', () => void this.sweep()),
    );
    await this.sweep();
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }

  async free(): Promise<number | null> {
    const { freeBytes, shelf } = this.#options;
    return freeBytes === null ? shelf.freeBytes() : freeBytes();
  }

  /** Is there room? */
  async look(): Promise<void> {
    const { minFreeBytes, note, disk } = this.#options;
    const free = await this.free();
    if (free === null) return;
    const ok = diskAllows(free, this.#allows, { minFreeBytes });
    if (ok === this.#allows) return;
    this.#allows = ok;
    this.#because = ok ? `${mb(free)} MB are free again` : `only ${mb(free)} MB are free, ${mb(minFreeBytes)} MB are kept`;
    note(event('health', ok ? 'info' : 'error', ok ? 'disk-ok' : 'disk-full', this.#because, null, { what: 'disk', freeMb: mb(free) }));
    disk(ok, this.#because);
  }

  /** Deletes what has expired. */
  async sweep(): Promise<void> {
    const { shelf, time, note, rules, written, read } = this.#options;
    const kept = (await shelf.list()).map(({ manifest: { recording, startedAt, endedAt }, bytes }) => {
      return { recording, startedAt, endedAt, bytes, busy: written(recording) || read(recording) };
    });
    for (const { recording, because } of expired(kept, time(), rules)) {
      const removed = await shelf.remove(recording);
      note(event('recording', removed.ok ? 'info' : 'error', removed.ok ? 'expired' : 'not-removed', because, null, { recording }));
    }
  }

  /** Deletes one by order of central. */
  async remove(recording: string): Promise<Result<void>> {
    const { shelf, written, read } = this.#options;
    if (written(recording) || read(recording)) return failed({ code: 'conflict', what: 'recording', reason: `${recording} is in use` });
    return shelf.remove(recording);
  }
}
