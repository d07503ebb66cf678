/**
 * Recordings: the hubs hold the files, the store remembers what there is; one list of both, with the day on which each expires. Two hubs that
 * record the same meeting hold one recording.
 */

import { Type } from 'typebox';
import type { Clock } from '../../protocol/clock.ts';
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
/** Manifests of all recordings of a hub, with every segment's hash. */
const listBytes = 32 * 1024 * 1024;

/** What GET /v1/recordings of a hub says: manifests, each with the bytes on its disk. */
const hubList = decoder(Type.Array(RecordingOnHub, { maxItems: 10_000 }), { maxBytes: listBytes, maxDepth: 10 });

export class Recordings {
  readonly #parts: RecordingsParts;
  #keeping: Promise<void> = Promise.resolve();

  constructor(parts: RecordingsParts) {
    this.#parts = parts;
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

  /** The hubs that have parts of it; one that was taken out of the registry has nothing that we could reach. */
  holders({ hub, copies }: Pick<KeptRecording, 'hub' | 'copies'>): readonly string[] {
    const there = new Set(this.#parts.hubs.hubs().map((each) => each.hub));
    return [...new Set([hub, ...copies.map((copy) => copy.hub)])].filter((each) => there.has(each));
  }

  /** Deletes the files on every hub, then remembers that they are gone. @throws FaultError unreachable; the recording stays listed then. */
  async remove(id: string): Promise<Result<null>> {
    const found = await this.find(id);
    if (!found.ok) return found;
    if (found.value.endedAt === null) return failed({ code: 'conflict', what: 'recording', reason: `${id} is being recorded` });
    for (const each of this.holders(found.value)) await this.#delete(each, id);
    await this.#parts.store.markDeleted(id, this.#parts.clock.now());
    return ok(null);
  }

  /** @throws FaultError unreachable. */
  async #delete(hub: string, id: string): Promise<void> {
    try {
      await this.#parts.client.read(hub, `/v1/recordings/${id}`, { method: 'DELETE' });
    } catch (error) {
      // Not there any more is what we want.
      if (!(error instanceof FaultError && error.fault.code === 'not-found')) throw error;
    }
  }

  /** A hub that was away brings back what was deleted meanwhile. */
  async #deleteLate({ hub, manifest: { recording } }: RecordingCopy): Promise<void> {
    const { log } = this.#parts;
    try {
      await this.#delete(hub, recording);
      log.info({ hub, recording }, 'a recording that was deleted while this hub was away is deleted there too');
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      log.warn(
        { hub, recording, fault: error.fault },
        'a recording that was deleted while this hub was away could not be deleted there yet',
      );
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
    const known = new Map<string, { readonly startedAt: number; readonly copies: readonly RecordingCopy[] }>();
    for (const copy of told) {
      const id = copy.manifest.recording;
      const before = known.get(id) ?? (await store.find(id));
      if (before === null && (await store.wasDeleted(id))) {
        await this.#deleteLate(copy);
        continue;
      }
      const { startedAt, copies } = before ?? { startedAt: 0, copies: [] };
      known.set(id, { startedAt, copies: withCopy(copies, copy) });
    }
    for (const { startedAt, copies } of known.values()) {
      const shown = best(copies);
      if (shown === null) continue;
      const { hub, manifest } = shown;
      // A hub whose clock was years behind says that it ended long ago; it did not before we had it begin.
      const endedAt = manifest.endedAt === null ? null : Math.max(manifest.endedAt, startedAt);
      const expiresAt = endedAt === null || keepDays === null ? null : endedAt + keepDays * dayMs;
      await store.save({ hub, bytes: bytesOf(copies), expiresAt, manifest, copies });
    }
  }
}
