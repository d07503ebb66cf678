/** Commands and inquiries as questions: which of the things a camera says answers them. */
import type { Clock } from '../../protocol/clock.ts';
import type { Answer, Question } from '../wire/exchange.ts';
import type { Did } from '../wire/protocol.ts';
import { type ViscaMessage, viscaErrors, viscaErrorText, viscaPacket } from './codec.ts';
import { cancel } from './commands.ts';
import type { ViscaModel } from './model.ts';
import type { Sockets } from './sockets.ts';

/** `executed`: the answer when the camera says that it has had this very message before; without it the question is asked anew. */
export interface ViscaQuestion<R> extends Question<ViscaMessage, R> {
  readonly executed?: { readonly value: R };
}

export interface CommandManner {
  readonly key?: string;
  readonly urgent?: boolean;
}

export interface StopManner {
  /** Silence is an answer too: before the conversation has begun. */
  readonly timid: boolean;
  /** Goes on until a socket is free, instead of answering `full`. */
  readonly patient: boolean;
}

export type Stop = 'stopped' | 'full' | 'silent';

/** What runs in a socket that took a stop. */
export const STOP = 'stop';

/** A camera takes a command within two pictures; the line at 9600 baud needs another 20 ms. */
const ANSWER_MS = 300;
const SILENT_MS = 60;
/** Both sockets are in use. */
const FULL_AGAIN_MS = 60;
const CANCEL_MS = 120;

export class ViscaQuestions {
  readonly #address: number;
  readonly #model: ViscaModel;
  readonly #sockets: Sockets;

  constructor(address: number, model: ViscaModel, sockets: Sockets) {
    this.#address = address;
    this.#model = model;
    this.#sockets = sockets;
  }

  /**
   * Answered when it was taken, so that a pan of seconds holds up nobody; `completed` by a camera that only tells the end.
   * @param what what is running then: see Sockets.
   */
  command(what: string, payload: readonly number[], clock: Clock, manner: CommandManner = {}): ViscaQuestion<Did> {
    return {
      name: what,
      bytes: this.#packet(payload),
      match: (message) => this.#commandAnswer(message, what, clock),
      executed: { value: 'accepted' },
      ...manner,
      ...(this.#model.silent ? { timeoutMs: SILENT_MS, silence: { value: 'accepted' } } : { timeoutMs: ANSWER_MS, again: 1 }),
    };
  }

  #commandAnswer(message: ViscaMessage, what: string, clock: Clock): Answer<Did> | null {
    if (!this.#ours(message)) return null;
    switch (message.kind) {
      case 'ack':
        this.#sockets.begun(message.socket, what, clock);
        return { is: 'answer', value: 'accepted' };
      case 'done':
        return this.#sockets.concerns(message, clock) ? null : { is: 'answer', value: 'completed' };
      case 'error':
        return this.#sockets.concerns(message, clock) ? null : refused(message.code);
      default:
        return null;
    }
  }

  /**
   * Answered by data that `read` understands; null when the camera does not know the inquiry, or never answers any.
   * @param read null: these data are for another inquiry.
   */
  inquiry<R>(name: string, payload: readonly number[], read: (data: readonly number[]) => R | null, clock: Clock): ViscaQuestion<R | null> {
    return {
      name,
      bytes: this.#packet(payload),
      key: name,
      match: (message) => {
        if (!this.#ours(message)) return null;
        if (message.kind === 'data') {
          const value = read(message.data);
          return value === null ? null : { is: 'answer', value };
        }
        if (message.kind !== 'error' || this.#sockets.concerns(message, clock)) return null;
        return message.code === viscaErrors.syntax ? { is: 'answer', value: null } : refused(message.code);
      },
      ...(this.#model.silent ? { timeoutMs: SILENT_MS, silence: { value: null } } : { timeoutMs: ANSWER_MS, again: 1 }),
    };
  }

  /**
   * A stop; `full`: both sockets are in use, one must be cancelled first. Whatever else the camera answers, it does not move by it: it is in
   * standby, or has no such motor. Takes the place of a motion of the same key that waits.
   */
  stop(key: string, payload: readonly number[], clock: Clock, { timid, patient }: StopManner): ViscaQuestion<Stop> {
    const quiet = timid || this.#model.silent;
    return {
      name: `stop ${key}`,
      bytes: this.#packet(payload),
      key,
      urgent: true,
      executed: { value: 'stopped' },
      match: (message) => {
        if (!this.#ours(message)) return null;
        if (message.kind === 'ack') {
          this.#sockets.begun(message.socket, STOP, clock);
          return { is: 'answer', value: 'stopped' };
        }
        // The move that this stop has ended says so: news.
        if ((message.kind !== 'done' && message.kind !== 'error') || this.#sockets.concerns(message, clock)) return null;
        if (message.kind === 'done' || message.code !== viscaErrors.full) return { is: 'answer', value: 'stopped' };
        return patient ? { is: 'busy', forMs: FULL_AGAIN_MS } : { is: 'answer', value: 'full' };
      },
      ...(quiet ? { timeoutMs: SILENT_MS * 2, silence: { value: 'silent' } } : { timeoutMs: ANSWER_MS, again: 1 }),
    };
  }

  /** Frees a socket; a camera that does not answer to it is none the worse. */
  cancel(socket: number): ViscaQuestion<null> {
    return {
      name: `cancel ${socket}`,
      bytes: this.#packet(cancel(socket)),
      urgent: true,
      timeoutMs: CANCEL_MS,
      silence: { value: null },
      executed: { value: null },
      match: (message) => {
        if (!this.#ours(message) || message.kind !== 'error' || (message.socket !== socket && message.socket !== 0)) return null;
        this.#sockets.ended(socket);
        return { is: 'answer', value: null };
      },
    };
  }

  /** A packet as an administrator wrote it: whatever comes back ends it. Never sent twice. */
  raw(packet: Uint8Array, clock: Clock): ViscaQuestion<Did> {
    return {
      name: 'raw',
      bytes: packet,
      timeoutMs: ANSWER_MS,
      executed: { value: 'accepted' },
      match: (message) =>
        this.#ours(message) && message.kind === 'data' ? { is: 'answer', value: 'completed' } : this.#commandAnswer(message, 'raw', clock),
    };
  }

  #ours(message: ViscaMessage): boolean {
    return 'from' in message && message.from === this.#address;
  }

  #packet(payload: readonly number[]): Uint8Array {
    return viscaPacket(this.#model.broadcast ? null : this.#address, payload);
  }
}

function refused(code: number): Answer<never> {
  return code === viscaErrors.full ? { is: 'busy', forMs: FULL_AGAIN_MS } : { is: 'refusal', because: viscaErrorText(code) };
}
