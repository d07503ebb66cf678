/**
 * Events on their way into the database: many in one commit, acknowledged after it. A resent event is stored once. An event that never comes is
 * counted and passed over, so that a lost one does not hold up the rest for ever.
 */
import { EventEmitter } from 'node:events';
import type { LogEntry } from '../../protocol/api.ts';
import { type Clock, sleep, type Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import { type Cursor, eventGroups, loadCursor, logEntry, type NewEvent } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import { giveUp, receive, type Track } from './sequence.ts';

export interface EventLogOptions {
  readonly store: Pick<Store, 'batch' | 'reader'>;
  /** Central's own node id and process start, for its own events. */
  readonly self: { readonly node: string; readonly boot: string };
  /** Tells a node that its events of `boot` up to `seq` are committed. */
  readonly ack: (node: string, boot: string, seq: number) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a hole may stay open before its events count as lost. Default 10 000. */
  readonly patienceMs?: number;
}

/** An event of central itself: a node that came or went, a rule that was broken. */
export type OwnEvent = Pick<NewEvent, 'kind' | 'severity' | 'what' | 'because' | 'meeting' | 'facts'>;

export interface EventLogStats {
  readonly queued: number;
  readonly committed: number;
  /** Resent events that were there already. */
  readonly repeated: number;
  readonly lost: number;
  /** Not taken because too many waited for the database; their senders send them again. */
  readonly deferred: number;
}

/** One process start of one node. */
interface Source {
  readonly node: string;
  readonly boot: string;
  /** As committed. */
  track: Track;
  /** When its hole appeared, or became smaller, Clock.mono(); null without one. */
  holeSince: number | null;
}

type Item =
  | { readonly do: 'store'; readonly event: NewEvent }
  | { readonly do: 'give-up'; readonly source: Source; readonly after: number };

const BATCH = 512;
const MAX_QUEUED = 20_000;
/** Beyond a hole; a sender keeps 200 on the way. */
const MAX_AHEAD = 1000;
const RETRY_MS = 1000;
const SWEEP_MS = 1000;
/** Process starts whose position is kept in memory; others are read again from the database. */
const MAX_SOURCES = 20_000;

const keyOf = (node: string, boot: string): string => `${node} ${boot}`;

export class EventLog extends EventEmitter<{ logged: [entries: readonly LogEntry[]] }> {
  readonly #options: EventLogOptions;
  readonly #log: Log;
  readonly #sources = new Map<string, Source>();
  /** Senders of which an event was not taken: nothing later is taken before it. */
  readonly #deferredFrom = new Map<string, number>();
  readonly #counts = { committed: 0, repeated: 0, lost: 0, deferred: 0 };
  readonly #ending = new AbortController();
  #queue: Item[] = [];
  #ownSeq = 0;
  #pumping: Promise<void> | null = null;
  #failing = false;
  #sweep: Timer | null = null;

  constructor(options: EventLogOptions) {
    super();
    this.#options = options;
    this.#log = options.log.child({ part: 'events' });
  }

  start(): void {
    this.#sweep ??= this.#options.clock.every(SWEEP_MS, 'holes in events', () => this.#lookForHoles());
  }

  /** Commits what is queued, unless the database fails. Idempotent. */
  async stop(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = null;
    this.#ending.abort();
    await this.#pumping;
  }

  stats(): EventLogStats {
    return { queued: this.#queue.length, ...this.#counts };
  }

  /** Takes an event of a node. False when too many wait: it will be sent again. */
  add(event: NewEvent): boolean {
    const key = keyOf(event.node, event.boot);
    const deferred = this.#deferredFrom.get(key);
    if (this.#queue.length >= MAX_QUEUED || (deferred !== undefined && event.seq > deferred)) {
      this.#deferredFrom.set(key, Math.min(deferred ?? event.seq, event.seq));
      this.#counts.deferred += 1;
      return false;
    }
    if (deferred !== undefined) this.#deferredFrom.delete(key);
    this.#push({ do: 'store', event });
    return true;
  }

  /** Notes an event of central itself. */
  note(event: OwnEvent): void {
    const { self, clock } = this.#options;
    const now = clock.now();
    if (this.#queue.length >= MAX_QUEUED) {
      this.#counts.deferred += 1;
      return;
    }
    this.#push({ do: 'store', event: { ...event, ...self, seq: this.#ownSeq, at: now, receivedAt: now } });
    this.#ownSeq += 1;
  }

  #push(item: Item): void {
    this.#queue.push(item);
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = null;
    });
  }

  /** Whatever came while the last commit was on its way is the next commit. */
  async #pump(): Promise<void> {
    // Let everything of this turn of the event loop into the first one.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH);
      try {
        await this.#commit(batch);
        this.#queue.splice(0, batch.length);
        if (this.#failing) this.#log.info({ queued: this.#queue.length }, 'events are committed again');
        this.#failing = false;
      } catch (error) {
        if (!this.#failing)
          this.#log.error({ err: error, queued: this.#queue.length }, 'events could not be committed; they wait and are not acknowledged');
        this.#failing = true;
        if (this.#ending.signal.aborted) return;
        await sleep(this.#options.clock, RETRY_MS, 'events retry', this.#ending.signal);
      }
    }
  }

  async #commit(batch: readonly Item[]): Promise<void> {
    const { store, clock, self } = this.#options;
    const events = batch.flatMap((item) => (item.do === 'store' ? [item.event] : []));
    const tracks = new Map<Source, Track>();
    /** The highest number that came of each. */
    const came = new Map<Source, number>();
    for (const item of batch) {
      if (item.do === 'store' && item.event.node === self.node && item.event.boot === self.boot) continue;
      const source = item.do === 'store' ? await this.#source(item.event.node, item.event.boot) : item.source;
      let track = tracks.get(source) ?? source.track;
      if (item.do === 'store') {
        track = receive(track, item.event.seq);
        came.set(source, Math.max(came.get(source) ?? -1, item.event.seq));
      }
      // Unless the hole was filled meanwhile.
      else if (track.seq === item.after) track = giveUp(track);
      while (track.ahead.length > MAX_AHEAD) track = giveUp(track);
      tracks.set(source, track);
    }
    const cursors: readonly Cursor[] = [...tracks].map(([{ node, boot }, { seq, lost }]) => ({ node, boot, seq, lost }));
    const rows = await store.batch(eventGroups(events, cursors, clock.now()));
    for (const [source, track] of tracks) this.#settle(source, track, came.get(source) ?? -1);
    const entries: LogEntry[] = [];
    for (const [index, event] of events.entries()) {
      const [changes, id] = rows[index] ?? [0, 0];
      if (changes === 0) this.#counts.repeated += 1;
      else entries.push(logEntry(id, event));
    }
    this.#counts.committed += entries.length;
    if (entries.length > 0) this.emit('logged', entries);
  }

  /** What is committed is acknowledged, and what is lost is told. */
  #settle(source: Source, track: Track, came: number): void {
    const { node, boot } = source;
    const lost = track.lost - source.track.lost;
    const moved = track.seq > source.track.seq;
    source.track = track;
    const since = moved ? null : source.holeSince;
    source.holeSince = track.ahead.length === 0 ? null : (since ?? this.#options.clock.mono());
    // What was given up may still come, one after the other: then those behind it have not.
    const upTo = moved || track.lost === 0 ? track.seq : Math.min(track.seq, came);
    if (upTo >= 0) this.#options.ack(node, boot, upTo);
    if (lost === 0) return;
    this.#counts.lost += lost;
    this.#log.warn({ node, boot, lost, upTo: track.seq }, 'events of a node were lost');
    const because = `${lost} events of ${node} never arrived`;
    this.note({ kind: 'health', severity: 'warning', what: 'events-lost', because, meeting: null, facts: { node, lost } });
  }

  async #source(node: string, boot: string): Promise<Source> {
    const key = keyOf(node, boot);
    const known = this.#sources.get(key);
    if (known) return known;
    const source = { node, boot, track: await loadCursor(this.#options.store.reader, node, boot), holeSince: null };
    const oldest = this.#sources.size >= MAX_SOURCES ? this.#sources.keys().next().value : undefined;
    if (oldest !== undefined) this.#sources.delete(oldest);
    this.#sources.set(key, source);
    return source;
  }

  #lookForHoles(): void {
    const { clock, patienceMs = 10_000 } = this.#options;
    for (const source of this.#sources.values()) {
      if (source.holeSince === null || clock.mono() - source.holeSince < patienceMs) continue;
      // The next hole of the same sender gets its own time.
      source.holeSince = null;
      this.#push({ do: 'give-up', source, after: source.track.seq });
    }
  }
}
