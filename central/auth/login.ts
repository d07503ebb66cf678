/** From name and password to a session: throttled, in equal time for names that exist and names that do not. */
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { Throttle, type ThrottlePolicy } from '../../protocol/throttle.ts';
import type { Passwords } from './password.ts';
import type { Principal } from './principal.ts';
import type { Sessions } from './sessions.ts';
import type { UserStore, Users } from './users.ts';

/** Never longer than a minute: nobody shall lock out an administrator. */
const namePolicy: ThrottlePolicy = { free: 5, firstMs: 1_000, maxMs: 60_000, forgetMs: 900_000 };
/** Behind one address there may be a whole office. */
const addressPolicy: ThrottlePolicy = { free: 20, firstMs: 1_000, maxMs: 900_000, forgetMs: 3_600_000 };

export interface LoggedIn {
  readonly cookie: string;
  readonly principal: Principal;
}

export class Login {
  readonly #store: UserStore;
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #names = new Throttle(namePolicy);
  readonly #addresses = new Throttle(addressPolicy);

  constructor(parts: { store: UserStore; users: Users; sessions: Sessions; passwords: Passwords; clock: Clock }) {
    this.#store = parts.store;
    this.#users = parts.users;
    this.#sessions = parts.sessions;
    this.#passwords = parts.passwords;
    this.#clock = parts.clock;
  }

  /** Faults: throttled; auth.required with one text for a wrong name and a wrong password. */
  async login(name: string, password: string, address: string): Promise<Result<LoggedIn>> {
    const judged = await this.#guarded(name, address, async () => {
      const user = await this.#store.find(name);
      return (await this.#passwords.check(user?.hash ?? null, password)) && user !== null ? ok(user) : failed(wrong);
    });
    if (!judged.ok) return judged;
    await this.#store.update(name, { lastLoginAt: this.#clock.now() });
    return ok(await this.#sessions.open(judged.value, address));
  }

  /** The first administrator, logged in at once. The token is guessed no faster than a password. */
  async setup(token: string, name: string, password: string, address: string): Promise<Result<LoggedIn>> {
    const made = await this.#guarded('(setup)', address, () => this.#users.setup(token, name, password));
    return made.ok ? ok(await this.#sessions.open(made.value, address)) : made;
  }

  /** Somebody changes the own password: ends all sessions of that name and opens a new one. */
  async changePassword(who: Principal, old: string, password: string, address: string): Promise<Result<LoggedIn>> {
    const judged = await this.#guarded(who.name, address, async () => {
      const user = await this.#store.find(who.name);
      return (await this.#passwords.check(user?.hash ?? null, old)) && user !== null ? ok(user) : failed(wrong);
    });
    if (!judged.ok) return judged;
    const changed = await this.#users.change(who.name, { password });
    return changed.ok ? ok(await this.#sessions.open(judged.value, address)) : changed;
  }

  async #guarded<T>(name: string, address: string, judge: () => Promise<Result<T>>): Promise<Result<T>> {
    const now = this.#clock.mono();
    const retryAfterMs = Math.max(this.#names.wait(name, now), this.#addresses.wait(address, now), this.#passwords.full ? 1_000 : 0);
    if (retryAfterMs > 0) return failed({ code: 'throttled', retryAfterMs: Math.ceil(retryAfterMs) });
    this.#names.attempt(name, now);
    this.#addresses.attempt(address, now);
    const outcome = await judge();
    // Only a wrong secret counts. A good one clears the name, but not the address: its owner may be guessing at other names.
    if (outcome.ok || outcome.fault.code !== 'auth.required') this.#addresses.undo(address);
    if (outcome.ok) this.#names.forgive(name);
    else if (outcome.fault.code !== 'auth.required') this.#names.undo(name);
    return outcome;
  }
}

const wrong = { code: 'auth.required', reason: 'wrong name or password' } as const;
