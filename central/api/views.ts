/** What the page shows of sites, hubs and meetings: pure functions from registry, facts and meetings to rows. */
import type { HubView, MeetingView, NodeState, SiteView } from '../../protocol/api.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import type { EdgeTelemetry, HubMeeting, HubTelemetry, LinkSample } from '../../protocol/schema/telemetry.ts';
import type { Meeting } from '../meetings/reduce.ts';
import type { Hub, Site } from '../sites/contract.ts';
import type { NodeFacts } from '../telemetry/facts.ts';
import { SILENT_MS } from '../telemetry/nodes.ts';
import { offsetText } from '../telemetry/offset.ts';

/** Loss above which a site is called degraded, in percent: repair is visible in delay from here on. */
const degradedLoss = 5;

export interface Judged {
  readonly state: NodeState;
  readonly because: string;
}

/** Whether a node can be relied on now. `monoMs` is Clock.mono(). */
export function judge(known: { readonly seenAt: number | null }, facts: NodeFacts | undefined, monoMs: number): Judged {
  const heardAt = facts?.heardAt ?? null;
  if (facts === undefined || (!facts.connected && heardAt === null)) {
    if (known.seenAt === null) return { state: 'never', because: 'it has never connected' };
    return { state: 'offline', because: cut(facts?.because || 'it has not connected since central started') };
  }
  if (!facts.connected) return { state: 'offline', because: cut(facts.because || 'not connected') };
  if (facts.status?.state === 'offline') return { state: 'offline', because: cut(facts.status.because || 'it said goodbye') };
  if (heardAt === null) return { state: 'degraded', because: 'connected, nothing heard yet' };
  if (monoMs - heardAt > SILENT_MS) return { state: 'offline', because: `silent for more than ${SILENT_MS / 1000} s` };
  const failed = facts.reported?.parts.find((part) => part.state === 'failed');
  if (failed !== undefined) return { state: 'degraded', because: cut(`${failed.name}: ${failed.because}`) };
  if (facts.reported === null) return { state: 'degraded', because: 'it has not reported yet' };
  if (!facts.reported.satisfied) return { state: 'degraded', because: cut(facts.reported.because || 'its desired state is not reached') };
  return { state: 'online', because: cut(facts.reported.because) };
}

const cut = (text: string): string => text.slice(0, 300);

/** A wrong clock stops nothing: whatever else is wrong is worth more. */
const clocked = (judged: Judged, facts: NodeFacts | undefined): Judged =>
  judged.state === 'online' && facts !== undefined && facts.clockMs !== 0
    ? { state: 'degraded', because: offsetText(facts.clockMs) }
    : judged;

/** What is known around one site. */
export interface SiteInputs {
  readonly site: Site;
  readonly facts: NodeFacts | undefined;
  /** The running meeting's plan that it takes part in. */
  readonly plan: Plan | null;
  /** What that meeting's hub sees. */
  readonly seen: HubMeeting | null;
  readonly monoMs: number;
}

const worst = (links: readonly (LinkSample | null | undefined)[], of: (link: LinkSample) => number): number | null => {
  const values = links.flatMap((link) => (link?.connected === true ? [of(link)] : []));
  return values.length === 0 ? null : Math.max(...values);
};
const sum = (links: readonly LinkSample[]): number | null =>
  links.length === 0 ? null : links.reduce((total, link) => total + (link.connected ? link.kbps : 0), 0);

/** A row of the site list; `since` is the business of whoever saw the state change. */
export function siteView({ site, facts, plan, seen, monoMs }: SiteInputs): Omit<SiteView, 'since'> {
  const base = judge(site, facts, monoMs);
  const alive = base.state === 'online' || base.state === 'degraded';
  const edge = alive && facts?.telemetry?.role === 'edge' ? facts.telemetry : null;
  const atHub = seen?.sites.find((each) => each.site === site.site) ?? null;
  const links = edge?.links ?? [];
  const measured = [...links, atHub?.up, atHub?.down];
  const lossPercent = worst(measured, (link) => link.lossPercent);
  const judged =
    base.state === 'online' && plan !== null ? judgeMedia(links, lossPercent, edge?.source ?? null, [edge?.adapt, atHub?.thin]) : null;
  return {
    site: site.site,
    name: site.name,
    order: site.order,
    ...clocked(judged ?? { state: base.state, because: base.because }, facts),
    hub: (plan === null ? null : edge?.hub) ?? plan?.hubs[0]?.hub ?? null,
    protection: site.protection,
    paths: pathViews(links),
    rttMs: worst(measured, (link) => link.rttMs),
    lossPercent,
    upKbps: sum(links.filter((link) => link.direction === 'up')),
    downKbps: sum(links.filter((link) => link.direction === 'down')),
    lostFrames: plan === null ? null : (facts?.lostFrames ?? null),
    levelDb: atHub?.levelDb ?? null,
    heardDb: edge?.mix.levelDb ?? null,
    speaking: atHub?.speaking ?? false,
    tile: atHub?.tile ?? null,
    source: edge?.source.state === 'slate' ? 'slate' : (facts?.reported?.media?.source ?? null),
    encoder: facts?.reported?.media?.encoder ?? null,
    version: facts?.status?.version ?? null,
    panel: facts?.reported?.media?.panel ?? null,
    devices: deviceCounts(facts, alive),
  };
}

/** A device is as it shall be when it can be reached and stands as the scene of the room wants. */
function deviceCounts(facts: NodeFacts | undefined, alive: boolean): SiteView['devices'] {
  const said = facts?.devices ?? { devices: [], found: [] };
  const wrong = said.devices.filter(({ link, scene }) => !alive || link !== 'ok' || !scene.reached);
  return {
    driven: said.devices.length,
    wrong: wrong.length,
    found: alive ? said.found.length : 0,
    seq: facts?.devicesSeq ?? 0,
  };
}

/** What is wrong with the media of a site in a meeting, or null. */
function judgeMedia(
  links: readonly LinkSample[],
  lossPercent: number | null,
  source: Pick<EdgeTelemetry['source'], 'state' | 'because' | 'which'> | null,
  given: readonly ({ readonly because: string } | undefined)[],
): Judged | null {
  const down = links.find((link) => !link.connected && !link.resting);
  if (links.length === 0) return { state: 'degraded', because: 'no media link yet' };
  if (down !== undefined)
    return {
      state: 'degraded',
      because: `media link ${down.direction} to ${down.peer}${down.path === null ? '' : ` over ${down.path}`} is down`,
    };
  // A narrow way loses packets, too: why is worth more than how many.
  const narrow = given.flatMap((each) => (each === undefined || each.because === '' ? [] : [each.because]));
  if (narrow.length > 0) return { state: 'degraded', because: cut(narrow.join('; ')) };
  if (lossPercent !== null && lossPercent >= degradedLoss)
    return { state: 'degraded', because: `${lossPercent.toFixed(1)} % of packets are lost on the way` };
  if (source?.state === 'slate') return { state: 'degraded', because: cut(`no camera: ${source.because}`) };
  if (source?.state === 'live' && (source.which ?? 0) > 0) return { state: 'degraded', because: cut(source.because) };
  return null;
}

export function hubView(hub: Hub, facts: NodeFacts | undefined, monoMs: number): Omit<HubView, 'since'> {
  const judged = clocked(judge(hub, facts, monoMs), facts);
  const alive = judged.state === 'online' || judged.state === 'degraded';
  return {
    hub: hub.hub,
    name: hub.name,
    ...judged,
    host: hub.address?.host ?? null,
    port: hub.address?.port ?? null,
    cores: alive && facts?.telemetry ? facts.telemetry.host.cores : null,
  };
}

/** What a hub says now; null when it says nothing to central. */
function saidNow(known: NodeFacts | undefined, monoMs: number): HubTelemetry | null {
  if (known?.telemetry?.role !== 'hub' || !known.connected || known.heardAt === null) return null;
  return monoMs - known.heardAt <= SILENT_MS ? known.telemetry : null;
}

const saidOf = (telemetry: HubTelemetry | null, meeting: string): HubMeeting | null =>
  telemetry?.meetings.find((each) => each.meeting === meeting) ?? null;

/** A hub's worker runs also where no site reaches it: it composes when it sees one. */
const composes = (plan: Plan, hub: string, facts: (node: string) => NodeFacts | undefined, monoMs: number): boolean => {
  const said = saidOf(saidNow(facts(hub), monoMs), plan.meeting);
  return said?.mosaic.state === 'running' && said.sites.some(({ tile }) => tile === 'live');
};

/** Where pictures of a running meeting come from: its first hub that composes, else the first that speaks, else the first of all. */
export function pictureHub(plan: Plan, facts: (node: string) => NodeFacts | undefined, monoMs: number): string | undefined {
  const hubs = plan.hubs.map((each) => each.hub);
  return hubs.find((hub) => composes(plan, hub, facts, monoMs)) ?? presentHub(plan, facts, monoMs) ?? hubs[0];
}

/** The first hub of a running meeting that speaks to central now; null when none does. */
export function presentHub(plan: Plan, facts: (node: string) => NodeFacts | undefined, monoMs: number): string | null {
  return plan.hubs.find(({ hub }) => saidNow(facts(hub), monoMs) !== null)?.hub ?? null;
}

/**
 * The first hub that comes before `hub` in the plan of a running meeting and says that it composes; null when none does. A later one is none: it may only
 * be `hub` that is not heard here, and its sites stay with it.
 */
export function earlierHub(plan: Plan, hub: string, facts: (node: string) => NodeFacts | undefined, monoMs: number): string | null {
  const hubs = plan.hubs.map((each) => each.hub);
  const earlier = hubs.includes(hub) ? hubs.slice(0, hubs.indexOf(hub)) : hubs;
  return earlier.find((each) => composes(plan, each, facts, monoMs)) ?? null;
}

/** What the hubs of a running meeting say about it: the first that speaks is believed; null when none says anything now. */
export function seenByHub(plan: Plan | null, facts: (node: string) => NodeFacts | undefined, monoMs: number): HubMeeting | null {
  const hub = plan === null ? null : presentHub(plan, facts, monoMs);
  return plan === null || hub === null ? null : saidOf(saidNow(facts(hub), monoMs), plan.meeting);
}

/** Both directions of each way into a hub, as the site measures them. */
function pathViews(links: readonly LinkSample[]): SiteView['paths'] {
  const ways = new Map<string, LinkSample[]>();
  for (const link of links) ways.set(`${link.peer} ${link.path}`, [...(ways.get(`${link.peer} ${link.path}`) ?? []), link]);
  return [...ways.values()].flatMap((both): SiteView['paths'] => {
    const [one] = both;
    if (one === undefined) return [];
    const kbps = (direction: LinkSample['direction']): number => both.find((each) => each.direction === direction)?.kbps ?? 0;
    const state = both.some(({ resting }) => resting) ? 'held' : both.every(({ connected }) => connected) ? 'up' : 'down';
    return [
      {
        hub: one.peer,
        path: one.path,
        state,
        rttMs: worst(both, ({ rttMs }) => rttMs) ?? 0,
        lossPercent: worst(both, ({ lossPercent }) => lossPercent) ?? 0,
        upKbps: kbps('up'),
        downKbps: kbps('down'),
      },
    ];
  });
}

/** @param hubState of the hub it runs on: without its word the mosaic is either still coming or gone with the hub. */
export function meetingView(meeting: Meeting, seen: HubMeeting | null, hubState: NodeState): MeetingView {
  const running = meeting.state === 'running';
  return {
    id: meeting.id,
    title: meeting.title,
    state: meeting.state,
    createdAt: meeting.createdAt,
    startedAt: meeting.startedAt,
    endedAt: meeting.endedAt,
    hub: meeting.hub,
    sites: meeting.sites.map((site) => ({ site, muted: meeting.grant.muted.includes(site) })),
    grant: meeting.grant,
    floorSince: meeting.floorSince,
    layout: meeting.layout,
    recording: recordingView(meeting, seen),
    mosaic: running ? (seen?.mosaic ?? { state: hubState === 'offline' ? 'down' : 'starting', fps: 0 }) : { state: 'off', fps: 0 },
    floor: floorView(meeting, seen),
  };
}

function recordingView({ recording }: Meeting, seen: HubMeeting | null): MeetingView['recording'] {
  if (recording === null) return null;
  const atHub = seen?.recording?.id === recording.id ? seen.recording : null;
  return { id: recording.id, state: atHub?.state ?? 'starting', bytes: atHub?.bytes ?? 0, because: atHub?.because || recording.because };
}

/** A hub that still counts an older grant has switched nobody to the present one. */
function floorView({ grant }: Meeting, seen: HubMeeting | null): MeetingView['floor'] {
  if (seen === null) return { switched: 0, viewers: 0 };
  const { grantN, switched, viewers } = seen.floor;
  return { switched: grantN >= grant.n ? switched : 0, viewers };
}
