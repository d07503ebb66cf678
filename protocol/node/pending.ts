/** Requests that wait for their reply: ids, deadlines, and who gets the answer. Knows no process and no socket. */
import type { Clock, Timer } from '../clock.ts';
import { type Fault, FaultError } from '../fault.ts';

export type Reply = Record<string, unknown>;

interface Open {
  readonly command: string;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: FaultError) => void;
  timer: Timer;
}

/** Shortest extra wait after a deadline: lets replies that lie in the pipe be read first. */
const GRACE_MS = 50;

export class Pending {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #overdue: (command: string, afterMs: number) => void;
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  /** @param overdue called when a request stays unanswered; the owner decides what that means. The request stays open. */
  constructor(clock: Clock, timeoutMs: number, overdue: (command: string, afterMs: number) => void) {
    this.#clock = clock;
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
      const due = this.#clock.mono() + timeoutMs;
      const timer = this.#clock.after(timeoutMs, `reply to ${command}`, () => this.#late(id, due, timeoutMs));
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

  // When this process itself was held up (busy machine, suspended VM) the timer comes late and the reply may lie unread in the pipe:
  // wait as long again as we were late before blaming the other side.
  #late(id: number, due: number, timeoutMs: number): void {
    const open = this.#open.get(id);
    if (!open) return;
    const lateMs = this.#clock.mono() - due;
    const graceMs = Math.max(GRACE_MS, Math.min(lateMs, timeoutMs));
    open.timer = this.#clock.after(graceMs, `grace for ${open.command}`, () => {
      if (this.#open.has(id)) this.#overdue(open.command, timeoutMs);
    });
  }
}
