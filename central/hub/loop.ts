/** The loop that makes the meetings of this hub like what central wants and the floors say. What may take long is not waited for in it. */
import type { Clock } from '../../protocol/clock.ts';
import type { Grant } from '../../protocol/grant.ts';
import type { Log } from '../../protocol/log.ts';
import { Reconcile, type Report } from '../../protocol/node/reconcile.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Part } from '../../protocol/schema/reported.ts';
import type { Meetings } from './meetings.ts';
import { type HubStep, planSteps } from './steps.ts';

export interface LoopOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly meetings: Meetings;
  /** The highest that was seen of a meeting. */
  readonly grant: (meeting: string) => Grant | null;
  readonly parts: () => readonly Part[];
  /** What the relay refuses; null: nothing. */
  readonly refused: () => string | null;
  readonly report: (report: Report) => void;
}

export type Loop = Reconcile<HubDesired, string, HubStep>;

export function hubLoop({ node, clock, log, random, meetings, grant, parts, refused, report }: LoopOptions): Loop {
  return new Reconcile<HubDesired, string, HubStep>({
    clock,
    log,
    random,
    observe: () => '',
    plan: (desired) => {
      const { running, ending, keys } = meetings;
      return planSteps(desired, node, { running, ending, keys, grant }, parts(), refused());
    },
    executors: {
      begin: ({ plan }) => meetings.begin(plan),
      apply: ({ plan }) => meetings.apply(plan),
      end: ({ meeting }) => meetings.end(meeting),
      keys: ({ keys }) => meetings.take(keys),
    },
    report,
  });
}
