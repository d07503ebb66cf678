/** The lock of the panel: a PIN, few attempts, and sessions that end with the meeting or after hours. Keeps everything in memory. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { opens } from '../../protocol/node/pin.ts';
import type { PanelKey } from '../../protocol/schema/desired.ts';
import { Throttle, type ThrottlePolicy } from '../../protocol/throttle.ts';

/** A million PINs at one a minute is two years. */
const addressPolicy: ThrottlePolicy = { free: 5, firstMs: 1000, maxMs: 60_000, forgetMs: 900_000 };
/**
 * All of the room's network together, for who has many addresses: 3000 PINs in four hours. Who has opened the panel before, and a browser on the
 * box, do not wait with the others.
 */
const networkPolicy: ThrottlePolicy = { free: 40, firstMs: 1000, maxMs: 5000, forgetMs: 900_000 };
const network = 'network';
const maxKnown = 64;

/** Whose browser asks. `local`: it runs on this box. */
export interface Caller {
  readonly address: string;
  readonly local: boolean;
}
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
  readonly #addresses = new Throttle(addressPolicy);
  readonly #network = new Throttle(networkPolicy);
  /** Addresses from which the right PIN came. */
  readonly #known = new Set<string>();
  /** One try at a time: hashing costs memory. */
  #busy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A session for whoever knows the PIN; `throttled` for too many tries, `auth.required` for a wrong one.
   * Who guesses keeps himself waiting, and not the chair.
   */
  async open(key: PanelKey, pin: string, { address, local }: Caller): Promise<Result<string>> {
    const now = this.#clock.mono();
    const trusted = local || this.#known.has(address);
    const waitMs = Math.max(this.#addresses.wait(address, now), trusted ? 0 : this.#network.wait(network, now));
    if (this.#busy || waitMs > 0) return failed({ code: 'throttled', retryAfterMs: Math.max(200, waitMs) });
    this.#busy = true;
    const right = await opens(key, pin).finally(() => {
      this.#busy = false;
    });
    if (!right) {
      this.#addresses.attempt(address, this.#clock.mono());
      if (!trusted) this.#network.attempt(network, this.#clock.mono());
      return failed({ code: 'auth.required', reason: 'the PIN is wrong' });
    }
    this.#addresses.forgive(address);
    if (this.#known.size < maxKnown) this.#known.add(address);
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
