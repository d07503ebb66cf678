/** The lock of the panel: a PIN, few attempts, and sessions that end with the meeting or after hours. Keeps everything in memory. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { opens } from '../../protocol/node/pin.ts';
import type { PanelKey } from '../../protocol/schema/desired.ts';

/** Wrong PINs that cost nothing; then each doubles the wait. A million PINs at one a minute is two years. */
const freeTries = 5;
const firstWaitMs = 1000;
const longestWaitMs = 60_000;
/** As long as a long meeting. */
const sessionMs = 12 * 3_600_000;
const maxSessions = 16;

interface Session {
  readonly meeting: string;
  readonly until: number;
}

export class Lock {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();
  #wrong = 0;
  #notBefore = 0;
  /** One try at a time: hashing costs memory. */
  #busy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A session for whoever knows the PIN; `throttled` for too many tries, `auth.required` for a wrong one. */
  async open(key: PanelKey, pin: string): Promise<Result<string>> {
    const now = this.#clock.mono();
    if (this.#busy || now < this.#notBefore) return failed({ code: 'throttled', retryAfterMs: Math.max(200, this.#notBefore - now) });
    this.#busy = true;
    const right = await opens(key, pin).finally(() => {
      this.#busy = false;
    });
    if (!right) {
      this.#wrong += 1;
      const over = this.#wrong - freeTries;
      this.#notBefore = this.#clock.mono() + (over < 0 ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(over, 10)));
      return failed({ code: 'auth.required', reason: 'the PIN is wrong' });
    }
    this.#wrong = 0;
    const id = randomBytes(24).toString('base64url');
    const oldest = this.#sessions.keys().next();
    if (this.#sessions.size >= maxSessions && !oldest.done) this.#sessions.delete(oldest.value);
    this.#sessions.set(id, { meeting: key.meeting, until: this.#clock.mono() + sessionMs });
    return ok(id);
  }

  /** Whether this session may rule that meeting. */
  holds(id: string | undefined, meeting: string): boolean {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    return session !== undefined && session.meeting === meeting && this.#clock.mono() < session.until;
  }

  close(id: string | undefined): void {
    if (id !== undefined) this.#sessions.delete(id);
  }
}
