/** How a part tells what happened: the body of an event for the outbox. One function, given to every part. */
import type { EventBody } from '../../protocol/schema/event.ts';

export type Note = (event: EventBody) => void;

/** Fields that most events share. */
export const event = (
  kind: EventBody['kind'],
  severity: EventBody['severity'],
  what: string,
  because: string,
  meeting: string | null,
  facts: EventBody['facts'] = {},
): EventBody => ({ kind, severity, what, because: because.slice(0, 300), meeting, facts });
