/**
 * Questions and answers over a line, one question at a time. Answers are known by what they say, never by their place: devices tell news in
 * the middle of an answer. What waits may be replaced by a newer wish of the same kind; when the line ends, everything that waits is dropped.
 */
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';

/** What a message means to the question that is open. */
export type Answer<R> =
  | { readonly is: 'answer'; readonly value: R }
  /** Part of the answer; more follows, and the time begins anew. */
  | { readonly is: 'part' }
  /** The device said no, in its own words. */
  | { readonly is: 'refusal'; readonly because: string }
  /** The device is busy: the same bytes again after `forMs`. */
  | { readonly is: 'busy'; readonly forMs: number };

export interface Question<M, R> {
  /** For logs and faults, secrets hidden: `mute near on`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Looks at each message; null: it is not for this question. Must not throw. */
  readonly match: (message: M) => Answer<R> | null;
  readonly timeoutMs: number;
  /** A newer question with the same key takes the place of one that has not been sent. */
  readonly key?: string;
  /** Before all that wait: a stop. */
  readonly urgent?: boolean;
  /** Sent so often again when no answer comes. Only for what may be done twice. Default 0. */
  readonly again?: number;
  /** The answer when the time is over, instead of a fault: for devices that do not answer. */
  readonly silence?: { readonly value: R };
}

export interface ExchangeOptions {
  readonly device: string;
  readonly clock: Clock;
  /** Rejects with FaultError when the line is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Least time from an answer to the next question. Default 0. */
  readonly gapMs?: number;
}

/** Thrown to whoever asked a question whose place a newer one took. */
export class Superseded extends Error {
  constructor(name: string) {
    super(`${name}: a newer command of the same kind took its place`);
    this.name = 'Superseded';
  }
}

interface Pending<M> {
  readonly question: Question<M, unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  left: number;
}

/** More than this waiting means that the device is stuck and somebody keeps asking. */
const WAITING_MAX = 64;
/** A device that is busy for longer than this many tries has refused. */
const BUSY_MAX = 20;

export class Exchange<M> {
  readonly #options: ExchangeOptions;
  readonly #waiting: Pending<M>[] = [];
  #open: Pending<M> | null = null;
  #timer: Timer | null = null;
  #gap: Timer | null = null;
  #busy = 0;
  #ended: string | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /**
   * Asks and waits for the answer.
   * @throws FaultError `device.refused`, `device.silent` (it may have been done), `device.gone`, `exhausted`; Superseded.
   */
  ask<R>(question: Question<M, R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const { device } = this.#options;
      if (this.#ended !== null)
        return reject(new FaultError({ code: 'device.gone', device, command: question.name, because: this.#ended }));
      this.#supersede(question.key);
      if (this.#waiting.length >= WAITING_MAX)
        return reject(new FaultError({ code: 'exhausted', what: `commands for ${device}`, because: `${WAITING_MAX} wait already` }));
      const pending: Pending<M> = {
        question: question as Question<M, unknown>,
        resolve: resolve as (value: unknown) => void,
        reject,
        left: question.again ?? 0,
      };
      if (question.urgent === true) this.#waiting.unshift(pending);
      else this.#waiting.push(pending);
      this.#next();
    });
  }

  /** Gives a message to the open question. False: it was not for it. */
  take(message: M): boolean {
    const open = this.#open;
    if (open === null) return false;
    const answer = open.question.match(message);
    if (answer === null) return false;
    switch (answer.is) {
      case 'part':
        this.#arm(open);
        break;
      case 'answer':
        this.#close(() => open.resolve(answer.value));
        break;
      case 'refusal':
        this.#close(() => open.reject(this.#refused(open, answer.because)));
        break;
      case 'busy':
        this.#again(open, answer.forMs);
        break;
      default:
        answer satisfies never;
    }
    return true;
  }

  /** The line has ended: whoever waits is told, and nothing is sent any more. Idempotent. */
  end(because: string): void {
    if (this.#ended !== null) return;
    this.#ended = because;
    this.#timer?.cancel();
    this.#gap?.cancel();
    const all = this.#open === null ? this.#waiting.splice(0) : [this.#open, ...this.#waiting.splice(0)];
    this.#open = null;
    for (const { question, reject } of all)
      reject(new FaultError({ code: 'device.gone', device: this.#options.device, command: question.name, because }));
  }

  #refused({ question }: Pending<M>, because: string): FaultError {
    return new FaultError({ code: 'device.refused', device: this.#options.device, command: question.name, because });
  }

  #supersede(key: string | undefined): void {
    if (key === undefined) return;
    const at = this.#waiting.findIndex(({ question }) => question.key === key);
    if (at < 0) return;
    for (const old of this.#waiting.splice(at, 1)) old.reject(new Superseded(old.question.name));
  }

  #next(): void {
    if (this.#open !== null || this.#gap !== null || this.#ended !== null) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#open = next;
    this.#busy = 0;
    this.#send(next);
  }

  #send(pending: Pending<M>): void {
    this.#arm(pending);
    // Whoever writes tells the end of the line by `end`, which answers this question too.
    this.#options.write(pending.question.bytes).catch((error: Error) => this.end(error.message));
  }

  #arm(pending: Pending<M>): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(pending.question.timeoutMs, `${this.#options.device} answers`, () => this.#silent(pending));
  }

  #silent(pending: Pending<M>): void {
    const { question } = pending;
    if (pending.left > 0) {
      pending.left--;
      this.#send(pending);
      return;
    }
    const { silence, name, timeoutMs } = question;
    this.#close(() => {
      if (silence !== undefined) pending.resolve(silence.value);
      else pending.reject(new FaultError({ code: 'device.silent', device: this.#options.device, command: name, afterMs: timeoutMs }));
    });
  }

  #again(pending: Pending<M>, forMs: number): void {
    this.#busy++;
    if (this.#busy > BUSY_MAX) {
      this.#close(() => pending.reject(this.#refused(pending, 'busy all the time')));
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(forMs, `${this.#options.device} is busy`, () => this.#send(pending));
  }

  /** Ends the open question, lets the device breathe, goes on with the next. */
  #close(tell: () => void): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#open = null;
    const { gapMs = 0, clock, device } = this.#options;
    if (gapMs > 0) {
      this.#gap = clock.after(gapMs, `${device} breathes`, () => {
        this.#gap = null;
        this.#next();
      });
    }
    tell();
    this.#next();
  }
}
