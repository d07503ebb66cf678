/**
 * Places a meeting on a hub and writes its Plan. Pure and deterministic; one level of hubs. What runs already stays where and as it is:
 * a plan made from the one before keeps its hub and every SSRC, so that renewing a plan never restarts a stream.
 */

import type { Static } from 'typebox';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Grant } from '../../protocol/grant.ts';
import type { Plan, PlanSite } from '../../protocol/schema/plan.ts';
import type { HubAddress } from '../../protocol/schema/reported.ts';
import { baseSsrc, type StreamKind } from '../../protocol/ssrc.ts';
import type { Formats } from './formats.ts';

/** Sites that one hub of two cores serves at once (measured: 13 sites cost 0.6 core). */
export const hubCapacity = 26;

export interface Wish {
  readonly meeting: string;
  readonly title: string;
  readonly language: 'vi' | 'en';
  /** The hub asked for, or null when any will do. */
  readonly hub: string | null;
  /** In the order of the mosaic. */
  readonly sites: readonly { readonly site: string; readonly name: string; readonly muted: boolean }[];
  readonly grant: Grant;
  readonly layout: Plan['layout'];
  readonly recording: Plan['recording'];
}

export interface HubFacts {
  readonly hub: string;
  readonly online: boolean;
  readonly address: Static<typeof HubAddress> | null;
  /** Sites that it serves in other meetings. */
  readonly busy: number;
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
  const chosen = chooseHub(wish, around);
  if (!chosen.ok) return chosen;
  const { hub, address, because } = chosen.value;
  const { formats, before } = around;
  const ssrc = numbering(wish.meeting, around.taken, before);
  const sites: PlanSite[] = wish.sites.map(({ site, name, muted }) => ({
    site,
    name,
    hubs: [{ hub, path: null }],
    protection: 'none',
    muted,
    streams: {
      main: { ssrc: ssrc(site, 'main'), format: formats.main },
      tile: { ssrc: ssrc(site, 'tile'), format: formats.tile },
      audio: { ssrc: ssrc(site, 'audio'), format: formats.audio },
      content: null,
    },
  }));
  const made = { mosaic: { ssrc: ssrc(hub, 'mosaic'), format: formats.mosaic }, mix: { ssrc: ssrc(hub, 'mix'), format: formats.mix } };
  return ok({
    plan: {
      meeting: wish.meeting,
      title: wish.title,
      language: wish.language,
      hubs: [{ hub, host: address.host, port: address.port, latencyMs: around.latencyMs, streams: made }],
      sites,
      grant: wish.grant,
      layout: wish.layout,
      recording: wish.recording,
    },
    because,
  });
}

interface Choice {
  readonly hub: string;
  readonly address: Static<typeof HubAddress>;
  readonly because: string;
}

function chooseHub(wish: Wish, { hubs, before }: Surroundings): Result<Choice> {
  const need = wish.sites.length;
  const running = before?.hubs[0];
  if (running !== undefined) {
    const facts = hubs.find((each) => each.hub === running.hub);
    const busy = facts?.busy ?? 0;
    if (busy + need > hubCapacity) return full(running.hub, busy, need);
    const address = facts?.address ?? running;
    const moved = address.host !== running.host || address.port !== running.port;
    return ok({
      hub: running.hub,
      address: { host: address.host, port: address.port },
      because: moved ? `${running.hub} moved to ${address.host}:${address.port}` : `the meeting runs on ${running.hub}`,
    });
  }
  if (wish.hub !== null) {
    const facts = hubs.find((each) => each.hub === wish.hub);
    if (facts === undefined) return failed({ code: 'not-found', what: 'hub', id: wish.hub });
    if (facts.address === null || !facts.online)
      return failed({ code: 'exhausted', what: 'hub', because: `${facts.hub} ${absence(facts)}` });
    if (facts.busy + need > hubCapacity) return full(facts.hub, facts.busy, need);
    return ok({ hub: facts.hub, address: facts.address, because: `${facts.hub} was asked for and has room for ${need} sites` });
  }
  const usable = hubs.filter((each) => each.address !== null && each.online && each.busy + need <= hubCapacity);
  const best = usable.toSorted((a, b) => a.busy - b.busy || (a.hub < b.hub ? -1 : 1))[0];
  if (best === undefined || best.address === null) {
    const each = hubs
      .map(
        (facts) =>
          `${facts.hub} ${facts.address === null || !facts.online ? absence(facts) : `serves ${facts.busy} of ${hubCapacity} sites`}`,
      )
      .toSorted();
    return failed({
      code: 'exhausted',
      what: 'hub',
      because: each.length === 0 ? 'no hub is registered' : `no hub has room for ${need} sites: ${each.join('; ')}`.slice(0, 300),
    });
  }
  return ok({
    hub: best.hub,
    address: best.address,
    because: `${best.hub} has most room: ${hubCapacity - best.busy} of ${hubCapacity} sites are free`,
  });
}

const absence = (facts: HubFacts): string => (facts.online ? 'has not reported an address' : 'is not online');

const full = (hub: string, busy: number, need: number): Result<never> =>
  failed({ code: 'exhausted', what: 'hub', because: `${hub} serves ${busy} sites and takes ${hubCapacity}, ${need} are wanted` });

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
