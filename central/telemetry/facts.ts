/** What central knows of a node right now, from its messages. In memory: it comes again within a second of a restart. */
import type { DevicesBody } from '../../protocol/schema/devices.ts';
import type { ReportedBody, Status } from '../../protocol/schema/reported.ts';
import type { Telemetry } from '../../protocol/schema/telemetry.ts';

export interface NodeFacts {
  readonly node: string;
  /** It has a connection to the broker. */
  readonly connected: boolean;
  /** Why it is not connected. */
  readonly because: string;
  /** Birth or last will. */
  readonly status: Status['body'] | null;
  /** The process start it speaks from; commands are addressed to it. */
  readonly boot: string | null;
  readonly reported: ReportedBody | null;
  /** The devices of its room; null: not told yet, or a hub. */
  readonly devices: DevicesBody | null;
  /** Counts what it said of them. */
  readonly devicesSeq: number;
  readonly telemetry: Telemetry['body'] | null;
  /** When the last message came, by Clock.mono(); null when none did. */
  readonly heardAt: number | null;
  /** Floor frames lost here since it joined its present meeting. */
  readonly lostFrames: number;
  /** Milliseconds by which its wall clock is ahead of central's (behind: negative), as is told; 0: they agree. */
  readonly clockMs: number;
  /** The same of its last message, in which it looks late by the way; 0 before the first. */
  readonly aheadMs: number;
}

const freshMs = 10_000;
const timeTrustMs = 3_600_000;

/** It speaks, and its clock and ours agree to within an hour. Nothing is deleted for its age by a clock that nobody confirms. */
export const tellsOurTime = (facts: NodeFacts | undefined, mono: number): boolean =>
  facts?.connected === true &&
  facts.telemetry !== null &&
  facts.heardAt !== null &&
  mono - facts.heardAt < freshMs &&
  Math.abs(facts.aheadMs) < timeTrustMs;

/** What changed about a node. `silent`: three seconds without a message, or the first message after such a silence. */
export type FactChange = 'connection' | 'status' | 'reported' | 'devices' | 'telemetry' | 'silent';
