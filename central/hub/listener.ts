/** What the hub listens to: its relay, and whoever has a control channel. Passed on to whom it concerns, and told. */
import type { RelayEvent } from '../../hardware/relay/events.ts';
import type { Relay } from '../../hardware/relay/relay.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { FromEdge } from './control/server.ts';
import type { Caller, Floors } from './grants/floors.ts';
import type { Meetings } from './meetings.ts';
import { event, type Note } from './note.ts';
import type { Presence } from './presence.ts';
import { noRefusals, relayNotes } from './report/relay-notes.ts';
import type { Viewers } from './viewers.ts';

export interface ListenerOptions {
  readonly clock: Clock;
  readonly note: Note;
  readonly relay: Relay;
  readonly meetings: Meetings;
  readonly viewers: Viewers;
  readonly presence: Presence;
  readonly floors: Floors;
  /** What is reported has changed. */
  readonly changed: () => void;
}

export class Listener {
  readonly #options: ListenerOptions;
  #refusals = noRefusals;

  constructor(options: ListenerOptions) {
    const { relay, meetings, presence, note, changed } = options;
    this.#options = options;
    relay.on('event', (heard) => this.#relay(heard));
    relay.on('down', ({ because, expected }) => {
      if (!expected) {
        presence.dark();
        note(event('process', 'error', 'crashed', because, null, { program: 'relay' }));
      }
      changed();
    });
    relay.on('restarted', ({ restarts, because, outageMs }) => {
      note(event('process', 'info', 'restarted', because, null, { program: 'relay', restarts, outageMs: Math.round(outageMs) }));
      void meetings.relayStarted(restarts);
    });
  }

  /** Somebody has opened a control channel. */
  opened(from: Caller): void {
    const { floors, presence } = this.#options;
    floors.opened(from);
    if (from.role === 'edge') presence.opened(from.node);
  }

  /** Somebody speaks on a control channel. */
  caller(from: Caller, message: FromEdge): void {
    const { floors, viewers } = this.#options;
    if (message.type === 'grant') floors.heard(from, message.meeting, message.grant);
    else if (from.role === 'edge') viewers.heard(from.node, message);
  }

  #relay(heard: RelayEvent): void {
    const { note, clock, meetings, viewers, presence } = this.#options;
    presence.heard(heard);
    if (heard.event === 'levels') {
      for (const meeting of meetings.running.values()) meeting.audio.levels(heard.levels);
      return;
    }
    const peer = 'peer' in heard ? heard.peer : undefined;
    const about = heard.event === 'forged' ? heard.from : peer;
    const { state, notes } = relayNotes(heard, this.#refusals, meetings.of(about), clock.mono());
    this.#refusals = state;
    for (const each of notes) note(each);
    const watches = heard.event === 'eased' || (heard.event === 'connected' && heard.streamId.startsWith('sub/'));
    if (watches && peer !== undefined) viewers.joined(peer);
  }
}
