/** What the edge's relay shall do in a meeting: connections, routes and views, as they follow from the plan. Pure. */
import { findSite, fullScreen } from '../../protocol/plan.ts';
import type { MediaKey } from '../../protocol/schema/desired.ts';
import type { Plan, PlanHub } from '../../protocol/schema/plan.ts';
import { baseSsrc } from '../../protocol/ssrc.ts';

/** A connection that we make to a hub. */
export interface Connection {
  readonly link: string;
  readonly hub: string;
  readonly direction: 'up' | 'down';
  readonly host: string;
  readonly port: number;
  readonly streamId: string;
  /** SRT passphrase. A secret. */
  readonly key: string;
  readonly latencyMs: number;
}

export type Target = { readonly link: string } | { readonly udp: number };

/** Packets of one stream, always to the same places. Without places they are only counted. */
export interface Route {
  readonly ssrc: number;
  readonly kind: 'video' | 'audio';
  /** Links that may bring it; null: this box makes it. */
  readonly from: readonly string[] | null;
  readonly to: readonly Target[];
}

/** One local output that shows one stream at a time. */
export interface View {
  readonly view: ViewName;
  readonly kind: 'video' | 'audio';
  readonly to: Target;
  /** null: nothing. */
  readonly ssrc: number | null;
  /** Audio: the SSRC under which the receiver hears whatever is shown. */
  readonly as: number | null;
}

export type ViewName = 'floor' | 'mosaic' | 'mix';

/** Where the display and the loudspeaker listen on loopback; null: nobody is there, packets are counted only. */
export interface LocalPorts {
  readonly floor: number | null;
  readonly mosaic: number | null;
  readonly mix: number | null;
}

export const nobodyListens: LocalPorts = { floor: null, mosaic: null, mix: null };

export interface Tables {
  readonly connections: readonly Connection[];
  readonly routes: readonly Route[];
  readonly views: readonly View[];
  /** Hubs of the plan that cannot be reached as planned, and why. */
  readonly problems: readonly string[];
}

export const noTables: Tables = { connections: [], routes: [], views: [], problems: [] };

// The relay's names have at most 63 characters; node ids that long differ in their ends.
export const upLink = (hub: string): string => `up-${hub.slice(-58)}`;
export const downLink = (hub: string): string => `down-${hub.slice(-58)}`;

/** The streams that reach a viewer now: what is on its full screen, its mosaic, its mix. Base SSRCs; null: none. */
export interface Heard {
  readonly floorSite: string | null;
  readonly floor: number | null;
  readonly mosaic: number | null;
  readonly mix: number | null;
}

export const nothingHeard: Heard = { floorSite: null, floor: null, mosaic: null, mix: null };

/** What `me` watches and hears in this plan. Mosaic and mix come from its first hub. */
export function heard(plan: Plan | null, me: string): Heard {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined) return nothingHeard;
  const hub = plannedHubs(plan, me)[0];
  const shown = fullScreen(plan, me);
  const speaker = shown.shows === 'main' ? findSite(plan, shown.site) : undefined;
  return {
    floorSite: speaker?.site ?? null,
    floor: speaker?.streams.main.ssrc ?? null,
    mosaic: hub?.streams.mosaic.ssrc ?? null,
    mix: hub?.streams.mix.ssrc ?? null,
  };
}

/** The hubs that this site connects to, in its order of preference, each once. A `warm` second hub is not connected before it is asked for. */
export function plannedHubs(plan: Plan, me: string): readonly PlanHub[] {
  const site = findSite(plan, me);
  if (site === undefined) return [];
  const names = [...new Set(site.hubs.map(({ hub }) => hub))];
  const used = site.protection === 'hot' ? names : names.slice(0, 1);
  return used.flatMap((name) => plan.hubs.find(({ hub }) => hub === name) ?? []);
}

/** The relay's tables for `me`. */
export function linkTables(plan: Plan | null, me: string, keys: readonly MediaKey[], ports: LocalPorts): Tables {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined) return noTables;
  const problems: string[] = [];
  const connections: Connection[] = [];
  const hubs: PlanHub[] = [];
  for (const hub of plannedHubs(plan, me)) {
    const key = keys.find(({ meeting, peer }) => meeting === plan.meeting && peer === hub.hub)?.key;
    if (key === undefined) {
      problems.push(`no media key for hub ${hub.hub}`);
      continue;
    }
    const { host, port, latencyMs } = hub;
    hubs.push(hub);
    connections.push({ link: upLink(hub.hub), hub: hub.hub, direction: 'up', host, port, streamId: `pub/${me}`, key, latencyMs });
    connections.push({ link: downLink(hub.hub), hub: hub.hub, direction: 'down', host, port, streamId: `sub/${me}`, key, latencyMs });
  }
  for (const { hub } of site.hubs) if (!plan.hubs.some((each) => each.hub === hub)) problems.push(`hub ${hub} is not in the plan`);
  const up = hubs.map(({ hub }): Target => ({ link: upLink(hub) }));
  const down = hubs.map(({ hub }) => downLink(hub));
  return { connections, problems, routes: [...sent(site.streams, up), ...received(plan, me, hubs, down)], views: localViews(plan, me, ports) };
}

function sent(streams: Plan['sites'][number]['streams'], to: readonly Target[]): Route[] {
  return [
    { ssrc: streams.main.ssrc, kind: 'video', from: null, to },
    { ssrc: streams.tile.ssrc, kind: 'video', from: null, to },
    { ssrc: streams.audio.ssrc, kind: 'audio', from: null, to },
  ];
}

/** Everything that may come down is accepted from our hubs and counted; views pick from it. */
function received(plan: Plan, me: string, hubs: readonly PlanHub[], from: readonly string[]): Route[] {
  const floors = plan.sites.filter(({ site }) => site !== me).map(({ streams }): Route => ({ ssrc: streams.main.ssrc, kind: 'video', from, to: [] }));
  const made = hubs.flatMap(({ hub, streams }): Route[] => [
    { ssrc: streams.mosaic.ssrc, kind: 'video', from: [downLink(hub)], to: [] },
    { ssrc: streams.mix.ssrc, kind: 'audio', from: [downLink(hub)], to: [] },
  ]);
  return [...floors, ...made];
}

function localViews(plan: Plan, me: string, ports: LocalPorts): View[] {
  const { floor, mosaic, mix } = heard(plan, me);
  const views: View[] = [];
  if (ports.floor !== null) views.push({ view: 'floor', kind: 'video', to: { udp: ports.floor }, ssrc: floor, as: null });
  if (ports.mosaic !== null) views.push({ view: 'mosaic', kind: 'video', to: { udp: ports.mosaic }, ssrc: mosaic, as: null });
  // One SSRC for the whole meeting, whichever hub mixes: the loudspeaker hears one stream.
  if (ports.mix !== null) views.push({ view: 'mix', kind: 'audio', to: { udp: ports.mix }, ssrc: mix, as: baseSsrc(plan.meeting, me, 'mix') });
  return views;
}
