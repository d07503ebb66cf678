/** The people who may log in: the first administrator, others, roles and passwords. At least one administrator always remains. */
import { timingSafeEqual } from 'node:crypto';
import type { UserRole, UserView } from '../../protocol/api.ts';
import type { Clock } from '../../protocol/clock.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { serial } from '../serial.ts';
import type { Passwords } from './password.ts';

export interface User {
  readonly name: string;
  readonly role: UserRole;
  /** argon2id, encoded form. */
  readonly hash: string;
  readonly createdAt: number;
  readonly lastLoginAt: number | null;
}

export interface UserStore {
  find(name: string): Promise<User | null>;
  list(): Promise<readonly User[]>;
  /** False when the name is in use. */
  insert(user: User): Promise<boolean>;
  update(name: string, change: Partial<Pick<User, 'role' | 'hash' | 'lastLoginAt'>>): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What becomes void when a password changes or a user goes. */
export interface Revocation {
  revokeAll(user: string): Promise<void>;
}

export class Users {
  readonly #store: UserStore;
  readonly #sessions: Revocation;
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  /** Counting administrators and changing one must not be interleaved. */
  readonly #inTurn = serial();
  readonly #setupToken: string;
  /** At least one administrator always remains, so what was once true stays true: strangers who ask cost no query. */
  #anybody = false;

  /** @param setupToken the one-time token of this process start; worth nothing once a user exists. */
  constructor(parts: { store: UserStore; sessions: Revocation; passwords: Passwords; clock: Clock; setupToken: string }) {
    this.#store = parts.store;
    this.#sessions = parts.sessions;
    this.#passwords = parts.passwords;
    this.#clock = parts.clock;
    this.#setupToken = parts.setupToken;
  }

  /** True until the first administrator exists. */
  async needsSetup(): Promise<boolean> {
    this.#anybody ||= (await this.#store.list()).length > 0;
    return !this.#anybody;
  }

  /** Makes the first administrator. Faults: auth.required for a wrong token, conflict when there is a user already. */
  setup(token: string, name: string, password: string): Promise<Result<User>> {
    return this.#inTurn(async () => {
      if (!(await this.needsSetup())) return failed({ code: 'conflict', what: 'setup', reason: 'the first administrator exists' });
      if (!sameText(token, this.#setupToken)) return failed({ code: 'auth.required', reason: 'wrong setup token' });
      return this.#insert(name, password, 'admin');
    });
  }

  async list(): Promise<readonly UserView[]> {
    return (await this.#store.list()).map(viewOf);
  }

  add(name: string, password: string, role: UserRole): Promise<Result<User>> {
    return this.#inTurn(() => this.#insert(name, password, role));
  }

  /** Changes role or password of somebody. Faults: not-found; conflict for the last administrator. A new password ends every session. */
  change(
    name: string,
    change: { readonly role?: UserRole | undefined; readonly password?: string | undefined },
  ): Promise<Result<UserView>> {
    return this.#inTurn(async () => {
      const user = await this.#store.find(name);
      if (user === null) return failed({ code: 'not-found', what: 'user', id: name });
      if (change.role !== undefined && change.role !== 'admin' && (await this.#isLastAdmin(user))) return lastAdmin();
      const hash = change.password === undefined ? user.hash : await this.#passwords.hash(change.password);
      const role = change.role ?? user.role;
      await this.#store.update(name, { role, hash });
      if (change.password !== undefined) await this.#sessions.revokeAll(name);
      return ok(viewOf({ ...user, role }));
    });
  }

  remove(name: string): Promise<Result<null>> {
    return this.#inTurn(async () => {
      const user = await this.#store.find(name);
      if (user === null) return failed({ code: 'not-found', what: 'user', id: name });
      if (await this.#isLastAdmin(user)) return lastAdmin();
      await this.#store.remove(name);
      await this.#sessions.revokeAll(name);
      return ok(null);
    });
  }

  async #insert(name: string, password: string, role: UserRole): Promise<Result<User>> {
    const user: User = { name, role, hash: await this.#passwords.hash(password), createdAt: this.#clock.now(), lastLoginAt: null };
    return (await this.#store.insert(user)) ? ok(user) : failed({ code: 'conflict', what: 'user', reason: `${name} exists` });
  }

  async #isLastAdmin(user: User): Promise<boolean> {
    return user.role === 'admin' && (await this.#store.list()).filter((each) => each.role === 'admin').length === 1;
  }
}

const lastAdmin = (): Result<never> => failed({ code: 'conflict', what: 'user', reason: 'the last administrator stays' });

const viewOf = ({ name, role, createdAt, lastLoginAt }: User): UserView => ({ name, role, createdAt, lastLoginAt });

/** Compares two secrets in equal time. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
