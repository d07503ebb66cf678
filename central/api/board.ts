/**
 * The network as pages see it: rows of sites, hubs and meetings, kept up to date, and the patches between one state and the next.
 * Intents and connections are told at once, numbers once a second. One serialised text per patch serves every page.
 */
import { EventEmitter } from 'node:events';
import type { HubView, LogEntry, MeetingView, NodeState, Patch, SiteView, Snapshot } from '../../protocol/api.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { Meeting } from '../meetings/reduce.ts';
import type { FactsOf, HubRegistry, SiteRegistry } from './contract.ts';
import { hubView, meetingView, seenByHub, siteView } from './views.ts';

export interface BoardParts {
  readonly registry: Pick<SiteRegistry, 'sites'> & Pick<HubRegistry, 'hubs'>;
  readonly facts: FactsOf;
  readonly meetings: { list(): readonly Meeting[]; planOf(id: string): Plan | null };
  readonly clock: Clock;
}

export interface BoardEvents {
  patch: [patch: Patch];
}

/** Changes that come together (a herd of boxes connecting) become one patch; well below what a person notices. */
const gatherMs = 20;
const secondMs = 1_000;
/** Log entries in a snapshot. */
const logKept = 100;
/** Ended meetings that pages are told of; older ones are asked for. */
const endedKept = 20;

interface Rows {
  readonly sites: ReadonlyMap<string, SiteView>;
  readonly hubs: ReadonlyMap<string, HubView>;
  readonly meetings: ReadonlyMap<string, MeetingView>;
}

export class Board extends EventEmitter<BoardEvents> {
  readonly #parts: BoardParts;
  #rows: Rows = { sites: new Map(), hubs: new Map(), meetings: new Map() };
  /** Serialised rows, to see what changed. */
  #texts = new Map<string, string>();
  #log: LogEntry[] = [];
  #news: LogEntry[] = [];
  #seq = 0;
  #second: Timer | null = null;
  #soon: Timer | null = null;

  constructor(parts: BoardParts) {
    super();
    this.#parts = parts;
  }

  /** @param log the newest entries, newest first. */
  start(log: readonly LogEntry[]): void {
    this.#log = log.slice(0, logKept);
    this.#flush();
    this.#second ??= this.#parts.clock.every(secondMs, 'board second', () => this.#flush());
  }

  stop(): void {
    this.#second?.cancel();
    this.#soon?.cancel();
    this.#second = null;
    this.#soon = null;
  }

  get seq(): number {
    return this.#seq;
  }

  sites(): readonly SiteView[] {
    return [...this.#compute().sites.values()];
  }

  hubs(): readonly HubView[] {
    return [...this.#compute().hubs.values()];
  }

  /** One meeting as it is now, also one that the rows do not show any more. */
  meeting(meeting: Meeting): MeetingView {
    const plan = this.#parts.meetings.planOf(meeting.id);
    const mono = this.#parts.clock.mono();
    const hub = plan?.hubs[0]?.hub;
    return meetingView(meeting, seenByHub(plan, this.#parts.facts, mono), this.#hubState(hub, mono));
  }

  snapshot(): Snapshot {
    // Whatever is not told yet goes out as a patch first, so that the snapshot and the next patch fit together.
    this.#flush();
    const { sites, hubs, meetings } = this.#rows;
    return {
      seq: this.#seq,
      at: this.#parts.clock.now(),
      sites: [...sites.values()],
      hubs: [...hubs.values()],
      meetings: [...meetings.values()],
      log: this.#log,
    };
  }

  /** Something changed that pages show at once: an intent, a connection, a report. */
  touch(): void {
    this.#soon ??= this.#parts.clock.after(gatherMs, 'board soon', () => this.#flush());
  }

  /** A new entry of the log. */
  add(entry: LogEntry): void {
    this.#news.push(entry);
    this.touch();
  }

  #flush(): void {
    this.#soon?.cancel();
    this.#soon = null;
    const before = this.#rows;
    const rows = this.#compute();
    const texts = new Map<string, string>();
    const changed = <Row>(kind: string, all: ReadonlyMap<string, Row>): Row[] =>
      [...all].flatMap(([id, row]) => {
        const key = `${kind} ${id}`;
        const text = JSON.stringify(row);
        texts.set(key, text);
        return this.#texts.get(key) === text ? [] : [row];
      });
    const removed = (had: ReadonlyMap<string, unknown>, has: ReadonlyMap<string, unknown>): string[] =>
      [...had.keys()].filter((id) => !has.has(id));
    const sites = changed('site', rows.sites);
    const hubs = changed('hub', rows.hubs);
    const meetings = changed('meeting', rows.meetings);
    const gone = {
      sites: removed(before.sites, rows.sites),
      hubs: removed(before.hubs, rows.hubs),
      meetings: removed(before.meetings, rows.meetings),
    };
    const isGone = gone.sites.length + gone.hubs.length + gone.meetings.length > 0;
    const log = this.#news;
    this.#rows = rows;
    this.#texts = texts;
    this.#news = [];
    if (sites.length + hubs.length + meetings.length + log.length === 0 && !isGone) return;
    this.#log = [...log.toReversed(), ...this.#log].slice(0, logKept);
    this.#seq += 1;
    this.emit('patch', {
      seq: this.#seq,
      at: this.#parts.clock.now(),
      ...(sites.length > 0 ? { sites } : {}),
      ...(hubs.length > 0 ? { hubs } : {}),
      ...(meetings.length > 0 ? { meetings } : {}),
      ...(log.length > 0 ? { log } : {}),
      ...(isGone ? { removed: gone } : {}),
    });
  }

  #compute(): Rows {
    const { registry, facts, meetings, clock } = this.#parts;
    const [mono, now] = [clock.mono(), clock.now()];
    const list = shown(meetings.list());
    const running = list.flatMap((meeting) => {
      const plan = meeting.state === 'running' ? meetings.planOf(meeting.id) : null;
      return plan === null ? [] : [{ plan, seen: seenByHub(plan, facts, mono) }];
    });
    const bySite = new Map(running.flatMap((each) => each.plan.sites.map(({ site }) => [site, each] as const)));
    const byMeeting = new Map(running.map((each) => [each.plan.meeting, each]));
    const sinceOf = (had: { readonly state: NodeState; readonly since: number | null } | undefined, state: NodeState): number | null =>
      had?.state === state ? had.since : state === 'never' ? null : now;
    const sites = new Map<string, SiteView>();
    for (const site of registry.sites()) {
      const inMeeting = bySite.get(site.site);
      const view = siteView({ site, facts: facts(site.site), plan: inMeeting?.plan ?? null, seen: inMeeting?.seen ?? null, monoMs: mono });
      sites.set(site.site, { ...view, since: sinceOf(this.#rows.sites.get(site.site), view.state) });
    }
    const hubs = new Map<string, HubView>();
    for (const hub of registry.hubs()) {
      const view = hubView(hub, facts(hub.hub), mono);
      hubs.set(hub.hub, { ...view, since: sinceOf(this.#rows.hubs.get(hub.hub), view.state) });
    }
    const views = list.map((meeting) => {
      const known = byMeeting.get(meeting.id);
      return [meeting.id, meetingView(meeting, known?.seen ?? null, this.#hubState(known?.plan.hubs[0]?.hub, mono))] as const;
    });
    return { sites, hubs, meetings: new Map(views) };
  }

  #hubState(hub: string | undefined, mono: number): NodeState {
    const known = this.#parts.registry.hubs().find((each) => each.hub === hub);
    return known === undefined ? 'never' : hubView(known, this.#parts.facts(known.hub), mono).state;
  }
}

/** All meetings that have not ended, and the newest that have. */
function shown(list: readonly Meeting[]): readonly Meeting[] {
  const ended = list.filter((each) => each.state === 'ended').slice(0, endedKept);
  return list.filter((each) => each.state !== 'ended' || ended.includes(each));
}
