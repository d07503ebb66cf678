/** Who listens to whom inside central. Each line is one arrow of the flows in ARCHITECTURE.md; nothing is decided here. */
import type { Clock } from '../protocol/clock.ts';
import type { Log } from '../protocol/log.ts';
import type { Board } from './api/board.ts';
import type { History } from './api/contract.ts';
import type { Broker } from './broker/broker.ts';
import type { Meetings } from './meetings/service.ts';
import type { DesiredStates } from './sites/desired.ts';
import type { Registry } from './sites/registry.ts';
import type { EventLog } from './telemetry/eventlog.ts';
import type { Ingest } from './telemetry/ingest.ts';
import type { Nodes } from './telemetry/nodes.ts';

export interface WiredParts {
  readonly registry: Registry;
  readonly nodes: Nodes;
  readonly events: EventLog;
  readonly ingest: Ingest;
  readonly broker: Broker;
  readonly desired: DesiredStates;
  readonly meetings: Meetings;
  readonly board: Board;
  readonly history: Pick<History, 'addAudit'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function wire(parts: WiredParts): void {
  const { registry, nodes, events, ingest, broker, desired, meetings, board, history, clock, log } = parts;

  /** Lets work go on by itself; a failure of it is logged and stops nothing else. */
  const meanwhile = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => log.error({ error, what }, 'work in the background failed'));
  };
  const tell = (node: string): void => {
    const want = meetings.wantOf(node);
    if (want !== null) meanwhile('desired state', desired.want([{ node, want }]));
  };

  broker.on('connected', (connection) => {
    const { node, address } = connection;
    nodes.connected(connection);
    meanwhile('last seen', registry.seen(node));
    events.note({ kind: 'node', severity: 'info', what: 'connected', because: `from ${address}`, meeting: null, facts: { node } });
  });
  broker.on('disconnected', (connection) => {
    const { node, because } = connection;
    nodes.disconnected(connection);
    meanwhile('last seen', registry.seen(node));
    meetings.lost(node);
    events.note({
      kind: 'node',
      severity: 'warning',
      what: 'disconnected',
      because: because.slice(0, 300),
      meeting: null,
      facts: { node },
    });
  });
  broker.on('refused', ({ node, address, because }) => {
    events.note({
      kind: 'refused',
      severity: 'warning',
      what: 'client',
      because: because.slice(0, 300),
      meeting: null,
      facts: { node, address },
    });
  });
  broker.on('violation', ({ node, address, because, topic, count }) => {
    const detail = { because, topic, count };
    meanwhile(
      'audit',
      history.addAudit({ at: clock.now(), by: node, from: address, act: 'mqtt.violation', target: topic, outcome: 'refused', detail }),
    );
    events.note({
      kind: 'refused',
      severity: 'warning',
      what: 'violation',
      because: because.slice(0, 300),
      meeting: null,
      facts: { node, topic, count },
    });
  });

  ingest.on('reported', (node, body) => {
    desired.reported(node, body);
    if (body.role === 'hub' && body.address !== null) meanwhile('hub address', registry.hubAddress(node, body.address));
  });
  ingest.on('result', (node, { id, outcome, because }) => {
    events.note({
      kind: 'command',
      severity: outcome === 'done' ? 'info' : 'warning',
      what: outcome,
      because,
      meeting: null,
      facts: { node, id },
    });
  });

  registry.on('changed', (node, how) => {
    if (how === 'removed') {
      broker.disconnect(node, 'it was removed from the registry');
      nodes.forget(node);
      meanwhile('desired state', desired.forget(node));
    } else {
      tell(node);
      if (how === 'changed') meanwhile('renewal of plans', meetings.renew(`${node} changed`));
    }
    board.touch();
  });

  nodes.on('changed', (node, what) => {
    // Numbers wait for the next second.
    if (what !== 'telemetry') board.touch();
    if (what === 'silent') meetings.lost(node);
  });
  events.on('logged', (entries) => {
    for (const entry of entries) board.add(entry);
  });
  meetings.on('changed', () => board.touch());
  meetings.on('warning', ({ meeting, site, because }) => {
    events.note({ kind: 'floor', severity: 'warning', what: 'lost', because, meeting, facts: { site } });
  });
}
