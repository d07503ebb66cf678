/** Which hubs hold a meeting: a first one, and a second that takes over. What runs already stays where it is. Pure and deterministic. */
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { PlanHub } from '../../protocol/schema/plan.ts';
import type { HubAddress } from '../../protocol/schema/reported.ts';

/** Sites that one hub of two cores serves at once (measured: 13 sites cost 0.33 to 0.39 core, 0.6 on a bad day of the machine). */
export const hubCapacity = 26;

export interface HubFacts {
  readonly hub: string;
  readonly online: boolean;
  readonly address: HubAddress | null;
  /** Sites that it serves in other meetings. */
  readonly busy: number;
}

export interface HubWish {
  /** The hub asked for, or null when any will do. */
  readonly hub: string | null;
  /** How many sites there are. */
  readonly need: number;
  readonly hubs: readonly HubFacts[];
  /** The hubs of the plan in force, and how many sites it has; none when the meeting does not run. */
  readonly running: readonly PlanHub[];
  readonly had: number;
}

export interface Choice {
  readonly hub: string;
  readonly address: HubAddress;
}

export interface Chosen {
  readonly hubs: readonly [Choice, ...Choice[]];
  readonly because: string;
}

type First = Choice & { readonly because: string };

/** One or two hubs, or why there is none: `exhausted` when no hub has room or an address, `not-found` for an unknown one. */
export function chooseHubs(wish: HubWish): Result<Chosen> {
  const first = chooseFirst(wish);
  if (!first.ok) return first;
  const { because, ...primary } = first.value;
  const second = chooseSecond(wish, primary.hub);
  return ok(
    second === null
      ? { hubs: [primary], because: `${because}; no second hub` }
      : { hubs: [primary, second], because: `${because}; ${second.hub} stands by` },
  );
}

function chooseFirst({ hub, need, hubs, running, had }: HubWish): Result<First> {
  const kept = running[0];
  if (kept !== undefined) {
    const busy = hubs.find((each) => each.hub === kept.hub)?.busy ?? 0;
    // Others may have come to this hub meanwhile: what runs goes on, it only may not grow.
    if (need > had && busy + need > hubCapacity) return full(kept.hub, busy, need);
    const address = addressOf(kept, hubs);
    const moved = address.host !== kept.host || address.port !== kept.port;
    return ok({
      hub: kept.hub,
      address,
      because: moved ? `${kept.hub} moved to ${address.host}:${address.port}` : `the meeting runs on ${kept.hub}`,
    });
  }
  if (hub !== null) {
    const facts = hubs.find((each) => each.hub === hub);
    if (facts === undefined) return failed({ code: 'not-found', what: 'hub', id: hub });
    if (facts.address === null || !facts.online)
      return failed({ code: 'exhausted', what: 'hub', because: `${facts.hub} ${absence(facts)}` });
    if (facts.busy + need > hubCapacity) return full(facts.hub, facts.busy, need);
    return ok({ hub: facts.hub, address: facts.address, because: `${facts.hub} was asked for and has room for ${need} sites` });
  }
  const best = emptiest(hubs, need);
  if (best !== null) {
    const free = hubCapacity - best.busy;
    return ok({ ...best, because: `${best.hub} has most room: ${free} of ${hubCapacity} sites are free` });
  }
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

/**
 * The one that stands by already stays, away or not: sites are connected to it, and it may be back at any moment. When the meeting outgrows it, another
 * with room takes its place, unless it is what the sites are living on.
 */
function chooseSecond({ need, hubs, running, had }: HubWish, first: string): Choice | null {
  const kept = running[1];
  const facts = hubs.find(({ hub }) => hub === kept?.hub);
  const outgrown = facts !== undefined && need > had && facts.busy + need > hubCapacity;
  const alone = hubs.find(({ hub }) => hub === first)?.online !== true;
  if (kept !== undefined && facts !== undefined && (!outgrown || alone)) return { hub: kept.hub, address: addressOf(kept, hubs) };
  const best = emptiest(
    hubs.filter(({ hub }) => hub !== first),
    need,
  );
  return best === null ? null : { hub: best.hub, address: best.address };
}

function emptiest(hubs: readonly HubFacts[], need: number): (Choice & { readonly busy: number }) | null {
  const usable = hubs.filter((each) => each.address !== null && each.online && each.busy + need <= hubCapacity);
  const best = usable.toSorted((a, b) => a.busy - b.busy || (a.hub < b.hub ? -1 : 1))[0];
  return best?.address == null ? null : { hub: best.hub, address: best.address, busy: best.busy };
}

/** As it said last, else as the plan has it. */
const addressOf = (kept: PlanHub, hubs: readonly HubFacts[]): HubAddress =>
  hubs.find((each) => each.hub === kept.hub)?.address ?? { host: kept.host, port: kept.port, paths: kept.paths };

const absence = (facts: HubFacts): string => (facts.online ? 'has not reported an address' : 'is not online');

const full = (hub: string, busy: number, need: number): Result<never> =>
  failed({ code: 'exhausted', what: 'hub', because: `${hub} serves ${busy} sites and takes ${hubCapacity}, ${need} are wanted` });
