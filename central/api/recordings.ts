/** Recordings: the hubs hold the files, the store remembers what there is; one list of both, with the day on which each expires. */

import { Type } from 'typebox';
import { RecordingManifest, type RecordingView } from '../../protocol/api.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { decoder } from '../../protocol/decode.ts';
import { FaultError, failed, ok, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { HubRegistry, KeptRecording, RecordingStore } from './contract.ts';
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

/** What GET /v1/recordings of a hub says: manifests, each with the bytes on its disk. */
const hubList = decoder(
  Type.Array(Type.Object({ ...RecordingManifest.properties, bytes: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }), {
    maxItems: 10_000,
  }),
  { maxBytes: 8 * 1024 * 1024, maxDepth: 8 },
);

export class Recordings {
  readonly #parts: RecordingsParts;
  #sweep: Timer | null = null;

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
    await Promise.all(this.#parts.hubs.hubs().flatMap(({ hub, address }) => (address === null ? [] : [this.#learn(hub)])));
    return (await this.#parts.store.list(listMax)).map(({ hub, bytes, expiresAt, manifest }) => ({ hub, bytes, expiresAt, manifest }));
  }

  /** The hub that holds a recording. */
  async find(id: string): Promise<Result<KeptRecording>> {
    const known = await this.#parts.store.find(id);
    return known === null ? failed({ code: 'not-found', what: 'recording', id }) : ok(known);
  }

  /** Deletes the files on the hub, then remembers that they are gone. @throws FaultError unreachable; the recording stays listed then. */
  async remove(id: string): Promise<Result<null>> {
    const found = await this.find(id);
    if (!found.ok) return found;
    if (found.value.endedAt === null) return failed({ code: 'conflict', what: 'recording', reason: `${id} is being recorded` });
    try {
      await this.#parts.client.read(found.value.hub, `/v1/recordings/${id}`, { method: 'DELETE' });
    } catch (error) {
      // Not there any more is what we want.
      if (!(error instanceof FaultError && error.fault.code === 'not-found')) throw error;
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

  async #learn(hub: string): Promise<void> {
    try {
      const list = hubList.decode(await this.#parts.client.read(hub, '/v1/recordings'));
      if (!list.ok) return this.#parts.log.warn({ hub, fault: list.fault }, 'a list of recordings was refused');
      for (const { bytes, ...manifest } of list.value) {
        const { keepDays } = this.#parts;
        const expiresAt = manifest.endedAt === null || keepDays === null ? null : manifest.endedAt + keepDays * dayMs;
        await this.#parts.store.save({ hub, bytes, expiresAt, manifest });
      }
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#parts.log.debug({ hub, fault: error.fault }, 'a hub did not list its recordings');
    }
  }
}
