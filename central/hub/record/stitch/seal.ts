/**
 * Reads closed segments once, so that all hubs know what is in them. One that cannot be read is tried again for some minutes before it is refused,
 * and once more by the next process: a server that was away must not cost what it keeps.
 */
import type { Clock } from '../../../../protocol/clock.ts';
import { FaultError } from '../../../../protocol/fault.ts';
import type { Log } from '../../../../protocol/log.ts';
import type { RecordingManifest, RecordingSegment } from '../../../../protocol/recording.ts';
import { event, type Note } from '../../note.ts';
import { readingsOf, refused, sealed, unsealed, unusable } from '../manifest.ts';
import type { Shelf } from '../shelf.ts';
import { shiftKey } from './align.ts';
import type { Bench } from './bench.ts';
import { unread } from './gather.ts';
import type { Scan } from './scan.ts';

export interface SealerOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly shelf: Shelf;
  readonly bench: Bench;
}

/** Five minutes in all; other hubs wait for ten. */
const readTries = 5;
const firstRestMs = 10_000;

export class Sealer {
  readonly #options: SealerOptions;
  /** How often a segment could not be read, and until when (monotonic) it is left alone. */
  readonly #tried = new Map<string, { readonly tries: number; readonly restsUntil: number }>();
  /** Recordings of which this process has tried what an earlier one had refused. */
  readonly #again = new Set<string>();

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** Reads what nobody has read: of this process, and of one that was killed. @throws what is not about one file. */
  async seal(id: string): Promise<void> {
    const manifest = await this.#options.shelf.manifest(id);
    if (manifest === null) return;
    const before = this.#again.has(id) ? [] : refused(manifest);
    for (const segment of unsealed(manifest)) await this.#try(manifest, segment);
    for (const segment of before) {
      const found = await this.#scan(id, segment);
      if (typeof found === 'string') continue;
      await this.#change(id, (now) => sealed(now, segment.file, found));
      this.#options.log.info({ recording: id, file: segment.file }, 'a segment that was refused can be read again');
    }
    this.#again.add(id);
  }

  async #try({ recording, meeting }: RecordingManifest, segment: RecordingSegment): Promise<void> {
    const { node, clock, log, note } = this.#options;
    const { file } = segment;
    const key = `${recording}/${file}`;
    const { tries, restsUntil } = this.#tried.get(key) ?? { tries: 0, restsUntil: Number.NEGATIVE_INFINITY };
    if (clock.mono() < restsUntil) return;
    const found = await this.#scan(recording, segment);
    if (typeof found !== 'string') {
      await this.#change(recording, (now) => sealed(now, file, found));
      this.#tried.delete(key);
      return;
    }
    this.#tried.set(key, { tries: tries + 1, restsUntil: clock.mono() + firstRestMs * 2 ** Math.min(tries, readTries) });
    log.warn({ recording, file, because: found, tries: tries + 1 }, 'a segment cannot be read');
    if (tries < readTries) return;
    // Once, also when the disk takes no manifest now.
    if (tries === readTries) note(event('recording', 'error', 'refused', found, meeting, { recording, file: shiftKey(node, file) }));
    await this.#change(recording, (now) => unusable(now, file, found));
    this.#tried.delete(key);
    log.error({ recording, file, because: found }, 'a segment cannot be read and is left out');
  }

  /** What is in it, or why it cannot be read. */
  #scan(id: string, segment: RecordingSegment): Promise<Scan | string> {
    const { node, shelf, bench } = this.#options;
    const { file } = segment;
    return bench.scan(shelf.path(id, file) ?? '', readingsOf(segment)).catch((error: unknown) => unread(node, file, error));
  }

  async #change(id: string, how: (manifest: RecordingManifest) => RecordingManifest): Promise<void> {
    const kept = await this.#options.shelf.change(id, how);
    if (!kept.ok) throw new FaultError(kept.fault);
  }
}
