/** The un-acknowledged records of one class, in order, one lane per boot. Pure bookkeeping in memory; bytes lie elsewhere. */
import type { Stored } from './record.ts';

/** A segment file, as far as the bookkeeping cares: when nothing in it lives, it may go. */
export interface Segment {
  readonly n: number;
  readonly path: string;
  /** Bytes in the file. */
  size: number;
  /** Records in it that have not arrived. */
  live: number;
}

export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
}

export interface Entry extends Omit<Stored, 'body'> {
  /** Position in the order of sending, over all boots. */
  readonly n: number;
  /** The body as JSON while it is held in memory. */
  text: string | null;
  /** Where it lies on disk; null while it does not. */
  place: Place | null;
  /** It is known to have existed, but its body is gone. */
  lost: boolean;
  /** Acknowledged or dropped. */
  done: boolean;
}

interface Lane {
  readonly boot: string;
  entries: Entry[];
  /** Index of the first entry that is not done. */
  head: number;
}

/** Entries of a lane have consecutive `n`, so a position is an index; this many done ones at its front are worth a copy. */
const COMPACT_AT = 1024;

export class Lanes {
  readonly #lanes: Lane[] = [];
  #nextN = 0;
  #size = 0;

  /** Records that have not arrived. */
  get size(): number {
    return this.#size;
  }

  /** Adds a record at the end. Records of one boot must come one after the other. */
  push(record: Omit<Entry, 'n' | 'done'>): Entry {
    let lane = this.#lanes.at(-1);
    if (lane?.boot !== record.boot) {
      lane = { boot: record.boot, entries: [], head: 0 };
      this.#lanes.push(lane);
    }
    const entry: Entry = { ...record, n: this.#nextN++, done: false };
    lane.entries.push(entry);
    this.#size += 1;
    return entry;
  }

  /** The newest record of `boot` that is still here. */
  last(boot: string): Entry | null {
    return this.#lanes.find((lane) => lane.boot === boot)?.entries.at(-1) ?? null;
  }

  /** Removes everything of `boot` up to `seq`; returns what was removed. Unknown boots and old numbers do nothing. */
  ack(boot: string, seq: number): readonly Entry[] {
    const removed: Entry[] = [];
    // A boot has two lanes when another's records lie between; no writer of ours does that, a copied folder may.
    for (const lane of this.#lanes) {
      if (lane.boot !== boot) continue;
      for (let entry = lane.entries[lane.head]; entry && entry.seq <= seq; entry = lane.entries[lane.head]) {
        lane.head += 1;
        removed.push(entry);
      }
    }
    return this.#done(removed);
  }

  /** Removes from the front while `gone` says so; returns what was removed. */
  dropWhile(gone: (entry: Entry) => boolean): readonly Entry[] {
    const removed: Entry[] = [];
    for (const lane of this.#lanes) {
      for (let entry = lane.entries[lane.head]; entry; entry = lane.entries[lane.head]) {
        if (!gone(entry)) return this.#done(removed);
        lane.head += 1;
        removed.push(entry);
      }
    }
    return this.#done(removed);
  }

  /** Up to `limit` records behind position `after` (null: from the oldest). */
  after(after: number | null, limit: number): readonly Entry[] {
    const found: Entry[] = [];
    for (const lane of this.#lanes) {
      const first = lane.entries[0];
      if (!first) continue;
      const from = after === null ? lane.head : Math.max(lane.head, after - first.n + 1);
      for (let index = from; index < lane.entries.length && found.length < limit; index += 1) {
        const entry = lane.entries[index];
        if (entry) found.push(entry);
      }
      if (found.length === limit) break;
    }
    return found;
  }

  #done(removed: readonly Entry[]): readonly Entry[] {
    for (const entry of removed) entry.done = true;
    this.#size -= removed.length;
    for (const lane of this.#lanes) {
      if (lane.head < COMPACT_AT && lane.head < lane.entries.length) continue;
      lane.entries = lane.entries.slice(lane.head);
      lane.head = 0;
    }
    // The last lane is the one being written to and stays.
    for (let index = this.#lanes.length - 2; index >= 0; index -= 1)
      if (this.#lanes[index]?.entries.length === 0) this.#lanes.splice(index, 1);
    return removed;
  }
}
