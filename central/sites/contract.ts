/** What the meetings, the API and the page ask of the registry of sites and hubs. */
import type { EdgeDesired, HubDesired } from '../../protocol/schema/desired.ts';
import type { Protection } from '../../protocol/schema/plan.ts';
import type { HubAddress } from '../../protocol/schema/reported.ts';

export interface Site {
  readonly site: string;
  readonly name: string;
  /** Place in lists and in the mosaic. */
  readonly order: number;
  /** Last time it was connected, ms since 1970; null when it never was. */
  readonly seenAt: number | null;
  /** How it shall be served when a hub fails; without a second hub nothing protects it. */
  readonly protection: Protection;
}

export interface Hub {
  readonly hub: string;
  readonly name: string;
  readonly seenAt: number | null;
  /** As it reported it last; null before the first report: no meeting can be planned on it. */
  readonly address: HubAddress | null;
}

export type Want = EdgeDesired | HubDesired;

/** How far a node is with what it shall do. */
export interface DesiredState {
  readonly node: string;
  readonly rev: number;
  /** The revision of its last report. */
  readonly reportedRev: number | null;
  /** The node says that it does what revision `rev` wants. */
  readonly satisfied: boolean;
  readonly because: string;
}

export interface Wish {
  readonly node: string;
  readonly want: Want;
  /** Nothing that people see or hear waits for it: it is published a moment after those that something waits for. */
  readonly patient?: boolean;
}

/** The one way in which a lasting wish reaches a node. */
export interface Desires {
  /**
   * Stores what the nodes shall do and publishes it, all in one commit. A wish that equals the one in force does nothing.
   * Returns the revisions now in force, in the order of `wishes`.
   */
  want(wishes: readonly Wish[]): Promise<readonly number[]>;
  /** The node is gone: forgets its wish. */
  forget(node: string): Promise<void>;
  state(node: string): DesiredState | undefined;
}
