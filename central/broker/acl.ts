/** Who may connect, say and hear what. Pure: facts in, a reason or null out. The certificate decides, never what a client says of itself. */
import type { NodeId, Role } from '../../protocol/ids.ts';
import { parseTopic, subscriptions, topic, type UpKind } from '../../protocol/topic.ts';

export interface Hello {
  readonly peer: { readonly node: NodeId; readonly role: Role };
  readonly clientId: string;
  readonly clean: boolean;
  readonly version: number | null;
  /** Topic of the last will; null when there is none. */
  readonly will: string | null;
  /** The registry has this node in this role. */
  readonly registered: boolean;
}

/** Why this client is not let in, or null. */
export function refuseConnect({ peer, clientId, clean, version, will, registered }: Hello): string | null {
  if (peer.role === 'central') return 'central is here already';
  if (version !== 4) return 'it does not speak MQTT 3.1.1';
  if (clientId !== peer.node) return `client id ${JSON.stringify(clientId.slice(0, 80))} is not the certificate's ${peer.node}`;
  if (!registered) return `${peer.node} is not in the registry as ${peer.role}`;
  // A session that is kept would queue messages in memory; what must arrive is sent again by its owner.
  if (!clean) return 'it asks for a kept session';
  if (will !== null && will !== topic(peer.node, 'status')) return `its last will is for ${JSON.stringify(will.slice(0, 200))}`;
  return null;
}

export type PublishVerdict = { readonly ok: true; readonly kind: UpKind } | { readonly ok: false; readonly because: string };

/** Whether `node` may publish this. */
export function judgePublish(node: string, text: string, qos: number): PublishVerdict {
  const at = parseTopic(text);
  if (at === undefined) return { ok: false, because: 'published to a topic that is not ours' };
  if (at.node !== node) return { ok: false, because: `published for ${at.node}` };
  if (at.direction !== 'up') return { ok: false, because: 'published where it only listens' };
  if (qos > 1) return { ok: false, because: 'published with QoS 2' };
  return { ok: true, kind: at.kind as UpKind };
}

/** Why `node` may not listen to this filter, or null. Wildcards are never one of its topics. */
export function refuseSubscribe(node: string, filter: string): string | null {
  return subscriptions(node).includes(filter) ? null : 'subscribed outside of its own topics';
}
