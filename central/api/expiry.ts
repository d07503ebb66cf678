/**
 * Deletes recordings whose days are over. What is deleted does not come back: it waits until every hub that holds it is there and agrees with us
 * about what day it is.
 */
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { tellsOurTime } from '../telemetry/facts.ts';
import type { FactsOf, RecordingStore } from './contract.ts';
import type { Recordings } from './recordings.ts';

export interface ExpiryParts {
  readonly store: Pick<RecordingStore, 'expired' | 'find'>;
  readonly recordings: Pick<Recordings, 'list' | 'remove' | 'holders'>;
  readonly facts: FactsOf;
  /** Days after its end on which a recording is deleted; null: never. */
  readonly keepDays: number | null;
  readonly note: (event: EventBody) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const sweepMs = 600_000;

export class Expiry {
  readonly #parts: ExpiryParts;
  /** What should have gone and waits for a hub: said once. */
  readonly #waits = new Set<string>();
  #timer: Timer | null = null;

  constructor(parts: ExpiryParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= this.#parts.clock.every(sweepMs, 'recordings that expire', () => {
      this.sweep().catch((error: unknown) => this.#parts.log.error({ error }, 'could not sweep recordings'));
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Asks all hubs what there is, and deletes what is over. */
  async sweep(): Promise<void> {
    const { store, recordings, keepDays, clock } = this.#parts;
    if (keepDays === null) return;
    await recordings.list();
    for (const id of await store.expired(clock.now())) await this.#end(id, keepDays);
  }

  async #end(id: string, keepDays: number): Promise<void> {
    const { store, recordings, facts, note, clock, log } = this.#parts;
    const known = await store.find(id);
    // Judged now: hubs that do not answer take their time, and a clock may have been set meanwhile.
    if (known === null || known.expiresAt === null || known.expiresAt > clock.now()) return;
    const hub = recordings.holders(known).find((each) => !tellsOurTime(facts(each), clock.mono()));
    if (hub !== undefined) {
      if (!this.#waits.has(id))
        log.warn({ recording: id, hub }, 'a recording whose days are over stays: its hub is away, or tells another time');
      this.#waits.add(id);
      return;
    }
    try {
      const removed = await recordings.remove(id);
      if (!removed.ok) return;
      this.#waits.delete(id);
      const because = `older than ${keepDays} days`;
      note({ kind: 'recording', severity: 'info', what: 'expired', because, meeting: null, facts: { recording: id } });
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      log.warn({ recording: id, fault: error.fault }, 'a recording whose days are over could not be deleted yet');
    }
  }
}
