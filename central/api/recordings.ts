/**
 * Recordings: the hubs hold the files, the store remembers what there is; one list of both, with the day on which each expires. Two hubs that
 * record the same meeting hold one recording.
 */

import { Type } from 'typebox';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { decoder } from '../../protocol/decode.ts';
import { FaultError, failed, ok, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { type RecordingCopy, RecordingOnHub, type RecordingView } from '../../protocol/recording.ts';
import type { HubRegistry, KeptRecording, RecordingStore } from './contract.ts';
import { best, bytesOf, stitchedOf, withCopy } from './copies.ts';
import type { HubClient } from './hub-client.ts';

export interface RecordingsParts {
  readonly store: RecordingStore;
  readonly hubs: Pick<HubRegistry, 'hubs'>;
  readonly client: Pick<HubClient, 'read'>;
  /** Days after its end on which a recording is deleted; null: never. */
  readonly keepDays: number | null;
  readonly clock: Clock;
  readonly log: Log;
}

const dayMs = 24 * 3_600_000;
const listMax = 1_000;
const sweepMs = 600_000;
/** Manifests of all recordings of a hub, with every segment's hash. */
const listBytes = 32 * 1024 * 1024;

/** What GET /v1/recordings of a hub says: manifests, each with the bytes on its disk. */
const hubList = decoder(Type.Array(RecordingOnHub, { maxItems: 10_000 }), { maxBytes: listBytes, maxDepth: 10 });

export class Recordings {
  readonly #parts: RecordingsParts;
  #sweep: Timer | null = null;
  #keeping: Promise<void> = Promise.resolve();

  constructor(parts: RecordingsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#sweep ??= this.#parts.clock.every(sweepMs, 'recordings sweep', () => {
      this.expire().catch((error: unknown) => this.#parts.log.error({ error }, 'could not sweep recordings'));
    });
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#sweep = null;
  }

  /** All recordings, newest first: asks every hub, and shows what the store knows of those that do not answer. */
  async list(): Promise<readonly RecordingView[]> {
    const told = await Promise.all(this.#parts.hubs.hubs().flatMap(({ hub, address }) => (address === null ? [] : [this.#ask(hub)])));
    // One after the other: what two hubs say of one recording belongs together.
    this.#keeping = this.#keeping.catch(() => undefined).then(() => this.#keep(told.flat()));
    await this.#keeping;
    return (await this.#parts.store.list(listMax)).map(({ hub, bytes, expiresAt, manifest, copies }) => {
      const stitched = stitchedOf(copies);
      return { hub, bytes, expiresAt, manifest, copies: [...copies], ...(stitched === null ? {} : { stitched }) };
    });
  }

  /** A recording and the hubs that hold it. */
  async find(id: string): Promise<Result<KeptRecording>> {
    const known = await this.#parts.store.find(id);
    return known === null ? failed({ code: 'not-found', what: 'recording', id }) : ok(known);
  }

  /** Deletes the files on every hub, then remembers that they are gone. @throws FaultError unreachable; the recording stays listed then. */
  async remove(id: string): Promise<Result<null>> {
    const found = await this.find(id);
    if (!found.ok) return found;
    if (found.value.endedAt === null) return failed({ code: 'conflict', what: 'recording', reason: `${id} is being recorded` });
    const { hub, copies } = found.value;
    for (const each of copies.length === 0 ? [hub] : copies.map((copy) => copy.hub)) {
      try {
        await this.#parts.client.read(each, `/v1/recordings/${id}`, { method: 'DELETE' });
      } catch (error) {
        // Not there any more is what we want.
        if (!(error instanceof FaultError && error.fault.code === 'not-found')) throw error;
      }
    }
    await this.#parts.store.markDeleted(id, this.#parts.clock.now());
    return ok(null);
  }

  /** Deletes what has expired. */
  async expire(): Promise<void> {
    const now = this.#parts.clock.now();
    for (const { id, expiresAt } of await this.list().then((all) =>
      all.map((each) => ({ id: each.manifest.recording, expiresAt: each.expiresAt })),
    )) {
      if (expiresAt === null || expiresAt > now) continue;
      try {
        const removed = await this.remove(id);
        this.#parts.log.info({ recording: id, removed: removed.ok, because: 'its time is over' }, 'a recording expired');
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        this.#parts.log.warn({ recording: id, fault: error.fault }, 'an expired recording could not be deleted yet');
      }
    }
  }

  /** What a hub holds; nothing when it does not answer. */
  async #ask(hub: string): Promise<readonly RecordingCopy[]> {
    try {
      const list = hubList.decode(await this.#parts.client.read(hub, '/v1/recordings', { maxBytes: listBytes }));
      if (list.ok) return list.value.map(({ bytes, stitched, ...manifest }) => ({ hub, bytes, manifest, stitched: stitched ?? null }));
      this.#parts.log.warn({ hub, fault: list.fault }, 'a list of recordings was refused');
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#parts.log.debug({ hub, fault: error.fault }, 'a hub did not list its recordings');
    }
    return [];
  }

  async #keep(told: readonly RecordingCopy[]): Promise<void> {
    const { store, keepDays } = this.#parts;
    const known = new Map<string, readonly RecordingCopy[]>();
    for (const copy of told) {
      const id = copy.manifest.recording;
      const before = known.get(id) ?? (await store.find(id))?.copies ?? [];
      known.set(id, withCopy(before, copy));
    }
    for (const copies of known.values()) {
      const shown = best(copies);
      if (shown === null) continue;
      const { hub, manifest } = shown;
      const expiresAt = manifest.endedAt === null || keepDays === null ? null : manifest.endedAt + keepDays * dayMs;
      await store.save({ hub, bytes: bytesOf(copies), expiresAt, manifest, copies });
    }
  }
}
