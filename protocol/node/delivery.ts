/**
 * Brings the outbox to central: in order, a window at a time, again from the oldest after every reconnect, until central acknowledges.
 * Knows no MQTT; the link gives it a way to send.
 */
import type { Clock, Timer } from '../clock.ts';
import { brief, FaultError } from '../fault.ts';
import type { Log } from '../log.ts';
import type { Outbox, OutboxRecord } from './outbox.ts';
import type { RecordClass } from './record.ts';

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Puts one record on the wire; resolves when the broker has it, rejects FaultError when it did not get there. */
  readonly send: (record: OutboxRecord) => Promise<void>;
  /** Events on the way that central has not acknowledged. Default 200. */
  readonly window?: number;
  /** Without progress for this long while connected everything unacknowledged is sent again; doubles up to 60 s. Default 10 000. */
  readonly resendAfterMs?: number;
}

const RESEND_MAX_MS = 60_000;
/** Telemetry is history; it drains behind the events and needs no great speed. */
const TELEMETRY_WINDOW = 32;
const classes: readonly RecordClass[] = ['event', 'telemetry'];

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #windows: Readonly<Record<RecordClass, number>>;
  /** Counts connections, so that what belongs to an old one changes nothing. */
  #session = 0;
  #up = false;
  /** Position of the last record sent in this session. */
  #cursor: Record<RecordClass, number | null> = { event: null, telemetry: null };
  #flying: Record<RecordClass, number> = { event: 0, telemetry: 0 };
  #pumping: Record<RecordClass, boolean> = { event: false, telemetry: false };
  #again: Record<RecordClass, boolean> = { event: false, telemetry: false };
  #resend: Timer | null = null;
  #resendMs: number;
  readonly #appended = (cls: RecordClass): void => this.#pump(cls);

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#windows = { event: options.window ?? 200, telemetry: TELEMETRY_WINDOW };
    this.#resendMs = options.resendAfterMs ?? 10_000;
    options.outbox.on('appended', this.#appended);
  }

  /** A connection is there: everything unacknowledged goes out again, oldest first. */
  connected(): void {
    this.#up = true;
    this.#rewind();
  }

  disconnected(): void {
    this.#session += 1;
    this.#up = false;
    this.#resend?.cancel();
    this.#resend = null;
  }

  /** Central has committed the events of `boot` up to `seq`. */
  acked(boot: string, seq: number): void {
    const removed = this.#options.outbox.ack('event', boot, seq);
    if (removed === 0) return;
    this.#flying.event = Math.max(0, this.#flying.event - removed);
    this.#resendMs = this.#options.resendAfterMs ?? 10_000;
    this.#watch();
    this.#pump('event');
  }

  /** Ends for good. */
  close(): void {
    this.disconnected();
    this.#options.outbox.off('appended', this.#appended);
  }

  #rewind(): void {
    this.#session += 1;
    this.#cursor = { event: null, telemetry: null };
    this.#flying = { event: 0, telemetry: 0 };
    this.#pumping = { event: false, telemetry: false };
    this.#watch();
    for (const cls of classes) this.#pump(cls);
  }

  /** Events may be lost between broker and central (clean sessions, central restarting): silence means sending again. */
  #watch(): void {
    this.#resend?.cancel();
    this.#resend = null;
    if (!this.#up) return;
    this.#resend = this.#options.clock.after(this.#resendMs, 'resend unacknowledged events', () => {
      if (this.#flying.event > 0) {
        this.#options.log.info(
          { events: this.#flying.event, afterMs: this.#resendMs },
          'central acknowledged nothing; events are sent again',
        );
        this.#resendMs = Math.min(RESEND_MAX_MS, this.#resendMs * 2);
        this.#rewind();
      } else this.#watch();
    });
  }

  #pump(cls: RecordClass): void {
    if (!this.#up) return;
    // Whoever calls while a round is running may have seen more than the round did.
    this.#again[cls] = this.#pumping[cls];
    if (this.#pumping[cls]) return;
    this.#pumping[cls] = true;
    const session = this.#session;
    this.#run(cls, session)
      .finally(() => {
        if (session !== this.#session) return;
        this.#pumping[cls] = false;
        if (this.#again[cls]) this.#pump(cls);
      })
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'delivery from the outbox failed'));
  }

  async #run(cls: RecordClass, session: number): Promise<void> {
    const { outbox } = this.#options;
    for (;;) {
      const room = this.#windows[cls] - this.#flying[cls];
      if (room <= 0) return;
      const records = await outbox.read(cls, this.#cursor[cls], room);
      if (session !== this.#session || records.length === 0) return;
      for (const record of records) {
        this.#cursor[cls] = record.n;
        this.#flying[cls] += 1;
        void this.#fly(record, session);
      }
    }
  }

  async #fly(record: OutboxRecord, session: number): Promise<void> {
    try {
      await this.#options.send(record);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      // The connection is going; the next one starts from the oldest.
      this.#options.log.debug({ boot: record.boot, seq: record.seq, because: brief(error.fault) }, 'outbox record did not leave');
      if (record.class === 'telemetry' && session === this.#session) this.#flying.telemetry -= 1;
      return;
    }
    if (record.class === 'event' || session !== this.#session) return;
    // Telemetry has arrived when the broker has it: the next second brings more.
    this.#options.outbox.ack('telemetry', record.boot, record.seq);
    this.#flying.telemetry -= 1;
    this.#pump('telemetry');
  }
}
