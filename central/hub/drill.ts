/**
 * Drills at a hub: it kills a part of itself on purpose, or all of itself as a power cut would. The whole hub only where somebody starts it
 * again, and only when it serves no other meeting.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { NodeFault } from '../../protocol/drill.ts';
import { event, type Note } from './note.ts';

export interface HubDrillParts {
  readonly hub: {
    readonly meetings: readonly string[];
    readonly pids: readonly number[];
    kill(meeting: string, part: 'mosaic' | 'mixer' | 'recorder'): string | null;
  };
  /** Somebody starts this process again when it dies: systemd, or the keeper of a demo. */
  readonly kept: boolean;
  /** SIGKILL. A process that is gone already is no error. */
  readonly kill: (pid: number) => void;
  /** This process. */
  readonly pid: number;
  readonly note: Note;
  readonly clock: Pick<Clock, 'after'>;
}

/** The answer and the event leave first. An event that does not is in the outbox of the next life. */
const LAST_WORDS_MS = 500;

/** Breaks it; or why not. */
export function inflict(
  parts: HubDrillParts,
  fault: NodeFault,
  meeting: string,
): { readonly outcome: 'done' | 'refused'; readonly because: string } {
  const because = whyNot(parts, fault, meeting);
  if (because !== null) return { outcome: 'refused', because };
  const text = `a drill takes away: ${fault}`;
  parts.note(event('drill', 'warning', 'inflicted', text, meeting, { fault, ms: null }));
  if (fault === 'hub') parts.clock.after(LAST_WORDS_MS, 'the hub dies in a drill', () => die(parts));
  return { outcome: 'done', because: text };
}

function whyNot({ hub, kept }: HubDrillParts, fault: NodeFault, meeting: string): string | null {
  if (!hub.meetings.includes(meeting)) return 'this hub does not have that meeting';
  switch (fault) {
    case 'mosaic':
    case 'mixer':
    case 'recorder':
      return hub.kill(meeting, fault);
    case 'hub':
      if (hub.meetings.length > 1) return 'this hub serves another meeting, too';
      return kept ? null : 'nobody would start this hub again: it does not run under systemd';
    case 'camera':
    case 'worker':
    case 'relay':
    case 'path':
    case 'onlyPath':
      return `a hub has no ${fault}`;
    default:
      return fault satisfies never;
  }
}

/** Everything at once: a program that saw its owner die would say goodbye to its peers. */
function die({ hub, kill, pid }: HubDrillParts): void {
  for (const each of [...hub.pids, pid]) kill(each);
}
