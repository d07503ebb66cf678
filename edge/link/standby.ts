/**
 * When a second hub is asked for and when it may rest again, and which ways are trusted. Decided on the box, next to the fault: nobody is waited
 * for. Pure; time comes with each input. To ask for a hub too early costs some packets twice, so loss counts at once and return only when it lasts.
 */
import type { Protection } from '../../protocol/schema/plan.ts';
import type { ViewName } from './tables.ts';
import { asPlanned, type Reach, type Way, wayName } from './ways.ts';

/** A hub that is back must stay for this long before it is relied on; doubled each time it is lost again soon. */
const TRUST_MS = 3000;
const LONGEST_TRUST_MS = 60_000;
/** After that one is relied on, and its mosaic still is not on the screen: where the way in is narrow it may never be sent. */
const SHOWN_MS = 15_000;
/** A hub that has never been there since the meeting began is given so long to appear. */
const FIRST_MS = 3000;
/** The floor that stops although the first hub is there: its site may have lost that hub alone. Nobody tells us when it has it back. */
const FLOOR_TRUST_MS = 10_000;
const LONGEST_FLOOR_TRUST_MS = 300_000;
/** So long the first hub must be without who has the floor, and another one with it, until mosaic and mix come from there: connections come one by one. */
const LACK_MS = 300;
/** Losses within this time count together. */
const FLAP_WINDOW_MS = 60_000;
/** A way that was lost so often within the window rests, if another leads to the same hub. */
const FLAPS = 3;
const REST_MS = 10_000;
const LONGEST_REST_MS = 120_000;

interface WayLife {
  readonly hub: string;
  readonly alive: boolean;
  /** Times of its losses, the newest last. */
  readonly lost: readonly number[];
  /** It rests until then; null: it does not. */
  readonly restsUntil: number | null;
  readonly restMs: number;
}

export interface Standby {
  readonly protection: Protection;
  /** In order of preference. */
  readonly hubs: readonly string[];
  readonly ways: ReadonlyMap<string, WayLife>;
  /** When the plan's hubs became these. */
  readonly since: number;
  /** The first hub has carried packets since. */
  readonly everAlive: boolean;
  /** Why the others are used; null: they are not. */
  readonly because: string | null;
  /** Since when nothing speaks for using them any more. */
  readonly wellSince: number | null;
  readonly trustMs: number;
  /** When the others were last let go. */
  readonly restedAt: number | null;
  readonly stalled: ReadonlySet<Watched>;
  /** Whose mosaic and mix are shown; without an entry: nobody's yet. */
  readonly shown: ReadonlyMap<ViewName, string>;
  /** Of the hubs that have said so: whether who has the floor reaches them. */
  readonly speaker: ReadonlyMap<string, boolean>;
  /** The hub whose mosaic and mix are wanted, because the first is without who has the floor; null: the first. */
  readonly leads: string | null;
  /** Since when another one should. */
  readonly leadsWrongSince: number | null;
}

export const noStandby: Standby = {
  protection: 'none',
  hubs: [],
  ways: new Map(),
  since: 0,
  everAlive: false,
  because: null,
  wellSince: null,
  trustMs: TRUST_MS,
  restedAt: null,
  stalled: new Set(),
  shown: new Map(),
  speaker: new Map(),
  leads: null,
  leadsWrongSince: null,
};

/** The picture of the floor, and the first hub's mix: that one never pauses while the hub is well. */
export type Watched = 'floor' | 'mix';

export type StandbyInput =
  | { readonly type: 'plan'; readonly protection: Protection; readonly ways: readonly Way[] }
  /** Both directions of a way carry packets, or not any more. */
  | { readonly type: 'way'; readonly way: string; readonly alive: boolean; readonly because: string }
  /** A stream has stopped although it is wanted, or comes. */
  | { readonly type: 'stream'; readonly stream: Watched; readonly stalled: boolean }
  /** The screen or the loudspeaker has gone over to this hub. */
  | { readonly type: 'shown'; readonly view: ViewName; readonly hub: string }
  /** Whether who has the floor reaches each hub, of those who have said it. */
  | { readonly type: 'speaker'; readonly at: ReadonlyMap<string, boolean> }
  /** Nothing is shown any more: the relay of this box died. */
  | { readonly type: 'dark' }
  | { readonly type: 'time' };

export function step(state: Standby, input: StandbyInput, at: number): Standby {
  return settle(take(state, input, at), at);
}

export function reachOf({ hubs, because, ways, leads }: Standby): Reach {
  const woken = because === null ? asPlanned.woken : hubs.slice(1);
  return { woken, resting: [...ways].flatMap(([name, { restsUntil }]) => (restsUntil === null ? [] : [name])), leads };
}

function take(state: Standby, input: StandbyInput, at: number): Standby {
  switch (input.type) {
    case 'plan': {
      const hubs = [...new Set(input.ways.map(({ hub }) => hub))];
      const fresh = (hub: string): WayLife => ({ hub, alive: false, lost: [], restsUntil: null, restMs: REST_MS });
      const ways = new Map(input.ways.map((way) => [wayName(way), state.ways.get(wayName(way)) ?? fresh(way.hub)]));
      const same = hubs[0] === state.hubs[0];
      const first: Pick<Standby, 'since' | 'everAlive'> = same ? state : { since: at, everAlive: false };
      return { ...state, ...first, protection: input.protection, hubs, ways };
    }
    case 'way': {
      const before = state.ways.get(input.way);
      if (before === undefined || before.alive === input.alive) return state;
      const lost = input.alive ? before.lost : [...before.lost.filter((when) => at - when < FLAP_WINDOW_MS), at];
      const ways = new Map(state.ways).set(input.way, { ...before, alive: input.alive, lost });
      const first = before.hub === state.hubs[0];
      const gone = first && !hasHub(ways, before.hub) && state.everAlive;
      return {
        ...state,
        ways,
        everAlive: state.everAlive || (first && input.alive),
        ...(gone ? woken(state, `${before.hub} is lost: ${input.because}`, at, TRUST_MS, LONGEST_TRUST_MS) : {}),
      };
    }
    case 'stream': {
      const stalled = new Set(state.stalled);
      if (!input.stalled) stalled.delete(input.stream);
      else stalled.add(input.stream);
      if (!input.stalled || state.because !== null) return { ...state, stalled };
      const now =
        input.stream === 'mix'
          ? woken(state, `the sound of ${state.hubs[0]} has stopped`, at, TRUST_MS, LONGEST_TRUST_MS)
          : woken(state, 'the picture of the floor has stopped', at, FLOOR_TRUST_MS, LONGEST_FLOOR_TRUST_MS);
      return { ...state, stalled, ...now };
    }
    case 'shown':
      return { ...state, shown: new Map(state.shown).set(input.view, input.hub) };
    case 'speaker':
      return { ...state, speaker: input.at };
    case 'dark':
      return { ...state, shown: new Map() };
    case 'time': {
      const first = state.hubs[0];
      const late = !state.everAlive && first !== undefined && at - state.since >= FIRST_MS;
      return late && state.because === null
        ? { ...state, ...woken(state, `${first} does not answer`, at, TRUST_MS, LONGEST_TRUST_MS) }
        : state;
    }
    default:
      return input satisfies never;
  }
}

/** The others are used from now on. One that is asked for again soon after it was let go is trusted later. */
function woken(state: Standby, because: string, at: number, least: number, most: number): Partial<Standby> {
  if (state.protection !== 'warm' || state.hubs.length < 2) return {};
  const again = state.because !== null || (state.restedAt !== null && at - state.restedAt < Math.max(FLAP_WINDOW_MS, state.trustMs * 2));
  const trustMs = state.because !== null ? state.trustMs : again ? Math.min(most, Math.max(least, state.trustMs * 2)) : least;
  return { because: state.because ?? because, wellSince: null, trustMs };
}

/** What follows from time alone: trust that is earned, rests that are over or begin. */
function settle(state: Standby, at: number): Standby {
  const ways = new Map([...state.ways].map(([name, life]) => [name, rested(state.ways, name, life, at)]));
  const now = led({ ...state, ways }, at);
  if (now.because === null) return now;
  if (now.protection !== 'warm') return { ...now, because: null, wellSince: null };
  const well = now.hubs[0] !== undefined && hasHub(ways, now.hubs[0]) && now.stalled.size === 0 && now.leads === null;
  if (!well) return { ...now, wellSince: null };
  const wellSince = now.wellSince ?? at;
  // A hub that starts anew composes its mosaic later than it answers: whoever is still looked at goes on.
  const shown = [...now.shown.values()].every((hub) => hub === now.hubs[0]);
  return at - wellSince >= now.trustMs + (shown ? 0 : SHOWN_MS)
    ? { ...now, because: null, wellSince: null, restedAt: at }
    : { ...now, wellSince };
}

/**
 * Whose mosaic and mix are wanted: the first hub's, unless who has the floor reaches another one and not that. A warm site asks for the other hub then, and
 * gives the first one time when it has the speaker again.
 */
function led(state: Standby, at: number): Standby {
  const [first = ''] = state.hubs;
  const has = (hub: string): boolean => state.speaker.get(hub) === true && hasHub(state.ways, hub);
  const lacks = state.speaker.get(first) === false;
  const wanted = lacks ? (state.hubs.find(has) ?? null) : null;
  if (wanted === state.leads) return { ...state, leadsWrongSince: null };
  const since = state.leadsWrongSince ?? at;
  const patienceMs = wanted === null && state.leads !== null && has(state.leads) ? FLOOR_TRUST_MS : LACK_MS;
  if (at - since < patienceMs) return { ...state, leadsWrongSince: since };
  const now = { ...state, leads: wanted, leadsWrongSince: null };
  const because = `${first} is without who has the floor`;
  return wanted === null ? now : { ...now, ...woken(now, because, at, FLOOR_TRUST_MS, LONGEST_FLOOR_TRUST_MS) };
}

function rested(all: Standby['ways'], name: string, life: WayLife, at: number): WayLife {
  // The last way to a hub never rests.
  const other = [...all].some(([each, { hub, alive, restsUntil }]) => each !== name && hub === life.hub && alive && restsUntil === null);
  if (life.restsUntil !== null)
    return other && at < life.restsUntil
      ? life
      : { ...life, restsUntil: null, lost: [], restMs: Math.min(LONGEST_REST_MS, life.restMs * 2) };
  const recent = life.lost.filter((when) => at - when < FLAP_WINDOW_MS);
  if (!other || recent.length < FLAPS)
    return recent.length === 0 && life.alive && life.lost.length > 0 ? { ...life, lost: [], restMs: REST_MS } : life;
  return { ...life, alive: false, restsUntil: at + life.restMs };
}

const hasHub = (ways: Standby['ways'], hub: string): boolean => [...ways.values()].some((each) => each.hub === hub && each.alive);
