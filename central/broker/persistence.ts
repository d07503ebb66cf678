/** aedes' in-memory persistence with our look-up of retained messages. Nothing survives a restart: central's store is the memory. */
import { Readable } from 'node:stream';
import MemoryPersistence, { type StoredPacket } from 'aedes-persistence/asyncPersistence.js';
import { Retained } from './retained.ts';

export class TriePersistence extends MemoryPersistence {
  readonly #retained = new Retained<StoredPacket>();

  get retainedCount(): number {
    return this.#retained.size;
  }

  override async storeRetained(packet: StoredPacket): Promise<void> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else this.#retained.set(packet.topic, { ...packet });
  }

  /** Forgets without telling subscribers. */
  forget(topic: string): void {
    this.#retained.delete(topic);
  }

  override createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  override createRetainedStreamCombi(patterns: string[]): Readable {
    return Readable.from(patterns.flatMap((pattern) => this.#retained.match(pattern)));
  }

  /**
   * None. aedes would publish the wills of other instances of a cluster here, told apart by wall clock: after a jump of the clock it would take
   * our own clients for dead ones.
   */
  override streamWill(): Readable {
    return Readable.from([]);
  }
}
