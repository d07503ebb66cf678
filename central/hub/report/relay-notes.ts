/** What the relay noticed, as events for central. Strangers at the door are told once each: a scanner must not fill the event log. Pure. */
import type { RelayEvent } from '../../../hardware/relay/events.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import { event } from '../note.ts';

export interface Refusals {
  /** When each was last told, by who and why. */
  readonly told: ReadonlyMap<string, number>;
}

export const noRefusals: Refusals = { told: new Map() };
export const tellAgainMs = 10 * 60_000;
const maxRemembered = 500;

/** Whether this refusal is news at `at` (monotonic ms), and the state after it. */
export function refusal(state: Refusals, who: string, because: string, at: number): { readonly state: Refusals; readonly news: boolean } {
  const key = `${who.slice(0, 80)} ${because}`;
  const last = state.told.get(key);
  if (last !== undefined && at - last < tellAgainMs) return { state, news: false };
  // Full of fresh ones: an attack with many names is one story, and it has been told.
  const fresh = new Map([...state.told].filter(([, when]) => at - when < tellAgainMs));
  if (fresh.size >= maxRemembered) return { state: { told: fresh }, news: false };
  return { state: { told: fresh.set(key, at) }, news: true };
}

/** @param meeting the meeting of the peer that it is about, when there is one. */
export function relayNotes(
  heard: RelayEvent,
  state: Refusals,
  meeting: string | null,
  at: number,
): { readonly state: Refusals; readonly notes: readonly EventBody[] } {
  switch (heard.event) {
    case 'connected':
    case 'disconnected': {
      const up = heard.event === 'connected';
      const facts = { peer: heard.peer ?? null, direction: heard.streamId.startsWith('pub/') ? 'up' : 'down' };
      return { state, notes: [event('link', up ? 'info' : 'warning', heard.event, heard.because ?? 'connected', meeting, facts)] };
    }
    case 'refused': {
      const told = refusal(state, heard.streamId, heard.because, at);
      const facts = { streamId: heard.streamId.slice(0, 100), address: heard.address };
      return { state: told.state, notes: told.news ? [event('refused', 'warning', 'connection', heard.because, null, facts)] : [] };
    }
    case 'forged': {
      const why = `${heard.from} sent a stream that is not its own`;
      return { state, notes: [event('refused', 'error', 'stream', why, meeting, { ssrc: heard.ssrc, from: heard.from })] };
    }
    default:
      return { state, notes: [] };
  }
}
