/** How the meetings and the pages hear of the network. Each line is one arrow of the flows in ARCHITECTURE.md; nothing is decided here. */
import type { Log } from '../protocol/log.ts';
import type { Board } from './api/board.ts';
import type { Drills } from './drill/service.ts';
import type { Meetings } from './meetings/service.ts';
import type { Network } from './network.ts';
import type { Commands } from './sites/commands.ts';

export interface WiredParts {
  readonly network: Pick<Network, 'broker' | 'registry' | 'nodes' | 'devices' | 'events' | 'ingest' | 'desires'>;
  readonly meetings: Meetings;
  readonly board: Board;
  readonly commands: Commands;
  readonly drills: Drills;
  readonly log: Log;
}

export function wire({ network, meetings, board, commands, drills, log }: WiredParts): void {
  const { broker, registry, nodes, devices, events, ingest, desires } = network;

  /** Lets work go on by itself; a failure of it is logged and stops nothing else. */
  const meanwhile = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => log.error({ error, what }, 'work in the background failed'));
  };

  devices.on('changed', (site) => {
    const want = meetings.wantOf(site);
    if (want !== null) meanwhile('desired state', desires.want([{ node: site, want }]));
    board.touch();
  });
  registry.on('changed', (node, how) => {
    if (how === 'removed') devices.forget(node);
    const want = how === 'removed' ? null : meetings.wantOf(node);
    if (want !== null) meanwhile('desired state', desires.want([{ node, want }]));
    // A hub's address and a site's name stand in plans.
    if (how === 'changed') meanwhile('renewal of plans', meetings.renew(`${node} changed`));
    board.touch();
  });
  broker.on('disconnected', ({ node }) => meetings.lost(node));
  nodes.on('changed', (node, what) => {
    if (what === 'silent') meetings.lost(node);
    const facts = registry.hub(node) === undefined ? undefined : nodes.of(node);
    if (facts !== undefined && what === 'connection') meetings.connected(node, facts.connected);
    if (facts?.reported?.role === 'hub' && what === 'reported') meanwhile('grants of a hub', meetings.heard(node, facts.reported.grants));
    // A hub that comes may stand by for a meeting that has none.
    if (what === 'connection' && registry.hub(node) !== undefined)
      meanwhile('renewal of plans', meetings.renew(`${node} connected or left`));
    if (what === 'telemetry') drills.telemetry(node);
    // Numbers wait for the next second.
    if (what !== 'telemetry') board.touch();
  });
  ingest.on('result', (node, result) => {
    commands.result(node, result);
    const { id, outcome, because, device } = result;
    // Whoever acted on a device has been told, and a camera on the move would fill the log.
    if (device !== undefined) return;
    const severity = outcome === 'done' ? 'info' : 'warning';
    events.note({ kind: 'command', severity, what: outcome, because, meeting: null, facts: { node, id } });
  });
  events.on('logged', (entries) => {
    for (const entry of entries) board.add(entry);
    drills.logged(entries);
  });
  meetings.on('changed', ({ id, state }) => {
    board.touch();
    if (state === 'ended') drills.ended(id);
  });
  meetings.on('adopted', ({ meeting, grant, hub, because }) => {
    const facts = { by: grant.by, epoch: grant.epoch, n: grant.n, site: grant.slots[0] ?? '', heardFrom: hub };
    events.note({ kind: 'floor', severity: 'warning', what: 'adopted', because, meeting, facts });
  });
  meetings.on('unheard', ({ meeting, hubs }) => {
    const because = `the command went on without word from ${hubs.join(', ')}`.slice(0, 300);
    events.note({ kind: 'floor', severity: 'warning', what: 'unheard', because, meeting, facts: { hubs: hubs.join(' ').slice(0, 300) } });
  });
  meetings.on('warning', ({ meeting, site, because }) => {
    events.note({ kind: 'floor', severity: 'warning', what: 'lost', because, meeting, facts: { site } });
  });
}
