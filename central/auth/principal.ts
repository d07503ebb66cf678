/** Who is asking: a person with a session, or a tool on this machine with the service token. */
import type { UserRole } from '../../protocol/api.ts';

export interface Principal {
  readonly name: string;
  readonly role: UserRole;
  /** Null for a tool: it has no cookie that a foreign page could ride on. */
  readonly session: { readonly id: string; readonly csrf: string } | null;
}

/** Who did something, for the audit: name and network address. */
export interface Actor {
  readonly by: string;
  readonly from: string;
}
