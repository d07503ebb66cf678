/**
 * Messages that wait on disk until central says that it has them. Bounded: the oldest telemetry goes first, an event never.
 * Every record keeps the boot id and number it was born with, however often the process restarts before it arrives.
 * Events of a boot are numbered without gaps; one that the disk lost is still delivered, marked `lost`. One that it does not give now is none of
 * those: its number is left open, and it is delivered by the process that can read it.
 */
import { EventEmitter } from 'node:events';
import { type Clock, sleep } from '../clock.ts';
import { brief, failed, ok, type Result } from '../fault.ts';
import type { Log } from '../log.ts';
import type { EventBody } from '../schema/event.ts';
import { diskFault } from './atomic.ts';
import { damaged } from './damaged.ts';
import { Journal } from './journal.ts';
import { type Entry, Lanes, type Segment } from './lanes.ts';
import { type Acked, formatLine, type RecordClass } from './record.ts';

export interface OutboxOptions {
  readonly folder: string;
  /** Random per process start. */
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** On disk, both classes together. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Longest body as JSON. Default 64 KiB. */
  readonly maxRecordBytes?: number;
}

export interface OutboxRecord {
  readonly class: RecordClass;
  /** Position in the order of sending; what `read` continues behind. */
  readonly n: number;
  readonly boot: string;
  readonly seq: number;
  /** Wall clock when it was appended. */
  readonly at: number;
  /** Null when `lost`. */
  readonly body: unknown;
  readonly lost: boolean;
}

export interface OutboxCounters {
  /** Records that have not arrived. */
  readonly events: number;
  readonly telemetry: number;
  readonly bytes: number;
  readonly droppedTelemetry: number;
  /** Events refused because the outbox was full of events. */
  readonly refusedEvents: number;
  /** Lines found torn or flipped, at start or when read back. */
  readonly corrupt: number;
  /** Records that the disk did not take; they live in memory only. */
  readonly undurable: number;
  /** Why the disk fails now; null when it works. */
  readonly diskFails: string | null;
}

export interface Appended {
  readonly seq: number;
  /** False when the disk refused it: it is delivered if this process lives long enough. */
  readonly durable: boolean;
}

interface Write {
  readonly cls: RecordClass;
  readonly bytes: Buffer;
  /** Null for a note about an acknowledgement. */
  readonly entry: Entry | null;
  readonly settle: (durable: boolean) => void;
}

/** Bodies kept in memory so that an outbox that is nearly empty is never read from disk. */
const CACHE_BYTES = 1024 * 1024;
/** Records written and synced together; small against a segment, so that segments end near their bound. */
const BATCH = 128;
/** What the disk does not give is asked for again after rests that double, half a minute in all: as long as one takes that resets itself. */
const FIRST_REST_MS = 1000;
const LAST_REST_MS = 16_000;
const classes: readonly RecordClass[] = ['event', 'telemetry'];

export class Outbox extends EventEmitter<{ appended: [cls: RecordClass] }> {
  readonly #options: OutboxOptions;
  readonly #log: Log;
  readonly #maxBytes: number;
  readonly #journals: Readonly<Record<RecordClass, Journal>>;
  readonly #lanes: Readonly<Record<RecordClass, Lanes>> = { event: new Lanes(), telemetry: new Lanes() };
  readonly #nextSeq: Record<RecordClass, number> = { event: 0, telemetry: 0 };
  /** There are segments that could not be read at the start. */
  readonly #unread: Record<RecordClass, boolean> = { event: false, telemetry: false };
  /** Segments that were waited for in vain; not again, or one with many bad places would hold up everything for hours. */
  readonly #hopeless = new WeakSet<Segment>();
  readonly #ending = new AbortController();
  #queue: Write[] = [];
  #queuedBytes = 0;
  #memoryBytes = 0;
  #writing: Promise<void> | null = null;
  #counts = { droppedTelemetry: 0, refusedEvents: 0, corrupt: 0, undurable: 0 };
  #diskFails: string | null = null;

  constructor(options: OutboxOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'outbox' });
    this.#maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
    const segmentBytes = Math.max(4096, Math.min(1024 * 1024, Math.floor(this.#maxBytes / 16)));
    this.#journals = {
      event: new Journal(options.folder, 'event', segmentBytes),
      telemetry: new Journal(options.folder, 'telemetry', segmentBytes),
    };
  }

  /** Loads what earlier processes left. Never fails: without a disk it works from memory and says so in `counters()`. */
  async start(): Promise<void> {
    for (const cls of classes) {
      try {
        await this.#load(cls);
      } catch (error) {
        this.#diskFailed(error);
      }
    }
    const { events, telemetry, bytes, corrupt } = this.counters();
    this.#log.info({ events, telemetry, bytes, corrupt }, 'outbox opened');
  }

  /** Writes out what is queued and closes the files. */
  async stop(): Promise<void> {
    this.#ending.abort();
    while (this.#writing !== null) await this.#writing;
    for (const cls of classes) await this.#journals[cls].roll();
  }

  /**
   * Adds a message. It may be read and sent at once; the promise resolves when it is on disk (a telemetry record: written, not synced).
   * Fails with `exhausted` when there is no room, `input.too-large` when the body is beyond the bound.
   */
  async append(cls: RecordClass, body: unknown): Promise<Result<Appended>> {
    const text = JSON.stringify(body);
    const max = this.#options.maxRecordBytes ?? 64 * 1024;
    const size = Buffer.byteLength(text);
    if (size > max) return failed({ code: 'input.too-large', limit: 'outbox record', size, max });
    const { boot, clock } = this.#options;
    const at = clock.now();
    // 100 bytes for checksum, boot, number and time.
    if (!this.#makeRoom(size + 100)) {
      if (cls === 'event') this.#counts.refusedEvents += 1;
      else this.#counts.droppedTelemetry += 1;
      return failed({ code: 'exhausted', what: 'outbox', because: `${this.#lanes.event.size} events wait for central` });
    }
    const seq = this.#nextSeq[cls]++;
    const entry = this.#lanes[cls].push({ boot, seq, at, text, place: null, lost: false });
    this.#memoryBytes += text.length;
    const durable = this.#write(cls, formatLine({ boot, seq, at, body }), entry);
    this.emit('appended', cls);
    return ok({ seq, durable: await durable });
  }

  /** Up to `limit` records behind position `after` (null: from the oldest), in order. */
  async read(cls: RecordClass, after: number | null, limit: number): Promise<readonly OutboxRecord[]> {
    // With the texts that are here now: they may go from memory while the disk is asked for the others.
    const found = this.#lanes[cls].after(after, limit).map((entry) => ({ entry, text: entry.text }));
    const cold = found.flatMap(({ entry, text }) => (text === null && entry.place !== null && !entry.lost ? [entry] : []));
    const bodies = await this.#recall(cls, cold);
    if (bodies === null) return [];
    return found
      .filter(({ entry }) => !entry.done)
      .map(({ entry, text }) => {
        const { n, boot, seq, at, lost } = entry;
        return { class: cls, n, boot, seq, at, lost, body: text === null ? (bodies.get(entry) ?? null) : (JSON.parse(text) as unknown) };
      });
  }

  /** Central has everything of `boot` up to `seq`: forgets it. Returns how many records that were. */
  ack(cls: RecordClass, boot: string, seq: number): number {
    const removed = this.#lanes[cls].ack(boot, seq);
    if (removed.length === 0) return 0;
    this.#forget(removed);
    // Written without a sync: after a crash a few records are sent again, and central knows their numbers. What cannot be read may hold numbers
    // that central has given up: a note would cover them too. Then nothing is noted, and only what is deleted is not sent again.
    const note: Acked = { ack: { boot, seq } };
    void this.#write(cls, this.#unread[cls] ? Buffer.alloc(0) : formatLine(note), null);
    return removed.length;
  }

  counters(): OutboxCounters {
    const { event, telemetry } = this.#lanes;
    return { events: event.size, telemetry: telemetry.size, bytes: this.#bytes(), ...this.#counts, diskFails: this.#diskFails };
  }

  async #load(cls: RecordClass): Promise<void> {
    const journal = this.#journals[cls];
    const lanes = this.#lanes[cls];
    const { stored, acks, bad, unread } = await journal.load();
    this.#counts.corrupt += bad;
    for (const { line, segment, offset, length } of stored) {
      const { boot, seq, at } = line;
      const before = lanes.last(boot);
      // Numbers between them may lie in a segment that cannot be read now; central gives up a hole by itself.
      const open = unread.some(({ n }) => n > (before?.place?.segment.n ?? segment.n) && n < segment.n);
      if (cls === 'event' && before && !open)
        for (let missing = before.seq + 1; missing < seq; missing += 1)
          lanes.push({ boot, seq: missing, at, text: null, place: null, lost: true });
      lanes.push({ boot, seq, at, text: null, place: { segment, offset, length }, lost: false });
    }
    for (const { boot, seq } of acks) this.#forget(lanes.ack(boot, seq));
    this.#unread[cls] = unread.length > 0;
    for (const { fault } of unread)
      this.#log.error({ because: brief(fault), class: cls }, 'outbox segment cannot be read; the others are delivered without it');
    if (unread.length > 0) this.#options.tell(damaged(cls === 'event' ? 'waiting events' : 'waiting numbers', 'unreadable'));
    await journal.sweep();
  }

  /**
   * The bodies that are only on disk; null when we stop meanwhile. What the disk does not give for a while is lost, for it holds up what is
   * behind it.
   */
  async #recall(cls: RecordClass, cold: readonly Entry[]): Promise<ReadonlyMap<Entry, unknown> | null> {
    const bodies = new Map<Entry, unknown>();
    let left = cold;
    for (let restMs = FIRST_REST_MS; left.length > 0; restMs *= 2) {
      const found = await this.#journals[cls].read(left.flatMap(({ place }) => place ?? []));
      const unread: Entry[] = [];
      for (const [index, entry] of left.entries()) {
        const record = found[index] ?? 'gone';
        const segment = entry.place?.segment;
        if (typeof record !== 'string') bodies.set(entry, record.body);
        else if (entry.done) continue;
        else if (record === 'unread' && segment && !this.#hopeless.has(segment) && restMs <= LAST_REST_MS) unread.push(entry);
        else {
          if (record === 'unread' && segment) this.#hopeless.add(segment);
          entry.lost = true;
          this.#counts.corrupt += 1;
          this.#log.error({ boot: entry.boot, seq: entry.seq, class: cls }, 'outbox record could not be read back');
        }
      }
      left = unread;
      if (left.length === 0) break;
      this.#log.warn({ records: left.length, class: cls, restMs }, 'outbox records cannot be read back now; they are tried again');
      await sleep(this.#options.clock, restMs, 'outbox reads again', this.#ending.signal);
      if (this.#ending.signal.aborted) return null;
    }
    return bodies;
  }

  #bytes(): number {
    return this.#journals.event.bytes + this.#journals.telemetry.bytes + this.#queuedBytes;
  }

  /** True when `size` more bytes fit, after dropping as much old telemetry as that needs. */
  #makeRoom(size: number): boolean {
    while (this.#bytes() + size > this.#maxBytes || this.#memoryBytes + size > this.#memoryBound()) {
      if (!this.#dropTelemetry()) return false;
    }
    return true;
  }

  /** Memory holds the cache, and what the disk has not taken. */
  #memoryBound(): number {
    return CACHE_BYTES + Math.min(this.#maxBytes, 4 * CACHE_BYTES);
  }

  #dropTelemetry(): boolean {
    const lanes = this.#lanes.telemetry;
    const [first] = lanes.after(null, 1);
    if (!first) return false;
    const segment = first.place?.segment;
    const removed = lanes.dropWhile((entry) => (segment ? entry.place?.segment === segment : entry === first));
    this.#counts.droppedTelemetry += removed.length;
    this.#forget(removed);
    if (segment) this.#journals.telemetry.discard(segment, (error) => this.#diskFailed(error));
    this.#log.warn({ dropped: removed.length, total: this.#counts.droppedTelemetry }, 'oldest telemetry was dropped to make room');
    return true;
  }

  #forget(removed: readonly Entry[]): void {
    for (const entry of removed) {
      if (entry.place) entry.place.segment.live -= 1;
      if (entry.text !== null) this.#memoryBytes -= entry.text.length;
      entry.text = null;
    }
  }

  #write(cls: RecordClass, bytes: Buffer, entry: Entry | null): Promise<boolean> {
    return new Promise((settle) => {
      this.#queue.push({ cls, bytes, entry, settle });
      this.#queuedBytes += bytes.length;
      this.#writing ??= this.#drain();
    });
  }

  /** One writer: whatever came while the last batch was synced is the next batch. */
  async #drain(): Promise<void> {
    // Let everything of this turn of the event loop into the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH);
      for (const cls of classes) {
        const part = batch.filter((write) => write.cls === cls);
        if (part.length > 0) await this.#writeBatch(cls, part);
      }
    }
    // In the same breath as the last look at the queue: whoever comes next starts a new writer.
    this.#writing = null;
  }

  async #writeBatch(cls: RecordClass, all: readonly Write[]): Promise<void> {
    const journal = this.#journals[cls];
    // What arrived or was dropped before it could be written needs no disk.
    const batch = all.filter(({ bytes, entry }) => bytes.length > 0 && !entry?.done);
    let durable = true;
    try {
      // First, so that a full disk gets room again from what has arrived.
      await journal.sweep();
      if (batch.length > 0) {
        const sync = cls === 'event' && batch.some(({ entry }) => entry !== null);
        const { segment, offset } = await journal.append(Buffer.concat(batch.map(({ bytes }) => bytes)), sync);
        this.#place(batch, segment, offset);
      }
      if (this.#diskFails !== null) this.#log.info({ was: this.#diskFails }, 'outbox disk works again');
      this.#diskFails = null;
    } catch (error) {
      durable = false;
      this.#counts.undurable += batch.filter(({ entry }) => entry !== null && entry.place === null).length;
      this.#diskFailed(error);
    }
    for (const { bytes, entry, settle } of all) {
      this.#queuedBytes -= bytes.length;
      settle(durable || entry?.place !== null);
    }
  }

  #place(batch: readonly Write[], segment: Segment, start: number): void {
    let offset = start;
    for (const { bytes, entry } of batch) {
      if (entry) {
        entry.place = { segment, offset, length: bytes.length - 1 };
        if (!entry.done) segment.live += 1;
        if (entry.text !== null && this.#memoryBytes > CACHE_BYTES) {
          this.#memoryBytes -= entry.text.length;
          entry.text = null;
        }
      }
      offset += bytes.length;
    }
  }

  #diskFailed(error: unknown): void {
    const fault = diskFault(this.#options.folder, error);
    if (this.#diskFails === null) this.#log.error({ fault }, 'outbox disk failed; records live in memory only');
    this.#diskFails = 'because' in fault ? fault.because : fault.code;
  }
}
