/** What the edge's relay shall do in a meeting: connections, routes and views, as they follow from the plan and from what is lost. Pure. */
import { type MediaKind, streamId, type Target, type View } from '../../hardware/relay/commands.ts';
import { findSite, fullScreen, mainWanted } from '../../protocol/plan.ts';
import type { MediaKey } from '../../protocol/schema/desired.ts';
import type { Plan, PlanHub, PlanSite } from '../../protocol/schema/plan.ts';
import { baseSsrc } from '../../protocol/ssrc.ts';
import { downLink, plannedHubs, plannedWays, type Reach, servingHubs, upLink, type Way, wayName } from './ways.ts';

/** A connection that we make to a hub. */
export interface Connection {
  readonly link: string;
  readonly hub: string;
  readonly path: string | null;
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

/** The streams that reach a viewer now: what is on its full screen, its mosaic, its mix. Base SSRCs; null: none. */
export interface Heard {
  readonly floorSite: string | null;
  readonly floor: number | null;
  /** The small picture of the same site, which comes in its place when the way in is narrow. */
  readonly small: number | null;
  readonly mosaic: number | null;
  readonly mix: number | null;
}

export const nothingHeard: Heard = { floorSite: null, floor: null, small: null, mosaic: null, mix: null };

/** What `me` watches and hears in this plan. Mosaic and mix come from `hub`, by default its first. */
export function heard(plan: Plan | null, me: string, hub: string | null = null): Heard {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined) return nothingHeard;
  const hubs = plannedHubs(plan, me);
  const from = hubs.find((each) => each.hub === hub) ?? hubs[0];
  const shown = fullScreen(plan, me);
  const speaker = shown.shows === 'main' ? findSite(plan, shown.site) : undefined;
  return {
    floorSite: speaker?.site ?? null,
    floor: speaker?.streams.main.ssrc ?? null,
    small: speaker?.streams.tile.ssrc ?? null,
    mosaic: from?.streams.mosaic.ssrc ?? null,
    mix: from?.streams.mix.ssrc ?? null,
  };
}

/** The relay's tables for `me`. */
export function linkTables(plan: Plan | null, me: string, keys: readonly MediaKey[], ports: LocalPorts, reach: Reach): Tables {
  const site = plan === null ? undefined : findSite(plan, me);
  if (plan === null || site === undefined) return noTables;
  const keyOf = (hub: string): string | undefined => keys.find(({ meeting, peer }) => meeting === plan.meeting && peer === hub)?.key;
  const ways = plannedWays(plan, me);
  const keyless = new Set(ways.flatMap(({ hub }) => (keyOf(hub) === undefined ? [hub] : [])));
  const unknown = new Set(site.hubs.flatMap(({ hub }) => (plan.hubs.some((each) => each.hub === hub) ? [] : [hub])));
  const problems = [
    ...[...keyless].map((hub) => `no media key for hub ${hub}`),
    ...[...unknown].map((hub) => `hub ${hub} is not in the plan`),
  ];
  const used = ways.filter((way) => !keyless.has(way.hub) && !reach.resting.includes(wayName(way)));
  const hubs = plannedHubs(plan, me).filter(({ hub }) => !keyless.has(hub));
  const routes = [...sent(plan, site, used, reach), ...received(plan, me, hubs, used, ports)];
  return {
    connections: used.flatMap((way) => connections(way, me, keyOf(way.hub) ?? '')),
    problems,
    routes,
    views: localViews(plan, me, hubs, ports, reach.leads),
  };
}

function connections(way: Way, me: string, key: string): Connection[] {
  const { hub, path, host, port, latencyMs } = way;
  const shared = { hub, path, host, port, key, latencyMs };
  return [
    { link: upLink(way), direction: 'up', streamId: streamId('pub', me, path), ...shared },
    { link: downLink(way), direction: 'down', streamId: streamId('sub', me, path), ...shared },
  ];
}

/** A hub that stands by gets the picture and voice of who is on the floor all the same: its viewers must lose nothing when it takes over. */
function sent(plan: Plan, { site, streams }: PlanSite, ways: readonly Way[], reach: Reach): LocalRoute[] {
  const serving = new Set(servingHubs(plan, site, reach).map(({ hub }) => hub));
  const to = (all: boolean): Target[] => ways.filter(({ hub }) => all || serving.has(hub)).map((way) => ({ link: upLink(way) }));
  const from = [mediaInput];
  const onFloor = mainWanted(plan, site) !== null;
  return [
    { ssrc: streams.main.ssrc, kind: 'video', from, to: to(true) },
    { ssrc: streams.tile.ssrc, kind: 'video', from, to: to(onFloor) },
    { ssrc: streams.audio.ssrc, kind: 'audio', from, to: to(onFloor) },
  ];
}

/**
 * Everything that may come down is accepted from our hubs and counted. A single hub decides for us at an IDR whose `main` comes, so all of
 * them go to the screen as they come: our copy of the plan may be later than the first picture. Two hubs do not change at the same packet.
 */
function received(plan: Plan, me: string, hubs: readonly PlanHub[], ways: readonly Way[], ports: LocalPorts): LocalRoute[] {
  const others = plan.sites.filter(({ site }) => site !== me);
  const all = ways.map(downLink);
  const screen: readonly Target[] = ports.floor !== null && hubs.length === 1 ? [{ udp: ports.floor }] : [];
  // A hub whose way to us is narrow sends the small picture of whoever speaks instead.
  const floors = others.flatMap(({ streams: { main, tile } }) =>
    [main, tile].map(({ ssrc }): LocalRoute => ({ ssrc, kind: 'video', from: all, to: screen })),
  );
  const made = hubs.flatMap(({ hub, streams }): LocalRoute[] => {
    const from = ways.filter((way) => way.hub === hub).map(downLink);
    return [
      { ssrc: streams.mosaic.ssrc, kind: 'video', from, to: [] },
      { ssrc: streams.mix.ssrc, kind: 'audio', from, to: [] },
    ];
  });
  return [...floors, ...made];
}

/** A link that nobody makes: a view there shows to nobody, but tells when it changed. */
const nobody: Target = { link: 'nobody' };

/** What the hubs make differs between them: the relay itself goes over to the next one whose stream comes when one stops. */
function localViews(plan: Plan, me: string, hubs: readonly PlanHub[], ports: LocalPorts, leads: string | null): LocalView[] {
  const { floor, small } = heard(plan, me);
  const [first, ...others] = hubs.toSorted((a, b) => Number(b.hub === leads) - Number(a.hub === leads));
  const at = (port: number | null): Target => (port === null ? nobody : { udp: port });
  // Of two hubs one may send the large picture and one the small: the large one is shown for as long as it comes from either.
  const instead = hubs.length > 1 && small !== null ? { backups: [small] } : {};
  const views: LocalView[] = [
    { view: 'floor', shows: { kind: 'video', to: hubs.length > 1 ? at(ports.floor) : nobody, ssrc: floor, ...instead } },
  ];
  if (first === undefined) return views;
  const mosaic = { ssrc: first.streams.mosaic.ssrc, backups: others.map(({ streams }) => streams.mosaic.ssrc) };
  const mix = { ssrc: first.streams.mix.ssrc, backups: others.map(({ streams }) => streams.mix.ssrc) };
  // One SSRC for the whole meeting, whichever hub mixes: the loudspeaker hears one stream.
  const as = baseSsrc(plan.meeting, me, 'mix');
  return [
    ...views,
    { view: 'mosaic', shows: { kind: 'video', to: at(ports.mosaic), ...mosaic } },
    { view: 'mix', shows: { kind: 'audio', to: at(ports.mix), ...mix, as } },
  ];
}
