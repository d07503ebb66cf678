/**
 * What a camera is still doing. It takes at most two commands between "taken" and "done", tells the ends in any order, and a long pan must
 * not be mistaken for the answer to what was asked meanwhile.
 */
import type { Clock } from '../../protocol/clock.ts';
import { type ViscaMessage, viscaErrors } from './codec.ts';

interface Running {
  readonly what: string;
  readonly since: number;
}

/** Slowly from one end to the other; after that the news of the end was lost on the line, and the socket is free again. */
const LONGEST_MS = 60_000;

export class Sockets {
  readonly #running = new Map<number, Running>();
  #acknowledges = false;

  /** Whether this camera says that it has taken a command: one that does never answers with the end alone. */
  get acknowledges(): boolean {
    return this.#acknowledges;
  }

  begun(socket: number, what: string, clock: Clock): void {
    this.#acknowledges = true;
    this.#running.set(socket, { what, since: clock.mono() });
  }

  /** Whether `message` is the end of a command that was taken before, and so no answer to the one that was sent since. */
  concerns(message: ViscaMessage, clock: Clock): boolean {
    if (message.kind === 'done') return this.#acknowledges;
    // Of other errors a command dies before it was taken.
    if (message.kind !== 'error' || (message.code !== viscaErrors.cancelled && message.code !== viscaErrors.notNow)) return false;
    const running = this.#running.get(message.socket);
    return running !== undefined && clock.mono() - running.since < LONGEST_MS;
  }

  /** What has ended there; null when nothing was known to run. */
  ended(socket: number): string | null {
    const running = this.#running.get(socket);
    this.#running.delete(socket);
    return running?.what ?? null;
  }

  clear(): void {
    this.#running.clear();
  }
}
