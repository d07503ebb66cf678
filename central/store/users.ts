/** Users and their sessions in the database. */
import type { SessionStore } from '../auth/sessions.ts';
import type { User, UserStore } from '../auth/users.ts';
import { isDuplicate } from './connection.ts';
import type { Db } from './store.ts';
import type { SessionsTable, UsersTable } from './tables.ts';

const userOf = ({ name, role, hash, created_at, last_login_at }: UsersTable): User => ({
  name,
  role,
  hash,
  createdAt: created_at,
  lastLoginAt: last_login_at,
});

export function userStore(db: Db): UserStore {
  return {
    async find(name) {
      const row = await db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
      return row ? userOf(row) : null;
    },
    async list() {
      return (await db.selectFrom('users').selectAll().orderBy('name').execute()).map(userOf);
    },
    async insert({ name, role, hash, createdAt, lastLoginAt }) {
      try {
        await db.insertInto('users').values({ name, role, hash, created_at: createdAt, last_login_at: lastLoginAt }).execute();
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    async update(name, { role, hash, lastLoginAt }) {
      const change: Partial<UsersTable> = {
        ...(role === undefined ? {} : { role }),
        ...(hash === undefined ? {} : { hash }),
        ...(lastLoginAt === undefined ? {} : { last_login_at: lastLoginAt }),
      };
      if (Object.keys(change).length > 0) await db.updateTable('users').set(change).where('name', '=', name).execute();
    },
    async remove(name) {
      await db.deleteFrom('users').where('name', '=', name).execute();
    },
  };
}

const sessionOf = ({ id, user_name, csrf, origin, created_at, seen_at, expires_at }: SessionsTable) => ({
  id,
  user: user_name,
  csrf,
  origin,
  createdAt: created_at,
  seenAt: seen_at,
  expiresAt: expires_at,
});

export function sessionStore(db: Db): SessionStore {
  return {
    async insert({ id, user, csrf, origin, createdAt, seenAt, expiresAt }) {
      const row: SessionsTable = { id, user_name: user, csrf, origin, created_at: createdAt, seen_at: seenAt, expires_at: expiresAt };
      await db.insertInto('sessions').values(row).execute();
    },
    async find(id) {
      const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? sessionOf(row) : null;
    },
    async seen(id, at) {
      await db.updateTable('sessions').set({ seen_at: at }).where('id', '=', id).execute();
    },
    async remove(id) {
      await db.deleteFrom('sessions').where('id', '=', id).execute();
    },
    async removeOf(user) {
      await db.deleteFrom('sessions').where('user_name', '=', user).execute();
    },
  };
}
