/**
 * The same request sent twice (a lost answer, an impatient tool) acts once: POSTs with an Idempotency-Key get the first one's answer.
 * Kept in memory for ten minutes, bounded; what a restart forgets the state machine refuses anyway.
 */
import { createHash } from 'node:crypto';
import { type Fault, failed, type Result } from '../../protocol/fault.ts';

interface Entry {
  readonly print: string;
  readonly at: number;
  readonly outcome: Promise<unknown>;
}

const keepMs = 600_000;
const entriesMax = 10_000;

export class Idempotency {
  readonly #entries = new Map<string, Entry>();

  /** Runs `work`, or waits for the answer of the run that had the same key. Fault: conflict when the key was used for something else. */
  async once(
    request: { readonly who: string; readonly key: string; readonly what: string; readonly body: unknown },
    nowMs: number,
    work: () => Promise<unknown>,
  ): Promise<Result<unknown>> {
    if (!/^[\x21-\x7e]{1,200}$/.test(request.key)) return failed(wrongKey);
    const id = `${request.who}\n${request.key}`;
    const print = createHash('sha256')
      .update(`${request.what}\n${JSON.stringify(request.body ?? null)}`)
      .digest('base64');
    this.#forget(nowMs);
    const known = this.#entries.get(id);
    if (known !== undefined)
      return known.print === print
        ? { ok: true, value: await known.outcome }
        : failed({ code: 'conflict', what: 'Idempotency-Key', reason: 'it was used for another request' });
    const outcome = work();
    this.#entries.set(id, { print, at: nowMs, outcome });
    // A failure of ours may be tried again with the same key.
    outcome.catch(() => this.#entries.delete(id));
    return { ok: true, value: await outcome };
  }

  #forget(nowMs: number): void {
    for (const [id, { at }] of this.#entries) {
      if (nowMs - at < keepMs && this.#entries.size <= entriesMax) return;
      this.#entries.delete(id);
    }
  }
}

const wrongKey: Fault = { code: 'input.invalid', path: '/headers/idempotency-key', reason: 'must be 1 to 200 visible characters' };
