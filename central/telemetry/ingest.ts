/**
 * Everything that nodes say: read, checked, and brought to where it belongs. What does not fit is refused: counted, and logged once per
 * sender. Nothing here throws at a message.
 */
import { EventEmitter } from 'node:events';
import type { Clock } from '../../protocol/clock.ts';
import { brief, type Fault } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { CommandResult } from '../../protocol/schema/command.ts';
import type { Event } from '../../protocol/schema/event.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import type { Uplink, Verdict } from '../broker/contract.ts';
import type { EventLog } from './eventlog.ts';
import type { Nodes } from './nodes.ts';
import { read, readHeader, type UpMessage } from './read.ts';
import type { Rollups } from './rollups.ts';

export interface IngestParts {
  readonly nodes: Nodes;
  readonly events: Pick<EventLog, 'add' | 'note'>;
  readonly rollups: Pick<Rollups, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface IngestEvents {
  reported: [node: string, body: ReportedBody];
  result: [node: string, body: CommandResult['body']];
}

export class Ingest extends EventEmitter<IngestEvents> {
  readonly #parts: IngestParts;
  readonly #refused = new Map<string, number>();

  constructor(parts: IngestParts) {
    super();
    this.#parts = parts;
  }

  /** Messages refused since the start, by sender. */
  refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** Reads one publication. The broker forgets what is dropped; a dropped event is sent again, unless it can never be read. */
  readonly receive = (uplink: Uplink): Verdict => {
    const message = read(uplink);
    return message.ok ? this.#take(message.value) : this.#refuse(uplink, message.fault);
  };

  #take(up: UpMessage): Verdict {
    const { nodes, rollups } = this.#parts;
    const { node } = up.message;
    switch (up.kind) {
      case 'status':
        nodes.status(up.message);
        return 'take';
      case 'reported':
        nodes.reported(up.message);
        this.emit('reported', node, up.message.body);
        return 'take';
      case 'devices':
        nodes.devices(up.message);
        return 'take';
      case 'telemetry':
        if (nodes.telemetry(up.message)) rollups.add(up.message);
        return 'take';
      case 'event':
        nodes.heard(node);
        return this.#store(up.message);
      case 'result':
        nodes.heard(node);
        this.emit('result', node, up.message.body);
        return 'take';
      default:
        return up satisfies never;
    }
  }

  #store({ node, boot, seq, at, body }: Event): Verdict {
    return this.#parts.events.add({ ...body, node, boot, seq, at, receivedAt: this.#parts.clock.now() }) ? 'take' : 'drop';
  }

  #refuse(uplink: Uplink, fault: Fault): Verdict {
    const { node, kind, payload } = uplink;
    const { events, log, clock } = this.#parts;
    const count = (this.#refused.get(node) ?? 0) + 1;
    this.#refused.set(node, count);
    const because = brief(fault).slice(0, 300);
    if (count === 1) {
      log.warn({ node, kind, bytes: payload.length, because }, 'message was refused; further ones of this sender are only counted');
      events.note({ kind: 'refused', severity: 'warning', what: 'message', because, meeting: null, facts: { node, kind } });
    }
    // It stands in the log as what it is, so that it counts as arrived and the ones behind it do too.
    const header = kind === 'event' ? readHeader(uplink) : null;
    if (header !== null) {
      const { boot, seq, at } = header;
      const body = { kind: 'refused', severity: 'warning', what: 'event', because, meeting: null, facts: {} } as const;
      events.add({ ...body, node, boot, seq, at, receivedAt: clock.now() });
    }
    return 'drop';
  }
}
