/** What the rest of central knows of the broker: who is connected, what was refused, and how to say something to a node. */
import type { Role } from '../../protocol/ids.ts';
import type { DownKind, UpKind } from '../../protocol/topic.ts';

/** The part of a broker that speaks to nodes. */
export interface Downlink {
  /**
   * Publishes `body` in an envelope on `down/{kind}` of `node`, retained and with the quality that the kind has. Resolves when it was routed;
   * that is no proof that the node is connected.
   */
  publish(node: string, kind: DownKind, body: object): Promise<void>;
  /** Forgets the retained message of that kind. */
  clear(node: string, kind: DownKind): Promise<void>;
}

/** A checked publication of a node: topic, sender and flags are right; the payload is not read yet. */
export interface Uplink {
  readonly node: string;
  readonly role: Role;
  readonly kind: UpKind;
  readonly payload: Uint8Array;
}

/** What to do with a publication: route and retain it as its kind says, or forget it. */
export type Verdict = 'take' | 'drop';

export interface Connection {
  readonly node: string;
  readonly role: Role;
  readonly address: string;
}

export interface BrokerEvents {
  connected: [connection: Connection];
  /** The node has no connection any more. A newer connection of the same node does not cause it. */
  disconnected: [connection: Connection & { readonly because: string }];
  /** Somebody was not let in. `node` is the certificate's, null when there was none that we trust. */
  refused: [facts: { readonly node: string | null; readonly address: string; readonly because: string }];
  /** A connected node broke a rule; `count` says how often since the last of these events. */
  violation: [facts: Connection & { readonly because: string; readonly topic: string; readonly count: number }];
}
