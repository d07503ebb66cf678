/**
 * Server-sent events: a snapshot, then patches, to any number of pages. A page that comes back with the id it saw last gets what it missed,
 * if that is still here; a page that reads too slowly is dropped, and starts afresh with a snapshot when it returns.
 */
import type { ServerResponse } from 'node:http';
import type { Patch } from '../../protocol/api.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Board } from './board.ts';

/** Patches kept for those who come back. */
const ringPatches = 600;
const ringBytes = 8 * 1024 * 1024;
/** A page that lets more than this pile up is dropped, in bytes. */
const slowBytes = 1024 * 1024;
const clientsMax = 1_000;
/** A page cannot see comments: without this event it could not tell "nothing changed" from "the line is dead". */
const beatMs = 2_000;
/** Proxies close what is silent for long; sessions are looked at again as often. */
const checkMs = 5_000;

export interface StreamParts {
  readonly board: Board;
  /** Random per process start: ids of another start mean nothing here. */
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Client {
  readonly response: ServerResponse;
  readonly stillAllowed: () => Promise<boolean>;
}

interface Kept {
  readonly seq: number;
  readonly text: string;
}

export class Stream {
  readonly #parts: StreamParts;
  readonly #clients = new Set<Client>();
  #ring: Kept[] = [];
  #ringSize = 0;
  #dropped = 0;
  #saidAt = 0;
  #timers: readonly Timer[] = [];
  readonly #onPatch = (patch: Patch): void => this.#publish(patch);

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  start(): void {
    const { board, clock } = this.#parts;
    board.on('patch', this.#onPatch);
    this.#timers = [clock.every(500, 'stream beat', () => this.#beat()), clock.every(checkMs, 'stream check', () => this.#check())];
  }

  /** Ends every client: an open response would hold the server open. */
  stop(): void {
    this.#parts.board.off('patch', this.#onPatch);
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    for (const client of this.#clients) client.response.end();
    this.#clients.clear();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Clients that read too slowly, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  get full(): boolean {
    return this.#clients.size >= clientsMax;
  }

  /**
   * Takes a response over. `lastId` is the Last-Event-ID header.
   * @param stillAllowed asked now and then; when false the stream ends.
   */
  attach(response: ServerResponse, lastId: string | undefined, stillAllowed: () => Promise<boolean>): void {
    const client: Client = { response, stillAllowed };
    response.writeHead(200, {
      ...Object.fromEntries(Object.entries(response.getHeaders()).filter((each): each is [string, string] => typeof each[1] === 'string')),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.on('close', () => this.#clients.delete(client));
    const missed = this.#missed(lastId);
    if (missed !== null) response.write(`retry: 1000\n\n${missed.map((each) => each.text).join('')}`);
    else {
      const snapshot = this.#parts.board.snapshot();
      response.write(`retry: 1000\n\n${this.#frame('snapshot', snapshot.seq, snapshot)}`);
    }
    this.#clients.add(client);
  }

  /** The patches after `lastId`, or null when a snapshot is needed. */
  #missed(lastId: string | undefined): readonly Kept[] | null {
    const [boot, text] = lastId?.split('.') ?? [];
    const seq = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
    if (boot !== this.#parts.boot || seq === null || seq > this.#parts.board.seq) return null;
    const oldest = this.#ring[0]?.seq ?? this.#parts.board.seq + 1;
    return seq + 1 < oldest ? null : this.#ring.filter((each) => each.seq > seq);
  }

  #publish(patch: Patch): void {
    const text = this.#frame('patch', patch.seq, patch);
    this.#ring.push({ seq: patch.seq, text });
    this.#ringSize += text.length;
    while (this.#ring.length > ringPatches || this.#ringSize > ringBytes) this.#ringSize -= this.#ring.shift()?.text.length ?? 0;
    this.#say(text);
  }

  #say(text: string): void {
    this.#saidAt = this.#parts.clock.mono();
    for (const client of this.#clients) {
      client.response.write(text);
      if (client.response.writableLength > slowBytes) this.#drop(client);
    }
  }

  #drop(client: Client): void {
    this.#dropped += 1;
    this.#clients.delete(client);
    client.response.destroy();
    this.#parts.log.warn({ clients: this.#clients.size }, 'a page that read too slowly was dropped');
  }

  #beat(): void {
    const { board, clock } = this.#parts;
    if (this.#clients.size > 0 && clock.mono() - this.#saidAt >= beatMs)
      this.#say(this.#frame('beat', board.seq, { seq: board.seq, at: clock.now() }));
  }

  #check(): void {
    for (const client of this.#clients) {
      client.response.write(': still here\n\n');
      client.stillAllowed().then(
        (allowed) => {
          if (!allowed) client.response.end();
        },
        (error: unknown) => {
          this.#parts.log.error({ error }, 'could not look at a session; its stream ends');
          client.response.end();
        },
      );
    }
  }

  #frame(event: 'snapshot' | 'patch' | 'beat', seq: number, data: object): string {
    return `event: ${event}\nid: ${this.#parts.boot}.${seq}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
