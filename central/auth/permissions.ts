/** Who may do what: one table from action to the lowest role. Each route of the API names one action; a test holds the two together. */
import type { UserRole } from '../../protocol/api.ts';

const ranks: Readonly<Record<UserRole, number>> = { viewer: 0, operator: 1, admin: 2 };

/** `anyone` needs no login at all. */
export const permissions = {
  'health.read': 'anyone',
  'metrics.read': 'anyone',
  'openapi.read': 'anyone',
  'setup.read': 'anyone',
  'session.setup': 'anyone',
  'session.login': 'anyone',
  'session.logout': 'viewer',
  'me.read': 'viewer',
  'me.password': 'viewer',
  'users.read': 'admin',
  'users.write': 'admin',
  'sites.read': 'viewer',
  'sites.write': 'admin',
  'sites.restart-media': 'operator',
  'devices.read': 'viewer',
  'devices.act': 'operator',
  'devices.write': 'operator',
  'devices.raw': 'admin',
  'hubs.read': 'viewer',
  'hubs.write': 'admin',
  'meetings.read': 'viewer',
  'meetings.write': 'operator',
  'meetings.floor': 'operator',
  'meetings.record': 'operator',
  'pictures.read': 'viewer',
  'recordings.read': 'viewer',
  'recordings.delete': 'operator',
  'drills.read': 'viewer',
  'drills.run': 'operator',
  'drills.sign': 'operator',
  'stream.read': 'viewer',
  'log.read': 'viewer',
  'audit.read': 'admin',
} as const satisfies Readonly<Record<string, UserRole | 'anyone'>>;

export type Action = keyof typeof permissions;

/** Whether somebody of `role` (null: nobody is logged in) may do `action`. */
export function allowed(action: Action, role: UserRole | null): boolean {
  const need = permissions[action];
  if (need === 'anyone') return true;
  return role !== null && ranks[role] >= ranks[need];
}
