/** The people who may log in. */
import { Type } from 'typebox';
import { ChangeUserBody, NewUserBody, UserName, UserView } from '../../../protocol/api.ts';
import type { Users } from '../../auth/users.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

const named = Type.Object({ name: UserName }, { additionalProperties: false });

export function userRoutes(users: Users): readonly Route[] {
  return [
    route('GET /api/v1/users', { action: 'users.read', summary: 'All users', gives: Type.Array(UserView), run: () => users.list() }),
    route('POST /api/v1/users', {
      action: 'users.write',
      act: 'user.add',
      summary: 'Add a user',
      body: NewUserBody,
      audit: 'done',
      gives: UserView,
      status: 201,
      run: async ({ body }) => {
        const { name, role, createdAt, lastLoginAt } = orThrow(await users.add(body.name, body.password, body.role));
        return { name, role, createdAt, lastLoginAt };
      },
    }),
    route('PATCH /api/v1/users/{name}', {
      action: 'users.write',
      act: 'user.change',
      summary: 'Change the role or the password of a user; a new password ends all sessions',
      params: named,
      body: ChangeUserBody,
      audit: 'done',
      gives: UserView,
      run: async ({ params, body }) => orThrow(await users.change(params.name, body)),
    }),
    route('DELETE /api/v1/users/{name}', {
      action: 'users.write',
      act: 'user.remove',
      summary: 'Remove a user and end all sessions',
      params: named,
      audit: 'done',
      gives: null,
      run: async ({ params }) => {
        orThrow(await users.remove(params.name));
      },
    }),
  ];
}
