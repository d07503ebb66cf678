/** The part of aedes-persistence that we build on: its own declaration of this file is not where the compiler looks. */
declare module 'aedes-persistence/asyncPersistence.js' {
  import type { Readable } from 'node:stream';

  /** A publication as aedes keeps it. */
  export interface StoredPacket {
    readonly topic: string;
    readonly payload: Uint8Array | string;
  }

  class MemoryPersistence {
    storeRetained(packet: StoredPacket): Promise<void>;
    createRetainedStream(pattern: string): Readable;
    createRetainedStreamCombi(patterns: string[]): Readable;
    streamWill(): Readable;
  }
  // biome-ignore lint/style/noDefaultExport: it is theirs.
  export default MemoryPersistence;
}
