/** The one place where topics are built and read. A certificate binds a client to its own subtree `dc/v1/{node}`. */
import { Compile } from 'typebox/compile';
import { NodeId } from './ids.ts';

/** What a node publishes; status, reported and devices are retained. */
export const upKinds = ['status', 'reported', 'devices', 'telemetry', 'event', 'result'] as const;
/** What a node reads; desired is retained. */
export const downKinds = ['desired', 'cmd', 'ack'] as const;
export type UpKind = (typeof upKinds)[number];
export type DownKind = (typeof downKinds)[number];
export type Kind = UpKind | DownKind;

const nodeId = Compile(NodeId);
const isUp = (kind: string): kind is UpKind => (upKinds as readonly string[]).includes(kind);
const isDown = (kind: string): kind is DownKind => (downKinds as readonly string[]).includes(kind);

export interface Topic {
  readonly node: string;
  readonly direction: 'up' | 'down';
  readonly kind: Kind;
}

/** @throws RangeError when `node` is not a node id: a topic is never built from an unchecked name. */
export function topic(node: string, kind: Kind): string {
  if (!nodeId.Check(node)) throw new RangeError(`not a node id: ${JSON.stringify(node)}`);
  return ['dc', 'v1', node, isUp(kind) ? 'up' : 'down', kind].join('/');
}

/** All topics that `node` may subscribe to. */
export const subscriptions = (node: string): readonly string[] => downKinds.map((kind) => topic(node, kind));

/** Reads a topic; undefined when it is none of ours. */
export function parseTopic(text: string): Topic | undefined {
  const parts = text.split('/');
  const [dc, v1, node, direction, kind] = parts;
  if (parts.length !== 5 || dc !== 'dc' || v1 !== 'v1' || node === undefined || kind === undefined) return undefined;
  if (!nodeId.Check(node)) return undefined;
  if (direction === 'up' && isUp(kind)) return { node, direction, kind };
  if (direction === 'down' && isDown(kind)) return { node, direction, kind };
  return undefined;
}

/** How a kind travels. Telemetry is QoS 0: the next second brings a fresh one, and what must not be lost is an event. */
export function delivery(kind: Kind): { readonly qos: 0 | 1; readonly retain: boolean } {
  switch (kind) {
    case 'status':
    case 'reported':
    case 'devices':
    case 'desired':
      return { qos: 1, retain: true };
    case 'event':
    case 'result':
    case 'cmd':
    case 'ack':
      return { qos: 1, retain: false };
    case 'telemetry':
      return { qos: 0, retain: false };
    default:
      return kind satisfies never;
  }
}
