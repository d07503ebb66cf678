/** What the edge's relay shall do in a meeting: connections, routes and views, as they follow from the plan. Pure. */
import { type MediaKind, streamId, type Target, type View } from '../../hardware/relay/commands.ts';
import { findSite, fullScreen } from '../../protocol/plan.ts';
import type { MediaKey } from '../../protocol/schema/desired.ts';
import type { Plan, PlanHub, PlanSite } from '../../protocol/schema/plan.ts';
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

/** Packets of one stream, always to the same places. Without places they are only counted. */
export interface LocalRoute {
  readonly ssrc: number;
  readonly kind: MediaKind;
  /** Links or inputs that may bring it. */
  readonly from: readonly string[];
  readonly to: readonly Target[];
}

/** One local output that shows one stream at a time. */
export interface LocalView {
  readonly view: ViewName;
  readonly shows: View;
}

export type ViewName = 'floor' | 'mosaic' | 'mix';

/** The relay's input for what this box makes. */
export const mediaInput = 'media';

/** Where the display and the loudspeaker listen on loopback; null: nobody is there, packets are counted only. */
export interface LocalPorts {
  readonly floor: number | null;
  readonly mosaic: number | null;
  readonly mix: number | null;
}

export const nobodyListens: LocalPorts = { floor: null, mosaic: null, mix: null };

export interface Tables {
  readonly connections: readonly Connection[];
  readonly routes: readonly LocalRoute[];
  readonly views: readonly LocalView[];
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
    connections.push({ link: upLink(hub.hub), hub: hub.hub, direction: 'up', host, port, streamId: streamId('pub', me), key, latencyMs });
    connections.push({
      link: downLink(hub.hub),
      hub: hub.hub,
      direction: 'down',
      host,
      port,
      streamId: streamId('sub', me),
      key,
      latencyMs,
    });
  }
  for (const { hub } of site.hubs) if (!plan.hubs.some((each) => each.hub === hub)) problems.push(`hub ${hub} is not in the plan`);
  const up = hubs.map(({ hub }): Target => ({ link: upLink(hub) }));
  const down = hubs.map(({ hub }) => downLink(hub));
  const routes = [...sent(site.streams, up), ...received(plan, me, hubs, down, ports)];
  return { connections, problems, routes, views: localViews(plan, me, hubs, ports) };
}

function sent(streams: PlanSite['streams'], to: readonly Target[]): LocalRoute[] {
  const from = [mediaInput];
  return [
    { ssrc: streams.main.ssrc, kind: 'video', from, to },
    { ssrc: streams.tile.ssrc, kind: 'video', from, to },
    { ssrc: streams.audio.ssrc, kind: 'audio', from, to },
  ];
}

/**
 * Everything that may come down is accepted from our hubs and counted. A single hub decides for us at an IDR whose `main` comes, so all of
 * them go to the screen as they come: our copy of the plan may be later than the first picture. Two hubs do not change at the same packet.
 */
function received(plan: Plan, me: string, hubs: readonly PlanHub[], from: readonly string[], ports: LocalPorts): LocalRoute[] {
  const others = plan.sites.filter(({ site }) => site !== me);
  const screen: readonly Target[] = ports.floor !== null && hubs.length === 1 ? [{ udp: ports.floor }] : [];
  const floors = others.map(({ streams }): LocalRoute => ({ ssrc: streams.main.ssrc, kind: 'video', from, to: screen }));
  const made = hubs.flatMap(({ hub, streams }): LocalRoute[] => [
    { ssrc: streams.mosaic.ssrc, kind: 'video', from: [downLink(hub)], to: [] },
    { ssrc: streams.mix.ssrc, kind: 'audio', from: [downLink(hub)], to: [] },
  ]);
  return [...floors, ...made];
}

/** A link that nobody makes: a view there shows to nobody, but tells when it changed. */
const nobody: Target = { link: 'nobody' };

function localViews(plan: Plan, me: string, hubs: readonly PlanHub[], ports: LocalPorts): LocalView[] {
  const { floor, mosaic, mix } = heard(plan, me);
  const to = ports.floor !== null && hubs.length > 1 ? { udp: ports.floor } : nobody;
  const views: LocalView[] = [{ view: 'floor', shows: { kind: 'video', to, ssrc: floor } }];
  if (ports.mosaic !== null) views.push({ view: 'mosaic', shows: { kind: 'video', to: { udp: ports.mosaic }, ssrc: mosaic } });
  // One SSRC for the whole meeting, whichever hub mixes: the loudspeaker hears one stream.
  const as = baseSsrc(plan.meeting, me, 'mix');
  if (ports.mix !== null) views.push({ view: 'mix', shows: { kind: 'audio', to: { udp: ports.mix }, ssrc: mix, as } });
  return views;
}
