/** Requests that wait for their reply: ids, patience, and who gets the answer. Knows no process and no socket. */
import type { Timer } from '../clock.ts';
import { type Fault, FaultError } from '../fault.ts';

export type Reply = Record<string, unknown>;

interface Open {
  readonly command: string;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: FaultError) => void;
  readonly timer: Timer;
}

/** Calls `overdue`, with the reason in words, when somebody's time to answer is used up (protocol/node/attention.ts). */
export type Patience = (ms: number, name: string, overdue: (because: string) => void) => Timer;

export class Pending {
  readonly #patience: Patience;
  readonly #timeoutMs: number;
  readonly #overdue: (command: string, because: string) => void;
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  /** @param overdue called when a request stays unanswered; the owner decides what that means. The request stays open. */
  constructor(patience: Patience, timeoutMs: number, overdue: (command: string, because: string) => void) {
    this.#patience = patience;
    this.#timeoutMs = timeoutMs;
    this.#overdue = overdue;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens a request: its id, and the promise of its reply (rejects FaultError). */
  open(command: string, timeoutMs = this.#timeoutMs): { readonly id: number; readonly reply: Promise<Reply> } {
    const id = this.#nextId++;
    const reply = new Promise<Reply>((resolve, reject) => {
      const timer = this.#patience(timeoutMs, `reply to ${command}`, (because) => this.#overdue(command, because));
      this.#open.set(id, { command, resolve, reject, timer });
    });
    return { id, reply };
  }

  /** Ends the request `id` with its reply; false when nobody waits for it. */
  settle(id: number, reply: Reply, refusal: ((command: string) => Fault) | null): boolean {
    const open = this.#open.get(id);
    if (!open) return false;
    open.timer.cancel();
    this.#open.delete(id);
    if (refusal) open.reject(new FaultError(refusal(open.command)));
    else open.resolve(reply);
    return true;
  }

  /** Ends every open request with the same kind of fault. */
  failAll(fault: (command: string) => Fault): void {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const open of all) {
      open.timer.cancel();
      open.reject(new FaultError(fault(open.command)));
    }
  }
}
