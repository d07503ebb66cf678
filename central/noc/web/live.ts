/** What the page knows of the network: a snapshot and the patches after it. Pure; rows that did not change keep their identity. */
import type { Beat, HubView, LogEntry, MeetingView, Patch, SiteView, Snapshot } from '../../../protocol/api.ts';
import { type Health, health } from '../../../protocol/web/health.ts';

export interface Live {
  readonly seq: number;
  /** Server's clock at the last message. */
  readonly at: number;
  readonly sites: ReadonlyMap<string, SiteView>;
  readonly hubs: ReadonlyMap<string, HubView>;
  readonly meetings: ReadonlyMap<string, MeetingView>;
  /** Newest first, bounded. */
  readonly log: readonly LogEntry[];
  /** Kept beside the rows, because the thresholds depend on what a site was before. */
  readonly health: ReadonlyMap<string, Health>;
}

/** Entries of the event log kept in the page; older ones are asked for. */
export const logKept = 300;

function judge(sites: ReadonlyMap<string, SiteView>, before: ReadonlyMap<string, Health>): ReadonlyMap<string, Health> {
  return new Map([...sites].map(([id, site]) => [id, health(site, before.get(id))]));
}

const newestFirst = (entries: readonly LogEntry[]): readonly LogEntry[] => {
  const byId = new Map(entries.map((each) => [each.id, each]));
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, logKept);
};

/** Everything anew. `before` is kept only for the health of sites. */
export function fromSnapshot(snapshot: Snapshot, before: Live | null): Live {
  const sites = new Map(snapshot.sites.map((each) => [each.site, each]));
  return {
    seq: snapshot.seq,
    at: snapshot.at,
    sites,
    hubs: new Map(snapshot.hubs.map((each) => [each.hub, each])),
    meetings: new Map(snapshot.meetings.map((each) => [each.id, each])),
    log: newestFirst(snapshot.log),
    health: judge(sites, before?.health ?? new Map()),
  };
}

function replaced<Row>(
  rows: ReadonlyMap<string, Row>,
  idOf: (row: Row) => string,
  changed: readonly Row[] = [],
  removed: readonly string[] = [],
): ReadonlyMap<string, Row> {
  if (changed.length + removed.length === 0) return rows;
  const next = new Map(rows);
  for (const row of changed) next.set(idOf(row), row);
  for (const id of removed) next.delete(id);
  return next;
}

/** The rows of `patch` put in place. A patch that is not newer changes nothing: it was in the snapshot, or came twice after a reconnect. */
export function withPatch(live: Live, patch: Patch): Live {
  if (patch.seq <= live.seq) return live;
  const sites = replaced(live.sites, (each) => each.site, patch.sites, patch.removed?.sites);
  return {
    seq: patch.seq,
    at: patch.at,
    sites,
    hubs: replaced(live.hubs, (each) => each.hub, patch.hubs, patch.removed?.hubs),
    meetings: replaced(live.meetings, (each) => each.id, patch.meetings, patch.removed?.meetings),
    log: patch.log === undefined ? live.log : newestFirst([...patch.log, ...live.log]),
    health: sites === live.sites ? live.health : judge(sites, live.health),
  };
}

/** Nothing changed, but the line is alive. */
export const withBeat = (live: Live, beat: Beat): Live => (beat.at <= live.at ? live : { ...live, at: beat.at });
