/**
 * From plans to what the relay shall do: who may connect, which stream goes where, what each viewer is shown and hears. Pure: the same
 * plan and the same local ports give the same table, and service.ts only carries the difference to the relay.
 */
import { fullScreen } from '../../../protocol/plan.ts';
import type { Plan, PlanHub, PlanSite } from '../../../protocol/schema/plan.ts';
import { baseSsrc, streamOf } from '../../../protocol/ssrc.ts';
import type { InputPart } from './inputs.ts';
import type { Thinned } from './thin.ts';

export type Target = { readonly peer: string } | { readonly udp: number };
export type Kind = 'video' | 'audio';

export interface Route {
  readonly kind: Kind;
  /** Who may send it: a site, or the loopback input of what this hub makes itself. */
  readonly from: readonly string[];
  readonly to: readonly Target[];
}

export interface View {
  readonly kind: Kind;
  readonly to: Target;
  /** Base SSRC of what is shown; null shows nothing. */
  readonly ssrc: number | null;
  /** Audio: the SSRC under which the receiver hears it, whatever is behind. */
  readonly as: number | null;
}

/** Who may connect, and how much it may send. */
export interface Entry {
  /** SRT passphrase. A secret. */
  readonly key: string;
  /** More than this from one connection is dropped: several times what the plan allows its site, so that no broken box takes the hub down. */
  readonly maxInKbps: number;
}

/** Keyframes come in bursts, and packets have headers. */
const floodAt = ({ main, tile, audio, content }: PlanSite['streams']): number =>
  4 * (main.format.kbps + tile.format.kbps + audio.format.kbps + (content?.format.kbps ?? 0)) + 1000;

export interface Table {
  /** By node. */
  readonly allow: ReadonlyMap<string, Entry>;
  /** By base SSRC. */
  readonly routes: ReadonlyMap<number, Route>;
  /** By name. */
  readonly views: ReadonlyMap<string, View>;
}

/** A consumer on loopback (a mosaic slot, a recorder, a preview): takes one picture stream, and everybody's mix if it wants sound. */
export interface Tap {
  /** Unique within the meeting, at most 20 letters. */
  readonly name: string;
  /** Base SSRC, gated at its first IDR; null while there is nothing to show. */
  readonly video: { readonly port: number; readonly ssrc: number | null };
  readonly audioPort: number | null;
}

/** Which of the mixer's outputs a site hears: one of the three speakers' own, or everybody's. */
export type Output = 0 | 1 | 2 | 3;
export const everybody: Output = 3;
export const outputs: readonly Output[] = [0, 1, 2, 3];

/** What the parts of this hub have open for one meeting at this moment. A part that is down has no ports. */
export interface Local {
  /** Sites that this hub stands by for and that have asked it to serve them. */
  readonly awake: ReadonlySet<string>;
  /** Loopback port of the mixer for each site that is heard. */
  readonly audioPorts: ReadonlyMap<string, number>;
  /** Sites that do not hear everybody's mix. */
  readonly hears: ReadonlyMap<string, Output>;
  /** SSRC of the mix as the sites hear it: a new incarnation after each start of the relay. */
  readonly mixAs: number;
  readonly taps: readonly Tap[];
  /** Names of the relay's inputs that the mosaic and the mixes of this meeting come in by. */
  readonly inputs: Readonly<Record<InputPart, string>>;
  /** Viewers that are sent less, see thin.ts. */
  readonly thinned: Thinned;
}

/** Sites of the plan that connect to this hub. */
export const attached = (plan: Plan, hub: string): readonly PlanSite[] =>
  plan.sites.filter(({ hubs }) => hubs.some((path) => path.hub === hub));

/** Whether this hub sends to a site of the plan: as its first hub, as one of a hot site's, or because it was asked to. */
export const serves = ({ site, hubs, protection }: PlanSite, hub: string, awake: ReadonlySet<string>): boolean =>
  hubs[0]?.hub === hub || (hubs.some((path) => path.hub === hub) && (protection === 'hot' || awake.has(site)));

/**
 * Base SSRCs of the mixer's four outputs. They live on loopback only (viewers hear the plan's `mix`), so the hub chooses them: any that
 * no stream of the plan has.
 */
export function mixOutputs(plan: Plan, hub: PlanHub): readonly [number, number, number, number] {
  const taken = new Set<number>([
    ...plan.hubs.flatMap(({ streams }) => [streams.mosaic.ssrc, streams.mix.ssrc]),
    ...plan.sites.flatMap(({ streams }) => [streams.main.ssrc, streams.tile.ssrc, streams.audio.ssrc, streams.content?.ssrc ?? 0]),
  ]);
  const found: number[] = [];
  for (let salt = 1000; found.length < 4; salt++) {
    const ssrc = baseSsrc(plan.meeting, hub.hub, 'mix', salt);
    if (!taken.has(ssrc)) found.push(ssrc);
    taken.add(ssrc);
  }
  return found as unknown as readonly [number, number, number, number];
}

const port = (ports: ReadonlyMap<string, number>, site: string): readonly Target[] => {
  const open = ports.get(site);
  return open === undefined ? [] : [{ udp: open }];
};

/** With the full screen in place, the mosaic is what goes first; on the full screen itself it stays a step longer. */
const hasMosaic = (plan: Plan, thinned: Thinned, site: string): boolean => {
  const level = thinned.get(site) ?? 0;
  return level === 0 || (level === 1 && fullScreen(plan, site).shows === 'mosaic');
};

/** Names in the relay are at most 63 letters long, as site names are; so views are named by their viewer's own stream. */
export const viewName = (what: 'floor' | 'mix', viewer: PlanSite): string => `${what}.${viewer.streams.main.ssrc.toString(16)}`;

/** What the relay does for one meeting. */
export function meetingTable(plan: Plan, hub: PlanHub, keys: ReadonlyMap<string, string>, local: Local): Table {
  const here = attached(plan, hub.hub);
  const allow = new Map<string, Entry>();
  const routes = new Map<number, Route>();
  const views = new Map<string, View>();
  const served = here.filter((each) => serves(each, hub.hub, local.awake));
  const viewers = served.map(({ site }): Target => ({ peer: site }));
  for (const { site, streams } of here) {
    const key = keys.get(site);
    if (key !== undefined) allow.set(site, { key, maxInKbps: floodAt(streams) });
    const from = [site];
    routes.set(streams.main.ssrc, { kind: 'video', from, to: [] });
    routes.set(streams.tile.ssrc, { kind: 'video', from, to: [] });
    routes.set(streams.audio.ssrc, { kind: 'audio', from, to: port(local.audioPorts, site) });
    if (streams.content !== null)
      routes.set(streams.content.ssrc, {
        kind: 'video',
        from,
        to: viewers.filter((viewer) => !('peer' in viewer && viewer.peer === site)),
      });
  }
  const mix = mixOutputs(plan, hub);
  const taps = local.taps.flatMap(({ audioPort }): Target[] => (audioPort === null ? [] : [{ udp: audioPort }]));
  const mosaics = served.filter(({ site }) => hasMosaic(plan, local.thinned, site)).map(({ site }): Target => ({ peer: site }));
  routes.set(hub.streams.mosaic.ssrc, { kind: 'video', from: [local.inputs.mosaic], to: mosaics });
  for (const output of outputs)
    routes.set(mix[output], { kind: 'audio', from: [local.inputs.audio], to: output === everybody ? taps : [] });
  for (const viewer of served) {
    const screen = fullScreen(plan, viewer.site);
    const shown = screen.shows === 'main' ? plan.sites.find(({ site }) => site === screen.site) : undefined;
    const to = { peer: viewer.site };
    const picture = local.thinned.get(viewer.site) === 2 ? shown?.streams.tile : shown?.streams.main;
    views.set(viewName('floor', viewer), { kind: 'video', to, ssrc: picture?.ssrc ?? null, as: null });
    views.set(viewName('mix', viewer), { kind: 'audio', to, ssrc: mix[local.hears.get(viewer.site) ?? everybody], as: local.mixAs });
  }
  for (const { name, video } of local.taps)
    views.set(`${plan.meeting}.${name}`, { kind: 'video', to: { udp: video.port }, ssrc: video.ssrc, as: null });
  return { allow, routes, views };
}

export const emptyTable: Table = { allow: new Map(), routes: new Map(), views: new Map() };

/** One table of several meetings. A site is in one meeting at a time; should a plan say otherwise, the first one wins. */
export function merge(tables: readonly Table[]): Table {
  const allow = new Map<string, Entry>();
  const routes = new Map<number, Route>();
  const views = new Map<string, View>();
  for (const table of tables) {
    for (const [node, entry] of table.allow) if (!allow.has(node)) allow.set(node, entry);
    for (const [ssrc, route] of table.routes) if (!routes.has(ssrc)) routes.set(ssrc, route);
    for (const [name, view] of table.views) if (!views.has(name)) views.set(name, view);
  }
  return { allow, routes, views };
}

/** Whose stream an SSRC is, and of which kind; null for what is not a site's. */
export function ownerOf(plan: Plan, ssrc: number): { readonly site: string; readonly kind: 'main' | 'tile' | 'audio' | 'content' } | null {
  const base = streamOf(ssrc);
  for (const { site, streams } of plan.sites)
    for (const kind of ['main', 'tile', 'audio', 'content'] as const) if (streams[kind]?.ssrc === base) return { site, kind };
  return null;
}
