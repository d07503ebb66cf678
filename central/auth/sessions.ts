/** Logged-in browsers. The cookie holds 256 random bits, the store only their hash; idle and absolute expiry; revocable at once. */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import type { Principal } from './principal.ts';
import type { User } from './users.ts';

export interface Session {
  /** SHA-256 of the cookie: whoever reads the database cannot log in with it. */
  readonly id: string;
  readonly user: string;
  readonly csrf: string;
  readonly origin: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
}

export interface SessionStore {
  insert(session: Session): Promise<void>;
  find(id: string): Promise<Session | null>;
  seen(id: string, at: number): Promise<void>;
  remove(id: string): Promise<void>;
  removeOf(user: string): Promise<void>;
}

/** A shift and its overlap; then one logs in again. */
export const absoluteMs = 24 * 3_600_000;
/** A page that is open asks all the time, so idle means closed. */
export const idleMs = 8 * 3_600_000;
/** The time of last use is written at most this often. */
const seenEveryMs = 60_000;

const idOf = (cookie: string): string => createHash('sha256').update(cookie).digest('hex');

export class Sessions {
  readonly #store: SessionStore;
  readonly #users: { find(name: string): Promise<User | null> };
  readonly #clock: Clock;

  constructor(parts: { store: SessionStore; users: { find(name: string): Promise<User | null> }; clock: Clock }) {
    this.#store = parts.store;
    this.#users = parts.users;
    this.#clock = parts.clock;
  }

  /** Begins a session; the cookie's value is never seen again. */
  async open(user: Pick<User, 'name' | 'role'>, origin: string): Promise<{ readonly cookie: string; readonly principal: Principal }> {
    const cookie = randomBytes(32).toString('base64url');
    const csrf = randomBytes(24).toString('base64url');
    const id = idOf(cookie);
    const now = this.#clock.now();
    await this.#store.insert({ id, user: user.name, csrf, origin, createdAt: now, seenAt: now, expiresAt: now + absoluteMs });
    return { cookie, principal: { name: user.name, role: user.role, session: { id, csrf } } };
  }

  /** Who sent this cookie; null when it is unknown, expired, or its user is gone. The role is the user's present one. */
  async find(cookie: string): Promise<Principal | null> {
    return cookie.length > 100 ? null : this.#principal(idOf(cookie));
  }

  /** Whether a session that was good is still: for connections that stay open. */
  async alive(principal: Principal): Promise<boolean> {
    return principal.session === null || (await this.#principal(principal.session.id)) !== null;
  }

  async close(id: string): Promise<void> {
    await this.#store.remove(id);
  }

  async revokeAll(user: string): Promise<void> {
    await this.#store.removeOf(user);
  }

  async #principal(id: string): Promise<Principal | null> {
    const session = await this.#store.find(id);
    if (session === null) return null;
    const now = this.#clock.now();
    const user = now < session.expiresAt && now < session.seenAt + idleMs ? await this.#users.find(session.user) : null;
    if (user === null) {
      await this.#store.remove(id);
      return null;
    }
    if (now - session.seenAt >= seenEveryMs) await this.#store.seen(id, now);
    return { name: user.name, role: user.role, session: { id, csrf: session.csrf } };
  }
}
