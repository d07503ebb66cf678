/** What each role may do in the page. The server decides again: this only hides what would be refused. Pure. */
import type { UserRole } from '../../../protocol/api.ts';

export interface May {
  /** Give the floor, mute, record, create, start and end meetings. */
  readonly run: boolean;
  /** Users, sites, hubs, the audit log. */
  readonly administer: boolean;
}

export function may(role: UserRole): May {
  switch (role) {
    case 'admin':
      return { run: true, administer: true };
    case 'operator':
      return { run: true, administer: false };
    case 'viewer':
      return { run: false, administer: false };
    default:
      return role satisfies never;
  }
}
