/**
 * Places a meeting on its hubs and writes its Plan. Pure and deterministic; one level of hubs. What runs already stays where and as it is:
 * a plan made from the one before keeps its hub and every SSRC, so that renewing a plan never restarts a stream.
 */

import { ok, type Result } from '../../protocol/fault.ts';
import type { Grant } from '../../protocol/grant.ts';
import type { HubPath, Plan, PlanHub, PlanSite, Protection } from '../../protocol/schema/plan.ts';
import { baseSsrc, type StreamKind } from '../../protocol/ssrc.ts';
import type { Formats } from './formats.ts';
import { chooseHubs, type HubFacts } from './hubs.ts';

export interface WishedSite {
  readonly site: string;
  readonly name: string;
  readonly protection: Protection;
  /** Its WAN links, the best first; none: one without a name; null: the box has not said. */
  readonly paths: readonly string[] | null;
}

export interface Wish {
  readonly meeting: string;
  readonly title: string;
  readonly language: 'vi' | 'en';
  /** The hub asked for, or null when any will do. */
  readonly hub: string | null;
  /** In the order of the mosaic. */
  readonly sites: readonly WishedSite[];
  readonly grant: Grant;
  readonly layout: Plan['layout'];
  readonly recording: Plan['recording'];
}

export interface Surroundings {
  readonly hubs: readonly HubFacts[];
  /** SSRCs of the other running meetings: a hub tells all streams apart by SSRC alone. */
  readonly taken: ReadonlySet<number>;
  readonly formats: Formats;
  /** SRT latency of both directions, in milliseconds. */
  readonly latencyMs: number;
  /** The plan in force, when the meeting runs already. */
  readonly before: Plan | null;
}

export interface Placed {
  readonly plan: Plan;
  readonly because: string;
}

/** The plan of a meeting, or why there can be none: `exhausted` when no hub has room or an address, `not-found` for an unknown hub. */
export function place(wish: Wish, around: Surroundings): Result<Placed> {
  const { before } = around;
  const formats = inForce(before) ?? around.formats;
  const chosen = chooseHubs({
    hub: wish.hub,
    need: wish.sites.length,
    hubs: around.hubs,
    running: before?.hubs ?? [],
    had: before?.sites.length ?? 0,
  });
  if (!chosen.ok) return chosen;
  const { hubs, because } = chosen.value;
  const ssrc = numbering(wish.meeting, around.taken, before);
  const sites = wish.sites.map(
    ({ site, name, protection, paths }): PlanSite => ({
      site,
      name,
      hubs: hubs.flatMap(({ hub }) => ways(hub, paths ?? pathsIn(before, site))),
      protection: hubs.length > 1 ? protection : 'none',
      streams: {
        main: { ssrc: ssrc(site, 'main'), format: formats.main },
        tile: { ssrc: ssrc(site, 'tile'), format: formats.tile },
        audio: { ssrc: ssrc(site, 'audio'), format: formats.audio },
        content: null,
      },
    }),
  );
  const planHubs = hubs.map(({ hub, address: { host, port, paths } }): PlanHub => {
    const mosaic = { ssrc: ssrc(hub, 'mosaic'), format: formats.mosaic };
    const mix = { ssrc: ssrc(hub, 'mix'), format: formats.mix };
    return { hub, host, port, paths, latencyMs: around.latencyMs, streams: { mosaic, mix } };
  });
  const { meeting, title, language, grant, layout, recording } = wish;
  return ok({ plan: { meeting, title, language, hubs: planHubs, sites, grant, layout, recording }, because });
}

/** What a running meeting began with: others would make every picture and sound of it anew, at all sites and hubs at once. */
function inForce(before: Plan | null): Formats | null {
  const [site, hub] = [before?.sites[0], before?.hubs[0]];
  if (site === undefined || hub === undefined) return null;
  const { main, tile, audio } = site.streams;
  const { mosaic, mix } = hub.streams;
  return { main: main.format, tile: tile.format, audio: audio.format, mosaic: mosaic.format, mix: mix.format };
}

const ways = (hub: string, paths: readonly string[]): HubPath[] =>
  paths.length === 0 ? [{ hub, path: null }] : paths.map((path) => ({ hub, path }));

/** What is in force while the box has not spoken since central's start: its links must not be made anew for that. */
const pathsIn = (before: Plan | null, site: string): readonly string[] => {
  const ways = before?.sites.find((each) => each.site === site)?.hubs ?? [];
  return [...new Set(ways.flatMap(({ path }) => path ?? []))];
};

/** Gives out SSRCs: the one in force if there is one, else the hash, salted until nobody has it. */
function numbering(meeting: string, taken: ReadonlySet<number>, before: Plan | null): (node: string, kind: StreamKind) => number {
  const kept = new Map<string, number>();
  for (const { site, streams } of before?.sites ?? []) {
    kept.set(`main ${site}`, streams.main.ssrc).set(`tile ${site}`, streams.tile.ssrc).set(`audio ${site}`, streams.audio.ssrc);
    if (streams.content !== null) kept.set(`content ${site}`, streams.content.ssrc);
  }
  for (const { hub, streams } of before?.hubs ?? []) kept.set(`mosaic ${hub}`, streams.mosaic.ssrc).set(`mix ${hub}`, streams.mix.ssrc);
  const used = new Set([...taken, ...kept.values()]);
  return (node, kind) => {
    const known = kept.get(`${kind} ${node}`);
    if (known !== undefined) return known;
    let salt = 0;
    while (used.has(baseSsrc(meeting, node, kind, salt))) salt += 1;
    const ssrc = baseSsrc(meeting, node, kind, salt);
    used.add(ssrc);
    return ssrc;
  };
}

/** Every SSRC of a plan. */
export function ssrcsOf(plan: Plan): readonly number[] {
  return [
    ...plan.hubs.flatMap(({ streams }) => [streams.mosaic.ssrc, streams.mix.ssrc]),
    ...plan.sites.flatMap(({ streams }) => [
      streams.main.ssrc,
      streams.tile.ssrc,
      streams.audio.ssrc,
      ...(streams.content === null ? [] : [streams.content.ssrc]),
    ]),
  ];
}
