/** What the meetings need of others: a store, the network as it is, and a way to wish. */

import type { DeviceWish } from '../../protocol/schema/devices.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Actor } from '../auth/principal.ts';
import type { HubFacts } from '../cascade/hubs.ts';
import type { WishedSite } from '../cascade/plan.ts';
import type { Meeting } from './reduce.ts';

/** Passphrases by hub, then by site: each pair has its own. */
export type Keys = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A meeting with its secrets, as it is kept. */
export interface Kept {
  readonly meeting: Meeting;
  /** The plan that the hub was last told; null when the meeting does not run. */
  readonly plan: Plan | null;
  /** None when the meeting does not run. */
  readonly keys: Keys;
}

/** One intent that succeeded: everything here is stored in one transaction. */
export interface Change {
  readonly before: Meeting | null;
  readonly after: Kept;
  readonly actor: Actor;
  readonly act: string;
  readonly because: string;
  readonly at: number;
  readonly detail: object;
}

export interface MeetingStore {
  /** All meetings that have not ended, and the newest hundred that have. */
  load(): Promise<readonly Kept[]>;
  find(id: string): Promise<Meeting | null>;
  commit(change: Change): Promise<void>;
}

/** The network as the planner sees it. */
export interface Network {
  site(site: string): Omit<WishedSite, 'muted'> | undefined;
  /** What the site's box shall drive. */
  devices(site: string): readonly DeviceWish[];
  hubs(): readonly Omit<HubFacts, 'busy'>[];
}
